"""Positions: from what a sender writes to longitude and latitude, and to metres.

Axis order is always x, y: longitude before latitude, easting before northing, whatever the registry of
coordinate systems says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from app.core.errors import FieldProblem, SetupError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CRS84: Final = "CRS84"
SWEREF99_TM: Final = 3006
COORDINATE_DECIMALS: Final = 7  # about one centimetre

SWEDEN_LON: Final = (10.0, 25.0)
SWEDEN_LAT: Final = (55.0, 70.0)
SWEDEN_EASTING_M: Final = (200_000.0, 950_000.0)
SWEDEN_NORTHING_M: Final = (6_100_000.0, 7_700_000.0)
LARGEST_METRES: Final = 20_000_000.0  # half-way round the earth: no map projection reaches further


@dataclass(frozen=True, slots=True)
class Position:
    """A place as the sender wrote it: degrees in CRS84, metres in the deployment's metric system."""

    x: float  # longitude or easting
    y: float  # latitude or northing
    crs: str = CRS84


@dataclass(frozen=True, slots=True)
class Located:
    """Positions in WGS84 degrees, (n,) each and rounded; NaN in the rows that have a problem."""

    lon: Floats
    lat: Floats
    problems: dict[int, FieldProblem]  # by row


_NOT_FINITE_LON = FieldProblem("position.lon", "not-finite", "Give the longitude as an ordinary number.")
_NOT_FINITE_LAT = FieldProblem("position.lat", "not-finite", "Give the latitude as an ordinary number.")
_NOT_FINITE = FieldProblem("position", "not-finite", "Give both coordinates as ordinary numbers.")
_NULL_ISLAND = FieldProblem(
    "position", "null-island", "Give the real place: zero, zero means that the position is missing."
)
_SWAPPED_DEGREES = FieldProblem(
    "position", "swapped-axes", "Send the longitude first and the latitude second: they look swapped."
)
_SWAPPED_METRES = FieldProblem(
    "position", "swapped-axes", "Send the easting first and the northing second: they look swapped."
)
_LON_RANGE = FieldProblem(
    "position.lon", "out-of-range", "Give the longitude in degrees from -180 to 180, or name the metric crs."
)
_LAT_RANGE = FieldProblem(
    "position.lat", "out-of-range", "Give the latitude in degrees from -90 to 90, or name the metric crs."
)
_DEGREES_RANGE = FieldProblem(
    "position", "out-of-range", "Give longitude and latitude in degrees, or name the metric crs."
)
_METRES_RANGE = FieldProblem(
    "position", "out-of-range", "Give easting and northing in metres within the map projection."
)
_OUTSIDE_SWEDEN = FieldProblem(
    "position", "outside-sweden", "Check the position and its crs: it lies far outside Sweden."
)


def metric_crs(srid: int) -> str:
    """How a sender names the deployment's metric system."""
    return f"EPSG:{srid}"


@lru_cache(maxsize=8)
def _transformer(srid: int) -> Transformer:
    """From WGS84 degrees to the metric system. pyproj keeps one PROJ object a thread inside."""
    try:
        metric = CRS.from_epsg(srid)
    except CRSError as error:
        raise SetupError(f"EPSG:{srid} is not a known coordinate system; use one in metres.") from error
    if not (metric.is_projected and all(axis.unit_name == "metre" for axis in metric.axis_info)):
        raise SetupError(f"EPSG:{srid} is not a map projection in metres; use one that is.")
    return Transformer.from_crs("EPSG:4326", metric, always_xy=True)


def to_wgs84(x: Floats, y: Floats, srid: int = SWEREF99_TM) -> tuple[Floats, Floats]:
    """Longitude and latitude in degrees, (n,) each, of eastings and northings in metres, (n,) each.

    What cannot be transformed comes back as infinity. Raises SetupError for a system not in metres.
    """
    lon, lat = _transformer(srid).transform(x, y, direction="INVERSE")
    return lon, lat


