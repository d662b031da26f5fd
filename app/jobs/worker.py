"""The worker: takes jobs that committed transactions left, one per lock at a time."""

import asyncio
import logging
import signal
from contextlib import suppress
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryStrategy

from app.actions.analyses import run_analysis
from app.actions.imports.upkeep import delete_ended_uploads
from app.actions.imports.work import Workplace, propose_links, work_on_import
from app.core.analysis import dbscan
from app.core.errors import BusyError
from app.edge.services import now
from app.settings import Settings
from app.store import jobs
from app.store.engine import JOB_TIMEOUT_MS, OPTIONS, conninfo, make_engine
from app.store.tx import Database
from app.store.uploads import Uploads

log = logging.getLogger(__name__)

STALLED_AFTER_S = 60
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

    @worker.periodic(cron="17 * * * *")
    @worker.task(name="delete_ended_uploads", queue="upkeep", queueing_lock="delete_ended_uploads", pass_context=False)
    def sweep(timestamp: int) -> None:
        del timestamp
        delete_ended_uploads(database, uploads, now())

    @worker.periodic(cron="* * * * *")
    @worker.task(name="retry_stalled", queue="upkeep", queueing_lock="retry_stalled", pass_context=False)
    async def retry_stalled(timestamp: int) -> None:
        """Jobs of a worker that died go back to the queue."""
        del timestamp
        await _take_up_stalled(worker)

    return worker


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
