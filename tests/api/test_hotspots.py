"""Analyses and their hot spots over HTTP, worked out by a real worker."""

from collections.abc import Callable
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry import shape

from app.store import tx
from tests import factories
from tests.api.conftest import AsRole
from tests.api.wire import ANALYSES, GEOJSON, HOTSPOTS, codes
from tests.factories import Group

Work = Callable[[], None]
PERIOD: dict[str, Any] = {"period": {"from": "2026-10-01", "to": "2026-11-15"}, "replicates": 19}
GROUPS = (Group(count=16), Group(count=10, east_m=600, category="KLO"), Group(count=9, north_m=700))


@pytest.fixture
def stored(db: tx.Database, as_role: AsRole) -> None:
    """Three groups of incidents in Lindesta, of 16, 10 and 9."""
    coordinator = as_role("coordinator")
    for raw in factories.raws_of(*GROUPS):
        body = {
            "category": raw.category,
            "occurred_from": raw.occurred_from.isoformat(),
            "position": {"x": raw.position.x, "y": raw.position.y, "crs": raw.position.crs},
            "source": raw.source,
            "source_ref": raw.source_ref,
        }
        assert coordinator.post("/api/v1/incidents", json=body).status_code == 201


@pytest.fixture
def run(stored: None, coordinator: TestClient, worked: Work) -> dict[str, Any]:
    """A finished run over them, not adopted."""
    asked = coordinator.post(ANALYSES, json=PERIOD)
    worked()
    return dict(coordinator.get(asked.headers["Location"]).json())


@pytest.fixture
def adopted(run: dict[str, Any], coordinator: TestClient) -> dict[str, Any]:
    """The same run, adopted."""
    return dict(coordinator.post(run["links"]["adopt"]).json())


def test_a_run_goes_from_queued_to_done_in_a_workers_hands(stored: None, coordinator: TestClient, worked: Work) -> None:
    asked = coordinator.post(ANALYSES, json=PERIOD | {"eps_m": 60.0, "min_incidents": 5, "weighting": "harm"})
    queued = asked.json()
    assert (asked.status_code, queued["state"], queued["started_at"]) == (202, "queued", None)
    assert queued["period"] == {"from": "2026-09-30T22:00:00Z", "to": "2026-11-15T23:00:00Z"}
    assert (queued["eps_m"], queued["min_incidents"], queued["weighting"]) == (60.0, 5, "harm")
    worked()
    done = coordinator.get(asked.headers["Location"]).json()
    assert (done["state"], done["incident_count"], done["hotspot_count"]) == ("done", 35, 3)
    assert done["fingerprint"] == queued["fingerprint"]
    assert done["data_cut_off"] is not None
    assert [r["id"] for r in coordinator.get(ANALYSES).json()["analyses"]] == [done["id"]]


def test_the_same_question_has_the_same_hot_spots(run: dict[str, Any], coordinator: TestClient, worked: Work) -> None:
    asked = coordinator.post(ANALYSES, json=PERIOD)
    worked()
    one, other = (coordinator.get(HOTSPOTS, params={"run": r}).json() for r in (run["id"], asked.json()["id"]))
    assert one["features"] == other["features"]
    assert len(one["features"]) == 3


def test_a_cancelled_run_is_never_worked_out(stored: None, coordinator: TestClient, worked: Work) -> None:
    here = coordinator.post(ANALYSES, json=PERIOD).headers["Location"]
    assert coordinator.delete(here).json()["state"] == "cancelled"
    worked()
    assert coordinator.get(here).json()["state"] == "cancelled"
    assert [coordinator.delete(here).status_code, coordinator.post(f"{here}/adopt").status_code] == [409, 409]


