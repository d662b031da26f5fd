"""What every test may ask for: a PostGIS server, and databases with the small world of tests/factories.py.

db          a Database (as the service has it: the app role) on a fresh copy of the world; commits are real
shared_db   the same on a copy that all tests of a worker share: for reading, and for `acting`
acting      acting(actor) → a WriteTx on shared_db; every one in a test is the same transaction, rolled back after it
actors      actors["coordinator"]: the Actor of each account in factories.ACCOUNTS, signed in with its token
tokens      tokens["coordinator"]: the secrets themselves, for requests over HTTP
database    the fresh copy by address (url, conninfo, any user); `db` is on the same copy in the same test
postgis     a superuser's connection to an empty database with PostGIS

One throw-away server serves the whole run, all workers together. It starts with the first test that asks.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from app.actions.accounts import credential_hash
from app.core.permissions import Actor
from app.store import migrate, tx
from app.store.cluster import SUPERUSER, Cluster
from app.store.engine import APP_ROLE, make_engine
from tests import factories

settings.register_profile("calm", deadline=None)  # a busy machine is no fault
settings.load_profile("calm")

CHECKOUT = Path(__file__).resolve().parents[1]


class Server(Protocol):
    """Where databases are made: our own cluster, or the one that LAGESBILD_TEST_DATABASE_URL names."""

    def conninfo(self, database: str = ..., user: str = ...) -> str:
        """For psycopg."""

    def url(self, database: str = ..., user: str = ...) -> str:
        """For SQLAlchemy."""


@dataclass(frozen=True, slots=True)
class GivenServer:
    """A server that somebody else runs; its user must be a superuser."""

    given: sa.URL

    def conninfo(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """For psycopg."""
        plain = self._url(database, user).set(drivername="postgresql")
        return make_conninfo(plain.render_as_string(hide_password=False))

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """For SQLAlchemy."""
        ours = self._url(database, user).set(drivername="postgresql+psycopg")
        return ours.render_as_string(hide_password=False)

    def _url(self, database: str, user: str) -> sa.URL:
        named = self.given.set(database=database)
        return named if user == SUPERUSER else named.set(username=user)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a test."""

    server: Server
    name: str

    def conninfo(self, user: str = SUPERUSER) -> str:
        """For psycopg."""
        return self.server.conninfo(self.name, user)

    def url(self, user: str = SUPERUSER) -> str:
        """For SQLAlchemy."""
        return self.server.url(self.name, user)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know --long."""
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out unless they are asked for."""
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long: runs with --long"))


def build_template(template: Database) -> dict[str, str]:
    """Make what every test database starts with, by the same steps as an installation; the accounts' tokens."""
    migrate.upgrade(template.url(), factories.METRIC_SRID)
    migrate.allow_login(template.url(), template.url(APP_ROLE))
    with opened(template) as database:
        return factories.load_world(database)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """One folder for the whole run; every xdist worker has its own one level below."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(pytestconfig, "workerinput") else base


@pytest.fixture(scope="session")
def cluster(run_folder: Path) -> Iterator[Server]:
    """The PostGIS server of this run."""
    if given := os.environ.get("LAGESBILD_TEST_DATABASE_URL"):  # noqa: TID251 - of the tests, not a setting
        yield GivenServer(sa.make_url(given))
        return
    # not below the run's folder: that one is closed to user postgres
    home = Path(tempfile.gettempdir()) / f"lagesbild-test-{_run_name(run_folder)}"
    users = run_folder / "cluster.users"
    with users.open("a") as hold:
        keeper = None
        with _alone(run_folder / "cluster.lock"):
            fcntl.flock(hold, fcntl.LOCK_SH)  # waits where a keeper of earlier workers is just cleaning up
            server = Cluster(home, fast=True)
            if not server.is_running():
                keeper = _start_keeper(home, users)
        yield server
    if keeper:
        keeper.wait()  # until the other workers are done too, which a long test may delay for many minutes


@pytest.fixture
def postgis(cluster: Server) -> Iterator[psycopg.Connection]:
    """A superuser's connection, autocommitting, to a fresh database with PostGIS and nothing else."""
    name = f"empty_{uuid.uuid4().hex}"
    with _database(cluster, name), psycopg.connect(cluster.conninfo(name), autocommit=True) as conn:
        conn.execute("CREATE EXTENSION postgis")
        yield conn


