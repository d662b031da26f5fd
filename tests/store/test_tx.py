"""Transactions: what commits, what does not, and whose scope is set."""

from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.core.audit import AuditAction
from app.core.errors import BusyError
from app.core.incidents import State
from app.core.permissions import Actor, Scope
from app.store import incidents
from app.store.incidents import Filter
from app.store.tx import Database, Origin, ReadTx
from tests.conftest import Database as Copy
from tests.factories import LINDESTA, NOW, Actors, draft


def count(tx: ReadTx) -> int:
    """How many incidents the transaction sees."""
    return len(incidents.page(tx, Filter(), limit=100, after=None)[0])


def stored(db: Database, actor: Actor) -> int:
    """How many incidents the actor sees just now."""
    with db.read(actor) as tx:
        return count(tx)


def audit_lines(database: Copy) -> list[tuple[object, ...]]:
    """Everything recorded since the world was made."""
    engine = sa.create_engine(database.url())
    statement = sa.text(
        "SELECT actor, role, organisation_id, action, subject, figures, request_id, address, actor_id"
        " FROM audit_lines WHERE actor <> 'installation' ORDER BY id"
    )
    with engine.connect() as conn:
        rows = [tuple(row) for row in conn.execute(statement)]
    engine.dispose()
    return rows


def test_a_write_with_its_audit_line_is_there_afterwards(db: Database, database: Copy, actors: Actors) -> None:
    actor = actors["coordinator"]
    subject = uuid4()
    with db.write(actor, Origin(request_id="r-1", address="192.0.2.1")) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED, subject, created=1, organisation=actor.organisation_id)
    assert stored(db, actor) == 1
    figures = {"created": 1, "organisation": str(actor.organisation_id)}
    assert audit_lines(database) == [
        (
            "coordinator",
            "coordinator",
            actor.organisation_id,
            "incident.reported",
            str(subject),
            figures,
            "r-1",
            "192.0.2.1",
            actor.id,
        )
    ]


def test_a_write_without_an_audit_line_is_not(db: Database, database: Copy, actors: Actors) -> None:
    with pytest.raises(DBAPIError, match="has no audit line") as refused, db.write(actors["coordinator"]) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)
    assert getattr(refused.value.orig, "sqlstate", None) == "LB001"
    assert stored(db, actors["coordinator"]) == 0
    assert audit_lines(database) == []


def test_an_audit_line_of_an_earlier_transaction_does_not_serve_a_later_one(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        tx.record(AuditAction.INCIDENT_REPORTED)
        pid = tx.conn.scalar(sa.text("SELECT pg_backend_pid()"))
    with pytest.raises(DBAPIError, match="has no audit line"), db.write(actors["coordinator"]) as tx:
        assert tx.conn.scalar(sa.text("SELECT pg_backend_pid()")) == pid
        incidents.add(tx, [draft()], [State.APPROVED], NOW)


def test_an_audit_line_that_was_rolled_back_does_not_count(db: Database, actors: Actors) -> None:
    with pytest.raises(DBAPIError, match="has no audit line"), db.write(actors["coordinator"]) as tx:
        with tx.conn.begin_nested() as savepoint:
            tx.record(AuditAction.INCIDENT_REPORTED)
            savepoint.rollback()
        incidents.add(tx, [draft()], [State.APPROVED], NOW)


def test_everything_is_undone_when_the_block_raises(db: Database, database: Copy, actors: Actors) -> None:
    with pytest.raises(RuntimeError, match="afterwards"), db.write(actors["coordinator"]) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)
        raise RuntimeError("afterwards")
    assert stored(db, actors["coordinator"]) == 0
    assert audit_lines(database) == []


def test_a_read_is_one_snapshot(db: Database, actors: Actors) -> None:
    with db.read(actors["coordinator"]) as reading:
        assert count(reading) == 0
        with db.write(actors["coordinator"]) as tx:
            incidents.add(tx, [draft()], [State.APPROVED], NOW)
            tx.record(AuditAction.INCIDENT_REPORTED)
        assert count(reading) == 0
    assert stored(db, actors["coordinator"]) == 1


def test_a_read_cannot_write(db: Database, actors: Actors) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"), db.read(actors["coordinator"]) as tx:
        tx.conn.execute(sa.text("DELETE FROM incidents"))


def test_the_scope_ends_with_the_transaction(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        pid = tx.conn.scalar(sa.text("SELECT pg_backend_pid()"))
    names = ("incidents", "hotspots", "writes", "reporter", "administers", "own", "audited")
    for begin in (db.engine.begin, db.engine.connect):
        with begin() as conn:
            assert conn.scalar(sa.text("SELECT pg_backend_pid()")) == pid
            for name in names:
                setting = sa.text("SELECT current_setting(:name, true)")
                assert conn.scalar(setting, {"name": f"lagesbild.{name}"}) in (None, "")


def test_the_scope_of_one_transaction_is_not_the_next_ones(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)
    assert [stored(db, actors[key]) for key in ("coordinator", "other_coordinator", "auditor", "coordinator")] == [
        1, 0, 0, 1
    ]  # fmt: skip


def test_an_actor_without_a_scope_reaches_nothing(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)
    assert stored(db, replace(actors["coordinator"], scope=Scope())) == 0


def test_times_are_in_utc_and_the_app_acts_as_its_own_role(db: Database, actors: Actors) -> None:
    statement = sa.text(
        "SELECT current_user, session_user, current_setting('timezone'), current_setting('search_path')"
    )
    with db.read(actors["coordinator"]) as tx:
        row = tx.conn.execute(statement).one()
    assert tuple(row) == ("lagesbild_app", "lagesbild_app", "UTC", "public,jobs")


def test_two_corrections_of_one_incident_go_one_after_the_other(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        [incident_id] = incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)
    assert incident_id is not None
    with db.write(actors["coordinator"]) as first, pytest.raises(BusyError, match="same moment"):
        incidents.lock(first, incident_id)
        with db.write(actors["coordinator"]) as second:
            second.conn.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            incidents.lock(second, incident_id)


def test_the_organisation_of_the_actor_is_the_controller_of_what_it_reports(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        [incident_id] = incidents.add(tx, [draft()], [State.APPROVED], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)
        assert incident_id is not None
        found = incidents.one(tx, incident_id)
    assert found is not None
    assert found["organisation"] == LINDESTA
