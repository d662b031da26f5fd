"""Exact DBSCAN at the limit of the machine: whole decimetres, sorted cells, machine code without Python's lock.

Importing this imports numba and takes a second; `dbscan.find_clusters` is the door that waits with it.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel import compiling, grid, groups, merging, squares
from app.core.analysis.points import Coordinates, Kind, Mask

NO_WEIGHTS = np.empty(0, np.int32)
ENTRANCES = (  # the compiled functions that Python calls
    grid.decimetres,
    grid.bounds,
    grid.write_keys,
    grid.sorted_by_key,
    merging.cell_count,
    merging.merge_by_cell,
    groups.count_boxes,
    groups.draw_boxes,
    groups.find_cores,
    groups.join_groups,
    groups.first_rows,
    groups.relabel,
    groups.label_rows,
    squares.write_blocks,
    squares.gather,
    squares.flood,
    squares.draw,
)


def warm_up() -> None:
    """Load the machine code, or compile it and keep it: a second against half a minute."""
    places = np.array([[0.0, 0.0], [0.0, 1.0], [40.0, 0.0]])
    cluster(places, eps_dm=10, min_weight=2)
    squares.crowded(places, np.zeros((1, 2), np.int64), side_m=1.0, reach_m=1.0, fewest=2)


def is_warm() -> bool:
    """Whether a first call would find its machine code. Compiles nothing."""
    return all(compiling.is_kept(function) for function in ENTRANCES)


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
    xy, weights = _read_only(np.ascontiguousarray(xy, np.float64)), _read_only(weights)
    where = grid.grid_of(xy, eps_dm)
    cells = _merged(xy, weights, where)
    eps2 = eps_dm * eps_dm
    groups.find_cores(cells, where.height, eps2, min_weight)
    label = groups.join_groups(cells, where.height, eps2)
    groups.relabel(label, _numbers(groups.first_rows(cells, label), n))
    # numpy's memory comes in large pages, numba's does not: far writes are dearer there
    labels, core = np.empty(n, np.int32), np.empty(n, np.bool_)
    groups.label_rows(cells, label, where.height, eps2, border == "nearest", labels, core)
    return labels, core


def _read_only(values: NDArray[Kind]) -> NDArray[Kind]:
    """The same values; numba compiles once for arrays that may be written and once for those that may not."""
    view = values.view()
    view.flags.writeable = False
    return view


def _merged(xy: Coordinates, weights: NDArray[np.int32], where: grid.Grid) -> groups.Cells:
    """The incidents by cell, equal places merged."""
    n = len(xy)
    entries, spare = grid.entries_by_cell(xy, where)
    low_bits = grid.row_bits(n)
    cell_count = merging.cell_count(entries, low_bits)
    keys = np.empty(cell_count, np.int64)
    table = np.empty((cell_count + 1, merging.COLUMNS), np.int32)
    place_weight = np.empty(n, np.int32)
    place_count = merging.merge_by_cell(
        xy, weights, entries, low_bits, where.west, where.south, keys, table, spare, place_weight
    )
    boxes = np.empty((groups.count_boxes(table), 5), np.int32)
    is_core = np.zeros(place_count, np.bool_)
    cells = groups.Cells(keys, table, boxes, spare, place_weight, is_core, entries)
    groups.draw_boxes(cells)
    return cells


def _numbers(first_row: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """The number of each group, by first core row, at its leader; first_row (k,) is n elsewhere, and changed."""
    leaders = np.flatnonzero(first_row < n)
    first_row[leaders[np.argsort(first_row[leaders])]] = np.arange(len(leaders), dtype=np.int32)
    return first_row