@pytest.fixture(scope="session")
def template_database(cluster: Server, run_folder: Path) -> Iterator[str]:
    """The name of the database that the others are copied from; made once a run."""
    name = f"template_{_run_name(run_folder)}"
    with (run_folder / "template.users").open("a") as hold:
        with _alone(run_folder / "template.lock"):
            fcntl.flock(hold, fcntl.LOCK_SH)
            if not (run_folder / "template.made").exists():
                _execute(cluster, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
                _execute(cluster, "CREATE DATABASE {}", name)
                made = build_template(Database(cluster, name))
                (run_folder / "template.made").write_text(json.dumps(made), encoding="utf-8")
        yield name
        with _alone(run_folder / "template.lock"):
            if _is_last(hold):
                _execute(cluster, "DROP DATABASE {} WITH (FORCE)", name)
                (run_folder / "template.made").unlink()


@pytest.fixture
def database(cluster: Server, template_database: str) -> Iterator[Database]:
    """A fresh database with the schema, gone after the test."""
    with copied(cluster, template_database) as copy:
        yield copy


@pytest.fixture
def db(database: Database) -> Iterator[tx.Database]:
    """The service's way into a fresh copy of the world."""
    with opened(database) as db:
        yield db


@pytest.fixture(scope="session")
def shared_db(cluster: Server, template_database: str) -> Iterator[tx.Database]:
    """The service's way into a copy that a worker's tests share; what they commit, the next one sees."""
    with copied(cluster, template_database) as copy, opened(copy) as database:
        yield database


@pytest.fixture(scope="session")
def tokens(template_database: str, run_folder: Path) -> Mapping[str, str]:
    """The token of each account, by its key in factories.ACCOUNTS."""
    made: dict[str, str] = json.loads((run_folder / "template.made").read_text(encoding="utf-8"))
    return made


@pytest.fixture(scope="session")
def actors(shared_db: tx.Database, tokens: Mapping[str, str]) -> Mapping[str, Actor]:
    """The actor of each account, signed in with its token."""
    found = {key: shared_db.signed_in(credential_hash(token), is_session=False) for key, token in tokens.items()}
    return {key: actor for key, actor in found.items() if actor is not None}


@pytest.fixture
def acting(shared_db: tx.Database) -> Iterator[Callable[[Actor], tx.WriteTx]]:
    """One transaction for the whole test, as whichever actor it names, undone at the end.

    What is checked at commit is checked by `SET CONSTRAINTS ALL IMMEDIATE`.
    """
    with ExitStack() as stack:
        begun: list[tx.WriteTx] = []

        def act(actor: Actor) -> tx.WriteTx:
            if not begun:
                begun.append(stack.enter_context(shared_db.write(actor)))
                stack.callback(begun[0].conn.rollback)
            tx._set_scope(begun[0].conn, actor)
            return tx.WriteTx(begun[0].conn, actor)

        yield act


@contextmanager
def copied(server: Server, template: str) -> Iterator[Database]:
    """A fresh database with the schema and the world, gone afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with _database(server, name, template):
        yield Database(server, name)


@contextmanager
def opened(database: Database) -> Iterator[tx.Database]:
    """The service's way into a database."""
    engine = make_engine(database.url(APP_ROLE))
    try:
        yield tx.Database(engine)
    finally:
        engine.dispose()


@contextmanager
def _database(server: Server, name: str, template: str = "template0") -> Iterator[None]:
    _execute(server, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
    try:
        yield
    finally:
        _execute(server, "DROP DATABASE {} WITH (FORCE)", name)


def _execute(server: Server, statement: str, *names: str) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as conn:
        conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _start_keeper(home: Path, users: Path) -> subprocess.Popen[str]:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.keeper", home, users],
        cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,  # Ctrl-C is for the tests; the keeper sees them end
    )  # fmt: skip
    assert keeper.stdout
    assert keeper.stderr
    with keeper.stdout as said, keeper.stderr as complaint:
        if said.readline() != "ready\n":
            pytest.exit(complaint.read() or "the test cluster did not start", returncode=3)
    return keeper


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _is_last(hold: IO[str]) -> bool:
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _run_name(run_folder: Path) -> str:
    return hashlib.sha256(os.fsencode(run_folder)).hexdigest()[:12]
