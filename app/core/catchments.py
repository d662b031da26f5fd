"""Catchments: parts of a municipality that each hold at least k addresses, to which positions are snapped.

Cuts run along the lines of a fixed grid, so that a published border tells nothing of where within a square an address
or an incident lies. A set of catchments covers its municipality without gaps or overlaps and never leaves it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.core.geo import Floats, to_metric, to_wgs84

CELL_M: Final = 100
LONGEST_EDGE_M: Final = 1_000.0  # straight in metres is bent in degrees: longer edges get corners on the way
FIRST_YEAR, LAST_YEAR = 2000, 2200

Cells = NDArray[np.int64]  # (n, 3): column and row of a grid square, and how many addresses lie in it


@dataclass(frozen=True, slots=True)
class Catchment:
    """One part of a municipality, and the anonymous point that stands for everything in it."""

    point_wgs84: shapely.Point
    radius_m: float  # from the point to the farthest corner
    outline: BaseGeometry  # metres
    outline_wgs84: BaseGeometry


@dataclass(frozen=True, slots=True)
class _Box:
    west: int  # grid lines, half-open
    south: int
    east: int
    north: int


def cells_of(x: Floats, y: Floats, cell_m: int = CELL_M) -> Cells:
    """Count addresses, (n,) each in metres, by grid square."""
    squares = np.column_stack([np.floor(x / cell_m), np.floor(y / cell_m)]).astype(np.int64)
    found, counts = np.unique(squares.reshape(-1, 2), axis=0, return_counts=True)
    return np.column_stack([found, counts]).astype(np.int64)


def divide(municipality_wgs84: BaseGeometry, cells: Cells, k: int, srid: int, cell_m: int = CELL_M) -> list[Catchment]:
    """The catchments of a municipality, from south-west to north-east; none where it holds fewer than k at all.

    cells: of the addresses in it. Each catchment holds at least k and, where the grid allows, fewer than 2k.
    Raises ValueError when k is less than 1.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    if cells[:, 2].sum() < k:
        return []
    whole = _metric(municipality_wgs84, srid)
    west, south, east, north = (bound / cell_m for bound in whole.bounds)
    root = _Box(
        int(min(np.floor(west), cells[:, 0].min())),
        int(min(np.floor(south), cells[:, 1].min())),
        int(max(np.ceil(east), cells[:, 0].max() + 1)),
        int(max(np.ceil(north), cells[:, 1].max() + 1)),
    )
    found = []
    waiting = [(root, cells)]
    while waiting:
        box, inside = waiting.pop()
        halves = _halves(box, inside, k)
        if halves is None:
            found.append(box)
        else:
            waiting += halves
    boxes = sorted(found, key=lambda box: (box.south, box.west))
    shapely.prepare(whole)
    return [_catchment(whole, box, srid, cell_m) for box in boxes]


def _halves(box: _Box, cells: Cells, k: int) -> list[tuple[_Box, Cells]] | None:
    """Cut a box in two along the grid line that divides its addresses most evenly; None where a part had too few.

    The longer side is cut, or the other when that one cannot be.
    """
    is_wide = box.east - box.west >= box.north - box.south
    for axis in (0, 1) if is_wide else (1, 0):
        line = _even_line(cells, axis, k)
        if line is None:
            continue
        before = cells[:, axis] < line
        if axis == 0:
            parts = _Box(box.west, box.south, line, box.north), _Box(line, box.south, box.east, box.north)
        else:
            parts = _Box(box.west, box.south, box.east, line), _Box(box.west, line, box.east, box.north)
        return [(parts[0], cells[before]), (parts[1], cells[~before])]
    return None


def _even_line(cells: Cells, axis: int, k: int) -> int | None:
    lines, starts = np.unique(cells[:, axis], return_inverse=True)
    by_line = np.bincount(starts, weights=cells[:, 2]).astype(np.int64)
    before = np.cumsum(by_line)[:-1]  # how many lie before each line but the first
    total = int(by_line.sum())
    smaller = np.minimum(before, total - before)
    if not len(smaller) or smaller.max() < k:
        return None
    return int(lines[1:][int(smaller.argmax())])


def _catchment(whole: BaseGeometry, box: _Box, srid: int, cell_m: int) -> Catchment:
    square = shapely.box(box.west * cell_m, box.south * cell_m, box.east * cell_m, box.north * cell_m)
    outline = _areas_of(shapely.intersection(whole, square))
    point = shapely.point_on_surface(outline)
    lon, lat = to_wgs84(np.array([point.x]), np.array([point.y]), srid)
    corners = shapely.get_coordinates(outline)
    radius_m = float(np.hypot(corners[:, 0] - point.x, corners[:, 1] - point.y).max())
    return Catchment(
        point_wgs84=shapely.Point(round(float(lon[0]), 6), round(float(lat[0]), 6)),
        radius_m=float(np.ceil(radius_m)),
        outline=outline,
        outline_wgs84=_wgs84(outline, srid),
    )


def _areas_of(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons of a cut; a border along the grid may leave lines and points beside them."""
    parts = shapely.get_parts(shapely.get_parts(geometry))  # a collection may hold multipolygons
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _metric(geometry: BaseGeometry, srid: int) -> BaseGeometry:
    moved = shapely.transform(geometry, lambda xy: np.column_stack(to_metric(xy[:, 0], xy[:, 1], srid)))
    return moved if moved.is_valid else shapely.make_valid(moved)


def _wgs84(geometry: BaseGeometry, srid: int) -> BaseGeometry:
    dense = shapely.segmentize(geometry, LONGEST_EDGE_M)
    moved = shapely.transform(dense, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], srid)).round(6))
    mended = _areas_of(moved if moved.is_valid else shapely.make_valid(moved))  # rounding may cross a thin corner
    return shapely.MultiPolygon([shapely.orient_polygons(part) for part in shapely.get_parts(mended)])