def test_only_a_finished_run_is_adopted_and_only_once(stored: None, coordinator: TestClient, worked: Work) -> None:
    here = coordinator.post(ANALYSES, json=PERIOD).headers["Location"]
    too_early = coordinator.post(f"{here}/adopt")
    worked()
    adopted, again = (coordinator.post(f"{here}/adopt") for _ in range(2))
    assert (too_early.status_code, adopted.status_code, again.status_code) == (409, 200, 409)
    assert adopted.json()["adopted_at"] is not None
    assert coordinator.delete(here).status_code == 409


def test_taking_an_adoption_back_makes_the_one_before_current(
    adopted: dict[str, Any], coordinator: TestClient, worked: Work
) -> None:
    later = coordinator.post(ANALYSES, json=PERIOD | {"categories": ["KLO"]}).headers["Location"]
    worked()
    coordinator.post(f"{later}/adopt")
    assert coordinator.get(HOTSPOTS).json()["numberReturned"] == 1
    assert coordinator.delete(f"{later}/adopt").json()["adopted_at"] is None
    assert coordinator.get(HOTSPOTS).json()["run"]["id"] == adopted["id"]
    assert coordinator.delete(f"{later}/adopt").status_code == 409


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"categories": ["SKD", "XXX"]}, ("categories.1", "unknown-category")),
        ({"categories": ["BED"]}, ("categories.0", "not-clustered")),
        ({"area": "atlantis"}, ("area", "unknown-area")),
        ({"period": {"from": "igår"}}, ("period.from", "unreadable-time")),
        ({"period": {"from": 5}}, ("period.from", "string-type")),
        ({"eps_m": 0.1}, ("eps_m", "greater-than-equal")),
        ({"eps_m": "75"}, ("eps_m", "float-type")),
        ({"min_incidents": 1}, ("min_incidents", "greater-than-equal")),
        ({"min_incidents": 10**30}, ("min_incidents", "less-than-equal")),
        ({"weighting": "mood"}, ("weighting", "enum")),
        ({"sedd": 1}, ("sedd", "extra-forbidden")),
        ({"replicates": 100_001}, ("replicates", "less-than-equal")),
    ],
    ids=str,
)
def test_a_wrong_question_is_refused_by_name(
    coordinator: TestClient, asked: dict[str, Any], problem: tuple[str, str]
) -> None:
    answer = coordinator.post(ANALYSES, json=asked)
    assert (answer.status_code, codes(answer)) == (422, [problem])
    assert coordinator.get(ANALYSES).json() == {"analyses": []}


def test_a_period_that_ends_before_it_starts_is_refused(coordinator: TestClient) -> None:
    asked = {"period": {"from": "2026-11-15", "to": "2026-10-01"}}
    assert coordinator.post(ANALYSES, json=asked).status_code == 422


def test_without_an_adopted_run_there_are_no_hot_spots(run: dict[str, Any], coordinator: TestClient) -> None:
    answer = coordinator.get(HOTSPOTS)
    assert answer.json() == {"type": "FeatureCollection", "numberReturned": 0, "links": [], "features": []}
    assert "ETag" in answer.headers


def test_a_run_that_is_not_adopted_is_seen_by_those_who_read_runs_only(run: dict[str, Any], as_role: AsRole) -> None:
    wanted = {"run": run["id"]}
    assert as_role("analyst").get(HOTSPOTS, params=wanted).json()["numberReturned"] == 3
    assert as_role("map_client").get(HOTSPOTS, params=wanted).status_code == 404


def test_an_adopted_run_is_seen_by_those_it_is_shared_with(adopted: dict[str, Any], as_role: AsRole) -> None:
    seen = {who: as_role(who).get(HOTSPOTS).json()["numberReturned"] for who in ("police", "other_coordinator")}
    assert seen == {"police": 3, "other_coordinator": 0}


def test_hot_spots_come_in_rank_order_with_their_run(adopted: dict[str, Any], coordinator: TestClient) -> None:
    answer = coordinator.get(HOTSPOTS)
    found = answer.json()
    assert answer.headers["Content-Type"] == GEOJSON
    assert found["run"]["id"] == adopted["id"]
    assert found["run"]["incident_count"] == 35
    assert [f["properties"]["rank"] for f in found["features"]] == [1, 2, 3]
    assert [f["properties"]["count"] for f in found["features"]] == [16, 10, 9]


