"""Incidents in the database: stored once, paged without gaps, corrected with their history, packed for an analysis."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.core.incidents import IncidentDraft, State
from app.store import incidents
from app.store.incidents import LISTED, Filter, Known
from app.store.tx import WriteTx
from tests.factories import CENTRE, DISTRICT, ELSEWHERE, HYTTFORS, LINDESTA, NOW, Acting, Actors, draft, ids_of

WEEK_AGO = NOW - timedelta(days=7)


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The coordinator of Lindesta, writing."""
    return acting(actors["coordinator"])


def add(tx: WriteTx, *drafts: IncidentDraft, state: State = State.APPROVED) -> list[UUID]:
    """Store drafts that are all new."""
    stored = incidents.add(tx, drafts, [state] * len(drafts), NOW)
    return [i for i in stored if i is not None]


def listed(tx: WriteTx, **wanted: Any) -> list[UUID]:
    """The ids of the first page."""
    features, _ = incidents.page(tx, Filter(**wanted), limit=100, after=None)
    return [UUID(i) for i in ids_of(features)]


def test_an_incident_is_stored_as_it_was_drafted(tx: WriteTx) -> None:
    [incident_id] = add(
        tx,
        draft(
            occurred_to=WEEK_AGO + timedelta(hours=2),
            location_uncertainty_m=12.5,
            source_ref="LK-1",
            text='"Krossat" glas \\ i busskuren,\nåter',
            marks=("outside-area", "reference"),
        ),
    )
    assert incidents.one(tx, incident_id) == {
        "id": incident_id,
        "organisation_id": tx.actor.organisation_id,
        "organisation": LINDESTA,
        "source": "est-rapport",
        "source_ref": "LK-1",
        "category": "SKD",
        "occurred_from": WEEK_AGO,
        "occurred_to": WEEK_AGO + timedelta(hours=2),
        "lon": CENTRE[0],
        "lat": CENTRE[1],
        "location_uncertainty_m": 12.5,
        "text": '"Krossat" glas \\ i busskuren,\nåter',
        "marks": ["outside-area", "reference"],
        "state": "approved",
        "reported_at": NOW,
        "reported_by": tx.actor.id,
        "version": 1,
        "changed_at": NOW,
    }


def test_reports_keep_the_time_they_were_made_at_when_it_is_known(tx: WriteTx) -> None:
    then = [NOW - timedelta(days=2), NOW - timedelta(days=1)]
    stored = incidents.add(tx, [draft(), draft()], [State.APPROVED] * 2, NOW, then)
    found = [incidents.one(tx, i) for i in stored if i is not None]
    assert [i["reported_at"] for i in found if i] == then
    assert [i["changed_at"] for i in found if i] == [NOW, NOW]


def test_a_reference_is_stored_once_and_the_answer_says_which_rows_were_new(tx: WriteTx) -> None:
    add(tx, draft(source_ref="A"))
    again = [draft(source_ref="B"), draft(source_ref="A", text="annat"), draft(source_ref="B"), draft()]
    stored = incidents.add(tx, again, [State.APPROVED] * 4, NOW)
    assert [i is not None for i in stored] == [True, False, False, True]


def test_of_two_rows_with_one_reference_the_first_is_stored_however_many_they_are(tx: WriteTx) -> None:
    pairs = [draft(source_ref=f"{i % 500}", text=f"{i}") for i in range(1_000)]
    stored = incidents.add(tx, pairs, [State.APPROVED] * 1_000, NOW)
    assert [i is not None for i in stored] == [True] * 500 + [False] * 500


def test_one_transaction_may_add_more_than_once(tx: WriteTx) -> None:
    assert len({*add(tx, draft(), draft(source_ref="A")), *add(tx, draft()), *add(tx, draft(source_ref="B"))}) == 4


def test_reports_without_a_reference_are_never_the_same(tx: WriteTx) -> None:
    assert len(set(add(tx, draft(), draft(), draft()))) == 3


@pytest.mark.parametrize("changes", [{"source": "medborgartips"}, {"source_ref": "a"}])
def test_another_source_or_spelling_is_another_reference(tx: WriteTx, changes: dict[str, str]) -> None:
    assert len(add(tx, draft(source_ref="A"), draft(**{"source_ref": "A"} | changes))) == 2


