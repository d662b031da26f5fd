"""The ways of finding hot spots that ours is measured against: fixed DBSCAN, a count grid, and density surfaces.

Each flags the same share of the active ground, except fixed DBSCAN, which takes no share and flags what it finds.
It is given the last eight weeks only, where it does best: in a year of incidents its groups run together.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis import ground
from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES, find_clusters
from app.core.analysis.ground import ACTIVE_CELL_M, Cells
from app.core.analysis.outlines import outlines
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates, Floats

FIXED_RULE = ClusterRule(eps_m=100, min_incidents=10)
FIXED_WINDOW_WEEKS = 8
GRID_CELL_M = 200.0
TAIL = 4.0  # bandwidths away, an incident no longer raises the surface

Polygons = tuple[Polygon, ...]


def fixed_dbscan(xy: Coordinates, *, memory_limit_bytes: int = MEMORY_LIMIT_BYTES) -> Polygons:
    """The outlines of all groups of incidents (n, 2). Raises TooLargeError as `find_clusters` does."""
    labels = find_clusters(xy, FIXED_RULE, memory_limit_bytes=memory_limit_bytes).labels
    return outlines(xy, labels, FIXED_RULE.eps_m) if (labels >= 0).any() else ()


def count_grid(xy: Coordinates, area_m2: float, offset_m: tuple[float, float] = (0.0, 0.0)) -> Polygons:
    """The 200 m squares with most incidents (n, 2), as many as area_m2 holds; ties to the west, then south.

    offset_m: how far east and north the grid is moved, which changes what it finds.
    """
    origin = np.asarray(offset_m)
    cells, counts = np.unique(np.floor((xy - origin) / GRID_CELL_M).astype(np.int64), axis=0, return_counts=True)
    return _areas(cells[_most(counts, round(area_m2 / GRID_CELL_M**2))], GRID_CELL_M, offset_m)


def density_surface(xy: Coordinates, active: Cells, area_m2: float, bandwidth_m: float) -> Polygons:
    """The active 50 m squares (c, 2) where a Gaussian surface over incidents (n, 2) is highest."""
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 -- only a backtest needs it

    lowest = active.min(axis=0)
    at = np.floor(xy / ACTIVE_CELL_M).astype(np.int64) - lowest
    surface = np.zeros(active.max(axis=0) - lowest + 1)
    np.add.at(surface, (at[:, 0], at[:, 1]), 1.0)  # incidents lie on active ground
    surface = gaussian_filter(surface, bandwidth_m / ACTIVE_CELL_M, mode="constant", truncate=TAIL)
    heights = surface[active[:, 0] - lowest[0], active[:, 1] - lowest[1]]
    return _areas(active[_most(heights, round(area_m2 / ACTIVE_CELL_M**2))], ACTIVE_CELL_M)


def _most(values: Floats | NDArray[np.int64], how_many: int) -> NDArray[np.intp]:
    """The rows of the greatest values, ascending; of equal ones the first."""
    return np.sort(np.argsort(-values, kind="stable")[:how_many])


def _areas(cells: Cells, cell_m: float, offset_m: tuple[float, float] = (0.0, 0.0)) -> Polygons:
    """Squares (c, 2) as areas; those that share a side are one."""
    areas = ground.merged(cells, cell_m, ground.pieces(cells))
    return tuple(shapely.transform(areas, lambda corners: corners + offset_m))
