"""Draw one plain polygon round each group of incidents.

A concave hull alone is a point or a line for one group in eight, so the hull is widened by eps/2, a hundred metres
at most, before it is an outline. Discs round every incident would look the same and take minutes.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import Polygon

from app.core.analysis.points import SWEREF99_TM, Coordinates

FURTHEST_WIDENING_M = 100.0  # so that one address is never an outline larger than a hot spot may be
HULL_RATIO = 0.25  # 0 follows every bay, 1 is the convex hull
CORNER_SEGMENTS = 4  # a quarter circle in four strokes
SIMPLIFY_M = 1.0
SIMPLIFY_SHARE = 1 / 16  # of eps: less than the widening, so members stay inside at any eps
METRE_GRID = 0.01
DEGREE_DECIMALS = 6
WGS84 = 4326

Geometries = NDArray[Any]  # shapely geometries


def outline(xy: Coordinates, eps_m: float) -> Polygon:
    """The outline of one group. xy: (n, 2) metres, n >= 1. See `outlines`."""
    return outlines(xy, np.zeros(len(xy), dtype=np.int32), eps_m)[0]


def outlines(xy: Coordinates, labels: NDArray[np.int32], eps_m: float) -> tuple[Polygon, ...]:
    """One polygon for each label 0..k-1, in metres.

    xy: (n, 2) metres; labels: (n,), every label from 0 up at least once, -1 is left out. Each polygon is
    valid, in one piece, without holes, counter-clockwise, simplified, on whole centimetres, and covers its
    members. Raises ValueError for no members or non-finite coordinates.
    """
    places = np.unique(np.c_[labels, xy][labels >= 0], axis=0)
    if len(places) == 0 or not np.isfinite(places).all():
        raise ValueError("An outline needs at least one finite place.")
    members = shapely.multipoints(shapely.points(places[:, 1:]), indices=places[:, 0].astype(np.int64))
    hulls = shapely.concave_hull(members, ratio=HULL_RATIO)
    wide = shapely.buffer(hulls, min(eps_m / 2, FURTHEST_WIDENING_M), quad_segs=CORNER_SEGMENTS)
    simple = shapely.simplify(wide, min(SIMPLIFY_M, eps_m * SIMPLIFY_SHARE))
    return tuple(_plain_polygon(shape, METRE_GRID, 2) for shape in simple)


def to_wgs84(polygon: Polygon, epsg: int = SWEREF99_TM) -> Polygon:
    """A polygon in metres as RFC 7946 wants it: lon, lat with six decimals, counter-clockwise, valid."""
    return outlines_to_wgs84((polygon,), epsg)[0]


def outlines_to_wgs84(polygons: tuple[Polygon, ...], epsg: int = SWEREF99_TM) -> tuple[Polygon, ...]:
    """Like `to_wgs84`, for many at once."""
    moved = shapely.transform(np.asarray(polygons, dtype=object), _to_degrees(epsg).transform, interleaved=False)
    return tuple(_plain_polygon(shape, 10.0**-DEGREE_DECIMALS, DEGREE_DECIMALS) for shape in moved)


def marks(polygons: tuple[Polygon, ...], centres: Coordinates) -> Coordinates:
    """The point (k, 2) that stands for each outline: the given centre, or one inside if that lies outside."""
    shapes = np.asarray(polygons, dtype=object)
    is_inside = shapely.covers(shapes, shapely.points(centres))
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes))
    return np.where(is_inside[:, None], centres, inner)


def lonlat(xy: Coordinates, epsg: int = SWEREF99_TM) -> Coordinates:
    """Lon, lat (n, 2) in degrees with six decimals for places (n, 2) in metres."""
    lon, lat = _to_degrees(epsg).transform(xy[:, 0], xy[:, 1])
    degrees: Coordinates = np.round(np.column_stack((lon, lat)), DEGREE_DECIMALS)
    return degrees


def _to_degrees(epsg: int) -> Transformer:
    """Made anew each time: a transformer belongs to one thread."""
    return Transformer.from_crs(epsg, WGS84, always_xy=True)


def _plain_polygon(shape: Polygon, grid: float, decimals: int) -> Polygon:
    """The largest piece on the grid, holes filled, counter-clockwise, no point twice in a row."""
    pieces = shapely.get_parts(shapely.set_precision(shape, grid))
    largest = max(pieces, key=shapely.area)
    ring = np.round(shapely.get_coordinates(shapely.get_exterior_ring(largest)), decimals)
    plain: Polygon = shapely.orient_polygons(Polygon(ring))
    return plain
