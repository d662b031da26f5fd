"""Exact DBSCAN at the limit of the machine: whole decimetres, sorted cells, machine code without Python's lock.

Importing this imports numba and takes a second; `dbscan.find_clusters` is the door that waits with it.
"""

import sys
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel import cells, grid
from app.core.analysis.points import Coordinates, Mask

NO_WEIGHTS = np.empty(0, np.int32)
MOST_WEIGHT = 2**30 - 1
SAMPLE_M = np.array([[0.0, 0.0], [0.0, 1.0], [40.0, 0.0]])


def cluster(
    xy: Coordinates,
    *,
    eps_dm: int,
    min_weight: int,
    weights: NDArray[np.int32] = NO_WEIGHTS,
    border: Literal["nearest", "sklearn"] = "nearest",
) -> tuple[NDArray[np.int32], Mask]:
    """Labels (n,) and cores (n,) of incidents at xy (n, 2) metres, rounded to whole decimetres.

    weights: (n,) what each counts for, zero or more, in all less than 2**30; empty where each counts for one.
    Takes at most 64 bytes an incident besides its input, however densely they lie. Raises ValueError for places
    that are nowhere, TooLargeError when they lie too far apart for eps_dm.
    """
    n = len(xy)
    if n == 0:
        return np.empty(0, np.int32), np.empty(0, np.bool_)
    xy = np.ascontiguousarray(xy, np.float64)
    where = grid.grid_of(xy, eps_dm)
    low_bits = grid.row_bits(n)
    entries = grid.entries_by_cell(xy, where)
    cell_count, most_boxes = cells.size(entries, low_bits)
    filled = cells.lay_out(xy, weights, entries, low_bits, where.west, where.south, cell_count, most_boxes)
    eps2 = eps_dm * eps_dm
    cells.find_cores(filled, where.height, eps2, min(min_weight, MOST_WEIGHT))
    leader = cells.join_groups(filled, where.height, eps2)
    label = _numbered(leader, cells.first_rows(filled, leader), n)
    return cells.label_rows(filled, label, where.height, eps2, border == "nearest")


def _numbered(leader: NDArray[np.int32], first_row: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """The number of each cell's group (k,), by first core row; cells without cores get any."""
    groups = np.flatnonzero(first_row < n)
    number = np.zeros(len(leader), np.int32)
    number[groups[np.argsort(first_row[groups])]] = np.arange(len(groups), dtype=np.int32)
    numbers: NDArray[np.int32] = number[leader]
    return numbers
