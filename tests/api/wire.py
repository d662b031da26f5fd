"""What goes over the wire in these tests, and a look at what it left in the database."""

from typing import Any

import psycopg

from tests.conftest import Database
from tests.factories import CENTRE, HYTTFORS, LINDESTA

INCIDENTS = "/api/v1/incidents"
BATCH = f"{INCIDENTS}/batch"
ANALYSES = "/api/v1/analyses"
HOTSPOTS = "/api/v1/hotspots"
SHARING = "/api/v1/sharing-rules"
CATCHMENTS = "/api/v1/catchments"
PROBLEM = "application/problem+json"
GEOJSON = "application/geo+json"


def report(**changes: Any) -> dict[str, Any]:
    """A report as JSON: vandalism in the centre of Lindesta."""
    usual = {
        "category": "SKD",
        "occurred_from": "2026-11-09T12:00:00Z",
        "position": {"lon": CENTRE[0], "lat": CENTRE[1]},
        "source": "est-rapport",
    }
    return usual | changes


def rule(**changes: Any) -> dict[str, Any]:
    """A sharing rule as JSON: Hyttfors lets Lindesta see where things happen, about."""
    usual = {
        "giver": HYTTFORS,
        "receiver": LINDESTA,
        "what": "incidents",
        "precision": "snapped",
        "purpose": "gemensam lägesbild",
        "valid_until": "2099-12-31",
    }
    return usual | changes


def feature(**changes: Any) -> dict[str, Any]:
    """The same report as a GeoJSON feature."""
    properties = report(**changes)
    position = properties.pop("position")
    geometry = {"type": "Point", "coordinates": [position["lon"], position["lat"]]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def reports(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Reports with references r-0, r-1 …, one a minute."""
    return [
        report(source_ref=f"r-{i}", occurred_from=f"2026-11-09T{i // 60:02}:{i % 60:02}:00Z", **changes)
        for i in range(count)
    ]


def rows(database: Database, table: str = "incidents") -> int:
    """How many rows a table of ours holds, whoever may see them."""
    with psycopg.connect(database.conninfo()) as conn:
        found = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found
    return int(found[0])


def codes(answer: Any) -> list[tuple[str, str]]:
    """Field and code of every problem in an answer."""
    return [(item["field"], item["code"]) for item in answer.json()["errors"]]
