"""The background of the map: one GeoJSON file, sent to the browser as it is and drawn small on the server.

Each feature says its layer: water, fields, green, builtup, blocks, buildings, roads, districts, places;
roads and places say their kind as well, and whatever has a name says it. The collection itself may say whose map
it is: `attribution`, a text or one for each language.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from app.core.errors import SetupError
from app.web.gazetteer import Feature, Gazetteer
from app.web.i18n import LANGUAGES
from app.web.places import Bounds, Ring, bounds_of

GZIP_START: Final = b"\x1f\x8b"
OVERVIEW_LAYERS: Final = ("fields", "builtup", "green", "water", "roads")
OVERVIEW_ROADS: Final = frozenset({"motorway", "primary", "secondary", "rail"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A line or an area of the background, with the class that the style sheet colours it by."""

    look: str
    is_area: bool
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Background:
    """What the server itself needs of the basemap: a sketch of it, its names, and whose it is."""

    bounds: Bounds | None
    shapes: tuple[Shape, ...]
    gazetteer: Gazetteer
    attribution: Mapping[str, str] = field(default_factory=dict)  # by language


NOTHING: Final = Background(None, (), Gazetteer(()))


def is_packed(path: Path) -> bool:
    """Whether the file is stored gzipped, whatever its name says."""
    with path.open("rb") as file:
        return file.read(len(GZIP_START)) == GZIP_START


def background(path: Path | None) -> Background:
    """Read what the server itself uses; without a file that is nothing. Kept until the file changes."""
    if path is None or not path.is_file():
        return NOTHING
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed_ns: int) -> Background:  # noqa: ARG001  (part of the cache's key)
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_START):
            content = gzip.decompress(content)
        collection = json.loads(content)
        features: list[Feature] = collection["features"]
        shapes = tuple(shape for layer in OVERVIEW_LAYERS for shape in _shapes(features, layer))
        gazetteer = Gazetteer(features)
        attribution = _by_language(collection.get("attribution", ""))
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zlib.error) as error:
        raise SetupError(f"The basemap {path.name} is not a GeoJSON collection of layers") from error
    return Background(bounds_of(ring for shape in shapes for ring in shape.rings), shapes, gazetteer, attribution)


def _by_language(attribution: str | Mapping[str, str]) -> dict[str, str]:
    given = dict.fromkeys(LANGUAGES, attribution) if isinstance(attribution, str) else attribution
    return {code: str(given.get(code, "")) for code in LANGUAGES}


def _shapes(features: Iterable[Feature], layer: str) -> Iterable[Shape]:
    for feature in features:
        if feature["properties"].get("layer") != layer or not _is_wanted(feature):
            continue
        kind = feature["properties"].get("kind") if layer == "roads" else layer
        geometry = feature["geometry"]
        yield Shape(str(kind), geometry["type"].endswith("Polygon"), tuple(rings_of(geometry)))


def _is_wanted(feature: Feature) -> bool:
    """Streets and single buildings only make a small map grey."""
    properties = feature["properties"]
    return properties["layer"] != "roads" or properties.get("kind") in OVERVIEW_ROADS


def rings_of(geometry: Mapping[str, Any]) -> list[Ring]:
    """All rings or lines of a GeoJSON geometry, polygons and lines alike."""
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "LineString":
            return [coordinates]
        case "Polygon" | "MultiLineString":
            return list(coordinates)
        case "MultiPolygon":
            return [ring for polygon in coordinates for ring in polygon]
        case _:
            return []
