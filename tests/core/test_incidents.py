"""States of a report, and the hash that says whether two reports claim the same."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import TransitionError
from app.core.incidents import TRANSITIONS, IncidentDraft, State, after_own_correction, check_transition

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DRAFT = IncidentDraft(
    category="SKD",
    occurred_from=NOON,
    occurred_to=NOON + timedelta(hours=1),
    lon=15.8377,
    lat=59.3944,
    location_uncertainty_m=50.0,
    source="kommunen",
    source_ref="A1",
    text="Krossat glas",
)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_only_the_moves_of_the_table_are_allowed(old: State, new: State) -> None:
    if new in TRANSITIONS[old]:
        check_transition(old, new)
        return
    with pytest.raises(TransitionError, match=f"{old} cannot become {new}"):
        check_transition(old, new)


@pytest.mark.parametrize("old", [State.SUBMITTED, State.REVIEWED])
def test_one_sitting_may_both_review_a_report_and_decide(old: State) -> None:
    outcomes = {State.SUPPLEMENT_WANTED, State.DUPLICATE, State.REJECTED, State.APPROVED}
    assert outcomes < TRANSITIONS[old]


def test_a_withdrawal_can_be_undone_only_by_submitting_the_report_again() -> None:
    assert TRANSITIONS[State.WITHDRAWN] - {State.PURGED} == {State.SUBMITTED}


def test_a_decision_is_not_made_twice() -> None:
    assert not {State.REJECTED, State.DUPLICATE, State.APPROVED} & TRANSITIONS[State.APPROVED]
    assert TRANSITIONS[State.REJECTED] == TRANSITIONS[State.DUPLICATE] == {State.PURGED}


def test_everything_may_be_purged_and_nothing_comes_back_from_it() -> None:
    assert all(State.PURGED in TRANSITIONS[state] for state in State if state is not State.PURGED)
    assert TRANSITIONS[State.PURGED] == frozenset()


@pytest.mark.parametrize("is_trusted", [False, True])
@pytest.mark.parametrize("old", State)
def test_what_its_reporter_has_changed_is_reviewed_anew_unless_the_source_is_trusted(
    old: State, *, is_trusted: bool
) -> None:
    anew = {State.SUPPLEMENT_WANTED} | (set() if is_trusted else {State.REVIEWED, State.APPROVED})
    new = after_own_correction(old, is_trusted=is_trusted)
    assert new is (State.SUBMITTED if old in anew else old)


def test_every_state_can_be_reached_from_a_submitted_report() -> None:
    reached = {State.SUBMITTED}
    while more := {new for old in reached for new in TRANSITIONS[old]} - reached:
        reached |= more
    assert reached == set(State)


@given(st.integers(-1439, 1439), st.integers(-1439, 1439))
def test_the_same_instant_in_another_offset_has_the_same_hash(minutes_from: int, minutes_to: int) -> None:
    other = replace(
        DRAFT,
        occurred_from=NOON.astimezone(timezone(timedelta(minutes=minutes_from))),
        occurred_to=(NOON + timedelta(hours=1)).astimezone(timezone(timedelta(minutes=minutes_to))),
    )
    assert other.content_hash == DRAFT.content_hash


@pytest.mark.parametrize(
    "same",
    [{"location_uncertainty_m": 50}, {"marks": ("outside-area",)}],
)
def test_another_spelling_and_other_marks_have_the_same_hash(same: dict[str, Any]) -> None:
    assert replace(DRAFT, **same).content_hash == DRAFT.content_hash


def test_nothing_and_empty_are_the_same_but_no_uncertainty_is_not_zero() -> None:
    bare = replace(DRAFT, text=None, source_ref=None, location_uncertainty_m=None)
    assert replace(bare, text="", source_ref="").content_hash == bare.content_hash
    zero = replace(bare, location_uncertainty_m=0.0)
    assert zero.content_hash != bare.content_hash
    assert replace(bare, location_uncertainty_m=-0.0).content_hash == zero.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"category": "KLO"},
        {"occurred_from": NOON - timedelta(microseconds=1)},
        {"occurred_to": NOON},
        {"occurred_to": None},
        {"lon": 15.8377001},
        {"lat": 59.3944001},
        {"lon": 59.3944, "lat": 15.8377},
        {"location_uncertainty_m": 50.5},
        {"location_uncertainty_m": None},
        {"source": "polisen"},
        {"source_ref": "A2"},
        {"source_ref": None},
        {"text": "Krossat glas."},
        {"text": None},
        {"source": "kommunenA", "source_ref": "1"},
        {"source_ref": None, "text": "A1Krossat glas"},
    ],
)
def test_other_content_has_another_hash(change: dict[str, Any]) -> None:
    assert replace(DRAFT, **change).content_hash != DRAFT.content_hash


def test_the_hash_does_not_change_between_versions() -> None:
    assert DRAFT.content_hash.hex() == "ebd9701808a8e47f809927397416a235"


def test_a_draft_cannot_be_changed_under_its_hash() -> None:
    with pytest.raises(FrozenInstanceError):
        DRAFT.text = "x"  # type: ignore[misc]