def test_two_organisations_may_use_the_same_reference(acting: Acting, actors: Actors) -> None:
    add(acting(actors["coordinator"]), draft(source_ref="A"))
    there = acting(actors["other_coordinator"])
    assert len(add(there, draft(source_ref="A", lon=ELSEWHERE[0]))) == 1


def test_what_is_stored_under_a_reference_is_found_with_its_hash_and_state(tx: WriteTx) -> None:
    first, second = draft(source_ref="A"), draft(source="medborgartips", source_ref="A", text="annat")
    ids = add(tx, first, second, draft(source_ref="B"), state=State.SUBMITTED)
    assert incidents.by_reference(tx, [("est-rapport", "A"), ("medborgartips", "A"), ("x", "y")]) == {
        ("est-rapport", "A"): Known(id=ids[0], content_hash=first.content_hash, state=State.SUBMITTED),
        ("medborgartips", "A"): Known(id=ids[1], content_hash=second.content_hash, state=State.SUBMITTED),
    }


def test_a_reference_of_another_organisation_is_not_found(acting: Acting, actors: Actors) -> None:
    add(acting(actors["coordinator"]), draft(source_ref="A"))
    assert incidents.by_reference(acting(actors["other_coordinator"]), [("est-rapport", "A")]) == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_give_every_incident_once_also_where_many_happened_at_one_instant(tx: WriteTx, limit: int) -> None:
    days = [5, 5, 5, 5, 3, 9, 5]
    ids = add(tx, *(draft(occurred_from=NOW - timedelta(days=d)) for d in days))
    expected = [i for _, i in sorted(zip(days, ids, strict=True), key=lambda pair: (-pair[0], pair[1]), reverse=True)]
    found: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        features, after = incidents.page(tx, Filter(), limit=limit, after=after)
        found += ids_of(features)
        pages += 1
    assert [UUID(i) for i in found] == expected
    assert pages == -(-7 // limit)


def test_an_incident_reported_between_two_pages_moves_nothing(tx: WriteTx) -> None:
    ids = add(tx, *(draft(occurred_from=NOW - timedelta(days=d)) for d in (1, 2, 3, 4)))
    first, after = incidents.page(tx, Filter(), limit=2, after=None)
    add(tx, draft(occurred_from=NOW))
    second, _ = incidents.page(tx, Filter(), limit=2, after=after)
    assert [UUID(i) for i in ids_of([*first, *second])] == ids


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "abcd"),
        ({"since": WEEK_AGO}, "acd"),
        ({"since": WEEK_AGO + timedelta(microseconds=1)}, "d"),
        ({"until": WEEK_AGO}, "b"),
        ({"since": WEEK_AGO, "until": WEEK_AGO + timedelta(microseconds=1)}, "ac"),
        ({"categories": ("KLO",)}, "b"),
        ({"categories": ("KLO", "VAL", "OVR")}, "bd"),
        ({"categories": ()}, ""),
        ({"sources": ("medborgartips",)}, "c"),
        ({"states": (State.APPROVED,)}, "abcd"),
        ({"states": (State.SUBMITTED,)}, ""),
        ({"area": DISTRICT}, "abc"),
        ({"area": LINDESTA}, "abcd"),
        ({"area": HYTTFORS}, ""),
        ({"area": "nowhere"}, ""),
        ({"bbox": (15.845, 59.645, 15.855, 59.655)}, "ab"),
        ({"bbox": (CENTRE[0], CENTRE[1], CENTRE[0], CENTRE[1])}, "ab"),
        ({"bbox": (15.0, 59.0, 15.1, 59.1)}, ""),
        ({"categories": ("SKD",), "bbox": (15.7, 59.5, 16.0, 59.8), "since": WEEK_AGO}, "ac"),
    ],
)
def test_a_reader_gets_what_the_filter_asks_for(tx: WriteTx, wanted: dict[str, Any], expected: str) -> None:
    ids = add(
        tx,
        draft(),
        draft(category="KLO", occurred_from=NOW - timedelta(days=30)),
        draft(source="medborgartips", lon=15.8595, lat=59.6595),
        draft(category="VAL", lon=15.90, lat=59.70, occurred_from=NOW - timedelta(days=1)),
    )
    names = dict(zip(ids, "abcd", strict=True))
    assert "".join(sorted(names[i] for i in listed(tx, **wanted))) == expected


