"""The sealed log: what is in the chain, what the chain notices, and when a month may go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.actions.audit import keep_sealed
from app.actions.deployments import installer
from app.core.audit import AuditAction, FaultKind
from app.core.permissions import Actor
from app.store import audit
from app.store import tx as store
from app.store.tx import Origin
from tests.conftest import Database
from tests.factories import Actors

Connection = psycopg.Connection[tuple[Any, ...]]
OLD = datetime(2021, 3, 5, tzinfo=UTC)


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        yield conn


def faults(database: Database, known: bytes | None = None) -> set[tuple[FaultKind, str]]:
    return {(f.kind, f.where) for f in audit.verify(database.url(), known=known).faults}


def added(conn: Connection, recorded_at: datetime | None = None, action: str = "incident.reported") -> int:
    """A line as somebody with the owner's power could write it."""
    row = conn.execute(
        "INSERT INTO audit_lines (actor, role, action, recorded_at) VALUES ('x', 'x', %s, coalesce(%s, now()))"
        " RETURNING id",
        [action, recorded_at],
    ).fetchone()
    assert row
    return int(row[0])


def numbers(conn: Connection) -> set[int]:
    return {row[0] for row in conn.execute("SELECT id FROM audit_lines")}


def in_seals(conn: Connection) -> list[int]:
    return [row[0] for row in conn.execute("SELECT unnest(line_ids) FROM audit_seals ORDER BY 1")]


def parts(conn: Connection) -> set[str]:
    rows = conn.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_lines'::regclass")
    return {row[0] for row in rows}


def home_of(conn: Connection, number: int) -> str:
    """The part of the log that a line lies in."""
    row = conn.execute("SELECT tableoid::regclass::text FROM audit_lines WHERE id = %s", [number]).fetchone()
    assert row
    return str(row[0])


def test_every_line_is_sealed_once_and_the_two_ways_of_hashing_agree(
    db: store.Database, database: Database, superuser: Connection, actors: Actors
) -> None:
    with db.write(actors["coordinator"], Origin(request_id="r", address="192.0.2.1")) as tx:
        tx.record(AuditAction.INCIDENTS_READ, controllers=[actors["police"].organisation_id], å="ö\U0001f600", n=[1.5])
    before = numbers(superuser)
    assert keep_sealed(db) == len(before)
    assert in_seals(superuser) == sorted(before)
    verdict = audit.verify(database.url())
    assert (verdict.faults, verdict.line_count, verdict.unsealed_count) == ((), len(before), 1)
    assert keep_sealed(db) == 1  # the line that told of the first sealing
    assert faults(database) == set()


def test_a_transaction_that_commits_late_is_sealed_late_and_never_lost(
    db: store.Database, database: Database, superuser: Connection, actors: Actors
) -> None:
    with db.write(actors["coordinator"]) as slow:
        slow.record(AuditAction.INCIDENT_REPORTED)
        with db.write(actors["coordinator"]) as tx:
            tx.record(AuditAction.INCIDENT_WITHDRAWN)  # a higher number, committed first
        keep_sealed(db)
        missing = set(range(1, max(numbers(superuser)))) - set(in_seals(superuser))
        assert missing
    keep_sealed(db)
    assert missing <= set(in_seals(superuser))
    assert faults(database) == set()


def test_numbers_that_a_rollback_left_out_are_no_fault(db: store.Database, database: Database, actors: Actors) -> None:
    with pytest.raises(RuntimeError), db.write(actors["coordinator"]) as tx:
        tx.record(AuditAction.INCIDENT_REPORTED)
        raise RuntimeError
    keep_sealed(db)
    assert faults(database) == set()


