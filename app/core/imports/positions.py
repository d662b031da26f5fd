"""Coordinates as files write them: decimal commas, degrees and minutes, WKT, two numbers in one cell, any system.

Axis order is x, y everywhere here; which column is which, and in what system, the profile says.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from app.core.geo import Flags, Floats
from app.core.imports.moments import is_missing
from app.core.imports.source import Cell

WGS84: Final = 4326
MISSING: Final = "missing-position"
NULL_ISLAND: Final = "null-island"
UNREADABLE: Final = "unreadable-number"
OUT_OF_RANGE: Final = "out-of-range"

_NUMBER = r"[-+−]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?"
_PAIR = re.compile(
    rf"[^\d+−-]{{0,40}}?({_NUMBER})°?\s*[NSEWÖVO]?\s*[,;\s]\s*({_NUMBER})°?\s*[NSEWÖVO]?\D{{0,3}}", re.IGNORECASE
)
_PAIR_AT_END = re.compile(rf"\(\s*({_NUMBER})\s*[,;]\s*({_NUMBER})\s*\)\s*$")  # below an address
_DEGREES = re.compile(
    r"([-+]?\d{1,3})\s*[°d:\s]\s*(\d{1,2}(?:[.,]\d+)?)\s*(?:['’′:\s]\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*[\"”″]?)?)?\s*([NSEWÖVO])?",
    re.IGNORECASE,
)
_HALF = re.compile(r"([NSEWÖVO])?\s*(.*?)\s*([NSEWÖVO])?", re.IGNORECASE)
_NEGATIVE: Final = frozenset("SWV")  # south, west, väst
_WKT = re.compile(r"\s*(SRID=\d+;)?\s*(POINT|MULTIPOINT|LINESTRING|POLYGON|MULTI|GEOMETRY)", re.IGNORECASE)
_HEX_WKB = re.compile(r"0[01][0-9A-Fa-f]{16,}")
_SPACES = re.compile(r"(?<=\d)[\s']+(?=\d{3}(?!\d))")  # between thousands


def number_of(cell: Cell) -> float:
    """One number, with a comma or a point before decimals, or an angle. Raises ValueError."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return float(cell)
    if not isinstance(cell, str):
        raise ValueError(cell)  # noqa: TRY004 -- as float() does for a text
    try:
        number = float(cell)
    except ValueError:
        return _spelled(cell)
    if not math.isfinite(number) or "_" in cell:
        raise ValueError
    return number


def _spelled(text: str) -> float:
    plain = _SPACES.sub("", text.strip()).replace("−", "-")
    if re.fullmatch(r"[-+]?\d+,\d+", plain):
        return float(plain.replace(",", "."))
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+\.\d+", plain):
        return float(plain.replace(",", ""))
    if re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+", plain):
        return float(plain.replace(".", "").replace(",", "."))
    if re.fullmatch(r"[-+]?\d+(\.\d+)?(m|°)?", plain):
        return float(plain.rstrip("m°"))
    return _angle(text.strip())


def _angle(text: str) -> float:
    """59°19'48.8"N, N 59 19.81, 18.06 E. Raises ValueError."""
    match = _HALF.fullmatch(text)
    if match is None:  # a line feed in it
        raise ValueError
    half = (match[1] or match[3] or "").upper()
    inner = match[2]
    if parts := _DEGREES.fullmatch(inner):
        degrees, minutes, seconds = (float((part or "0").replace(",", ".")) for part in parts.groups()[:3])
        if minutes >= 60 or seconds >= 60:  # noqa: PLR2004
            raise ValueError
        number = math.copysign(abs(degrees) + minutes / 60 + seconds / 3600, degrees)
    elif half and re.fullmatch(r"[-+]?\d+([.,]\d+)?", inner):
        number = float(inner.replace(",", "."))
    else:
        raise ValueError
    return -abs(number) if half in _NEGATIVE else number


def numbers_of(cells: Sequence[Cell]) -> tuple[Floats, dict[int, str]]:
    """A column of numbers, NaN where there is none; and why, by row: missing or unreadable."""
    for spelled in (_as_is, _with_points):
        try:
            values = np.fromiter((math.nan if cell == "" else float(cell) for cell in spelled(cells)), np.float64)
        except (ValueError, TypeError, AttributeError):
            continue
        empty = [row for row, cell in enumerate(cells) if cell == ""]
        if np.isfinite(values).sum() + len(empty) == len(cells):
            return values, dict.fromkeys(empty, MISSING)
    values = np.full(len(cells), np.nan)
    problems: dict[int, str] = {}
    for row, cell in enumerate(cells):
        if is_missing(cell):
            problems[row] = MISSING
            continue
        try:
            values[row] = number_of(cell)
        except (ValueError, OverflowError):
            problems[row] = UNREADABLE
    return values, problems