@pytest.mark.parametrize("state", list(State))
def test_what_is_withdrawn_or_refused_is_listed_only_when_asked_for(tx: WriteTx, state: State) -> None:
    ids = add(tx, draft(), state=state)
    hidden = {State.WITHDRAWN, State.REJECTED, State.DUPLICATE, State.PURGED}
    assert set(LISTED) == set(State) - hidden
    assert listed(tx) == ([] if state in hidden else ids)
    assert listed(tx, states=(state,)) == ids


def test_a_reporter_lists_and_finds_only_the_reports_they_made(acting: Acting, actors: Actors) -> None:
    [mine] = add(acting(actors["reporter"]), draft())
    [theirs] = add(acting(actors["second_reporter"]), draft())
    tx = acting(actors["reporter"])
    assert listed(tx) == [mine]
    assert incidents.one(tx, theirs) is None
    assert set(listed(acting(actors["coordinator"]))) == {mine, theirs}


def test_another_organisations_incidents_are_out_of_reach(acting: Acting, actors: Actors) -> None:
    [incident_id] = add(acting(actors["coordinator"]), draft())
    there = acting(actors["other_coordinator"])
    assert (listed(there), incidents.one(there, incident_id)) == ([], None)


def test_a_listed_incident_is_a_geojson_feature_whatever_its_text_holds(tx: WriteTx) -> None:
    text = 'citat " snedstreck \\ radbyte \n tab \t </script> 😀'
    add(tx, draft(text=text, source_ref='"A\\', source='källa "1"'))
    [feature] = incidents.page(tx, Filter(), limit=1, after=None)[0]
    read = json.loads(feature)
    assert read["geometry"] == {"type": "Point", "coordinates": list(CENTRE)}
    assert (read["properties"]["text"], read["properties"]["source"]) == (text, 'källa "1"')
    assert read["properties"]["source_ref"] == '"A\\'


def test_a_correction_keeps_every_earlier_version(tx: WriteTx) -> None:
    [incident_id] = add(tx, draft(text="ett"))
    for n, text in enumerate(("två", "tre"), start=1):
        before = incidents.one(tx, incident_id)
        assert before is not None
        corrected = draft(text=text, lon=15.86, category="KLO")
        incidents.correct(
            tx, before, json.dumps({"text": before["text"]}), corrected, State.APPROVED, NOW + timedelta(n)
        )
    after = incidents.one(tx, incident_id)
    assert after is not None
    assert (after["text"], after["version"], after["lon"], after["category"]) == ("tre", 3, 15.86, "KLO")
    assert after["changed_at"] == NOW + timedelta(2)
    kept = tx.conn.execute(
        sa.text("SELECT version, content, replaced_at, replaced_by FROM incident_versions ORDER BY 1")
    )
    assert [tuple(row) for row in kept] == [
        (1, {"text": "ett"}, NOW + timedelta(1), tx.actor.id),
        (2, {"text": "två"}, NOW + timedelta(2), tx.actor.id),
    ]


def test_a_correction_does_not_change_what_a_repeat_is_compared_with(tx: WriteTx) -> None:
    first = draft(source_ref="A")
    [incident_id] = add(tx, first)
    before = incidents.one(tx, incident_id)
    assert before is not None
    incidents.correct(tx, before, "{}", replace(first, text="annat"), State.APPROVED, NOW)
    assert incidents.by_reference(tx, [("est-rapport", "A")])["est-rapport", "A"].content_hash == first.content_hash


