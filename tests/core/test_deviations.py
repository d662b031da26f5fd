"""What becomes of a deviation."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from app.core.deviations import (
    ASSESSED,
    NEEDS_REASON,
    REASON_MAX_CHARS,
    TRANSITIONS,
    Explanation,
    State,
    assess_by,
    check_move,
    is_overdue,
)
from app.core.errors import InvalidError, TransitionError

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_only_the_moves_of_the_table_are_allowed(old: State, new: State) -> None:
    explanation = Explanation.EVENT if new is State.EXPLAINED else None
    if new in TRANSITIONS[old]:
        check_move(old, new, reason="Marknad på torget.", explanation=explanation)
        return
    with pytest.raises(TransitionError, match=f"{old} cannot become {new}"):
        check_move(old, new, reason="Marknad på torget.", explanation=explanation)


def test_every_deviation_is_assigned_and_assessed_before_anything_else_and_can_be_closed() -> None:
    assert TRANSITIONS[State.RAISED] == {State.ASSIGNED}
    assert TRANSITIONS[State.ASSIGNED] == ASSESSED
    assert all(State.CLOSED in TRANSITIONS[state] for state in State if state in ASSESSED)
    assert {State.EXPLAINED, State.CLOSED} == NEEDS_REASON


@pytest.mark.parametrize(
    ("new", "reason", "explanation", "field"),
    [
        (State.EXPLAINED, " ", Explanation.DATA_ERROR, "reason"),
        (State.EXPLAINED, "Marknad", None, "explanation"),
        (State.CLOSED, "", None, "reason"),
        (State.CLOSED, "Borta", Explanation.EVENT, "explanation"),
        (State.REAL, "x" * (REASON_MAX_CHARS + 1), None, "reason"),
    ],
)
def test_a_move_without_its_reason_is_refused(
    new: State, reason: str, explanation: Explanation | None, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        check_move(State.WATCHED, new, reason=reason, explanation=explanation)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_somebody_is_reminded_until_it_is_assessed() -> None:
    deadline = assess_by(NOON)
    assert deadline == NOON + timedelta(days=14)
    assert is_overdue(State.ASSIGNED, deadline, deadline)
    assert not is_overdue(State.ASSIGNED, deadline, deadline - timedelta(seconds=1))
    assert not is_overdue(State.WATCHED, deadline, deadline + timedelta(days=9))
