"""The worker: takes jobs that committed transactions left, one per lock at a time."""

import asyncio
import logging
import signal
from contextlib import suppress
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryStrategy

from app import __version__
from app.actions import audit, retention
from app.actions.analyses import run_analysis
from app.actions.imports.upkeep import delete_ended_uploads
from app.actions.imports.work import Workplace, propose_links, work_on_import
from app.actions.joint import make_joint_pictures
from app.core.analysis import dbscan
from app.core.errors import BusyError
from app.edge.services import now
from app.settings import Settings
from app.store import jobs
from app.store.engine import JOB_TIMEOUT_MS, JOINT_ROLE, OPTIONS, conninfo, make_engine
from app.store.tx import Database
from app.store.uploads import Uploads

log = logging.getLogger(__name__)

STALLED_AFTER_S = 60
JOINT_AT = "0 3 * * 1"  # in the night before the weekly meetings
RETRY = RetryStrategy(max_attempts=4, exponential_wait=3)
UNTIL_IT_WORKS = RetryStrategy(wait=2, retry_exceptions=[BusyError])  # an import goes on when the database is back


def build_worker(settings: Settings, database: Database) -> App:
    """The job app with all tasks, on this database."""
    if settings.database_url is None:
        raise ValueError("the worker needs a database")
    uploads = Uploads(settings.uploads_folder)
    place = Workplace(database=database, uploads=uploads, clock=now, srid=settings.metric_srid)
    worker = App(connector=PsycopgConnector(conninfo=conninfo(settings.database_url, options=OPTIONS)))

    @worker.task(name=jobs.ANALYSE, queue=jobs.ANALYSE, retry=RETRY)
    def analyse(run_id: str, organisation_id: str) -> None:
        run_analysis(database, UUID(run_id), UUID(organisation_id), clock=now, srid=settings.metric_srid)

    @worker.task(name=jobs.IMPORT, queue=jobs.IMPORT, retry=UNTIL_IT_WORKS)
    def import_(import_id: str, organisation_id: str) -> None:
        work_on_import(place, UUID(import_id), UUID(organisation_id))

    @worker.task(name=jobs.LINK, queue=jobs.LINK, retry=RETRY)
    def link(import_id: str, organisation_id: str) -> None:
        propose_links(database, UUID(import_id), UUID(organisation_id), now())

    _keep_up(worker, database, uploads)
    if settings.joint_database_url is not None:
        joint = make_engine(
            settings.joint_database_url, role=JOINT_ROLE, pool_size=1, statement_timeout_ms=JOB_TIMEOUT_MS
        )
        _keep_joint(worker, Database(joint), settings.smallest_count)
    return worker


def _keep_up(worker: App, database: Database, uploads: Uploads) -> None:
    """Tasks by the clock that every deployment has."""

    @worker.periodic(cron="* * * * *")
    @worker.task(name="retry_stalled", queue="upkeep", queueing_lock="retry_stalled", pass_context=False)
    async def retry_stalled(timestamp: int) -> None:
        """Jobs of a worker that died go back to the queue."""
        del timestamp
        await _take_up_stalled(worker)

    @worker.periodic(cron="17 * * * *")
    @worker.task(name="delete_ended_uploads", queue="upkeep", queueing_lock="delete_ended_uploads", pass_context=False)
    def sweep(timestamp: int) -> None:
        """Files whose time is over."""
        del timestamp
        delete_ended_uploads(database, uploads, now())

    @worker.periodic(cron="7 * * * *")
    @worker.task(name="seal_audit", queue="upkeep", queueing_lock="seal_audit", pass_context=False)
    def seal_audit(timestamp: int) -> None:
        """What was recorded in the last hour goes into the chain."""
        del timestamp
        audit.keep_sealed(database)

    @worker.periodic(cron="23 2 * * *")
    @worker.task(name="carry_out_retention", queue="upkeep", queueing_lock="carry_out_retention", pass_context=False)
    def carry_out_retention(timestamp: int) -> None:
        """What is past its time goes, every night."""
        del timestamp
        retention.carry_out_all_retention(database)


def _keep_joint(worker: App, database: Database, k: int) -> None:
    """The joint pictures: standard parameters only, on a login of its own."""

    @worker.periodic(cron=JOINT_AT)
    @worker.task(name="joint_pictures", queue="upkeep", queueing_lock="joint_pictures", pass_context=False)
    def joint_pictures(timestamp: int) -> None:
        del timestamp
        make_joint_pictures(database, now=now(), k=k, code_version=__version__)


def run(settings: Settings) -> None:
    """Work until told to stop (SIGINT or SIGTERM); a job under way is finished first."""
    dbscan.prepare()  # takes a second, or half a minute after a change of code or machine: now, not in the first job
    engine = make_engine(str(settings.database_url), pool_size=2, statement_timeout_ms=JOB_TIMEOUT_MS)
    asyncio.run(_run(build_worker(settings, Database(engine)), settings.worker_processes))
    engine.dispose()


async def _run(worker: App, concurrency: int) -> None:
    """Work until a signal comes. procrastinate itself hears signals only from the moment it looks for jobs.

    Opening is never cut short: a half-opened pool of connections does not end when it is cancelled.
    """
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with worker.open_async():
        await _take_up_stalled(worker)
        work = asyncio.create_task(
            worker.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                update_heartbeat_interval=10,
                shutdown_graceful_timeout=30,
                delete_jobs="successful",
            )
        )
        told = asyncio.create_task(stop.wait())
        await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _take_up_stalled(worker: App) -> None:
    for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        await worker.job_manager.retry_job(job)
