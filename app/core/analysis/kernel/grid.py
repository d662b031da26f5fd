"""Round incidents to decimetres, put them in square cells and sort them by cell.

The side of a cell is chosen in whole decimetres so that two incidents of one cell are always near each other,
and near incidents are at most two cells apart.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel.compiling import compiled, inlined
from app.core.analysis.points import FURTHEST_M, Coordinates
from app.core.errors import TooLargeError

DIGIT_BITS = 11  # of one pass of the sort: 2048 open ends fit the nearest caches
EDGE = 2  # empty cells round the map, so that no cell's neighbours wrap to the next column


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the cells lie. All lengths in decimetres; a cell's key is column * height + row."""

    west: int
    south: int
    side: int
    height: int  # rows, with the edge
    key_bits: int


def grid_of(xy: Coordinates, eps_dm: int) -> Grid:
    """The grid for incidents (n, 2) in metres, n >= 1.

    Raises ValueError for places that are not finite or not on Earth, TooLargeError when there would be more
    cells than can be numbered.
    """
    west_m, east_m, south_m, north_m = bounds(xy)
    if not max(abs(west_m), abs(east_m), abs(south_m), abs(north_m)) <= FURTHEST_M:
        raise ValueError("Every incident needs a finite place on Earth.")
    west, east = int(decimetres(west_m)), int(decimetres(east_m))
    south, north = int(decimetres(south_m)), int(decimetres(north_m))
    side = math.isqrt(eps_dm * eps_dm // 2) + 1
    width = (east - west) // side + 1 + 2 * EDGE
    height = (north - south) // side + 1 + 2 * EDGE
    key_bits = (width * height - 1).bit_length()
    if key_bits + row_bits(len(xy)) >= 63:  # noqa: PLR2004 -- a key and a row share one signed 64-bit number
        raise TooLargeError(
            f"The incidents lie too far apart for a distance of {eps_dm / 10:g} m: choose a smaller area or a "
            "greater distance."
        )
    return Grid(west, south, side, height, key_bits)


def row_bits(n: int) -> int:
    """How many bits number n rows."""
    return (n - 1).bit_length()


def entries_by_cell(xy: Coordinates, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every incident its cell's key and, in the low `row_bits(n)` bits, its row; (n,) sorted.

    And the sort's second array, (n,), to be used again.
    """
    n = len(xy)
    entries, spare = np.empty(n, np.int64), np.empty(n, np.int64)
    write_keys(xy, grid.west, grid.south, grid.side, grid.height, row_bits(n), entries)
    return sorted_by_key(entries, spare, row_bits(n), grid.key_bits)


@inlined
def decimetres(metres: float) -> int:
    """Whole decimetres, halves to even, as numpy.rint: adding and taking away 1.5 * 2**52 rounds a float64."""
    return int((metres * 10.0 + 6755399441055744.0) - 6755399441055744.0)


@compiled
def bounds(xy: Coordinates) -> tuple[float, float, float, float]:
    """West, east, south and north in metres; four nan when any coordinate is."""
    west, east, south, north = np.inf, -np.inf, np.inf, -np.inf
    for row in range(xy.shape[0]):
        x, y = xy[row, 0], xy[row, 1]
        if x != x or y != y:  # noqa: PLR0124 -- nan
            return np.nan, np.nan, np.nan, np.nan
        west = min(west, x)
        east = max(east, x)
        south = min(south, y)
        north = max(north, y)
    return west, east, south, north


@compiled
def write_keys(
    xy: Coordinates, west: int, south: int, side: int, height: int, low_bits: int, entries: NDArray[np.int64]
) -> None:
    """Key and row of every incident, by row. Half a decimetre keeps the division off the cells' edges."""
    per_side = 1.0 / side
    for row in range(xy.shape[0]):
        column = int((decimetres(xy[row, 0]) - west + 0.5) * per_side) + EDGE
        line = int((decimetres(xy[row, 1]) - south + 0.5) * per_side) + EDGE
        entries[row] = ((column * height + line) << low_bits) | row


@compiled
def sorted_by_key(
    entries: NDArray[np.int64], spare: NDArray[np.int64], low_bits: int, key_bits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries in order of the `key_bits` bits above the low ones: a stable radix sort, digit by digit.

    Both arrays come back, the sorted one first.
    """
    n = entries.shape[0]
    passes = (key_bits + DIGIT_BITS - 1) // DIGIT_BITS
    digit_bits = (key_bits + passes - 1) // passes
    mask = (1 << digit_bits) - 1
    counts = np.zeros((passes, mask + 1), np.int64)
    for i in range(n):
        key = entries[i] >> low_bits
        for digit in range(passes):
            counts[digit, (key >> (digit * digit_bits)) & mask] += 1
    for digit in range(passes):
        starts = counts[digit]
        total = 0
        for value in range(mask + 1):
            count = starts[value]
            starts[value] = total
            total += count
        shift = low_bits + digit * digit_bits
        for i in range(n):
            value = (entries[i] >> shift) & mask
            spare[starts[value]] = entries[i]
            starts[value] += 1
        entries, spare = spare, entries
    return entries, spare
