"""Write GeoJSON as RFC 7946 wants it: WGS84, six decimals, outer rings counter-clockwise."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from sample_data.geometry import Coordinates, Geometry, parts

_TO_WGS84 = Transformer.from_crs(3006, 4326, always_xy=True)
DECIMALS = 6

Feature = dict[str, Any]


def to_lonlat(xy: Coordinates, decimals: int = DECIMALS) -> Coordinates:
    """(n, 2) SWEREF 99 TM metres to (n, 2) longitude, latitude."""
    lon, lat = _TO_WGS84.transform(xy[:, 0], xy[:, 1])
    return np.round(np.column_stack([lon, lat]), decimals)


def geometry(shape: Geometry, decimals: int = DECIMALS) -> dict[str, Any]:
    """A GeoJSON geometry from metres; valid also after rounding."""
    rounded = shapely.transform(shape, lambda xy: to_lonlat(xy, decimals))
    if not shapely.is_valid(rounded):
        rounded = shapely.set_precision(shapely.make_valid(rounded), 10.0**-decimals)
        rounded = shapely.multipolygons([p for p in parts(rounded) if p.geom_type == "Polygon"])
        rounded = rounded.geoms[0] if len(rounded.geoms) == 1 else rounded
    turned = shapely.orient_polygons(rounded, exterior_cw=False)
    result: dict[str, Any] = json.loads(shapely.to_geojson(turned))
    result["coordinates"] = _rounded(result["coordinates"], decimals)
    return result


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, list):
        return [_rounded(v, decimals) for v in value]
    return round(value, decimals)


def feature(shape: Geometry, properties: dict[str, Any], decimals: int = DECIMALS) -> Feature:
    """One feature from metres."""
    return {"type": "Feature", "properties": properties, "geometry": geometry(shape, decimals)}


def as_bytes(features: Iterable[Feature], **members: object) -> bytes:
    """A FeatureCollection, one feature a line so that a diff can be read; members stand before the features."""
    head = "".join(f"{json.dumps(k)}:{json.dumps(v, ensure_ascii=False)}," for k, v in members.items())
    rows = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return f'{{"type":"FeatureCollection",{head}"features":[\n{rows}\n]}}\n'.encode()


def write(path: Path, content: bytes) -> None:
    """Write bytes; a name ending in .gz is packed without a time stamp."""
    path.write_bytes(gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content)