@pytest.mark.parametrize(
    ("filters", "ranks"),
    [
        ({"min_count": 10}, [1, 2]),
        ({"min_count": 17}, []),
        ({"category": "KLO"}, [2]),
        ({"category": "KLO,SKD"}, [1, 2, 3]),
        ({"category": "BED"}, []),
        ({"bbox": "15,59,16.5,60"}, [1, 2, 3]),
        ({"bbox": "17,59,18,60"}, []),
        ({"significant": "true", "min_count": 17}, []),
        ({"bbox": "15,59,16.5,60", "min_count": 10, "category": "SKD"}, [1]),
    ],
    ids=str,
)
def test_a_filter_of_hot_spots_lets_through_what_it_says(
    adopted: dict[str, Any], coordinator: TestClient, filters: dict[str, Any], ranks: list[int]
) -> None:
    found = coordinator.get(HOTSPOTS, params=filters).json()
    assert [f["properties"]["rank"] for f in found["features"]] == ranks


def test_a_box_around_one_hot_spot_lets_through_that_one(adopted: dict[str, Any], coordinator: TestClient) -> None:
    for each in coordinator.get(HOTSPOTS).json()["features"]:
        box = ",".join(map(str, shape(each["geometry"]).bounds))
        (found,) = coordinator.get(HOTSPOTS, params={"bbox": box}).json()["features"]
        assert found == each


def test_outlines_are_as_rfc_7946_wants_them(adopted: dict[str, Any], coordinator: TestClient) -> None:
    answer = coordinator.get(HOTSPOTS)
    features = answer.json()["features"]
    assert len(features) == 3
    for each in features:
        outline = shape(each["geometry"])
        assert (each["geometry"]["type"], outline.is_valid, outline.area > 0) == ("Polygon", True, True)
        assert shapely.is_ccw(outline.exterior)
        assert not any(shapely.is_ccw(ring) for ring in outline.interiors)
        for ring in each["geometry"]["coordinates"]:
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert all(len(repr(number).partition(".")[2]) <= 6 for point in ring for number in point)
            assert all(15 < lon < 17 and 59 < lat < 60 for lon, lat in ring)
    assert "crs" not in answer.json()


def test_hot_spots_that_are_hardly_chance_are_told_from_the_others(
    adopted: dict[str, Any], coordinator: TestClient
) -> None:
    every = coordinator.get(HOTSPOTS).json()["features"]
    for wanted in (True, False):
        found = coordinator.get(HOTSPOTS, params={"significant": wanted}).json()["features"]
        assert found == [each for each in every if each["properties"]["is_significant"] is wanted]
    assert adopted["significant_count"] == sum(each["properties"]["is_significant"] for each in every)
    assert (adopted["seed"], adopted["replicates"]) == (0, 19)
    one = coordinator.get(f"{HOTSPOTS}/{every[0]['id']}").json()
    assert one["statistics"]["explanation"]["sv"].startswith("16 händelser på ")
    assert coordinator.get(HOTSPOTS, params={"significant": "maybe"}).status_code == 422


def test_one_hot_spot_comes_with_the_statistics_of_its_members(adopted: dict[str, Any], as_role: AsRole) -> None:
    listed = as_role("leadership").get(HOTSPOTS).json()["features"][0]
    found = as_role("leadership").get(f"{HOTSPOTS}/{listed['id']}").json()
    assert {k: found[k] for k in listed} == listed
    assert found["run"] == adopted["id"]
    count = listed["properties"]["count"]
    told = found["statistics"]
    assert [sum(told[name]) for name in ("hours", "weekdays")] == [count, count]
    assert (sum(told["weeks"].values()), sum(s["count"] for s in told["sources"])) == (count, count)
    assert (len(told["hours"]), len(told["weekdays"])) == (24, 7)
    named = as_role("leadership").get(f"{HOTSPOTS}/{listed['id']}", params={"run": adopted["id"]})
    assert named.json() == found
    assert as_role("other_coordinator").get(f"{HOTSPOTS}/{listed['id']}").status_code == 404


