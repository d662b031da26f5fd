"""A year's catchments are made once, of addresses or of the places of incidents, and what lies in them is placed."""

import json
from dataclasses import replace

import psycopg
import pytest

from app.actions.catchments import make_catchments
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.store import catchments as store
from app.store.tx import Database
from tests.conftest import Database as Copy
from tests.factories import LINDESTA, POLICE_AREA, Acting, Actors, Group, addresses, raws_of, reported

PLACED = "SELECT count(*), count(DISTINCT catchment_id) FROM incident_places WHERE catchment_id IS NOT NULL"


def placed(database: Copy) -> tuple[int, int]:
    """How many incidents have a catchment, and how many catchments they have."""
    with psycopg.connect(database.conninfo()) as conn:
        row = conn.execute(PLACED).fetchone()
    assert row is not None
    return row[0], row[1]


def spread() -> list[Group]:
    return [Group(count=6, east_m=300.0 * i, north_m=200.0 * (i % 3)) for i in range(-3, 4)]


def test_catchments_of_addresses_are_published(acting: Acting, actors: Actors) -> None:
    count = make_catchments(acting(actors["admin"]), LINDESTA, 2026, k=5, addresses=addresses())
    assert 20 < count <= len(addresses()) // 5
    text, n = store.features(acting(actors["map_client"]), LINDESTA, None, 10_000)
    features = json.loads(f"[{text}]")
    assert (n, len(features)) == (count, count)
    assert features[0]["id"] == f"{LINDESTA}-2026-1"
    assert features[0]["properties"].keys() == {"municipality", "year", "number", "basis", "k", "radius_m", "point"}
    assert {(f["properties"]["basis"], f["properties"]["k"]) for f in features} == {("addresses", 5)}
    assert store.features(acting(actors["map_client"]), LINDESTA, 2025, 10)[1] == 0


def test_without_addresses_the_places_of_incidents_count_and_the_same_place_counts_once(
    db: Database, database: Copy, actors: Actors
) -> None:
    reported(db, actors["coordinator"], raws_of(*spread()))
    [one] = raws_of(Group(count=1, east_m=1000, category="KLO"))
    reported(db, actors["coordinator"], [replace(one, source_ref=f"again-{i}") for i in range(9)])
    with db.write(actors["admin"]) as tx:
        assert make_catchments(tx, LINDESTA, 2026, k=44, addresses=None) == 0  # 42 places, and one said nine times
    assert placed(database) == (0, 0)
    with db.write(actors["admin"]) as tx:
        count = make_catchments(tx, LINDESTA, 2026, k=5)
    assert count > 3
    assert placed(database)[0] == 51


def test_what_has_a_catchment_keeps_it_when_the_next_year_comes(db: Database, database: Copy, actors: Actors) -> None:
    reported(db, actors["coordinator"], raws_of(*spread()))
    with db.write(actors["admin"]) as tx:
        make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses())
    with psycopg.connect(database.conninfo()) as conn:
        before = conn.execute("SELECT incident_id, catchment_id FROM incident_places ORDER BY 1").fetchall()
    with db.write(actors["admin"]) as tx:
        make_catchments(tx, LINDESTA, 2027, k=20, addresses=addresses())
    reported(db, actors["coordinator"], raws_of(Group(count=3, category="KLO")))  # still of 2026
    with psycopg.connect(database.conninfo()) as conn:
        after = dict(conn.execute("SELECT incident_id, catchment_id FROM incident_places").fetchall())
        years = conn.execute(
            "SELECT DISTINCT c.year FROM incident_places AS p JOIN catchments AS c ON c.id = p.catchment_id"
        ).fetchall()
    assert [(i, after[i]) for i, _ in before] == before
    assert years == [(2026,)]


def test_catchments_are_fixed(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses())
    for year in (2025, 2026):
        with pytest.raises(ConflictError, match="they are fixed"):
            make_catchments(tx, LINDESTA, year, k=5, addresses=addresses())


def test_a_set_is_of_a_municipality_and_a_year(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    for code in ("nowhere", POLICE_AREA):
        with pytest.raises(NotFoundError, match=code):
            make_catchments(tx, code, 2026, k=5)
    with pytest.raises(InvalidError, match="from 2000 to 2200"):
        make_catchments(tx, LINDESTA, 26, k=5)


def test_addresses_elsewhere_do_not_count(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    assert make_catchments(tx, LINDESTA, 2026, k=5, addresses=[(10.0 + i / 100, 60.0) for i in range(50)]) == 0
    assert make_catchments(tx, LINDESTA, 2026, k=5, addresses=[addresses()[0]] * 50) == 0  # one address, fifty times
