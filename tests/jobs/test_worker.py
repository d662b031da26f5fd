"""The worker as a process of its own: it takes up what is queued, and what a dead one left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from app.actions.analyses import AnalysisRequest, cancel_analysis, request_analysis
from app.jobs.worker import STALLED_AFTER_S, build_worker
from app.settings import Settings
from app.store import analyses, jobs
from app.store.engine import APP_ROLE
from app.store.tx import Database as Db
from tests import factories
from tests.conftest import CHECKOUT, Database
from tests.factories import Actors, Group

PATIENCE_S = 150
WANTED = AnalysisRequest(since=datetime(2026, 10, 1, tzinfo=UTC), until=factories.NOW, replicates=19)
StartWorker = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """A deployment on the test's database."""
    return Settings(database_url=database.url(APP_ROLE), home=tmp_path)


@pytest.fixture
def start_worker(database: Database, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker on the test's database; all of them are ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = os.environ | {"LAGESBILD_DATABASE_URL": database.url(APP_ROLE)}  # noqa: TID251 -- a child's
        command = [sys.executable, "-m", "app.cli", "worker", "--home", tmp_path]
        started.append(subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def run_id(db: Db, actors: Actors) -> UUID:
    """A queued run over two groups of incidents."""
    factories.reported(db, actors["coordinator"], factories.raws_of(Group(count=12), Group(count=9, east_m=600)))
    with db.write(actors["coordinator"]) as tx:
        return request_analysis(tx, WANTED, now=factories.NOW, code_version=factories.CODE_VERSION)


def work_off(settings: Settings, db: Db) -> None:
    """Work in this process until the queue is empty; in a thread of its own, away from other tests' event loops."""
    worker = build_worker(settings, db)

    def work() -> None:
        with worker.open():
            worker.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def state(db: Db, actors: Actors, run_id: UUID) -> str:
    """How far the run has come."""
    with db.read(actors["coordinator"]) as tx:
        found = analyses.one(tx, run_id)
    assert found
    return str(found["state"])


def wait_for(condition: Callable[[], bool]) -> None:
    """Look again and again."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@contextmanager
def incidents_out_of_reach(database: Database) -> Iterator[None]:
    """Whoever reads incidents now waits: a run stays in the middle of its work."""
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


def stored(database: Database, run_id: UUID) -> tuple[int, list[str], int]:
    """Hot spots of the run, what the audit lines say of it, and jobs that are left."""
    with psycopg.connect(database.conninfo()) as conn:
        hotspots = conn.execute("SELECT count(*) FROM run_hotspots WHERE run_id = %s", (run_id,)).fetchone()
        told = conn.execute("SELECT action FROM audit_lines WHERE subject = %s ORDER BY id", (str(run_id),)).fetchall()
        left = conn.execute(
            "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = %s", (jobs.ANALYSE,)
        ).fetchone()
    assert hotspots
    assert left
    return hotspots[0], [action for (action,) in told], left[0]


def test_a_queued_run_is_worked_out(
    db: Db, actors: Actors, database: Database, run_id: UUID, settings: Settings
) -> None:
    work_off(settings, db)
    assert state(db, actors, run_id) == "done"
    assert stored(database, run_id)[:2] == (2, [f"analysis.{word}" for word in ("requested", "started", "finished")])


@pytest.mark.parametrize("trace", ["an old heartbeat", "none"])
def test_a_run_whose_worker_was_killed_is_taken_up_again_and_stored_once(
    db: Db, actors: Actors, database: Database, run_id: UUID, start_worker: StartWorker, trace: str
) -> None:
    with incidents_out_of_reach(database):
        killed = start_worker()
        wait_for(lambda: state(db, actors, run_id) == "running")
        killed.kill()
        killed.wait()
    with psycopg.connect(database.conninfo()) as conn:
        if trace == "none":
            conn.execute("DELETE FROM jobs.procrastinate_workers")
        else:  # time passes
            conn.execute(
                "UPDATE jobs.procrastinate_workers SET last_heartbeat = last_heartbeat - make_interval(secs => %s)",
                (STALLED_AFTER_S,),
            )
    assert stored(database, run_id)[0] == 0
    start_worker()
    wait_for(lambda: stored(database, run_id)[2] == 0)
    assert state(db, actors, run_id) == "done"
    told = [f"analysis.{word}" for word in ("requested", "started", "started", "finished")]
    assert stored(database, run_id) == (2, told, 0)


def test_a_living_workers_job_is_left_alone(
    db: Db, actors: Actors, database: Database, run_id: UUID, start_worker: StartWorker
) -> None:
    with incidents_out_of_reach(database):
        start_worker()
        wait_for(lambda: state(db, actors, run_id) == "running")
        start_worker()
        wait_for(lambda: _upkeep_done(database) >= 1)
    wait_for(lambda: stored(database, run_id)[2] == 0)
    assert stored(database, run_id)[1].count("analysis.started") == 1


def test_a_run_cancelled_in_the_middle_stores_nothing(
    db: Db, actors: Actors, database: Database, run_id: UUID, start_worker: StartWorker
) -> None:
    with incidents_out_of_reach(database):
        start_worker()
        wait_for(lambda: state(db, actors, run_id) == "running")
        with db.write(actors["coordinator"]) as tx:
            cancel_analysis(tx, run_id, factories.NOW)
    wait_for(lambda: stored(database, run_id)[2] == 0)
    assert state(db, actors, run_id) == "cancelled"
    assert stored(database, run_id)[0] == 0


def test_a_run_cancelled_before_its_turn_is_never_started(
    db: Db, actors: Actors, database: Database, run_id: UUID, settings: Settings
) -> None:
    with db.write(actors["coordinator"]) as tx:
        cancel_analysis(tx, run_id, factories.NOW)
    work_off(settings, db)
    assert stored(database, run_id)[:2] == (0, ["analysis.requested", "analysis.cancelled"])


def test_every_deferred_job_has_a_task(settings: Settings, db: Db) -> None:
    assert set(build_worker(settings, db).tasks) >= set(jobs.DEFERRED)


def test_a_worker_without_a_database_is_a_mistake(db: Db) -> None:
    with pytest.raises(ValueError, match="needs a database"):
        build_worker(Settings(database_url=None), db)


def _upkeep_done(database: Database) -> int:
    """How often the upkeep has ended: its finished jobs are deleted, but not the note of its turn."""
    with psycopg.connect(database.conninfo()) as conn:
        row = conn.execute(
            "SELECT count(*) FROM jobs.procrastinate_periodic_defers"
            " WHERE task_name = 'retry_stalled' AND job_id IS NULL"
        ).fetchone()
    assert row
    return int(row[0])
