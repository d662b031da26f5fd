"""How an import may go on from where it is."""

import pytest

from app.core.errors import TransitionError
from app.core.imports.states import AT_WORK, ENDED, TAKES_BACK, TRANSITIONS, State, check_transition


def test_whatever_is_at_work_comes_to_an_end() -> None:
    for state in AT_WORK:
        reached, waiting = set(), {state}
        while waiting:
            reached |= waiting
            waiting = {after for before in waiting for after in TRANSITIONS[before]} - reached
        assert reached & ENDED, state


def test_what_is_being_taken_back_can_only_end() -> None:
    assert {state: TRANSITIONS[state] for state in TAKES_BACK} == {s: {end} for s, end in TAKES_BACK.items()}


def test_what_is_cancelled_or_undone_stays_so() -> None:
    assert TRANSITIONS[State.CANCELLED] == TRANSITIONS[State.UNDONE] == frozenset()


def test_only_the_moves_of_the_table_are_made() -> None:
    check_transition(State.CHECKED, State.IMPORTING)
    with pytest.raises(TransitionError, match="cannot become importing"):
        check_transition(State.UNDONE, State.IMPORTING)
