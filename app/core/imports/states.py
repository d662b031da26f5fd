"""How far an import has come, and what can become of it.

A file is checked before it goes in. Taking back what is in (because somebody cancelled, undid it, or wanted all
rows or none) is work of its own, with a state while it lasts.
"""

from enum import StrEnum
from typing import Final

from app.core.errors import TransitionError


class State(StrEnum):
    """How far an import has come."""

    QUEUED = "queued"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    REFUSING = "refusing"
    REFUSED = "refused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"


class Choice(StrEnum):
    """What happens to the good rows of a file in which others are refused."""

    GOOD_ROWS = "good_rows"
    ALL_OR_NOTHING = "all_or_nothing"


# A check can be asked for again, with another profile, as long as nothing has gone in.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.CHECKING, State.IMPORTING, State.CANCELLED, State.FAILED}),
    State.CHECKING: frozenset({State.CHECKED, State.IMPORTING, State.REFUSED, State.CANCELLED, State.FAILED}),
    State.CHECKED: frozenset({State.QUEUED, State.IMPORTING, State.REFUSED, State.CANCELLED}),
    State.IMPORTING: frozenset({State.DONE, State.REFUSING, State.CANCELLING, State.FAILED}),
    State.DONE: frozenset({State.IMPORTING, State.UNDOING}),
    State.REFUSING: frozenset({State.REFUSED}),
    State.REFUSED: frozenset({State.QUEUED, State.CANCELLED}),
    State.CANCELLING: frozenset({State.CANCELLED}),
    State.CANCELLED: frozenset(),
    State.UNDOING: frozenset({State.UNDONE}),
    State.UNDONE: frozenset(),
    State.FAILED: frozenset({State.QUEUED, State.UNDOING}),
}
TAKES_BACK: Final = {  # state while rows are taken back: what it ends as
    State.REFUSING: State.REFUSED,
    State.CANCELLING: State.CANCELLED,
    State.UNDOING: State.UNDONE,
}
AT_WORK: Final = frozenset({State.QUEUED, State.CHECKING, State.IMPORTING, *TAKES_BACK})
ENDED: Final = frozenset(State) - AT_WORK - {State.CHECKED}  # nothing more happens by itself


def check_transition(old: State, new: State) -> None:
    """Only the moves of the table."""
    if new not in TRANSITIONS[old]:
        raise TransitionError(f"An import that is {old} cannot become {new}.")
