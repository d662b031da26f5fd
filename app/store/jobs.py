"""Hand work to the background: a job is deferred inside the caller's transaction, or not at all."""

from typing import Any

from procrastinate import App, SyncPsycopgConnector

from app.store.tx import WriteTx

ANALYSE = "analyse"
IMPORT = "import"
LINK = "link"
DEFERRED = (ANALYSE, IMPORT, LINK)  # every name that is ever deferred; a guard checks that each has a task

WHEN_IDLE = -10  # a priority: nobody waits for it
_DEFERRER = App(connector=SyncPsycopgConnector())


def defer(tx: WriteTx, name: str, *, lock: str, priority: int = 0, **arguments: Any) -> None:
    """Queue a job that runs once this transaction has committed; jobs with one lock go one at a time."""
    driver = tx.conn.connection.driver_connection
    job = _DEFERRER.configure_task(name, lock=lock, queue=name, priority=priority, connection=driver)
    job.defer(**arguments)
