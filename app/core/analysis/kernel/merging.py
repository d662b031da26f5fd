"""Gather incidents by cell and merge those at one place.

A place is one number, x * 2**32 + y, in decimetres from the grid's south-west corner: its order is x, then y.
"""
# ruff: noqa: PLR0913 -- arrays go one by one: a bundle of them would be counted in and out at each call

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel.compiling import compiled, inlined
from app.core.analysis.points import Coordinates

ROWS, PLACES, WEIGHT, CORES, BOX = 0, 1, 2, 3, 4  # columns of a table of cells
COLUMNS = 5
FEW = 8  # rows that are not worth merging
LOW = 0xFFFFFFFF


@compiled
def cell_count(entries: NDArray[np.int64], low_bits: int) -> int:
    """How many cells there are. Entries (n,): key and, in the low bits, row, by key."""
    cells = 1
    for i in range(1, entries.shape[0]):
        if entries[i] >> low_bits != entries[i - 1] >> low_bits:
            cells += 1
    return cells


@compiled
def merge_by_cell(
    xy: Coordinates,
    weights: NDArray[np.int32],
    entries: NDArray[np.int64],
    low_bits: int,
    west: int,
    south: int,
    keys: NDArray[np.int64],
    table: NDArray[np.int32],
    places: NDArray[np.int64],
    place_weight: NDArray[np.int32],
) -> int:
    """Fill keys (k,), the first three columns of the table (k + 1, 5), places and their weights (n,).

    Says how many places there are. weights: (n,), or (0,) where each incident counts for one. Entries change
    from key and row to place (its number, in the high half) and row.
    """
    n = entries.shape[0]
    has_weights = weights.shape[0] > 0
    row_mask = (1 << low_bits) - 1
    slots = np.empty(64, np.int32)
    first, cell, used = 0, 0, 0
    while first < n:
        key = entries[first] >> low_bits
        end = first
        while end < n and entries[end] >> low_bits == key:
            row = entries[end] & row_mask
            entries[end] = row
            # rounded as in grid.decimetres
            x = int((xy[row, 0] * 10.0 + 6755399441055744.0) - 6755399441055744.0) - west
            y = int((xy[row, 1] * 10.0 + 6755399441055744.0) - 6755399441055744.0) - south
            places[used + end - first] = (x << 32) | y
            end += 1
        keys[cell] = key
        table[cell, ROWS], table[cell, PLACES], table[cell, WEIGHT] = first, used, end - first
        if has_weights:
            total = 0
            for i in range(first, end):
                total += weights[entries[i]]
            table[cell, WEIGHT] = total
        if end - first <= FEW:
            for i in range(first, end):
                place_weight[used] = weights[entries[i]] if has_weights else 1
                entries[i] |= used << 32
                used += 1
        else:
            wanted = 64
            while wanted < 2 * (end - first):
                wanted *= 2
            if wanted > slots.shape[0]:
                slots = np.empty(wanted, np.int32)
            slots[:wanted] = -1
            used = merge(places, place_weight, entries, weights, slots, wanted - 1, first, end, used)
        cell += 1
        first = end
    table[cell, ROWS], table[cell, PLACES] = n, used
    return used


@inlined
def merge(
    places: NDArray[np.int64],
    place_weight: NDArray[np.int32],
    entries: NDArray[np.int64],
    weights: NDArray[np.int32],
    slots: NDArray[np.int32],
    mask: int,
    first: int,
    end: int,
    used: int,
) -> int:
    """Merge the places of the rows first..end of one cell, which stand from `used` on; the new end of places."""
    has_weights = weights.shape[0] > 0
    gathered = used
    for i in range(first, end):
        place = places[gathered + i - first]
        at = (((place >> 32) * 73856093) ^ ((place & LOW) * 19349663)) >> 5 & mask
        known = slots[at]
        while known >= 0 and places[known] != place:
            at = (at + 1) & mask
            known = slots[at]
        if known < 0:
            known = used
            slots[at] = used
            places[used] = place
            place_weight[used] = 0
            used += 1
        place_weight[known] += weights[entries[i]] if has_weights else 1
        entries[i] |= int(known) << 32
    return used
