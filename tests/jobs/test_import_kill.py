"""Whatever is killed in the middle of an import, in the end everything is there once, as if nothing had happened."""

import random
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.actions.accounts import credential_hash
from app.actions.imports.requests import request_import
from app.core.imports.states import AT_WORK, Choice, State
from app.store.engine import APP_ROLE, make_engine
from app.store.imports import NewImport
from app.store.tx import Database
from app.store.uploads import Uploads
from tests import factories
from tests.api.processes import DATABASE, Deployment
from tests.factories import CENTRE

PATIENCE_S = 300
HEADER = "category;occurred_from;lat;lon;source_ref;text\n"
CONTENT = (
    "SELECT source, source_ref, category, occurred_from, occurred_to, geom::text, location_uncertainty_m, text, marks,"
    " state, reported_at, reported_by, version, content_hash FROM incidents"
    " ORDER BY source_ref, occurred_from, text, content_hash"
)
BESIDE = (
    "SELECT row_number, outcome, version FROM import_rows ORDER BY row_number",
    "SELECT row_number, kind, problems FROM import_problems ORDER BY row_number",
    (
        "SELECT source_ref, v.version, v.content - 'occurred_from' FROM incident_versions AS v JOIN incidents AS i"
        " ON i.id = v.incident_id ORDER BY source_ref, v.version"
    ),
    (
        "SELECT state, row_count, read_count, good_count, bad_count, held_count, doubled_count, created_count,"
        " updated_count FROM imports"
    ),
)


@contextmanager
def town() -> Iterator[Deployment]:
    """A durable database with the small world; workers are started by the test."""
    home = Path(tempfile.gettempdir()) / f"lagesbild-{uuid.uuid4().hex[:12]}"  # user postgres must be let in
    home.mkdir(mode=0o755)
    deployment = Deployment(home)
    try:
        deployment.set_up()
        yield deployment
    finally:
        deployment.tear_down()


def rows(count: int) -> Iterator[str]:
    """Good rows with and without references, repeated ones, unreadable ones, and some that must be held."""
    chance = random.Random(count)  # noqa: S311 -- the same file each time
    yield HEADER
    for i in range(count):
        day = f"2026-{chance.randint(1, 10):02}-{chance.randint(1, 28):02} {chance.randint(0, 23):02}:{i % 60:02}"
        category = "RYMD" if i % 97 == 0 else chance.choice(("SKD", "KLO", "NED"))
        reference = "" if i % 10 == 0 else f"R-{i - 50 if i % 83 == 0 else i}"
        text = "Ring 070-123 45 67" if i % 89 == 0 else chance.choice(("Ruta", "Klotter", ""))
        lat, lon = CENTRE[1] + chance.gauss(0, 0.005), CENTRE[0] + chance.gauss(0, 0.005)
        yield f"{category};{day};{lat:.4f};{lon:.4f};{reference};{text}\n"


class Town:
    """What a test does to a deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The service's way in, for one step: connections do not outlive a killed server."""
        engine = make_engine(self.deployment.cluster.url(DATABASE, APP_ROLE))
        try:
            yield Database(engine)
        finally:
            engine.dispose()

    def ask(self, *statements: str) -> list[Any]:
        """Everything that some queries give."""
        with psycopg.connect(self.deployment.cluster.conninfo(DATABASE)) as conn:
            return [conn.execute(statement.encode()).fetchall() for statement in statements]

    def send(self, file: Path) -> uuid.UUID:
        """Ask for an import, as the web does."""
        import_id = uuid.uuid4()
        with Uploads(self.deployment.home / "uploads").receive(import_id) as upload, file.open("rb") as given:
            shutil.copyfileobj(given, upload)
        new = NewImport(
            id=import_id,
            source="vaktbolaget",
            file_name=file.name,
            file_bytes=file.stat().st_size,
            row_count=None,
            choice=Choice.GOOD_ROWS,
            given={"location_uncertainty_m": 50.0},  # somebody knows how to read it: it goes in at once
        )
        with self.database() as db:
            token = credential_hash(self.deployment.tokens["coordinator"])
            actor = db.signed_in(token, is_session=False)
            assert actor
            with db.write(actor) as tx:
                request_import(tx, new, factories.NOW)
        return import_id

    def progress(self, import_id: uuid.UUID) -> tuple[State, int]:
        """State and rows read."""
        with psycopg.connect(self.deployment.cluster.conninfo(DATABASE)) as conn:
            found = conn.execute("SELECT state, read_count FROM imports WHERE id = %s", (import_id,)).fetchone()
        assert found
        return State(found[0]), found[1]

    def wait(self, condition: Callable[[], bool]) -> None:
        """Look again and again; a worker that died with its database is started anew, as a supervisor would."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it never came"
            worker: subprocess.Popen[bytes] | None = self.deployment.worker
            if worker is None or worker.poll() is not None:
                self.deployment.work()
            time.sleep(0.05)

    def is_over(self, import_id: uuid.UUID) -> bool:
        """Whether nothing more happens."""
        return self.progress(import_id)[0] not in AT_WORK

    def clear(self) -> None:
        """Forget every import and incident, and how the source's files are read."""
        with psycopg.connect(self.deployment.cluster.conninfo(DATABASE)) as conn:
            conn.execute("TRUNCATE incidents, imports, import_rows, import_problems, import_profiles CASCADE")

    def kill_worker(self) -> None:
        """And start another."""
        self.deployment.kill_worker()
        self.deployment.work()

    def kill_database(self) -> None:
        """And start it again."""
        self.deployment.kill_database()
        self.deployment.cluster.start()


def compare(town_: Town, file: Path, kills: int, seed: int) -> list[int]:
    """Import once undisturbed and once with kills; how far each kill found it."""
    town_.deployment.work()
    first = town_.send(file)
    town_.wait(lambda: town_.is_over(first))
    undisturbed = town_.ask(CONTENT, *BESIDE)
    assert town_.progress(first)[0] is State.DONE
    assert len(undisturbed[0]) > 0
    town_.clear()
    chance = random.Random(seed)  # noqa: S311 -- moments, not secrets
    second = town_.send(file)
    found_at = []
    for n in range(kills):
        town_.wait(lambda: town_.progress(second)[0] is not State.QUEUED)
        time.sleep(chance.uniform(0, 2.5))
        if town_.is_over(second):
            break
        (town_.kill_worker if n % 2 == 0 else town_.kill_database)()
        found_at.append(town_.progress(second)[1])
    town_.wait(lambda: town_.is_over(second))
    assert town_.ask(CONTENT, *BESIDE) == undisturbed
    return found_at


def test_an_import_outlives_the_death_of_worker_and_database(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("".join(rows(25_000)), encoding="utf-8")
    with town() as deployment:
        found_at = compare(Town(deployment), file, kills=2, seed=1)
    assert len(found_at) > 0


@pytest.mark.long
def test_an_import_of_a_hundred_thousand_rows_outlives_ten_deaths(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("".join(rows(100_000)), encoding="utf-8")
    found_at: list[int] = []
    with town() as deployment:
        for seed in range(5):
            found_at += compare(Town(deployment), file, kills=10 - len(found_at), seed=seed)
            if len(found_at) == 10:
                break
            deployment.kill_worker()
            Town(deployment).clear()
    assert len(found_at) == 10, found_at
