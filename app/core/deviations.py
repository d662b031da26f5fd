"""What becomes of a deviation: the leadership groups assess it, and every end has a reason.

An assessment is a person's; nothing is closed by a program.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.errors import FieldProblem, InvalidError, TransitionError

REASON_MAX_CHARS: Final = 1_000
DAYS_TO_ASSESS: Final = 14


class State(StrEnum):
    """How far a deviation has come."""

    RAISED = "raised"
    ASSIGNED = "assigned"
    REAL = "real"
    EXPLAINED = "explained"
    WATCHED = "watched"
    PRIORITISED = "prioritised"
    MEASURE = "measure"
    CLOSED = "closed"


class Explanation(StrEnum):
    """Why more reports were not more incidents."""

    EVENT = "event"
    NEW_REPORTER = "new_reporter"
    DATA_ERROR = "data_error"


ASSESSED: Final = frozenset({State.REAL, State.EXPLAINED, State.WATCHED})
NEEDS_REASON: Final = frozenset({State.EXPLAINED, State.CLOSED})

# What is watched is assessed again; an explanation may turn out wrong; what is closed stays closed, since the same
# place is raised anew if it comes again.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.RAISED: frozenset({State.ASSIGNED}),
    State.ASSIGNED: ASSESSED,
    State.REAL: frozenset({State.PRIORITISED, State.EXPLAINED, State.CLOSED}),
    State.EXPLAINED: frozenset({State.REAL, State.CLOSED}),
    State.WATCHED: frozenset({State.REAL, State.EXPLAINED, State.CLOSED}),
    State.PRIORITISED: frozenset({State.MEASURE, State.CLOSED}),
    State.MEASURE: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


def check_move(old: State, new: State, *, reason: str = "", explanation: Explanation | None = None) -> None:
    """Only the moves of the table; what is explained says how, and what is explained or closed says why.

    Raises TransitionError, or InvalidError with the field that is missing.
    """
    if new not in TRANSITIONS[old]:
        raise TransitionError(f"A deviation that is {old} cannot become {new}.")
    problems = []
    if new in NEEDS_REASON and not reason.strip():
        problems.append(FieldProblem("reason", "missing", "Say why in a sentence."))
    if len(reason) > REASON_MAX_CHARS:
        problems.append(FieldProblem("reason", "too-long", f"Say why in at most {REASON_MAX_CHARS} characters."))
    if (new is State.EXPLAINED) != (explanation is not None):
        word = "Say" if explanation is None else "Leave out"
        problems.append(FieldProblem("explanation", "wrong", f"{word} what explains it: it is {new}."))
    if problems:
        raise InvalidError("The deviation cannot be moved so.", tuple(problems))


def assess_by(raised_at: datetime, days: int = DAYS_TO_ASSESS) -> datetime:
    """When the leadership groups should have said what it is."""
    return raised_at + timedelta(days=days)


def is_overdue(state: State, deadline: datetime, now: datetime) -> bool:
    """Whether somebody should be reminded: nobody has assessed it, and the deadline has passed."""
    return state in {State.RAISED, State.ASSIGNED} and now >= deadline