def _as_is(cells: Sequence[Cell]) -> Sequence[Any]:
    return cells


def _with_points(cells: Sequence[Any]) -> Sequence[Any]:
    """Decimal commas as points; what is not all text raises AttributeError."""
    return [cell.replace(",", ".") for cell in cells]


def geometries_of(cells: Sequence[Cell], *, is_latitude_first: bool) -> tuple[Floats, Floats, dict[int, str]]:
    """X and y of a column of points, NaN where there is none; and why, by row."""
    x, y = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    problems: dict[int, str] = {}
    for row, cell in enumerate(cells):
        try:
            x[row], y[row] = _point_of(cell, is_latitude_first=is_latitude_first)
        except _PointError as error:
            problems[row] = error.args[0]
    return x, y, problems


class _PointError(ValueError):
    """A cell is no point; the slug says why."""


def _point_of(cell: Cell, *, is_latitude_first: bool) -> tuple[float, float]:
    if is_missing(cell) or cell == b"":
        raise _PointError(MISSING)
    if isinstance(cell, bytes):
        return _xy(cell)
    if not isinstance(cell, str):
        raise _PointError("unreadable-geometry")
    text = cell.strip()
    if _WKT.match(text):
        return _xy(text.partition(";")[2] if text[:5].upper() == "SRID=" else text)
    if _HEX_WKB.fullmatch(text):
        return _xy(bytes.fromhex(text) if len(text) % 2 == 0 else b"")
    if text.startswith("{"):
        return _of_geojson(text)
    match = _PAIR_AT_END.search(text) or _PAIR.fullmatch(text)
    if match is None:
        raise _PointError("unreadable-geometry")
    first, second = (float(part.replace(",", ".").replace("−", "-")) for part in match.groups())
    return (second, first) if is_latitude_first else (first, second)


def _xy(spelled: str | bytes) -> tuple[float, float]:
    try:
        geometry = shapely.from_wkt(spelled) if isinstance(spelled, str) else shapely.from_wkb(spelled)
    except shapely.errors.GEOSException as error:
        raise _PointError("unreadable-geometry") from error
    if geometry is None or geometry.is_empty:
        raise _PointError(MISSING)
    if geometry.geom_type == "MultiPoint" and len(geometry.geoms) == 1:
        geometry = geometry.geoms[0]
    if geometry.geom_type != "Point":
        raise _PointError("no-point")
    return float(geometry.x), float(geometry.y)


def _of_geojson(text: str) -> tuple[float, float]:
    """{"type": "Point", …}, or {"latitude": "59.3", "longitude": "18.1"} as some portals write."""
    named = {
        name.lower()[:3]: value
        for name, value in re.findall(rf'["\'](lat\w*|lon\w*|lng)["\']\s*:\s*["\']?({_NUMBER})', text, re.IGNORECASE)
    }
    if "lat" in named and ("lon" in named or "lng" in named):
        return float(named.get("lon") or named["lng"]), float(named["lat"])
    try:
        geometry = shapely.from_geojson(text)
    except shapely.errors.GEOSException as error:
        raise _PointError("unreadable-geometry") from error
    return _xy(shapely.to_wkb(geometry))


@lru_cache(maxsize=64)
def _transformer(srid: int) -> Transformer:
    return Transformer.from_crs(srid, WGS84, always_xy=True)


@lru_cache(maxsize=64)
def is_known(srid: int) -> bool:
    """Whether coordinates in this system can be brought to WGS84."""
    try:
        system = CRS.from_epsg(srid)
        return bool(system.is_projected or system.is_geographic)
    except CRSError:
        return False


@lru_cache(maxsize=64)
def is_degrees(srid: int) -> bool:
    """Whether the system counts in degrees."""
    return bool(CRS.from_epsg(srid).is_geographic)


def to_degrees(x: Floats, y: Floats, srid: int) -> tuple[Floats, Floats, Flags]:
    """Longitude and latitude, (n,) each; and which of them are not on the earth."""
    if srid == WGS84:
        lon, lat = x, y
    else:
        lon, lat = _transformer(srid).transform(x, y)
    off = ~(np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) < 90))  # noqa: PLR2004 -- degrees
    return lon, lat, off