def test_a_hot_spot_keeps_its_id_and_tells_its_history(
    adopted: dict[str, Any], coordinator: TestClient, worked: Work
) -> None:
    before = {f["properties"]["rank"]: f["id"] for f in coordinator.get(HOTSPOTS).json()["features"]}
    later = coordinator.post(ANALYSES, json=PERIOD | {"eps_m": 60.0, "min_incidents": 10}).headers["Location"]
    worked()
    run = later.rpartition("/")[2]
    keys = {f["id"] for f in coordinator.get(HOTSPOTS, params={"run": run}).json()["features"]}
    assert keys.isdisjoint(before.values())  # a run that is not adopted has ids of its own
    coordinator.post(f"{later}/adopt")
    found = coordinator.get(HOTSPOTS).json()["features"]
    assert [(f["id"], f["properties"]["change"]) for f in found] == [(before[r], "persisting") for r in (1, 2)]
    told = coordinator.get(f"{HOTSPOTS}/{before[1]}").json()
    assert told["run"] == run
    assert [(s["run"], s["change"], s["count"]) for s in told["history"]] == [
        (run, "persisting", 16),
        (adopted["id"], "new", 16),
    ]
    assert told["first_adopted_at"] == told["last_adopted_at"] == "2026-11-16T12:00:00Z"
    gone = coordinator.get(f"{HOTSPOTS}/{before[3]}").json()
    assert gone["run"] == adopted["id"]
    assert [(s["change"], s["count"]) for s in gone["history"]] == [("gone", None), ("new", 9)]


def test_changes_list_what_is_gone(adopted: dict[str, Any], as_role: AsRole, worked: Work) -> None:
    coordinator = as_role("coordinator")
    lost = {f["id"] for f in coordinator.get(HOTSPOTS).json()["features"][1:]}
    later = coordinator.post(ANALYSES, json=PERIOD | {"min_incidents": 12}).headers["Location"]
    worked()
    run = later.rpartition("/")[2]
    assert coordinator.get(f"{HOTSPOTS}/changes", params={"run": run}).json() == {"run": run, "changes": []}
    coordinator.post(f"{later}/adopt")
    for reader in ("coordinator", "map_client", "police"):
        told = as_role(reader).get(f"{HOTSPOTS}/changes").json()
        assert told["run"] == run
        assert [(c["change"], c["rank"], c["count_before"]) for c in told["changes"]] == [
            ("persisting", 1, 16),
            ("gone", None, 10),
            ("gone", None, 9),
        ]
        assert {c["id"] for c in told["changes"] if not c["is_there"]} == lost
        assert {c["run_before"] for c in told["changes"]} == {adopted["id"]}
    assert as_role("other_coordinator").get(f"{HOTSPOTS}/changes").json() == {"run": None, "changes": []}
    named = {"run": run}
    assert as_role("other_coordinator").get(f"{HOTSPOTS}/changes", params=named).status_code == 404


def test_what_a_client_holds_is_not_sent_again_until_it_changes(adopted: dict[str, Any], as_role: AsRole) -> None:
    client = as_role("map_client")
    first = client.get(HOTSPOTS)
    tag = first.headers["ETag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(HOTSPOTS, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "private, no-cache"
    assert client.get(HOTSPOTS, headers={"If-None-Match": '"other"'}).content == first.content
    assert client.get(HOTSPOTS, params={"min_count": 10}).headers["ETag"] != tag
    assert as_role("police").get(HOTSPOTS, headers={"If-None-Match": tag}).status_code == 200
    as_role("coordinator").delete(f"{adopted['links']['adopt']}")
    assert client.get(HOTSPOTS, headers={"If-None-Match": tag}).status_code == 200