def test_the_points_of_an_analysis_are_packed_in_metres_with_all_their_columns(tx: WriteTx) -> None:
    add(
        tx,
        draft(source_ref="A", location_uncertainty_m=20.0),
        draft(lon=15.86, category="KLO", source="medborgartips", occurred_to=WEEK_AGO + timedelta(hours=1)),
    )
    packed = incidents.points(tx, WEEK_AGO, NOW, None)
    np.testing.assert_allclose(packed.xy, [[547_910.06, 6_612_740.22], [548_474.24, 6_612_746.9]], atol=0.5)
    at_s = WEEK_AGO.timestamp()
    assert packed.from_s.tolist() == [at_s, at_s]
    assert packed.to_s.tolist() == [at_s, at_s + 3600]
    np.testing.assert_array_equal(packed.uncertainty_m, [20.0, np.nan])
    assert packed.categories.tolist() == ["SKD", "KLO"]
    assert packed.sources.tolist() == [f"{LINDESTA}:est-rapport", f"{LINDESTA}:medborgartips"]
    assert packed.sort_keys.tolist() == [f"{LINDESTA}:est-rapport:A", f"{LINDESTA}:medborgartips:"]
    assert packed.newest == NOW


def test_points_come_in_one_order_however_they_were_stored(tx: WriteTx) -> None:
    drafts = [
        draft(lon=15.851, source_ref="e"),
        draft(lat=59.651, source_ref="d"),  # north is slightly west in SWEREF 99 TM
        draft(source_ref="c", occurred_from=WEEK_AGO + timedelta(hours=1)),
        draft(source_ref="b"),
        draft(source_ref="a"),
        draft(source_ref="a", source="Ä"),
        draft(source_ref="a", source="z"),
    ]
    orders: list[Sequence[int]] = [range(7), (6, 5, 4, 3, 2, 1, 0), (3, 0, 6, 2, 4, 1, 5)]
    seen = set()
    for order in orders:
        with tx.conn.begin_nested() as savepoint:
            add(tx, *(drafts[i] for i in order))
            packed = incidents.points(tx, WEEK_AGO, NOW, None)
            seen.add(tuple(packed.sort_keys.tolist()))
            savepoint.rollback()
    [order_found] = seen
    assert [key.removeprefix(f"{LINDESTA}:") for key in order_found] == [
        "est-rapport:d", "est-rapport:a", "est-rapport:b", "z:a", "Ä:a", "est-rapport:c", "est-rapport:e"
    ]  # fmt: skip


@pytest.mark.parametrize("state", [s for s in State if s is not State.APPROVED])
def test_only_approved_incidents_are_points(tx: WriteTx, state: State) -> None:
    add(tx, draft(), state=state)
    assert len(incidents.points(tx, WEEK_AGO, NOW, None).from_s) == 0


@pytest.mark.parametrize(
    ("occurred_from", "occurred_to", "expected"),
    [
        (datetime(2026, 5, 1, tzinfo=UTC), None, 1),
        (datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC), None, 0),
        (datetime(2026, 6, 1, tzinfo=UTC), None, 0),
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), 1),  # the core decides by the middle
        (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), 1),
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), 1),
    ],
)
def test_points_are_all_that_may_fall_in_the_period(
    tx: WriteTx, occurred_from: datetime, occurred_to: datetime | None, expected: int
) -> None:
    add(tx, draft(occurred_from=occurred_from, occurred_to=occurred_to))
    since, until = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert len(incidents.points(tx, since, until, None).from_s) == expected


def test_points_may_be_asked_for_within_one_area(tx: WriteTx) -> None:
    add(tx, draft(source_ref="in"), draft(lon=15.90, source_ref="out"))
    packed = incidents.points(tx, WEEK_AGO, NOW, DISTRICT)
    assert packed.sort_keys.tolist() == [f"{LINDESTA}:est-rapport:in"]
    assert len(incidents.points(tx, WEEK_AGO, NOW, "nowhere").from_s) == 0


def test_there_may_be_no_points_at_all(tx: WriteTx) -> None:
    packed = incidents.points(tx, WEEK_AGO, NOW, None)
    assert packed.xy.shape == (0, 2)
    assert (len(packed.categories), packed.newest) == (0, None)


def test_new_ids_are_random_and_of_version_4() -> None:
    ids = incidents.new_ids(1_000)
    assert len(set(ids)) == 1_000
    assert {i.version for i in ids} == {4}
    assert incidents.new_ids(0) == []
