"""The truth: it lists every concentration, and a plain DBSCAN of the last 52 weeks finds what it says."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sklearn.cluster import DBSCAN

EPS_M = 75.0
MIN_SAMPLES = 8
DATA_CUT_OFF = datetime.fromisoformat("2026-11-16T00:00+01:00")
LARGEST_KM2 = 0.25
TO_METRES = Transformer.from_crs(4326, 3006, always_xy=True)
Features = list[dict[str, Any]]
Outlines = list[tuple[Any, int]]


def _clustered(row: dict[str, str]) -> bool:
    began, ended = (datetime.fromisoformat(row[c]) for c in ("occurred_from", "occurred_to"))
    is_recent = began + (ended - began) / 2 >= DATA_CUT_OFF - timedelta(weeks=52)
    return is_recent and row["category"] not in {"BED", "ARR"} and float(row["location_uncertainty_m"]) <= 300


@pytest.fixture(scope="module")
def outlines(incidents: list[dict[str, str]]) -> Outlines:
    """Outline and size of every cluster of the last 52 weeks, all organisations together."""
    rows = [r for r in incidents if _clustered(r)]
    xy = np.column_stack(TO_METRES.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows]))
    label = DBSCAN(eps=EPS_M, min_samples=MIN_SAMPLES).fit_predict(xy)
    hulls = [
        shapely.concave_hull(shapely.MultiPoint(np.unique(xy[label == k], axis=0)), 0.2).buffer(EPS_M / 2)
        for k in range(label.max() + 1)
    ]
    return [(hull, int((label == k).sum())) for k, hull in enumerate(hulls)]


def _centre(feature: dict[str, Any]) -> Any:
    return shapely.Point(TO_METRES.transform(*feature["geometry"]["coordinates"]))


def _of_kind(truth: Features, *kinds: str) -> Features:
    found = [f for f in truth if f["properties"]["kind"] in kinds]
    assert found
    return found


def test_there_are_enough_places_of_every_kind(truth: Features) -> None:
    planted = [f["properties"] for f in truth if "lineage" not in f["properties"]]
    kinds = Counter(p["kind"] for p in planted if not p["id"].startswith(("chance-drawn", "coarse", "default")))

    assert kinds == {"stable": 17, "emerging": 3, "seasonal": 3, "ended": 2, "chance": 3}
    assert {p["municipality"] for p in planted if p["kind"] == "stable"} == {
        "lindesta-kommun",
        "hyttfors-kommun",
        "ekhyttan-kommun",
    }


def test_every_place_says_what_when_where_and_how_many(truth: Features) -> None:
    wanted = {
        "id", "name", "municipality", "kind", "from", "to", "incidents_per_week", "categories", "radius_m",
        "location_noise_m", "incidents", "incidents_last_52_weeks",
    }  # fmt: skip

    assert [f["properties"]["id"] for f in truth if not wanted <= f["properties"].keys()] == []
    assert len({f["properties"]["id"] for f in truth}) == len(truth)
    assert all(f["properties"]["from"] < f["properties"]["to"] for f in truth)
    assert all(f["properties"]["categories"] for f in truth)


def test_emerging_places_begin_four_to_eight_months_ago(truth: Features) -> None:
    began = [f["properties"]["from"] for f in _of_kind(truth, "emerging")]

    assert all("2026-03-16" <= day <= "2026-07-16" for day in began)


def test_the_moving_place_is_at_one_position_at_a_time(truth: Features) -> None:
    steps = sorted((f["properties"] for f in _of_kind(truth, "moving")), key=lambda p: p["lineage"]["position"])

    assert len(steps) == 3
    for before, after in pairwise(steps):
        assert datetime.fromisoformat(before["to"]) + timedelta(days=1) == datetime.fromisoformat(after["from"])


def test_one_place_splits_and_two_merge(truth: Features) -> None:
    by_id = {f["properties"]["id"]: f["properties"] for f in truth}
    split = by_id["split-before"]["lineage"]
    merged = by_id["merge-after"]["lineage"]

    assert (split["change"], merged["change"]) == ("split", "merge")
    for child in split["into"]:
        assert by_id[child]["from"] == split["on"] > by_id["split-before"]["to"]
    for parent in merged["from"]:
        assert by_id[parent]["to"] < merged["on"] == by_id["merge-after"]["from"]


def test_every_stable_place_lies_in_a_cluster(truth: Features, outlines: Outlines) -> None:
    stable = _of_kind(truth, "stable")

    assert len(stable) >= 12
    assert [f["properties"]["id"] for f in stable if not any(o.contains(_centre(f)) for o, _ in outlines)] == []


def test_every_emerging_place_and_the_last_position_of_the_moving_one_lie_in_a_cluster(
    truth: Features, outlines: Outlines
) -> None:
    wanted = [*_of_kind(truth, "emerging"), *(f for f in truth if f["properties"]["id"] == "moving-3")]

    assert len(wanted) == 4
    assert [f["properties"]["id"] for f in wanted if not any(o.contains(_centre(f)) for o, _ in outlines)] == []


def test_the_two_halves_of_the_split_are_two_clusters_and_the_merged_place_is_one(
    truth: Features, outlines: Outlines
) -> None:
    def cluster_of(place: str) -> list[int]:
        centre = next(_centre(f) for f in truth if f["properties"]["id"] == place)
        return [i for i, (o, _) in enumerate(outlines) if o.contains(centre)]

    assert len({*cluster_of("split-west"), *cluster_of("split-east")}) == 2
    assert len({*cluster_of("merge-west"), *cluster_of("merge-east"), *cluster_of("merge-after")}) == 1


def test_no_cluster_is_larger_than_a_hot_spot_may_be(outlines: Outlines) -> None:
    assert max(o.area for o, _ in outlines) < LARGEST_KM2 * 1e6


def test_the_number_of_clusters_is_one_that_a_meeting_can_read(outlines: Outlines) -> None:
    assert 25 <= len(outlines) <= 60


def test_the_truth_lists_every_concentration(truth: Features, outlines: Outlines) -> None:
    places = [(_centre(f), f["properties"]["radius_m"]) for f in truth]

    unlisted = [
        (round(o.centroid.x), round(o.centroid.y), n)
        for o, n in outlines
        if not any(o.distance(centre) <= radius for centre, radius in places)
    ]

    assert unlisted == []


def test_ended_places_are_silent_in_the_last_52_weeks(truth: Features) -> None:
    ended = _of_kind(truth, "ended")

    assert {f["properties"]["incidents_last_52_weeks"] for f in ended} == {0}
    assert all(f["properties"]["incidents"] >= 30 for f in ended)


def test_seasonal_places_stay_in_their_months(truth: Features) -> None:
    assert sorted(tuple(f["properties"]["months"]) for f in _of_kind(truth, "seasonal")) == [
        (1, 2, 3, 10, 11, 12),
        (5, 6, 7, 8, 9),
        (6, 7, 8),
    ]
