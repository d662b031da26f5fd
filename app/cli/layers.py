"""Files of map layers: what a GIS program hands over, brought to WGS84, or a sentence about what is wrong.

A file that names no coordinate system is refused, except GeoJSON, which is WGS84 by definition.
"""

import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.core.errors import InvalidError
from app.core.geo import SWEDEN_LAT, SWEDEN_LON, SWEREF99_TM

WGS84: Final = 4326
POLYGONS: Final = frozenset({"Polygon", "MultiPolygon"})


def read(file: Path) -> Any:
    """The one layer of a file as a GeoDataFrame in WGS84; times stay texts. Raises InvalidError."""
    import geopandas
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
    from pyproj.exceptions import ProjError

    if not file.is_file():
        raise InvalidError(f"There is no file {file}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's advice on mixed geometries; we look at each one
            names = [str(name) for name, _ in pyogrio.list_layers(file)]
            if len(names) != 1:
                listed = ", ".join(names) or "none"
                raise InvalidError(
                    f"{file.name} should have one layer and has {len(names)} ({listed}): save the one you mean as a "
                    "file of its own."
                )
            layer = geopandas.read_file(file, datetime_as_string=True)
    except (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, ValueError) as error:
        raise InvalidError(f"{file.name} cannot be read as GeoJSON or GeoPackage.") from error
    if not hasattr(layer, "crs") or layer.geometry.isna().all():
        raise InvalidError(f"{file.name} has no places on the map.")
    if layer.crs is None:
        raise InvalidError(f"{file.name} does not say its coordinate system: save it again with one.")
    try:
        in_degrees = layer.to_crs(WGS84)
    except ProjError as error:
        raise InvalidError(f"{file.name} cannot be brought to WGS84.") from error
    return in_degrees


def polygon(geometry: BaseGeometry | None, what: str, srid: int) -> BaseGeometry:
    """A valid outline in WGS84: mended where it can be. Raises InvalidError, which calls it `what`.

    That it lies in Sweden is asked of a deployment in SWEREF 99 TM.
    """
    if geometry is None or geometry.is_empty or geometry.geom_type not in POLYGONS:
        raise InvalidError(f"{what} is no polygon.")
    flat = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        raise InvalidError(f"{what} has corners that are not numbers.")
    west, south, east, north = flat.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 -- degrees
        raise InvalidError(
            f"{what} is not in degrees: say its coordinate system in the file (crs), or save it as WGS84."
        )
    if srid == SWEREF99_TM:
        _check_in_sweden(flat, what)
    mended = _areas_of(flat if flat.is_valid else shapely.make_valid(flat))
    if mended is None:
        raise InvalidError(f"{what} has no area.")
    return mended


def _check_in_sweden(geometry: BaseGeometry, what: str) -> None:
    west, south, east, north = geometry.bounds
    if _within(west, east, SWEDEN_LON) and _within(south, north, SWEDEN_LAT):
        return
    if _within(west, east, SWEDEN_LAT) and _within(south, north, SWEDEN_LON):
        raise InvalidError(f"{what} has latitude and longitude swapped: GeoJSON wants longitude first.")
    raise InvalidError(f"{what} does not lie in Sweden: check its coordinate system.")


def _within(low: float, high: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= low and high <= bounds[1]


def _areas_of(geometry: BaseGeometry) -> BaseGeometry | None:
    """The polygons of a geometry; mending a bow tie may leave lines beside them."""
    parts = [part for part in _parts(geometry) if part.geom_type == "Polygon" and part.area > 0]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    if not hasattr(geometry, "geoms"):
        return [geometry]
    return [part for inner in geometry.geoms for part in _parts(inner)]
