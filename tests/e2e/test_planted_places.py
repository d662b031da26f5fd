"""What a map client pulls from the demo, against what was planted in the towns."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import geopandas
import pytest
from shapely.geometry import shape

pytestmark = pytest.mark.e2e

TRUTH = Path(__file__).resolve().parents[2] / "sample_data" / "truth.geojson"


@pytest.fixture
def pulled(live_server: str, demo_tokens: Mapping[str, str]) -> bytes:
    """The hot spots, as bytes, with the map client's token."""
    token = {"Authorization": f"Bearer {demo_tokens['map_client']}"}
    with urlopen(Request(f"{live_server}/api/v1/hotspots", headers=token)) as answer:  # noqa: S310 -- our own server
        return bytes(answer.read())


def centres(kind: str) -> dict[str, object]:
    """The centres of the planted places of one kind, by id."""
    planted = json.loads(TRUTH.read_text(encoding="utf-8"))["features"]
    return {f["properties"]["id"]: shape(f["geometry"]).centroid for f in planted if f["properties"]["kind"] == kind}


def test_every_stable_planted_place_lies_inside_an_outline(pulled: bytes) -> None:
    outlines = [shape(feature["geometry"]) for feature in json.loads(pulled)["features"]]
    stable = centres("stable")
    assert len(stable) >= 12
    assert [name for name, centre in stable.items() if not any(o.covers(centre) for o in outlines)] == []


def test_geopandas_reads_what_a_map_client_pulls(pulled: bytes) -> None:
    places = geopandas.read_file(io.BytesIO(pulled))
    assert places.crs == "OGC:CRS84" or places.crs.to_epsg() == 4326
    assert places.geometry.is_valid.all()
    assert list(places["rank"]) == list(range(1, len(places) + 1))