def test_two_sealings_at_once_seal_every_line_once(
    db: store.Database, database: Database, superuser: Connection
) -> None:
    threads = [threading.Thread(target=keep_sealed, args=[db]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = in_seals(superuser)
    assert len(found) == len(set(found)) > 0
    assert faults(database) == set()


COLUMNS = {
    "recorded_at": "recorded_at + interval '1 s'",
    "actor_id": "gen_random_uuid()",
    "actor": "'someone else'",
    "role": "'analyst'",
    "organisation_id": "gen_random_uuid()",
    "action": "'incident.withdrawn'",
    "subject": "'other'",
    "figures": "figures || '{\"rows\": 0}'",
    "request_id": "NULL",
    "address": "'198.51.100.7'",
    "scope": "'nothing'",
    "controllers": "ARRAY[gen_random_uuid()]",
}


@pytest.fixture
def line(db: store.Database, actors: Actors, superuser: Connection) -> int:
    """A sealed line with something in every column."""
    with db.write(actors["coordinator"], Origin(request_id="r", address="192.0.2.1")) as tx:
        tx.record(AuditAction.INCIDENT_READ, "subject", controllers=[actors["police"].organisation_id], rows=7)
    keep_sealed(db)
    return max(in_seals(superuser))


def test_a_change_in_any_column_is_told_by_number(database: Database, superuser: Connection, line: int) -> None:
    rows = superuser.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_lines'::regclass AND attnum > 0 AND attname <> 'id'"
    )
    assert {row[0] for row in rows} == set(COLUMNS)
    for column, value in COLUMNS.items():
        with psycopg.connect(database.conninfo()) as conn:
            before = conn.execute(f"SELECT {column} FROM audit_lines WHERE id = %s", [line]).fetchone()
            conn.execute(f"UPDATE audit_lines SET {column} = {value} WHERE id = %s", [line])
            conn.commit()
            assert faults(database) == {(FaultKind.CHANGED, f"line {line}")}, column
            assert before
            was = psycopg.types.json.Jsonb(before[0]) if column == "figures" else before[0]
            conn.execute(f"UPDATE audit_lines SET {column} = %s WHERE id = %s", [was, line])
    assert faults(database) == set()


def test_a_removed_line_is_told_by_number(database: Database, superuser: Connection, line: int) -> None:
    superuser.execute("DELETE FROM audit_lines WHERE id = %s", [line])
    assert faults(database) == {(FaultKind.REMOVED, f"line {line}")}


def test_a_line_slipped_in_with_an_old_time_is_told_before_and_after_it_is_sealed(
    db: store.Database, database: Database, superuser: Connection, line: int
) -> None:
    forged = added(superuser, datetime.now(UTC) - timedelta(hours=7))
    assert faults(database) == {(FaultKind.INSERTED, f"line {forged}")}
    keep_sealed(db)
    assert forged in in_seals(superuser)
    assert faults(database) == {(FaultKind.INSERTED, f"line {forged}")}


def test_a_line_slipped_into_a_closed_month_is_never_sealed_and_always_told(
    db: store.Database, database: Database, superuser: Connection, line: int
) -> None:
    forged = added(superuser, OLD)
    keep_sealed(db)
    assert forged not in in_seals(superuser)
    assert faults(database) == {(FaultKind.INSERTED, f"line {forged}")}


def test_a_line_changed_together_with_its_hash_breaks_the_seal(
    database: Database, superuser: Connection, line: int
) -> None:
    superuser.execute("UPDATE audit_lines SET actor = 'x' WHERE id = %s", [line])
    superuser.execute(
        "UPDATE audit_seals AS s SET line_hashes[array_position(s.line_ids, l.id)] = audit_line_hash(l)"
        " FROM audit_lines AS l WHERE l.id = %s AND l.id = ANY (s.line_ids)",
        [line],
    )
    assert {kind for kind, _ in faults(database)} == {FaultKind.BROKEN}


def test_a_removed_seal_breaks_the_chain(
    db: store.Database, database: Database, superuser: Connection, line: int
) -> None:
    keep_sealed(db)
    superuser.execute("DELETE FROM audit_seals WHERE position = 1")
    assert (FaultKind.BROKEN, "seal 2") in faults(database)


def test_a_chain_made_anew_no_longer_has_the_seal_that_was_noted_down(
    db: store.Database, database: Database, superuser: Connection, line: int
) -> None:
    noted = audit.verify(database.url()).seal_hash
    assert faults(database, noted) == set()
    superuser.execute("UPDATE audit_lines SET actor = 'x' WHERE id = %s", [line])
    superuser.execute("DELETE FROM audit_seals")
    keep_sealed(db)
    assert faults(database) == set()
    assert {kind for kind, _ in faults(database, noted)} == {FaultKind.BROKEN}


def test_an_expired_month_is_dropped_and_the_chain_still_verifies(
    db: store.Database, database: Database, superuser: Connection
) -> None:
    gone = [added(superuser, OLD + timedelta(days=n)) for n in range(3)]
    keep_sealed(db)  # nothing was sealed before: old months too
    assert "audit_lines_2021_03" not in parts(superuser)
    assert not set(gone) & numbers(superuser)
    rows = superuser.execute("SELECT kind, line_count, line_ids FROM audit_seals WHERE month = '2021-03-01' ORDER BY 1")
    assert rows.fetchall() == [("expiry", 3, None), ("lines", 3, None)]
    assert faults(database) == set()


def test_a_month_within_its_time_stays(db: store.Database, superuser: Connection) -> None:
    row = superuser.execute("SELECT now() - interval '23 months'").fetchone()
    assert row
    kept = added(superuser, row[0])
    keep_sealed(db)
    assert kept in numbers(superuser)
    assert f"audit_lines_{row[0]:%Y_%m}" in parts(superuser)


@pytest.mark.parametrize("harm", ["DELETE FROM audit_lines", "UPDATE audit_lines SET actor = 'y'"])
def test_an_expired_month_that_is_not_as_it_was_sealed_is_left_to_be_looked_at(
    db: store.Database, database: Database, superuser: Connection, harm: str
) -> None:
    old = [added(superuser, OLD) for _ in range(2)]
    with db.write(installer()) as tx:
        audit.seal(tx)
    superuser.execute(f"{harm} WHERE id = %s".encode(), old[:1])
    keep_sealed(db)
    assert old[1] in numbers(superuser)
    assert len(faults(database)) == 1


def test_a_month_dropped_by_hand_is_told(db: store.Database, database: Database, superuser: Connection) -> None:
    keep_sealed(db)
    superuser.execute(f"DROP TABLE audit_lines_{datetime.now(UTC):%Y_%m}")
    assert {kind for kind, _ in faults(database)} == {FaultKind.REMOVED}


def test_months_to_come_are_there_and_lines_that_came_too_early_find_home(
    db: store.Database, database: Database, superuser: Connection
) -> None:
    row = superuser.execute(
        "SELECT to_char(now() + interval '3 months', 'YYYY_MM'), now() + interval '5 months'"
    ).fetchone()
    assert row
    assert f"audit_lines_{row[0]}" in parts(superuser)
    early = added(superuser, row[1])
    assert home_of(superuser, early) == "audit_lines_other"
    keep_sealed(db)
    assert home_of(superuser, early) == f"audit_lines_{row[1]:%Y_%m}"


def test_only_the_owners_login_decides_how_long_the_log_is_kept(database: Database, superuser: Connection) -> None:
    audit.keep(database.url(), 36, "test")
    assert superuser.execute("SELECT audit_keep_months FROM deployment").fetchone() == (36,)
    told = superuser.execute("SELECT action, figures FROM audit_lines WHERE actor = 'test'").fetchall()
    assert told == [("audit.keeping-set", {"months": 36})]


# --- reads between two lines -------------------------------------------------------------------------------------


def told_of_reads(conn: Connection) -> list[tuple[Any, ...]]:
    rows = conn.execute(
        "SELECT action, subject, figures - 'reading', request_id, address, scope, controllers"
        " FROM audit_lines WHERE figures ? 'reading' ORDER BY id"
    )
    return rows.fetchall()


def test_what_is_asked_is_in_the_log_before_the_first_row_is_read(
    db: store.Database, superuser: Connection, actors: Actors
) -> None:
    actor = actors["coordinator"]
    origin = Origin(request_id="r", address="192.0.2.1")
    asked = ("incidents.read", None, {"area": "x"}, "r", "192.0.2.1", actor.scope.short())
    with db.audited_read(actor, origin, AuditAction.INCIDENTS_READ, area="x") as tx:
        assert told_of_reads(superuser) == [(*asked, [*actor.scope.readable])]
        with pytest.raises(Exception, match="read-only transaction"):
            tx.conn.exec_driver_sql("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        tx.conn.rollback()
        tx.hand_out(3)
        tx.hand_out(4)
    ended = ("read.ended", None, {"rows": 7, "whole": True}, *asked[3:])
    assert told_of_reads(superuser)[1:] == [(*ended, [*actor.scope.readable])]
    pair = superuser.execute("SELECT DISTINCT figures ->> 'reading' FROM audit_lines WHERE figures ? 'reading'")
    assert len(pair.fetchall()) == 1


def test_a_read_that_breaks_off_says_how_far_it_came(db: store.Database, superuser: Connection, actors: Actors) -> None:
    @contextmanager
    def broken() -> Iterator[store.AuditedReadTx]:
        with db.audited_read(actors["coordinator"], Origin(), AuditAction.INCIDENTS_READ) as tx:
            yield tx
            raise RuntimeError("the wire was cut")

    with pytest.raises(RuntimeError, match="the wire was cut"), broken() as tx:
        tx.hand_out(2)
    assert [figures for _, _, figures, *_ in told_of_reads(superuser)] == [{}, {"rows": 2, "whole": False}]


# --- who reads the log -------------------------------------------------------------------------------------------


def seen(db: store.Database, actor: Actor, **wanted: Any) -> list[tuple[str, str]]:
    with db.audited_read(actor, Origin(), AuditAction.AUDIT_READ) as tx:
        lines, _ = audit.page(tx, audit.Filter(**wanted), limit=500)
    return [(line["actor"], line["action"]) for line in lines]


def test_an_auditor_sees_the_own_organisations_acts_reads_of_its_incidents_and_the_installation(
    db: store.Database, actors: Actors
) -> None:
    auditor = actors["auditor"]
    with db.write(actors["other_coordinator"]) as tx:
        tx.record(AuditAction.INCIDENT_REPORTED)
    with db.write(actors["coordinator"]) as tx:
        tx.record(AuditAction.INCIDENT_REPORTED)
    with db.write(actors["police"]) as tx:
        tx.record(AuditAction.INCIDENTS_READ, controllers=[auditor.organisation_id])
        tx.record(AuditAction.INCIDENT_WITHDRAWN)
    found = seen(db, auditor)
    assert found[:3] == [
        ("auditor", "audit.read"),
        ("police", "incidents.read"),
        ("coordinator", "incident.reported"),
    ]
    assert {actor for actor, _ in found[3:]} == {"installation"}


def test_the_own_filter_and_row_level_security_each_hold_alone(db: store.Database, actors: Actors) -> None:
    with db.write(actors["other_coordinator"]) as tx:
        tx.record(AuditAction.INCIDENT_REPORTED)
    with db.read(actors["auditor"]) as tx:
        everything = tx.conn.exec_driver_sql("SELECT actor FROM audit_lines").scalars().all()
    assert everything
    assert "other_coordinator" not in everything
    for key in ("coordinator", "admin", "police"):
        with db.read(actors[key]) as tx:
            assert tx.conn.exec_driver_sql("SELECT count(*) FROM audit_lines").scalar_one() == 0
            assert (
                tx.conn.exec_driver_sql("SELECT count(*) FROM (SELECT position FROM audit_seals) AS s").scalar_one()
                == 0
            )


def test_pages_follow_one_another_without_gap_or_double(db: store.Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as tx:
        for _ in range(7):
            tx.record(AuditAction.INCIDENT_REPORTED)
    wanted = audit.Filter(actor="coordinator")
    found: list[int] = []
    before: int | None = None
    with db.audited_read(actors["auditor"], Origin(), AuditAction.AUDIT_READ) as tx:
        while True:
            lines, before = audit.page(tx, wanted, limit=3, before_id=before)
            found += [line["id"] for line in lines]
            if before is None:
                break
        assert tx.tally["rows"] == 7
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 7
