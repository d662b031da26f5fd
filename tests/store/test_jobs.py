"""Jobs: deferred with the caller's transaction or not at all."""

import pytest
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException

from app.core.audit import AuditAction
from app.store import jobs
from app.store.tx import Database, WriteTx
from tests.factories import Actors


def waiting(db: Database) -> list[tuple[str, str, str, dict[str, object]]]:
    """task, queue, lock and arguments of every job that is visible from outside."""
    statement = sa.text("SELECT task_name, queue_name, lock, args FROM jobs.procrastinate_jobs ORDER BY id")
    with db.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(statement)]


def deferred(tx: WriteTx, run: str = "r") -> None:
    """Defer a job and leave an audit line."""
    jobs.defer(tx, jobs.ANALYSE, lock="analyse:x", run_id=run, organisation_id="o")
    tx.record(AuditAction.ANALYSIS_REQUESTED)


def test_a_job_is_seen_once_its_transaction_has_committed(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        deferred(tx)
        assert waiting(db) == []
    assert waiting(db) == [("analyse", "analyse", "analyse:x", {"run_id": "r", "organisation_id": "o"})]


def test_a_job_goes_with_a_transaction_that_is_rolled_back(db: Database, actors: Actors) -> None:
    with pytest.raises(RuntimeError, match="afterwards"), db.write(actors["coordinator"]) as tx:
        deferred(tx)
        raise RuntimeError("afterwards")
    assert waiting(db) == []


def test_jobs_with_one_lock_wait_for_each_other_and_all_are_kept(db: Database, actors: Actors) -> None:
    for run in ("1", "2", "3"):
        with db.write(actors["coordinator"]) as tx:
            deferred(tx, run)
    assert [args["run_id"] for *_, args in waiting(db)] == ["1", "2", "3"]
    fetch = sa.text("SELECT (jobs.procrastinate_fetch_job_v2(NULL, NULL)).args ->> 'run_id'")
    with db.engine.begin() as conn:
        assert [conn.scalar(fetch), conn.scalar(fetch)] == ["1", None]


def test_a_read_cannot_defer(db: Database, actors: Actors) -> None:
    with pytest.raises(ConnectorException), db.read(actors["coordinator"]) as tx:
        jobs.defer(WriteTx(tx.conn, tx.actor), jobs.ANALYSE, lock="x")
