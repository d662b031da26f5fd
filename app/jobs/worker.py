"""The worker: takes jobs that committed transactions left, one per lock at a time."""

import asyncio
import logging
import signal
from contextlib import suppress
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryStrategy

from app.actions.analyses import run_analysis
from app.core.analysis import dbscan
from app.edge.services import now
from app.settings import Settings
from app.store import jobs
from app.store.engine import JOB_TIMEOUT_MS, OPTIONS, conninfo, make_engine
from app.store.tx import Database

log = logging.getLogger(__name__)

STALLED_AFTER_S = 60
RETRY = RetryStrategy(max_attempts=4, exponential_wait=3)


def build_worker(settings: Settings, database: Database) -> App:
    """The job app with all tasks, on this database."""
    if settings.database_url is None:
        raise ValueError("the worker needs a database")
    worker = App(connector=PsycopgConnector(conninfo=conninfo(settings.database_url, options=OPTIONS)))

    @worker.task(name=jobs.ANALYSE, queue=jobs.ANALYSE, retry=RETRY)
    def analyse(run_id: str, organisation_id: str) -> None:
        run_analysis(database, UUID(run_id), UUID(organisation_id), clock=now, srid=settings.metric_srid)

    @worker.periodic(cron="* * * * *")
    @worker.task(name="retry_stalled", queue="upkeep", queueing_lock="retry_stalled", pass_context=False)
    async def retry_stalled(timestamp: int) -> None:
        """Jobs of a worker that died go back to the queue."""
        del timestamp
        for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await worker.job_manager.retry_job(job)

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
