"""What the database refuses, in the domain's words."""

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.core.errors import BusyError, ConflictError, ForbiddenError, InvalidError, LagesbildError
from app.core.incidents import State
from app.store import incidents
from app.store.engine import make_engine
from app.store.errors import UNIQUE, translated
from app.store.tx import Database, WriteTx
from tests.conftest import Database as Copy
from tests.factories import NOW, Actors, draft

FOREIGN = "11111111-1111-1111-1111-111111111111"
RAISED = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{}'; END $$"
CASES: list[tuple[str, type[LagesbildError], str]] = [
    ("SELECT pg_sleep(5)", BusyError, "took too long"),
    (RAISED.format("40001"), BusyError, "changed the same thing"),
    (RAISED.format("40P01"), BusyError, "changed the same thing"),
    (RAISED.format("55P03"), BusyError, "changed the same thing"),
    (RAISED.format("22003"), InvalidError, "beyond what can be stored"),
    ("SELECT CAST('x' AS integer)", InvalidError, "beyond what can be stored"),
    (
        f"INSERT INTO idempotency_keys VALUES ('{FOREIGN}', 'k', '{FOREIGN}', 'h', '{{}}')",
        ForbiddenError,
        "belongs to another organisation",
    ),
]


@pytest.fixture
def hasty(database: Copy) -> Any:
    """A Database whose statements may take a tenth of a second."""
    engine = make_engine(database.url("lagesbild_app"), statement_timeout_ms=100)
    yield Database(engine)
    engine.dispose()


def test_every_refusal_has_its_word(hasty: Database, actors: Actors) -> None:
    for statement, error, sentence in CASES:
        with pytest.raises(error, match=sentence), hasty.write(actors["coordinator"]) as tx:
            tx.conn.execute(sa.text(statement))


def test_text_with_a_nul_byte_is_invalid(db: Database, actors: Actors) -> None:
    with pytest.raises(InvalidError), db.write(actors["coordinator"]) as tx:
        incidents.add(tx, [draft(text="a\x00b")], [State.APPROVED], NOW)


def _raise_unique(tx: WriteTx, constraint: str) -> None:
    """As PostgreSQL does when the constraint refuses."""
    tx.conn.execute(
        sa.text(
            "DO $$ BEGIN RAISE EXCEPTION 'duplicate key'"
            f" USING ERRCODE = 'unique_violation', CONSTRAINT = '{constraint}'; END $$"
        )
    )


@pytest.mark.parametrize("constraint", UNIQUE)
def test_a_value_that_must_be_unique_is_a_conflict(db: Database, actors: Actors, constraint: str) -> None:
    with pytest.raises(ConflictError) as raised, db.write(actors["coordinator"]) as tx:
        _raise_unique(tx, constraint)
    assert raised.value.message == UNIQUE[constraint]


def test_every_unique_constraint_named_is_one_of_the_schema(db: Database) -> None:
    statement = sa.text("SELECT relname FROM pg_class WHERE relkind = 'i'")
    with db.engine.connect() as conn:
        assert set(UNIQUE) <= set(conn.scalars(statement))


def test_a_fault_of_our_own_stays_a_fault(db: Database, actors: Actors) -> None:
    for statement in ("SELECT nonsense", "SELECT 1 / 0 FROM nowhere"):
        with pytest.raises(DBAPIError), db.write(actors["coordinator"]) as tx:
            tx.conn.execute(sa.text(statement))
    with pytest.raises(DBAPIError), db.write(actors["coordinator"]) as tx:
        _raise_unique(tx, "some_other_key")


def test_an_error_never_shows_the_values_of_a_statement(db: Database, actors: Actors) -> None:
    with pytest.raises(DBAPIError) as raised, db.write(actors["coordinator"]) as tx:
        tx.conn.execute(sa.text("SELECT nonsense FROM incidents WHERE text = :text"), {"text": "Anna Andersson"})
    assert "Anna" not in str(raised.value)


def test_a_used_up_pool_is_busy(database: Copy, actors: Actors) -> None:
    engine = make_engine(database.url("lagesbild_app"), pool_size=1)
    engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    db = Database(engine)
    try:
        with db.read(actors["coordinator"]), pytest.raises(BusyError, match="connections are busy"):
            db.signed_in(b"x", is_session=False)
    finally:
        engine.dispose()


def test_a_database_that_is_gone_is_busy(database: Copy, actors: Actors) -> None:
    engine = make_engine(database.url("lagesbild_app"))
    db = Database(engine)
    try:
        with pytest.raises(BusyError, match="cannot be reached"), db.read(actors["coordinator"]) as tx:
            with psycopg.connect(database.conninfo(), autocommit=True) as admin:
                pid = tx.conn.scalar(sa.text("SELECT pg_backend_pid()"))
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            tx.conn.execute(sa.text("SELECT 1"))
    finally:
        engine.dispose()


def test_errors_of_others_pass_untouched() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError
