"""Reporting, correcting, withdrawing: all or nothing, once and only once, with the history kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app.actions.incidents import (
    CONFLICT,
    REFUSED_BEFORE,
    WITHDRAWN,
    Repeatable,
    Reported,
    correct_incident,
    report_incidents,
    withdraw_incident,
)
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    IdempotencyError,
    InvalidError,
    LagesbildError,
    NotFoundError,
    TransitionError,
)
from app.core.geo import Position
from app.core.incidents import TRANSITIONS, RawIncident, State
from app.core.permissions import Actor
from app.store import incidents
from app.store.incidents import Filter
from app.store.tx import Database, ReadTx, WriteTx
from tests.actions.conftest import Recorded
from tests.factories import CENTRE, ELSEWHERE, HYTTFORS, LINDESTA, NOW, SETTING, Acting, Actors, raw

GOOD, WRONG = raw(source_ref="good"), raw(source_ref="wrong", category="XXX")
KEY = Repeatable(key="k", request_hash=b"hash")
OTHER_CONTENT = replace(KEY, request_hash=b"other")


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The coordinator of Lindesta, writing."""
    return acting(actors["coordinator"])


def report(tx: WriteTx, *raws: RawIncident, **how: Any) -> Reported:
    """Report to the action under test."""
    return report_incidents(tx, raws, SETTING, **how)


def one_reported(tx: WriteTx, **changes: Any) -> UUID:
    """The id of a new report."""
    [incident_id] = report(tx, raw(**changes)).ids
    assert incident_id is not None
    return incident_id


def found(tx: ReadTx, incident_id: UUID) -> dict[str, Any]:
    """The incident as it is now."""
    incident = incidents.one(tx, incident_id)
    assert incident is not None
    return incident


def stored_count(tx: ReadTx) -> int:
    """How many reports the actor's organisation has, in whatever state."""
    return len(incidents.page(tx, Filter(states=tuple(State)), limit=1_000, after=None)[0])


# --- reporting --------------------------------------------------------------------------------------------------


def test_a_report_is_stored_for_the_senders_organisation(tx: WriteTx) -> None:
    incident_id = one_reported(tx, text="  Krossat glas ", source_ref=" LK-1 ")
    incident = found(tx, incident_id)
    assert incident["organisation"] == LINDESTA
    assert (incident["text"], incident["source_ref"]) == ("Krossat glas", "LK-1")
    assert (incident["reported_by"], incident["reported_at"], incident["changed_at"]) == (tx.actor.id, NOW, NOW)


@pytest.mark.parametrize(
    ("key", "source", "state"),
    [
        ("coordinator", "medborgartips", State.APPROVED),
        ("coordinator", "okänd", State.APPROVED),
        ("reporter", "est-rapport", State.APPROVED),
        ("reporter", "medborgartips", State.SUBMITTED),
        ("reporter", "okänd", State.SUBMITTED),
        ("external_reporter", "fastighetsjour", State.SUBMITTED),
        ("external_reporter", "est-rapport", State.SUBMITTED),  # trusted at another organisation
        ("police", "rar", State.APPROVED),
    ],
)
def test_reviewers_and_trusted_sources_need_no_review(
    acting: Acting, actors: Actors, key: str, source: str, state: State
) -> None:
    tx = acting(actors[key])
    assert found(tx, one_reported(tx, source=source))["state"] == state


@pytest.mark.parametrize(
    ("source", "said_m", "stored_m"),
    [("est-rapport", None, 15.0), ("est-rapport", 0.0, 0.0), ("est-rapport", 40.0, 40.0), ("okänd", None, None)],
)
def test_a_source_is_as_sure_of_its_places_as_it_usually_is(
    tx: WriteTx, source: str, said_m: float | None, stored_m: float | None
) -> None:
    incident_id = one_reported(tx, source=source, location_uncertainty_m=said_m)
    assert found(tx, incident_id)["location_uncertainty_m"] == stored_m


def test_a_report_outside_the_organisations_area_is_refused(tx: WriteTx) -> None:
    with pytest.raises(InvalidError) as raised:
        report(tx, raw(position=Position(*ELSEWHERE)))
    assert [p.code for p in raised.value.problems] == ["outside-area"]


def test_where_the_organisation_wants_it_a_report_outside_its_area_is_marked(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["police"])
    outside = one_reported(tx, source="rar", position=Position(15.0, 59.65))
    inside = one_reported(tx, source="rar")
    assert (found(tx, outside)["marks"], found(tx, inside)["marks"]) == (["outside-area"], [])


@pytest.mark.parametrize("organisation", [None, LINDESTA])
def test_a_report_may_name_the_own_organisation(tx: WriteTx, organisation: str | None) -> None:
    assert report(tx, GOOD, organisation=organisation).created_count == 1


def test_nobody_reports_for_another_organisation(tx: WriteTx) -> None:
    with pytest.raises(ForbiddenError, match="may not report for another organisation"):
        report(tx, GOOD, organisation=HYTTFORS)


def test_every_act_leaves_one_audit_line_and_one_that_changes_nothing_leaves_none(
    db: Database, actors: Actors, recorded: Recorded
) -> None:
    with db.write(actors["coordinator"]) as tx:
        incident_id = one_reported(tx, text="x")
        report(tx, GOOD, WRONG, raw(), GOOD, is_partial=True)
        correct_incident(tx, incident_id, {"text": "x"}, SETTING)
        correct_incident(tx, incident_id, {"text": "y", "category": "KLO"}, SETTING)
        withdraw_incident(tx, incident_id, NOW)
    assert recorded() == [
        ("incident.reported", str(incident_id), {"created": 1}),
        ("incidents.reported", None, {"created": 2, "repeated": 1, "refused": 1}),
        ("incident.corrected", str(incident_id), {"fields": ["category", "text"], "state": "approved"}),
        ("incident.withdrawn", str(incident_id), {}),
    ]


def test_a_report_that_was_stored_before_is_recorded_as_a_repeat(
    db: Database, actors: Actors, recorded: Recorded
) -> None:
    for created in (1, 0):
        with db.write(actors["coordinator"]) as tx:
            [incident_id] = report(tx, GOOD).ids
        assert recorded()[-1] == ("incident.reported", str(incident_id), {"created": created})
    with db.write(actors["coordinator"]) as tx:
        report(tx, WRONG, is_partial=True)
    assert recorded()[-1] == ("incident.reported", None, {"created": 0})


def test_an_empty_batch_stores_nothing(tx: WriteTx) -> None:
    assert report(tx) == Reported(ids=[], created_count=0, problems={})


# --- batches ----------------------------------------------------------------------------------------------------


def test_a_batch_with_one_wrong_row_is_not_stored_and_every_problem_is_named_by_its_row(tx: WriteTx) -> None:
    with pytest.raises(InvalidError, match="2 of 3 reports are not valid; nothing was stored") as raised:
        report(tx, WRONG, GOOD, raw(category="XXX", source=""))
    assert [(p.field, p.code) for p in raised.value.problems] == [
        ("0.category", "unknown-category"),
        ("2.category", "unknown-category"),
        ("2.source", "missing"),
    ]
    assert stored_count(tx) == 0


@pytest.mark.parametrize(("is_list", "field"), [(False, "category"), (True, "0.category")])
def test_a_single_reports_problems_are_named_without_its_row_unless_it_was_a_list(
    tx: WriteTx, *, is_list: bool, field: str
) -> None:
    with pytest.raises(InvalidError, match="The report is not valid; nothing was stored") as raised:
        report(tx, WRONG, is_list=is_list)
    assert [p.field for p in raised.value.problems] == [field]


def test_a_partial_batch_stores_the_good_rows_and_tells_of_the_others(tx: WriteTx) -> None:
    one_reported(tx, source_ref="taken", text="förut")
    reported = report(tx, WRONG, GOOD, raw(source_ref="taken", text="nu"), raw(), GOOD, is_partial=True)
    assert [i is not None for i in reported.ids] == [False, True, False, True, True]
    assert reported.ids[1] == reported.ids[4]
    assert (reported.created_count, reported.repeated_count) == (2, 1)
    assert {i: [p.code for p in found] for i, found in reported.problems.items()} == {
        0: ["unknown-category"],
        2: ["conflict"],
    }
    assert stored_count(tx) == 3


def test_a_partial_batch_may_hold_no_good_row_at_all(tx: WriteTx) -> None:
    reported = report(tx, WRONG, WRONG, is_partial=True)
    assert (reported.ids, reported.created_count, set(reported.problems)) == ([None, None], 0, {0, 1})


def test_a_row_that_says_the_same_twice_is_stored_once(tx: WriteTx) -> None:
    reported = report(tx, GOOD, GOOD, GOOD)
    assert len(set(reported.ids)) == 1
    assert (reported.created_count, reported.repeated_count) == (1, 2)


@pytest.mark.parametrize("is_partial", [False, True])
def test_of_two_rows_that_contradict_each_other_the_second_is_a_conflict(
    db: Database, actors: Actors, *, is_partial: bool
) -> None:
    batch = (raw(source_ref="A", text="ett"), raw(source_ref="B"), raw(source_ref="A", text="två"))
    if is_partial:
        with db.write(actors["coordinator"]) as tx:
            reported = report(tx, *batch, is_partial=True)
        assert [i is not None for i in reported.ids] == [True, True, False]
        assert reported.problems == {2: (CONFLICT,)}
        return
    with pytest.raises(ConflictError, match="nothing was stored") as raised, db.write(actors["coordinator"]) as tx:
        report(tx, *batch)
    assert raised.value.problems == (CONFLICT.under("2"),)
    with db.read(actors["coordinator"]) as reading:
        assert stored_count(reading) == 0


# --- the same again ---------------------------------------------------------------------------------------------


def test_the_same_report_again_is_the_same_report(tx: WriteTx) -> None:
    first = one_reported(tx, source_ref="A", text="x")
    again = report(tx, raw(source_ref="A", text=" x ", position=Position(CENTRE[0] + 1e-9, CENTRE[1])))
    assert (again.ids, again.created_count, again.repeated_count) == ([first], 0, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "y"},
        {"category": "KLO"},
        {"occurred_from": NOW - timedelta(days=8)},
        {"position": Position(15.851, 59.65)},
    ],
)
def test_other_content_under_a_stored_reference_is_a_conflict(tx: WriteTx, changes: dict[str, Any]) -> None:
    one_reported(tx, source_ref="A", text="x")
    with pytest.raises(ConflictError) as raised:
        report(tx, raw(**{"source_ref": "A", "text": "x"} | changes))
    assert raised.value.problems == (CONFLICT,)


def test_the_first_report_again_is_a_repeat_also_after_it_was_corrected(tx: WriteTx) -> None:
    first = one_reported(tx, source_ref="A", text="x")
    correct_incident(tx, first, {"text": "y"}, SETTING)
    assert report(tx, raw(source_ref="A", text="x")).ids == [first]
    with pytest.raises(ConflictError):
        report(tx, raw(source_ref="A", text="y"))


def test_a_withdrawn_report_does_not_come_back_by_being_sent_again(tx: WriteTx) -> None:
    withdraw_incident(tx, one_reported(tx, source_ref="A"), NOW)
    with pytest.raises(ConflictError) as raised:
        report(tx, raw(source_ref="A"))
    assert raised.value.problems == (WITHDRAWN,)


def test_a_reference_of_a_colleague_is_taken_without_telling_more(acting: Acting, actors: Actors) -> None:
    one_reported(acting(actors["second_reporter"]), source_ref="A")
    with pytest.raises(ConflictError) as raised:
        report(acting(actors["reporter"]), raw(source_ref="A"))
    assert raised.value.problems == (CONFLICT,)


def test_the_same_request_again_gives_the_same_answer_and_stores_nothing(tx: WriteTx) -> None:
    first = report(tx, raw(), raw(), repeatable=KEY)
    again = report(tx, raw(), raw(), repeatable=KEY)
    assert again == Reported(ids=first.ids, created_count=0, problems={})
    assert (again.repeated_count, stored_count(tx)) == (2, 2)


def test_a_partial_answer_is_repeated_row_by_row(tx: WriteTx) -> None:
    first = report(tx, GOOD, WRONG, raw(), is_partial=True, repeatable=KEY)
    again = report(tx, GOOD, WRONG, raw(), is_partial=True, repeatable=KEY)
    assert again == Reported(ids=first.ids, created_count=0, problems={1: (REFUSED_BEFORE,)})


def test_a_key_used_for_other_content_is_refused(tx: WriteTx) -> None:
    report(tx, raw(), repeatable=KEY)
    with pytest.raises(IdempotencyError):
        report(tx, raw(category="KLO"), repeatable=OTHER_CONTENT)


def test_a_request_that_was_refused_leaves_its_key_free(db: Database, actors: Actors) -> None:
    with pytest.raises(InvalidError), db.write(actors["coordinator"]) as tx:
        report(tx, WRONG, repeatable=KEY)
    with db.write(actors["coordinator"]) as tx:
        assert report(tx, GOOD, repeatable=OTHER_CONTENT).created_count == 1


