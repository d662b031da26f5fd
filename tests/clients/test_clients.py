"""Sign in, list layers, count, page, box, Swedish letters: in each client that people use."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas
import httpx2
import pytest
from owslib.ogcapi.features import Features
from owslib.util import Authentication
from requests.auth import AuthBase

from tests.clients.conftest import COUNT, Served
from tests.ogc.conftest import COUNT as SMALL

pytestmark = pytest.mark.clients

TOTAL = COUNT + SMALL + 5
Program = Callable[[str], str]
QGIS_PYTHON = Path("/usr/bin/python3")
LETTERS = "Åskådare såg något"


def run(token: str, *command: object) -> str:
    """What a program of GDAL's prints, signed in as its users do."""
    environment = {**os.environ, "GDAL_HTTP_USERPWD": f"x:{token}", "GDAL_HTTP_AUTH": "BASIC"}  # noqa: TID251
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return done.stdout


def test_ogrinfo_lists_counts_and_describes(service: Served, program: Program) -> None:
    address, token = service
    listed = run(token, program("ogrinfo"), "-ro", f"OAPIF:{address}")
    for name in ("hotspots", "hotspot_history", "incidents", "areas"):
        assert name in listed
    told = run(token, program("ogrinfo"), "-ro", "-so", f"OAPIF:{address}", "incidents")
    assert f"Feature Count: {TOTAL}" in told
    assert "Geometry: Point" in told
    assert "occurred_from: DateTime" in told


def test_ogr2ogr_takes_every_page_home(service: Served, program: Program, tmp_path: Path) -> None:
    address, token = service
    home = tmp_path / "händelser.gpkg"
    run(token, program("ogr2ogr"), home, f"OAPIF:{address}", "incidents", "-oo", "PAGE_SIZE=1000")
    frame = geopandas.read_file(home)
    assert len(frame) == TOTAL
    assert LETTERS in set(frame["text"])


def test_ogr2ogr_filters_on_the_server(service: Served, program: Program, tmp_path: Path) -> None:
    address, token = service
    home = tmp_path / "few.geojson"
    run(token, program("ogr2ogr"), home, f"OAPIF:{address}", "incidents", "-where", "category = 'OTR'")
    assert len(geopandas.read_file(home)) == 1


GEOPANDAS = """
import json, sys, geopandas
source = f"OAPIF:{sys.argv[1]}"
whole = geopandas.read_file(source, layer="incidents", PAGE_SIZE=1000)
near = geopandas.read_file(source, layer="incidents", bbox=(15.8475, 59.6468, 15.8495, 59.6478))
metres = geopandas.read_file(source, layer="hotspots", CRS="EPSG:3006")
print(json.dumps([len(whole), len(near), metres.crs.to_epsg(), *metres.total_bounds[:2]]))
"""


def test_geopandas_reads_pages_boxes_and_swedish_metres(service: Served) -> None:
    """In a process of its own: GDAL holds this one's lock while it waits for a page."""
    address, token = service
    whole, near, srid, west, south = json.loads(run(token, sys.executable, "-c", GEOPANDAS, address))
    assert (whole, srid) == (TOTAL, 3006)
    assert 20 <= near < 1_000
    assert west == pytest.approx(547_800, abs=3_000)
    assert south == pytest.approx(6_613_000, abs=3_000)


def test_geopandas_reads_a_plain_answer(service: Served) -> None:
    address, token = service
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/ogc/collections/areas/items?limit=100", "/api/v1/areas"):
        answer = httpx2.get(address.removesuffix("/ogc") + path, headers=headers)
        frame = geopandas.read_file(io.BytesIO(answer.content))
        assert {"Lindesta kommun", "Lokalpolisområde Lindådalen"} <= set(frame["name"])


class Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: object) -> object:
        request.headers["Authorization"] = f"Bearer {self.token}"  # type: ignore[attr-defined]
        return request


def test_owslib_finds_its_way(service: Served) -> None:
    address, token = service
    features = Features(f"{address}/", auth=Authentication(auth_delegate=Bearer(token)))
    assert {"hotspots", "hotspot_history", "incidents", "areas"} == set(features.feature_collections())
    assert features.conformance()["conformsTo"]
    assert features.api()["openapi"] == "3.0.3"
    assert "category" in features.collection_queryables("incidents")["properties"]
    assert "category" in features.collection_schema("incidents")["properties"]
    page = features.collection_items("incidents", limit=10, bbox=[15.8475, 59.6468, 15.8495, 59.6478])
    assert page["numberReturned"] == 10
    found = features.collection_items("incidents", filter="category = 'OTR'")
    assert found["numberMatched"] == 1
    assert features.collection_item("areas", "lindesta-kommun")["properties"]["name"] == "Lindesta kommun"


def test_qgis_shows_layers_and_tiles(service: Served, tmp_path: Path) -> None:
    address, token = service
    if subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        pytest.fail("QGIS is missing: run ./dev test, or apt-get install python3-qgis qgis-providers")
    style = tmp_path / "hotspots.qml"
    style.write_text(run(token, "curl", "-sf", "-u", f"x:{token}", f"{address}/collections/hotspots/style.qml"))
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(tmp_path), "QGIS_AUTH_DB_DIR_PATH": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [QGIS_PYTHON, Path(__file__).with_name("qgis_reads.py"), address, token, style, tmp_path / "map.png"],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["valid"], told
    assert told["count"] == TOTAL
    assert LETTERS in told["texts"]
    assert {"category", "occurred_from", "source_ref"} <= set(told["fields"])
    assert told["in_box"] >= 20
    assert (told["style"], told["renderer"]) == (True, "graduatedSymbol")
    assert told["tiles_valid"]
    assert told["pixels"] > 100
    assert told["tile_pixels"] > 100
