"""The background of the map and the names on it."""

import json
from pathlib import Path

import pytest

from app.core.errors import SetupError
from app.web import basemap
from tests.web.conftest import CENTRE

X, Y = CENTRE


def test_the_sketch_holds_water_and_main_roads_but_no_streets(basemap_file: Path) -> None:
    shapes = basemap.background(basemap_file).shapes
    assert [(shape.look, shape.is_area) for shape in shapes] == [("water", True), ("primary", False)]


def test_an_unpacked_file_is_read_as_well(basemap_file: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.geojson"
    plain.write_text('{"type": "FeatureCollection", "features": []}')
    assert (basemap.is_packed(basemap_file), basemap.is_packed(plain)) == (True, False)
    assert basemap.background(plain).bounds is None


@pytest.mark.parametrize(
    ("attribution", "told"),
    [
        (None, {"sv": "", "en": ""}),
        ("© Kommunen", {"sv": "© Kommunen", "en": "© Kommunen"}),
        ({"sv": "Påhittade data", "fi": "?"}, {"sv": "Påhittade data", "en": ""}),
    ],
)
def test_the_file_says_whose_map_it_is(tmp_path: Path, attribution: object, told: dict[str, str]) -> None:
    path = tmp_path / "told.geojson"
    stated = {} if attribution is None else {"attribution": attribution}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [], **stated}))
    assert basemap.background(path).attribution == told


@pytest.mark.parametrize(
    ("kind", "coordinates", "rings"),
    [
        ("Polygon", [[1], [2]], [[1], [2]]),
        ("MultiPolygon", [[[1], [2]], [[3]]], [[1], [2], [3]]),
        ("MultiLineString", [[1], [2]], [[1], [2]]),
        ("LineString", [1, 2], [[1, 2]]),
        ("Point", [1, 2], []),
    ],
)
def test_areas_and_lines_of_every_kind_are_taken_apart(
    kind: str, coordinates: list[object], rings: list[object]
) -> None:
    assert basemap.rings_of({"type": kind, "coordinates": coordinates}) == rings


@pytest.mark.parametrize("path", [None, Path("not/there.geojson")])
def test_without_a_file_there_is_no_background(path: Path | None) -> None:
    assert basemap.background(path) is basemap.NOTHING


@pytest.mark.parametrize("content", ["", "[]", '{"features": [{}]}', "not json"])
def test_a_file_that_is_no_basemap_is_named_in_the_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong.geojson"
    path.write_text(content)
    with pytest.raises(SetupError, match=r"wrong\.geojson"):
        basemap.background(path)


@pytest.mark.parametrize(
    ("longitude", "latitude", "landmark", "district"),
    [
        (X + 0.0005, Y + 0.0002, "Järntorget", "Centrum"),  # a square before the street it lies on
        (X + 0.005, Y + 0.0033, "Ågatan", "Centrum"),
        (X + 0.005, Y + 0.0060, None, "Centrum"),  # by a street without a name
        (X + 0.5, Y + 0.5, None, None),
    ],
)
def test_a_point_is_described_by_what_has_a_name_near_it(
    basemap_file: Path, longitude: float, latitude: float, landmark: str | None, district: str | None
) -> None:
    gazetteer = basemap.background(basemap_file).gazetteer
    assert (gazetteer.landmark(longitude, latitude), gazetteer.district(longitude, latitude)) == (
        landmark,
        district,
    )


def test_the_town_is_the_nearest_one_that_is_near(basemap_file: Path) -> None:
    gazetteer = basemap.background(basemap_file).gazetteer
    assert (gazetteer.town(X + 0.03, Y), gazetteer.town(X + 0.5, Y)) == ("Lindesta", None)


def test_without_a_basemap_nothing_has_a_name() -> None:
    gazetteer = basemap.NOTHING.gazetteer
    assert (gazetteer.landmark(X, Y), gazetteer.district(X, Y)) == (None, None)
