"""Health: what is wrong is said in one sentence."""

import sqlalchemy as sa

from app.store import health, migrate
from app.store.engine import make_engine
from app.store.tx import Database
from tests.conftest import Database as Copy


def test_a_migrated_database_is_well(db: Database) -> None:
    assert health.checks(db.engine, migrate.head()) == {}


def test_an_older_schema_is_told(db: Database) -> None:
    [(what, sentence)] = health.checks(db.engine, "9999").items()
    assert what == "schema"
    assert "9999" in sentence
    assert "lagesbild migrate" in sentence


def test_a_database_that_is_not_there_or_not_set_up_is_told(database: Copy, postgis: object) -> None:
    name = str(getattr(postgis, "info").dbname)  # noqa: B009 -- a psycopg connection
    for wrong in ("no_such_database", name):
        engine = make_engine(database.server.url(wrong, "lagesbild_app"))
        found = health.checks(engine, migrate.head())
        engine.dispose()
        assert list(found) == ["database"]
        assert "lagesbild migrate" in found["database"]


def test_a_worker_is_alive_while_it_is_heard_of(db: Database) -> None:
    assert not health.worker_is_alive(db.engine)
    add = sa.text("INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s))")
    with db.engine.begin() as conn:
        conn.execute(add, {"s": 61})
    assert not health.worker_is_alive(db.engine)
    with db.engine.begin() as conn:
        conn.execute(add, {"s": 5})
    assert health.worker_is_alive(db.engine)
