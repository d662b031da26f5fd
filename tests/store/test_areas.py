"""Areas: stored with their rings the right way round, served as GeoJSON."""

import json
from typing import Any

import pytest
import shapely

from app.core.errors import ConflictError
from app.store import areas
from app.store.tx import Database, ReadTx
from tests.factories import AREAS, DISTRICT, HYTTFORS, LINDESTA, POLICE_AREA, Acting, Actors, square


def served(tx: ReadTx, kind: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """The features, read from their text."""
    text, n = areas.features(tx, kind, limit)
    features: list[dict[str, Any]] = json.loads(f"[{text}]")
    assert len(features) == n
    return features


def test_areas_are_served_with_their_parent(acting: Acting, actors: Actors) -> None:
    features = served(acting(actors["map_client"]))
    assert {f["id"]: f["properties"] for f in features} == {a["properties"]["code"]: a["properties"] for a in AREAS}
    assert {f["geometry"]["type"] for f in features} == {"MultiPolygon"}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("municipality", [HYTTFORS, LINDESTA]),
        ("local_police_area", [POLICE_AREA]),
        ("district", [DISTRICT]),
        ("county", []),
    ],
)
def test_areas_of_one_kind_are_served(acting: Acting, actors: Actors, kind: str, codes: list[str]) -> None:
    assert [f["id"] for f in served(acting(actors["map_client"]), kind)] == codes


def test_no_more_areas_are_served_than_asked_for(acting: Acting, actors: Actors) -> None:
    assert len(served(acting(actors["map_client"]), limit=2)) == 2


@pytest.mark.parametrize("is_clockwise", [True, False])
def test_outlines_run_against_the_clock_however_they_came(
    acting: Acting, actors: Actors, *, is_clockwise: bool
) -> None:
    geometry = square(15.8, 59.6, 15.9, 59.7)
    if is_clockwise:
        geometry["coordinates"][0].reverse()
    tx = acting(actors["admin"])
    areas.add(tx, code="x", name='Å "x"', kind="district", parent=LINDESTA, geojson=json.dumps(geometry))
    [feature] = [f for f in served(tx) if f["id"] == "x"]
    [[ring]] = feature["geometry"]["coordinates"]
    assert shapely.is_ccw(shapely.LinearRing(ring))
    assert feature["properties"] == {"code": "x", "name": 'Å "x"', "kind": "district", "parent": LINDESTA}


def test_an_area_exists_by_its_code(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["map_client"])
    assert areas.exists(tx, LINDESTA)
    assert not areas.exists(tx, LINDESTA.upper())


def test_two_areas_cannot_share_a_code(db: Database, actors: Actors) -> None:
    geojson = json.dumps(square(15.8, 59.6, 15.9, 59.7))
    with pytest.raises(ConflictError, match="already an area with that code"), db.write(actors["admin"]) as tx:
        areas.add(tx, code=LINDESTA, name="x", kind="district", parent=None, geojson=geojson)