def to_metric(lon: Floats, lat: Floats, srid: int = SWEREF99_TM) -> tuple[Floats, Floats]:
    """Easting and northing in metres, (n,) each, of longitudes and latitudes in degrees, (n,) each.

    What cannot be transformed comes back as infinity. Raises SetupError for a system not in metres.
    """
    x, y = _transformer(srid).transform(lon, lat)
    return x, y


def locate(positions: Sequence[Position], srid: int = SWEREF99_TM, *, is_area_given: bool = False) -> Located:
    """Bring positions to WGS84 and say what is wrong with those that cannot be right.

    At most one problem a position, the most telling one. That a place must lie in Sweden is asked only of a
    deployment in SWEREF 99 TM, and only when no area of the organisation's own decides instead.
    """
    n = len(positions)
    x = np.fromiter((position.x for position in positions), np.float64, n)
    y = np.fromiter((position.y for position in positions), np.float64, n)
    is_degrees = np.fromiter((position.crs == CRS84 for position in positions), np.bool_, n)
    word = metric_crs(srid)
    is_metric = np.fromiter((position.crs == word for position in positions), np.bool_, n)
    lon, lat = x.copy(), y.copy()
    if is_metric.any():
        lon[is_metric], lat[is_metric] = to_wgs84(x[is_metric], y[is_metric], srid)

    x_ok, y_ok = np.isfinite(x), np.isfinite(y)
    checks = [
        (~(is_degrees | is_metric), _unknown_crs(word)),
        (is_degrees & ~x_ok & y_ok, _NOT_FINITE_LON),
        (is_degrees & ~y_ok & x_ok, _NOT_FINITE_LAT),
        (~(x_ok & y_ok), _NOT_FINITE),
        ((x == 0) & (y == 0), _NULL_ISLAND),
    ]
    if srid == SWEREF99_TM:
        checks += [
            (is_degrees & _within(x, SWEDEN_LAT) & _within(y, SWEDEN_LON), _SWAPPED_DEGREES),
            (is_metric & _within(x, SWEDEN_NORTHING_M) & _within(y, SWEDEN_EASTING_M), _SWAPPED_METRES),
        ]
    lon_ok, lat_ok = _within(lon, (-180.0, 180.0)), _within(lat, (-90.0, 90.0))
    is_reachable = _within(x, (-LARGEST_METRES, LARGEST_METRES)) & _within(y, (-LARGEST_METRES, LARGEST_METRES))
    checks += [
        (is_metric & ~(is_reachable & lon_ok & lat_ok), _METRES_RANGE),
        (~lon_ok & lat_ok, _LON_RANGE),
        (~lat_ok & lon_ok, _LAT_RANGE),
        (~lon_ok, _DEGREES_RANGE),
    ]
    if srid == SWEREF99_TM and not is_area_given:
        checks.append((~(_within(lon, SWEDEN_LON) & _within(lat, SWEDEN_LAT)), _OUTSIDE_SWEDEN))

    which = np.select([mask for mask, _ in checks], list(range(len(checks))), default=-1)
    wrong = which >= 0
    lon[wrong] = lat[wrong] = np.nan
    problems = {row: checks[which[row]][1] for row in np.flatnonzero(wrong).tolist()}
    return Located(_rounded(lon), _rounded(lat), problems)


def _unknown_crs(word: str) -> FieldProblem:
    message = f"Name the crs as {CRS84} (longitude, latitude) or {word} (easting, northing)."
    return FieldProblem("position", "unknown-crs", message)


def _within(values: Floats, bounds: tuple[float, float]) -> Flags:
    """NaN is within nothing."""
    return (values >= bounds[0]) & (values <= bounds[1])


def _rounded(degrees: Floats) -> Floats:
    """Adding zero turns -0.0 into 0.0, so that equal places are written the same."""
    return np.round(degrees, COORDINATE_DECIMALS) + 0.0
