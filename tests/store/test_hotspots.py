"""Hot spots of a run: served as they were stored, and which run a reader means."""

import json
from typing import Any
from uuid import UUID

import pytest
import shapely

from app.store import analyses, hotspots
from app.store.hotspots import Filter
from app.store.tx import WriteTx
from tests.factories import CENTRE, CODE_VERSION, LINDESTA, NOW, Acting, Actors, hotspot_row, params

FIGURES = {"data_cut_off": NOW, "incident_count": 40, "noise_count": 30, "hotspot_count": 3, "findings": "{}"}
THREE = (
    hotspot_row(1, count=20, categories=("SKD", "KLO")),
    hotspot_row(2, count=12, categories=("VAL",), wkb=shapely.to_wkb(shapely.box(15.90, 59.70, 15.91, 59.71))),
    hotspot_row(3, count=8, categories=("KLO",)),
)


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The coordinator of Lindesta, writing."""
    return acting(actors["coordinator"])


def run_with(tx: WriteTx, *rows: hotspots.HotSpotRow, is_adopted: bool = True) -> UUID:
    """A finished run with these hot spots."""
    run_id = analyses.request(tx, params(), CODE_VERSION)
    analyses.start(tx, run_id, NOW)
    analyses.finish(tx, run_id, NOW, FIGURES)
    hotspots.add(tx, run_id, rows)
    if is_adopted:
        analyses.adopt(tx, run_id, NOW)
    return run_id


def current(tx: WriteTx, run_id: UUID | None = None, *, may_read_runs: bool = True) -> UUID | None:
    """The id of the run a reader means."""
    found = hotspots.current_run(tx, run_id, may_read_runs=may_read_runs)
    return None if found is None else found["id"]


def served(tx: WriteTx, run_id: UUID, **wanted: Any) -> list[dict[str, Any]]:
    """The features of a run, read from their text."""
    text, n = hotspots.features(tx, run_id, Filter(**wanted))
    features: list[dict[str, Any]] = json.loads(f"[{text}]")
    assert len(features) == n
    return features


def test_a_hot_spot_is_served_byte_for_byte_as_it_was_stored(tx: WriteTx) -> None:
    properties = '{"rank": 1,  "name": "Ö \\"x\\"", "density": 1.50}'
    run_id = run_with(tx, hotspot_row(properties=properties, statistics='{"hours":[1,2]}'))
    text, n = hotspots.features(tx, run_id, Filter())
    assert n == 1
    assert f'"properties":{properties}' in text
    found = hotspots.one(tx, run_id, UUID(int=1))
    assert found is not None
    assert (found["properties"], found["statistics"]) == (properties, '{"hours":[1,2]}')
    west, south = CENTRE
    assert json.loads(found["geometry"])["coordinates"][0][0] == [round(west + 0.001, 6), south]


def test_hot_spots_come_in_rank_order(tx: WriteTx) -> None:
    run_id = run_with(tx, *reversed(THREE))
    assert [f["properties"]["rank"] for f in served(tx, run_id)] == [1, 2, 3]
    assert [h["rank"] for h in hotspots.ranked(tx, run_id, 10)] == [1, 2, 3]
    assert [h["id"] for h in hotspots.ranked(tx, run_id, 2)] == [UUID(int=1), UUID(int=2)]
    assert hotspots.ranked(tx, run_id, 1)[0]["geometry"]["type"] == "Polygon"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"min_count": 12}, [1, 2]),
        ({"min_count": 21}, []),
        ({"categories": ("KLO",)}, [1, 3]),
        ({"categories": ("VAL", "KLO")}, [1, 2, 3]),
        ({"categories": ("OVR",)}, []),
        ({"bbox": (15.895, 59.69, 15.92, 59.72)}, [2]),
        ({"bbox": (15.905, 59.705, 15.905, 59.705)}, [2]),
        ({"bbox": (10.0, 55.0, 11.0, 56.0)}, []),
        ({"bbox": (15.8, 59.6, 16.0, 59.8), "min_count": 10, "categories": ("KLO",)}, [1]),
    ],
)
def test_a_reader_gets_what_the_filter_asks_for(tx: WriteTx, wanted: dict[str, Any], expected: list[int]) -> None:
    run_id = run_with(tx, *THREE)
    assert [f["properties"]["rank"] for f in served(tx, run_id, **wanted)] == expected


def test_a_run_without_hot_spots_is_served_as_nothing(tx: WriteTx) -> None:
    run_id = run_with(tx)
    assert hotspots.features(tx, run_id, Filter()) == ("", 0)
    assert current(tx) == run_id


def test_there_may_be_no_run_at_all(tx: WriteTx) -> None:
    assert current(tx) is None


def test_the_latest_adopted_run_is_current_and_the_one_before_it_after_an_undo(tx: WriteTx) -> None:
    first, second = run_with(tx), run_with(tx)
    run_with(tx, is_adopted=False)
    assert current(tx) == second
    analyses.take_back(tx, second, NOW)
    assert current(tx) == first
    analyses.take_back(tx, first, NOW)
    assert current(tx) is None


def test_a_run_that_is_not_adopted_is_read_by_name_by_those_who_may(tx: WriteTx) -> None:
    run_id = run_with(tx, is_adopted=False)
    assert current(tx, run_id) == run_id
    assert current(tx, run_id, may_read_runs=False) is None


def test_only_a_finished_run_can_be_read(tx: WriteTx) -> None:
    run_id = analyses.request(tx, params(), CODE_VERSION)
    assert current(tx, run_id) is None


def test_a_reader_of_shared_hot_spots_means_their_own_run_first(acting: Acting, actors: Actors) -> None:
    own = run_with(acting(actors["police"]))
    run_with(acting(actors["coordinator"]))
    assert current(acting(actors["police"])) == own


def test_shared_hot_spots_are_read_only_where_a_rule_shares_them(acting: Acting, actors: Actors) -> None:
    run_id = run_with(acting(actors["coordinator"]), *THREE)
    police = acting(actors["police"])
    found = hotspots.current_run(police, None, may_read_runs=True)
    assert found is not None
    assert (found["id"], found["organisation"]) == (run_id, LINDESTA)
    assert len(served(police, run_id)) == 3
    other = acting(actors["other_coordinator"])
    assert (current(other), current(other, run_id)) == (None, None)
    assert (served(other, run_id), hotspots.one(other, run_id, UUID(int=1))) == ([], None)
    assert (hotspots.ranked(other, run_id, 10), hotspots.latest_run_with(other, UUID(int=1))) == ([], None)


def test_a_shared_run_that_is_not_adopted_is_nobodys_but_its_makers(acting: Acting, actors: Actors) -> None:
    run_id = run_with(acting(actors["coordinator"]), *THREE, is_adopted=False)
    assert current(acting(actors["police"]), run_id) is None


def test_a_hot_spot_is_found_in_the_newest_adopted_run_that_has_it(tx: WriteTx) -> None:
    first = run_with(tx, hotspot_row(1))
    second = run_with(tx, hotspot_row(1))
    run_with(tx, hotspot_row(2))
    run_with(tx, hotspot_row(1), is_adopted=False)
    assert hotspots.latest_run_with(tx, UUID(int=1)) == second
    analyses.take_back(tx, second, NOW)
    assert hotspots.latest_run_with(tx, UUID(int=1)) == first
    assert hotspots.latest_run_with(tx, UUID(int=9)) is None


def test_the_revision_grows_with_every_adoption_and_undo(tx: WriteTx) -> None:
    seen = []
    for _ in range(2):
        run_id = run_with(tx)
        seen.append(hotspots.current_run(tx, run_id, may_read_runs=True))
    analyses.take_back(tx, run_id, NOW)
    seen.append(hotspots.current_run(tx, None, may_read_runs=True))
    revisions = [run["revision"] for run in seen if run]
    assert len(revisions) == 3
    assert revisions == sorted(set(revisions))
