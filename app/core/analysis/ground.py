"""Where on the ground an incident would have enough others around it.

A core of DBSCAN is an incident with so many others within eps. Asked of every small square instead of every
incident, the same question gives the outline of a hot spot: anywhere inside it there are that many within eps.
The squares lie on whole multiples of their side, so the same place is the same square in every run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis.dbscan import has_kernel
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates, Floats, Mask

CELL_M = 12.5
ACTIVE_CELL_M = 50.0
ACTIVE_REACH_M = 250.0
POINTS_AT_A_TIME = 100_000
SIMPLIFY_M = 0.75 * CELL_M  # turns the steps of a slanting edge into the slant
LIKE = 0.1  # how much of its area an outline may win or lose to be simple; a small one would lose half
ROW = 1 << 32  # a square is one number: column * ROW + row
HALF = ROW // 2

Cells = NDArray[np.int64]  # (c, 2) column and row of squares


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Every square whose middle has an incident within `reach_m`, and how far off those incidents are.

    cells: (c, 2) ascending. cell_of_pair: (p,) index into cells, and squared_m2: (p,) squared metres, of each
    pair of a square and an incident near it.
    """

    cells: Cells
    cell_of_pair: NDArray[np.int64]
    squared_m2: Floats
    reach_m: float

    @classmethod
    def around(cls, xy: Coordinates, reach_m: float) -> "Ground":
        """The ground around incidents (n, 2) in metres. Raises ValueError for places that are nowhere."""
        found = list(near_squares(xy, CELL_M, reach_m))
        keys = np.concatenate([keys for keys, _, _ in found]) if found else np.empty(0, dtype=np.int64)
        squared = np.concatenate([squared for _, _, squared in found]) if found else np.empty(0)
        distinct, cell_of_pair = np.unique(keys, return_inverse=True)
        return cls(_unpacked(distinct), cell_of_pair, squared, reach_m)

    def counts(self, eps_m: float) -> NDArray[np.int64]:
        """How many incidents (c,) lie within eps_m of the middle of each square; eps_m at most reach_m."""
        near = self.cell_of_pair[self.squared_m2 <= eps_m**2]
        return np.bincount(near, minlength=len(self.cells))


def crowded(xy: Coordinates, rule: ClusterRule, core: Mask) -> tuple[Cells, NDArray[np.int64]]:
    """Squares with enough incidents (n, 2) near their middle: (c, 2) ascending, and how many (c,).

    All those that hang together with the square of a core (n,), and maybe others.
    """
    seeds = np.unique(np.floor(xy[core] / CELL_M).astype(np.int64), axis=0)
    if len(seeds) == 0:
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
    if has_kernel():
        from app.core.analysis.kernel import squares  # noqa: PLC0415 -- numba takes a second

        return squares.crowded(xy, seeds, side_m=CELL_M, reach_m=rule.eps_m, fewest=rule.min_incidents)
    around = Ground.around(xy, rule.eps_m)
    counts = around.counts(rule.eps_m)
    is_crowded = counts >= rule.min_incidents
    return around.cells[is_crowded], counts[is_crowded]


