"""Areas, places and background map: valid, in inland Sweden, wound as RFC 7946 says."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

INLAND = shapely.box(15.4, 59.4, 16.5, 59.9)  # lies whole inside Sweden
LAYERS = {"water", "fields", "green", "builtup", "blocks", "buildings", "roads", "districts", "places"}


def _rings(features: list[dict[str, Any]]) -> list[tuple[Any, bool]]:
    """Every polygon ring, and whether it is an outer one."""
    polygons = [p for f in features for p in shapely.get_parts(shape(f["geometry"])) if p.geom_type == "Polygon"]
    return [(p.exterior, True) for p in polygons] + [(hole, False) for p in polygons for hole in p.interiors]


@pytest.mark.parametrize("name", ["areas", "truth", "basemap"])
def test_every_geometry_is_valid(name: str, request: pytest.FixtureRequest) -> None:
    features = request.getfixturevalue(name)

    assert [f["properties"] for f in features if not shape(f["geometry"]).is_valid] == []


@pytest.mark.parametrize("name", ["areas", "basemap"])
def test_outer_rings_turn_left_and_holes_right(name: str, request: pytest.FixtureRequest) -> None:
    rings = _rings(request.getfixturevalue(name))

    assert len(rings) > 20
    assert all(ring.is_ccw == is_outer for ring, is_outer in rings)


def test_positions_have_at_most_six_decimals(areas: list[dict[str, Any]], truth: list[dict[str, Any]]) -> None:
    xy = np.vstack([shapely.get_coordinates(shape(f["geometry"])) for f in areas + truth])

    assert np.array_equal(xy, np.round(xy, 6))


def test_the_area_lies_in_inland_sweden(areas: list[dict[str, Any]], places: list[dict[str, str]]) -> None:
    assert all(INLAND.contains(shape(a["geometry"])) for a in areas)
    assert all(INLAND.contains(shapely.Point(float(p["lon"]), float(p["lat"]))) for p in places)


def test_municipalities_adjoin_and_make_up_the_local_police_area(areas: list[dict[str, Any]]) -> None:
    by_kind = {k: [shape(a["geometry"]) for a in areas if a["properties"]["kind"] == k] for k in ("municipality",)}
    lpo = next(shape(a["geometry"]) for a in areas if a["properties"]["kind"] == "local_police_area")
    municipalities = by_kind["municipality"]

    assert len(municipalities) == 3
    assert shapely.union_all(municipalities).symmetric_difference(lpo).area < 1e-9
    for one, other in combinations(municipalities, 2):
        assert one.intersection(other).area < 1e-9
        assert one.intersection(other).length > 0.05  # degrees: a long common border


def test_every_area_lies_in_its_parent(areas: list[dict[str, Any]]) -> None:
    by_code = {a["properties"]["code"]: a for a in areas}
    roots = [a["properties"]["code"] for a in areas if a["properties"]["parent"] is None]

    assert len(by_code) == len(areas)
    assert roots == ["lpo-lindadalen"]
    for area in areas:
        parent = area["properties"]["parent"]
        if parent is not None:
            assert shape(by_code[parent]["geometry"]).buffer(2e-6).contains(shape(area["geometry"]))


def test_every_town_has_a_station_a_school_a_square_and_streets(places: list[dict[str, str]]) -> None:
    assert 100 < len(places) < 400
    for slug in ("lindesta-kommun", "hyttfors-kommun", "ekhyttan-kommun"):
        names = " ".join(f"{p['name']} {p['aliases']}" for p in places if p["municipality"] == slug).lower()
        assert all(word in names for word in ("station", "skolan", "torget", "gatan"))
    assert len({(p["municipality"], p["name"]) for p in places}) == len(places)


def test_no_two_places_stand_on_each_other(places: list[dict[str, str]]) -> None:
    assert len({(p["lon"], p["lat"]) for p in places}) == len(places)


def test_the_background_map_has_every_layer(basemap: list[dict[str, Any]]) -> None:
    assert {f["properties"]["layer"] for f in basemap} == LAYERS
    assert {f["properties"]["kind"] for f in basemap if f["properties"]["layer"] == "roads"} == {
        "primary",
        "secondary",
        "street",
        "motorway",
        "rail",
    }
    towns = {f["properties"]["name"] for f in basemap if f["properties"].get("kind") == "town"}
    assert towns == {"Lindesta", "Hyttfors", "Ekhyttan"}