# --- correcting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "KLO"},
        {"text": "annat"},
        {"text": None},
        {"occurred_to": NOW - timedelta(days=6)},
        {"location_uncertainty_m": 12.3},
        {"position": Position(15.851, 59.651)},
    ],
)
def test_a_correction_changes_what_it_names_and_keeps_what_was(tx: WriteTx, changes: dict[str, Any]) -> None:
    incident_id = one_reported(tx, text="först", source_ref="A")
    before = found(tx, incident_id)
    correct_incident(tx, incident_id, changes, replace(SETTING, now=NOW + timedelta(hours=1)))
    after = found(tx, incident_id)
    changed = {name for name in before if before[name] != after[name]}
    expected = {"lon", "lat"} if "position" in changes else set(changes)
    assert changed == expected | {"version", "changed_at"}
    assert (after["version"], after["changed_at"]) == (2, NOW + timedelta(hours=1))
    [kept] = tx.conn.scalars(sa.text("SELECT content FROM incident_versions")).all()
    assert (kept["text"], kept["category"], kept["state"]) == ("först", "SKD", "approved")


@pytest.mark.parametrize(
    "same",
    [{}, {"text": " först "}, {"location_uncertainty_m": 12.3}, {"position": Position(*CENTRE)}, {"state": "approved"}],
)
def test_a_correction_that_changes_nothing_is_no_correction(tx: WriteTx, same: dict[str, Any]) -> None:
    incident_id = one_reported(tx, text="först", location_uncertainty_m=12.3, occurred_to=NOW - timedelta(days=1))
    before = found(tx, incident_id)
    correct_incident(tx, incident_id, same, replace(SETTING, now=NOW + timedelta(hours=1)))
    assert found(tx, incident_id) == before


def test_a_correction_passes_the_same_gate_as_a_report(tx: WriteTx) -> None:
    incident_id = one_reported(tx, text="först")
    with pytest.raises(InvalidError, match="nothing was changed") as raised:
        correct_incident(
            tx, incident_id, {"text": "19811218-9876 sprang", "text_reviewed": True, "category": "X"}, SETTING
        )
    assert [(p.field, p.code) for p in raised.value.problems] == [
        ("category", "unknown-category"),
        ("text", "personal-data"),
    ]
    assert found(tx, incident_id)["text"] == "först"


def test_a_new_category_does_not_ask_for_the_old_text_to_be_reviewed_again(tx: WriteTx) -> None:
    incident_id = one_reported(tx, text="Bilen ABC123 brann", text_reviewed=True)
    correct_incident(tx, incident_id, {"category": "BRA"}, SETTING)
    assert found(tx, incident_id)["category"] == "BRA"


MOVES = [(old, new) for old in State for new in State if old is not new and new is not State.PURGED]


@pytest.mark.parametrize("old", [state for state in State if State.PURGED in TRANSITIONS[state]])
def test_nobody_purges_by_hand(tx: WriteTx, old: State) -> None:
    incident_id = one_reported(tx)
    tx.conn.execute(sa.text("UPDATE incidents SET state = :s WHERE id = :id"), {"s": old, "id": incident_id})
    with pytest.raises(ForbiddenError, match="by the rules of retention"):
        correct_incident(tx, incident_id, {"state": State.PURGED}, SETTING)
    assert found(tx, incident_id)["state"] == old


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_a_review_moves_a_report_only_as_the_table_says(tx: WriteTx, old: State, new: State) -> None:
    incident_id = one_reported(tx)
    tx.conn.execute(sa.text("UPDATE incidents SET state = :s WHERE id = :id"), {"s": old, "id": incident_id})
    if new in TRANSITIONS[old]:
        correct_incident(tx, incident_id, {"state": new}, SETTING)
        assert found(tx, incident_id)["state"] == new
        return
    with pytest.raises(TransitionError, match=f"{old} cannot become {new}"):
        correct_incident(tx, incident_id, {"state": new}, SETTING)


def test_a_reporter_corrects_an_own_report_but_does_not_review_it(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["reporter"])
    incident_id = one_reported(tx, source="medborgartips")
    correct_incident(tx, incident_id, {"text": "mer"}, SETTING)
    with pytest.raises(ForbiddenError, match="may not review reports"):
        correct_incident(tx, incident_id, {"state": "approved"}, SETTING)
    assert (found(tx, incident_id)["text"], found(tx, incident_id)["state"]) == ("mer", "submitted")


