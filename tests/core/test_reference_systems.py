"""Axis orders, boxes and shapes on their way to degrees."""

import pytest
import shapely
from pyproj import CRS

from app.core.errors import ParameterError
from app.core.reference_systems import CRS84, MOST_VERTICES, SYSTEMS, WEB_MERCATOR, box, named, shape

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SWEREF = SYSTEMS[f"{EPSG}3006"]
WGS84 = SYSTEMS[f"{EPSG}4326"]


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: str(system.srid))
def test_the_axis_order_is_that_of_the_definition(system: object) -> None:
    for each in SYSTEMS.values():
        if each is not CRS84:
            assert each.is_northing_first == (CRS.from_epsg(each.srid).axis_info[0].direction == "north")


def test_all_local_zones_are_offered() -> None:
    assert [s.srid for s in SYSTEMS.values()] == [4326, 4326, 3857, *range(3006, 3019)]
    assert (CRS84.decimals, SWEREF.decimals) == (6, 2)
    assert SWEREF.definition["name"] == "SWEREF99 TM"


def test_a_system_is_named_by_its_address() -> None:
    assert named(None, "crs") is CRS84
    assert named(f"<{EPSG}3006>", "crs") is SWEREF
    with pytest.raises(ParameterError):
        named("EPSG:3006", "crs")


def test_a_box_is_a_shape_in_degrees() -> None:
    assert box([16, 59, 17, 60], CRS84).equals(shapely.box(16, 59, 17, 60))
    assert box([59, 16, 60, 17], WGS84).equals(shapely.box(16, 59, 17, 60))
    assert box([16, 59, 0, 17, 60, 9], CRS84).equals(shapely.box(16, 59, 17, 60))
    west, south, east, north = box([6612000, 547000, 6613000, 548000], SWEREF).bounds
    assert (round(west, 2), round(south, 2), round(east, 2), round(north, 2)) == (15.83, 59.64, 15.85, 59.65)
    assert box([170, -10, -170, 10], CRS84).geom_type == "MultiPolygon"


@pytest.mark.parametrize(
    ("numbers", "system"),
    [
        ([1, 2, 3], CRS84), ([1, 2, 3, 4, 5], CRS84), ([1, 2, 3, float("nan")], CRS84), ([0, 10, 1, 5], CRS84),
        ([0, 0, 1, 91], CRS84), ([-181, 0, 1, 1], CRS84), ([5, 0, 1, 1], WEB_MERCATOR), ([1e9, 1e9, 2e9, 2e9], SWEREF),
    ],
)  # fmt: skip
def test_what_is_no_box_is_refused(numbers: list[float], system: object) -> None:
    with pytest.raises(ParameterError):
        box(numbers, system)  # type: ignore[arg-type]


def test_a_shape_comes_to_degrees() -> None:
    assert shape({"type": "Point", "coordinates": [59, 16]}, WGS84).equals(shapely.Point(16, 59))
    assert shape({"type": "Point", "coordinates": [1, 2, 3]}, CRS84).has_z is False
    found = shape({"type": "Point", "coordinates": [6612400, 547800]}, SWEREF)
    assert (round(found.x, 3), round(found.y, 3)) == (15.848, 59.647)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Polygon", "coordinates": [[[0, 0]]]},
        {"type": "Nothing", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        {"type": "Point", "coordinates": [500, 0]},
        {"type": "Point", "coordinates": [float("inf"), 0]},
        {"type": "LineString", "coordinates": [[i / 1000, 0] for i in range(MOST_VERTICES + 1)]},
        {"type": "GeometryCollection"},
        {},
    ],
    ids=str,
)
def test_what_is_no_shape_is_refused(geometry: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        shape(geometry, CRS84)
