"""What the chain of seals tells of a log, and the hashes it is made of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.audit import (
    LATE_AFTER,
    AuditLine,
    Fault,
    FaultKind,
    Looked,
    Seal,
    faults_of_seal,
    hash_of,
    is_inserted,
)

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
fields = st.lists(st.none() | st.text(max_size=5), max_size=6)


def line(number: int, recorded_at: datetime = NOON, actor: str = "Någon") -> AuditLine:
    return AuditLine(number, recorded_at, (None, actor, "analyst", None, "incidents.read"))


def sealed(*lines: AuditLine, before: Looked | None = None, sealed_at: datetime = NOON, kind: str = "lines") -> Seal:
    """A right seal over these lines."""
    before = before or Looked()
    hashes = tuple(each.hash for each in lines)
    seal = Seal(
        position=before.position + 1,
        kind=kind,
        sealed_at=sealed_at,
        month=date(2026, 11, 1),
        line_count=len(lines),
        line_ids=tuple(each.id for each in lines),
        line_hashes=hashes,
        lines_hash=sha256(b"".join(hashes)).digest(),
        previous_hash=before.seal_hash,
        seal_hash=b"",
    )
    return replace(seal, seal_hash=seal.recomputed())


def kinds(seal: Seal, *there: AuditLine, before: Looked | None = None, is_expired: bool = False) -> list[FaultKind]:
    lines: Mapping[int, AuditLine] = {each.id: each for each in there}
    return [f.kind for f in faults_of_seal(seal, before or Looked(), lines, is_expired=is_expired)]


def test_hashes_are_known_values() -> None:
    assert hash_of("a", None, "") == sha256(b"1:a-0:").digest()
    assert hash_of("ö") == sha256("2:ö".encode()).digest()
    assert line(7).hash == hash_of("7", "2026-11-16 12:00:00.000000", None, "Någon", "analyst", None, "incidents.read")


@given(fields, fields)
def test_fields_cannot_run_together(one: list[str | None], other: list[str | None]) -> None:
    assert (hash_of(*one) == hash_of(*other)) == (one == other)


def test_a_whole_chain_has_no_fault() -> None:
    first = sealed(line(1), line(2))
    looked = Looked().after(first)
    second = sealed(line(3, NOON + timedelta(minutes=5)), before=looked, sealed_at=NOON + timedelta(hours=1))
    assert kinds(first, line(1), line(2)) == []
    assert kinds(second, line(3, NOON + timedelta(minutes=5)), before=looked) == []


def test_each_fault_is_told_with_the_lines_number() -> None:
    seal = sealed(line(1), line(2), line(3))
    there = {1: line(1), 3: line(3, actor="Någon annan")}
    assert list(faults_of_seal(seal, Looked(), there, is_expired=False)) == [
        Fault(FaultKind.REMOVED, "line 2"),
        Fault(FaultKind.CHANGED, "line 3"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"position": 2},
        {"kind": "expiry", "line_count": 9},
        {"sealed_at": NOON + timedelta(seconds=1)},
        {"month": date(2026, 10, 1)},
        {"line_count": 9},
        {"lines_hash": b"x"},
        {"previous_hash": b"x"},
        {"seal_hash": b"x"},
    ],
)
def test_a_changed_seal_is_broken(changes: dict[str, object]) -> None:
    assert FaultKind.BROKEN in kinds(replace(sealed(line(1)), **changes), line(1))  # type: ignore[arg-type]


def test_a_rewritten_list_of_lines_is_broken() -> None:
    seal = sealed(line(1), line(2))
    assert kinds(replace(seal, line_ids=(1,), line_hashes=(line(1).hash,)), line(1)) == [FaultKind.BROKEN]


def test_a_seal_that_was_taken_out_breaks_the_next() -> None:
    first = Looked().after(sealed(line(1)))
    second = first.after(sealed(line(2), before=first))
    third = sealed(line(3), before=second)
    assert kinds(third, line(3), before=first) == [FaultKind.BROKEN]


def test_an_expired_month_is_known_by_its_hash_alone() -> None:
    seal = replace(sealed(line(1)), line_ids=None, line_hashes=None)
    assert kinds(seal, is_expired=True) == []
    assert kinds(seal, is_expired=False) == [FaultKind.REMOVED]
    assert kinds(sealed(kind="expiry")) == []


def test_lines_that_are_still_listed_are_looked_at_even_when_the_month_claims_to_have_expired() -> None:
    assert kinds(sealed(line(1)), is_expired=True) == [FaultKind.REMOVED]


def test_a_line_older_than_the_sealing_before_it_was_inserted() -> None:
    looked = Looked().after(sealed(line(1)))
    an_hour_later = NOON + timedelta(hours=1)
    late = line(2, NOON - LATE_AFTER + timedelta(seconds=1))
    forged = line(3, NOON - LATE_AFTER - timedelta(seconds=1))
    seal = sealed(late, forged, before=looked, sealed_at=an_hour_later)
    assert list(faults_of_seal(seal, looked, {2: late, 3: forged}, is_expired=False)) == [
        Fault(FaultKind.INSERTED, "line 3")
    ]
    of_the_same_sealing = sealed(forged, before=looked, sealed_at=NOON)
    assert kinds(of_the_same_sealing, forged, before=looked) == []  # nobody had looked before


def test_an_unsealed_line_is_inserted_when_it_should_long_have_been_sealed() -> None:
    assert is_inserted(NOON - LATE_AFTER - timedelta(seconds=1), NOON)
    assert not is_inserted(NOON - LATE_AFTER, NOON)
    assert not is_inserted(NOON, None)
