"""The committed sample files, read once."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pyproj import Transformer

import sample_data
from sample_data import towns

FOLDER = Path(sample_data.__file__).parent
TO_METRES = Transformer.from_crs(4326, 3006, always_xy=True)


@pytest.fixture(scope="session")
def folder() -> Path:
    return FOLDER


@pytest.fixture(scope="session")
def incidents() -> list[dict[str, str]]:
    with gzip.open(FOLDER / "incidents.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def places() -> list[dict[str, str]]:
    with (FOLDER / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.fixture(scope="session")
def areas() -> list[dict[str, Any]]:
    return _features((FOLDER / "areas.geojson").read_bytes())


@pytest.fixture(scope="session")
def truth() -> list[dict[str, Any]]:
    return _features((FOLDER / "truth.geojson").read_bytes())


@pytest.fixture(scope="session")
def basemap() -> list[dict[str, Any]]:
    return _features(gzip.decompress((FOLDER / "basemap.geojson.gz").read_bytes()))


@pytest.fixture(scope="session")
def organisations() -> dict[str, dict[str, Any]]:
    rows = json.loads((FOLDER / "organisations.json").read_text(encoding="utf-8"))
    return {row["slug"]: row for row in rows}


@pytest.fixture(scope="session")
def made() -> towns.Towns:
    return towns.generate()


def _features(content: bytes) -> list[dict[str, Any]]:
    collection = json.loads(content)
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection  # RFC 7946 has only one
    features: list[dict[str, Any]] = collection["features"]
    assert features
    return features
