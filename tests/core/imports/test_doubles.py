"""What becomes of a row whose incident is already stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.imports.doubles import DECIDED, OPEN, REPEATED, WITHDRAWN, Outcome, References, decide
from app.core.incidents import State


@pytest.mark.parametrize(
    ("state", "is_same", "is_of_this_import", "was_undone", "expected"),
    [
        (State.APPROVED, True, False, False, (Outcome.DOUBLED, None)),
        (State.APPROVED, False, False, False, (Outcome.UPDATED, None)),
        (State.SUBMITTED, False, False, False, (Outcome.UPDATED, None)),
        (State.APPROVED, True, True, False, (Outcome.DOUBLED, None)),
        (State.APPROVED, False, True, False, (Outcome.DOUBLED, REPEATED)),
        (State.WITHDRAWN, True, False, True, (Outcome.REVIVED, None)),
        (State.WITHDRAWN, False, False, True, (Outcome.REVIVED, None)),
        (State.WITHDRAWN, True, False, False, (Outcome.DOUBLED, WITHDRAWN)),
        (State.WITHDRAWN, False, False, False, (Outcome.DOUBLED, WITHDRAWN)),
        (State.REJECTED, True, False, False, (Outcome.DOUBLED, None)),
        (State.REJECTED, False, False, False, (Outcome.DOUBLED, DECIDED)),
        (State.PURGED, False, False, False, (Outcome.DOUBLED, DECIDED)),
    ],
)
def test_a_row_is_told_from_what_is_stored(
    *, state: State, is_same: bool, is_of_this_import: bool, was_undone: bool, expected: tuple[Outcome, str | None]
) -> None:
    found = decide(state, is_same=is_same, is_of_this_import=is_of_this_import, was_undone=was_undone)
    assert found == expected


def test_only_reports_that_may_still_be_withdrawn_are_open_to_changes() -> None:
    assert {State.SUBMITTED, State.REVIEWED, State.SUPPLEMENT_WANTED, State.APPROVED} == OPEN


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=5))
def test_a_reference_is_repeated_when_it_came_before_in_whatever_chunk(chunks: list[list[str]]) -> None:
    references = References()
    found = [is_repeated for chunk in chunks for is_repeated in references.repeated(chunk)]
    flat = [reference for chunk in chunks for reference in chunk]
    assert found == [reference in flat[:i] for i, reference in enumerate(flat)]