@pytest.mark.parametrize(
    ("source", "key", "changes", "state"),
    [
        ("medborgartips", "reporter", {"text": "mer"}, State.SUBMITTED),
        ("medborgartips", "reporter", {"text": "x"}, State.APPROVED),  # what it says already
        ("medborgartips", "coordinator", {"text": "mer"}, State.APPROVED),
        ("est-rapport", "reporter", {"text": "mer"}, State.APPROVED),
    ],
)
def test_what_a_reporter_changes_in_an_approved_report_is_reviewed_anew(
    acting: Acting, actors: Actors, source: str, key: str, changes: dict[str, Any], state: State
) -> None:
    incident_id = one_reported(acting(actors["reporter"]), source=source, text="x")
    if source == "medborgartips":
        correct_incident(acting(actors["coordinator"]), incident_id, {"state": "approved"}, SETTING)
    tx = acting(actors[key])
    correct_incident(tx, incident_id, changes, SETTING)
    assert found(tx, incident_id)["state"] == state


@pytest.mark.parametrize("key", ["second_reporter", "external_reporter", "other_coordinator", "police"])
def test_nobody_corrects_or_withdraws_what_they_cannot_see(acting: Acting, actors: Actors, key: str) -> None:
    incident_id = one_reported(acting(actors["reporter"]))
    tx = acting(actors[key])
    with pytest.raises(NotFoundError, match="no such report that you may see"):
        correct_incident(tx, incident_id, {"text": "x"}, SETTING)
    with pytest.raises(NotFoundError, match="no such report that you may see"):
        withdraw_incident(tx, incident_id, NOW)


def test_a_report_that_is_not_there_is_not_there(tx: WriteTx) -> None:
    with pytest.raises(NotFoundError):
        correct_incident(tx, uuid4(), {"text": "x"}, SETTING)


# --- withdrawing ------------------------------------------------------------------------------------------------


def test_a_withdrawn_report_leaves_the_lists_and_keeps_its_history(tx: WriteTx) -> None:
    incident_id = one_reported(tx, text="x")
    withdraw_incident(tx, incident_id, NOW)
    assert incidents.page(tx, Filter(), limit=10, after=None)[0] == []
    assert len(incidents.points(tx, NOW - timedelta(days=30), NOW, None).from_s) == 0
    assert (found(tx, incident_id)["state"], found(tx, incident_id)["text"]) == ("withdrawn", "x")
    [kept] = tx.conn.scalars(sa.text("SELECT content FROM incident_versions")).all()
    assert kept["state"] == "approved"


def test_a_report_is_withdrawn_once(tx: WriteTx) -> None:
    incident_id = one_reported(tx)
    withdraw_incident(tx, incident_id, NOW)
    with pytest.raises(NotFoundError, match="withdrawn before"):
        withdraw_incident(tx, incident_id, NOW)


def test_a_withdrawal_is_undone_by_a_reviewer_and_the_report_is_reviewed_anew(acting: Acting, actors: Actors) -> None:
    reporter = acting(actors["reporter"])
    incident_id = one_reported(reporter)
    withdraw_incident(reporter, incident_id, NOW)
    with pytest.raises(ForbiddenError):
        correct_incident(acting(actors["reporter"]), incident_id, {"state": "submitted"}, SETTING)
    reviewer = acting(actors["coordinator"])
    correct_incident(reviewer, incident_id, {"state": "submitted"}, SETTING)
    correct_incident(reviewer, incident_id, {"state": "approved"}, SETTING)
    assert found(reviewer, incident_id)["state"] == "approved"
    assert found(reviewer, incident_id)["version"] == 4


@pytest.mark.parametrize("state", [State.REJECTED, State.DUPLICATE, State.PURGED])
def test_what_is_out_already_is_not_withdrawn(tx: WriteTx, state: State) -> None:
    incident_id = one_reported(tx)
    tx.conn.execute(sa.text("UPDATE incidents SET state = :s WHERE id = :id"), {"s": state, "id": incident_id})
    with pytest.raises(TransitionError):
        withdraw_incident(tx, incident_id, NOW)


# --- what is never told -----------------------------------------------------------------------------------------


def test_no_refusal_and_no_audit_line_holds_a_value(db: Database, actors: Actors, recorded: Recorded) -> None:
    secret = "Hemlige Harry"
    wrong = raw(text=f"{secret} 19811218-9876", source=f"{secret} 19811218-9876", source_ref=secret * 20)

    def said(actor: Actor) -> str:
        with pytest.raises(LagesbildError) as raised, db.write(actor) as tx:
            report(tx, wrong, raw(text=secret))
        return f"{raised.value.message} {raised.value.problems}"

    assert secret not in said(actors["coordinator"])
    with db.write(actors["coordinator"]) as tx:
        incident_id = one_reported(tx, text=secret, source_ref="A")
        correct_incident(tx, incident_id, {"text": f"{secret} igen"}, SETTING)
        withdraw_incident(tx, incident_id, NOW)
    assert len(recorded()) == 3
    assert "Harry" not in str(recorded())