def near_squares(
    xy: Coordinates, cell_m: float, reach_m: float, points_at_a_time: int = POINTS_AT_A_TIME
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """Every pair of a square and an incident within reach_m of its middle, some incidents at a time.

    Yields the square's number (p,), the incident's row (p,) and their squared distance (p,) in m2. Raises
    ValueError for places that are nowhere.
    """
    if not np.isfinite(xy).all():
        raise ValueError("Every incident needs a finite place.")
    steps = np.arange(-int(reach_m // cell_m) - 1, int(reach_m // cell_m) + 2)
    window = np.array([(i, j) for i in steps for j in steps], dtype=np.int64)
    nearest = np.maximum(np.abs(window) - 1, 0) * cell_m  # whatever the place inside its own square
    window = window[(nearest**2).sum(axis=1) <= reach_m**2]
    for start in range(0, len(xy), points_at_a_time):
        places = xy[start : start + points_at_a_time]
        own = np.floor(places / cell_m).astype(np.int64)
        own_key = _packed(own)
        off_m = places - (own + 0.5) * cell_m  # of the middle of the own square
        squared_of_step = {int(step): (off_m - step * cell_m) ** 2 for step in steps}
        rows, keys, squared = [], [], []
        for i, j in window.tolist():
            far_m2 = squared_of_step[i][:, 0] + squared_of_step[j][:, 1]
            near = np.flatnonzero(far_m2 <= reach_m**2)
            rows.append(near + start)
            keys.append(own_key[near] + (i * ROW + j))
            squared.append(far_m2[near])
        yield np.concatenate(keys), np.concatenate(rows), np.concatenate(squared)


def squares_within(xy: Coordinates, cell_m: float, reach_m: float) -> Cells:
    """The squares (c, 2), ascending, with any of the incidents (n, 2) within reach_m of their middle."""
    squares = np.empty(0, dtype=np.int64)
    for keys, _, _ in near_squares(xy, cell_m, reach_m):
        squares = np.unique(np.append(squares, keys))
    return _unpacked(squares)


def active_since(xy: Coordinates, occurred_s: Floats) -> tuple[Cells, Floats]:
    """The 50 m squares (c, 2) with an incident within 250 m of their middle, and when (c,) the first occurred.

    xy: (n, 2) metres; occurred_s: (n,) epoch seconds.
    """
    squares = np.empty(0, dtype=np.int64)
    first_s = np.empty(0)
    for keys, rows, _ in near_squares(xy, ACTIVE_CELL_M, ACTIVE_REACH_M):
        squares, first_s = _earliest(np.r_[squares, keys], np.r_[first_s, occurred_s[rows]])
    return _unpacked(squares), first_s


def active_area_m2(xy: Coordinates) -> float:
    """How much ground is active: 50 m squares within 250 m of any of the incidents (n, 2)."""
    cells, _ = active_since(xy, np.zeros(len(xy)))
    return len(cells) * ACTIVE_CELL_M**2


def pieces(cells: Cells) -> NDArray[np.int32]:
    """The number (c,) of the connected piece that each square (c, 2) belongs to; sides touch, corners do not.

    Pieces are numbered by their first square in ascending order.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 -- only an analysis needs it
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    keys = _packed(cells)
    order = np.argsort(keys)
    ascending = keys[order]
    starts, ends = [], []
    for step in (1, ROW):
        after = np.searchsorted(ascending, ascending + step)
        touches = after < len(keys)
        touches[touches] = ascending[after[touches]] == ascending[touches] + step
        starts.append(np.flatnonzero(touches))
        ends.append(after[touches])
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(len(keys), len(keys)))
    _, found = connected_components(graph, directed=False)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    labels = np.empty(len(keys), dtype=np.int32)
    labels[order] = rank[inverse]
    return labels


def outlines(cells: Cells, labels: NDArray[np.int32]) -> tuple[Polygon, ...]:
    """One plain polygon in metres for each piece 0..k-1 of squares (c, 2): no holes, counter-clockwise, valid."""
    if len(cells) == 0:
        return ()
    whole = shapely.polygons(shapely.get_exterior_ring(merged(cells, CELL_M, labels)))
    simple = shapely.simplify(whole, SIMPLIFY_M)
    is_like = np.abs(shapely.area(simple) / shapely.area(whole) - 1) <= LIKE
    plain: tuple[Polygon, ...] = tuple(shapely.orient_polygons(np.where(is_like, simple, whole)))
    return plain


def merged(cells: Cells, cell_m: float, labels: NDArray[np.int32]) -> NDArray[np.object_]:
    """The union (k,) of the squares (c, 2) of each label 0..k-1."""
    if len(cells) == 0:
        return np.empty(0, dtype=object)
    corner = cells * cell_m
    shapes = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + cell_m, corner[:, 1] + cell_m)
    order = np.argsort(labels, kind="stable")
    groups = np.split(shapes[order], np.flatnonzero(np.diff(labels[order])) + 1)
    return np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)


def squares_of(xy: Coordinates, cells: Cells) -> NDArray[np.int64]:
    """Which of the squares (c, 2), in ascending order, each place (n, 2) lies in; -1 for none of them."""
    return rows_of(np.floor(xy / CELL_M).astype(np.int64), cells)


def rows_of(squares: Cells, cells: Cells) -> NDArray[np.int64]:
    """The row of each of some squares (s, 2) among cells (c, 2) in ascending order; -1 for none of them."""
    keys, wanted = _packed(cells), _packed(squares)
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    is_one: Mask = keys[at] == wanted if len(keys) else np.zeros(len(squares), dtype=np.bool_)
    return np.where(is_one, at, -1)


def _earliest(keys: NDArray[np.int64], times_s: Floats) -> tuple[NDArray[np.int64], Floats]:
    distinct, of_key = np.unique(keys, return_inverse=True)
    first_s = np.full(len(distinct), np.inf)
    np.minimum.at(first_s, of_key, times_s)
    return distinct, first_s


def _packed(cells: Cells) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = cells[:, 0] * ROW + (cells[:, 1] + HALF)
    return keys


def _unpacked(keys: NDArray[np.int64]) -> Cells:
    return np.column_stack((keys // ROW, keys % ROW - HALF))
