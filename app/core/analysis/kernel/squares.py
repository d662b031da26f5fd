"""Count incidents around small squares of ground, but only where a hot spot may be.

The search starts at the squares of cores and goes on, a block of squares at a time, as long as the ground next
to it is crowded. Most of a map is never looked at, and nearly nothing of a random one.
"""
# ruff: noqa: PLR0913, C901, PLR0912, PLR0915 -- arrays go one by one, and the one hot loop calls nothing

import math

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel import grid
from app.core.analysis.kernel.compiling import compiled, inlined
from app.core.analysis.points import Coordinates, Floats

Squares = NDArray[np.int64]  # (c, 2) column and row


def crowded(
    xy: Coordinates, seeds: Squares, *, side_m: float, reach_m: float, fewest: int
) -> tuple[Squares, NDArray[np.int64]]:
    """Squares with at least `fewest` incidents within reach_m of their middle: (c, 2) ascending, and how many (c,).

    All those that hang together with one of the seeds (s, 2), which are squares of incidents; some others too.
    xy: (n, 2) metres, n >= 1, places that `cluster` takes with an eps of reach_m.
    """
    n = len(xy)
    side = math.ceil(reach_m / side_m)  # of a block, in squares: all that is near it lies in the nine around it
    west_m, east_m, south_m, north_m = grid.bounds(xy)
    west, south = (math.floor(m / side_m) // side - grid.EDGE for m in (west_m, south_m))
    width, height = (
        math.floor(m / side_m) // side - first + 1 + grid.EDGE for m, first in ((east_m, west), (north_m, south))
    )
    low_bits = grid.row_bits(n)
    entries, spare = np.empty(n, np.int64), np.empty(n, np.int64)
    write_blocks(xy, side_m, side, west, south, height, low_bits, entries)
    entries, spare = grid.sorted_by_key(entries, spare, low_bits, (width * height - 1).bit_length())
    square, off_m, starts = np.empty((n, 2), np.int64), np.empty((n, 2)), np.empty(n + 1, np.int64)
    blocks = gather(xy, side_m, entries, low_bits, square, off_m, spare, starts)
    waiting = (seeds[:, 0] // side - west) * height + seeds[:, 1] // side - south
    squares, counts = flood(
        square,
        off_m,
        spare[:blocks],
        starts[: blocks + 1],
        waiting,
        height,
        side,
        west * side,
        south * side,
        side_m,
        reach_m**2,
        fewest,
    )
    order = np.lexsort((squares[:, 1], squares[:, 0]))
    return squares[order], counts[order]


@compiled
def write_blocks(
    xy: Coordinates,
    side_m: float,
    side: int,
    west: int,
    south: int,
    height: int,
    low_bits: int,
    entries: NDArray[np.int64],
) -> None:
    """For every incident its block's key, column * height + row, and in the low bits its own row (n,)."""
    for row in range(xy.shape[0]):
        column = int(np.floor(xy[row, 0] / side_m)) // side - west
        line = int(np.floor(xy[row, 1] / side_m)) // side - south
        entries[row] = ((column * height + line) << low_bits) | row


@compiled
def gather(
    xy: Coordinates,
    side_m: float,
    entries: NDArray[np.int64],
    low_bits: int,
    square: Squares,
    off_m: Floats,
    keys: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> int:
    """How many blocks are occupied. Fills, by block: its key and first incident, and one more for the end.

    And by incident: its square (n, 2), and how far it is from that square's middle (n, 2).
    """
    row_mask = (1 << low_bits) - 1
    blocks = 0
    for i in range(entries.shape[0]):
        key, row = entries[i] >> low_bits, entries[i] & row_mask
        if blocks == 0 or keys[blocks - 1] != key:
            keys[blocks], starts[blocks] = key, i
            blocks += 1
        for axis in range(2):
            own = np.floor(xy[row, axis] / side_m)
            square[i, axis] = int(own)
            off_m[i, axis] = xy[row, axis] - (own + 0.5) * side_m
    starts[blocks] = entries.shape[0]
    return blocks


@compiled
def flood(
    square: Squares,
    off_m: Floats,
    keys: NDArray[np.int64],
    starts: NDArray[np.int64],
    seeds: NDArray[np.int64],
    height: int,
    side: int,
    west: int,
    south: int,
    side_m: float,
    reach_m2: float,
    fewest: int,
) -> tuple[Squares, NDArray[np.int64]]:
    """The crowded squares of the seeds' blocks (s,), of those next to crowded ground in them, and so on.

    A block is known by the first occupied one of the nine around it, and where it is from there.
    """
    seen = np.zeros((keys.shape[0], 9), np.bool_)
    waiting = np.empty(max(seeds.shape[0], 64), np.int64)
    squares, counts = np.empty((256, 2), np.int64), np.empty(256, np.int64)
    near = np.empty((side, side), np.int64)
    first, end = np.empty(3, np.int64), np.empty(3, np.int64)
    used, found = 0, 0
    for seed in seeds:
        waiting[0] = seed
        used = 1
        while used > 0:
            used -= 1
            block = waiting[used]
            leader = -1
            total = 0
            for column in range(3):
                low = first_at_least(keys, block + (column - 1) * height - 1)
                high = first_at_least(keys, block + (column - 1) * height + 2)
                first[column], end[column] = starts[low], starts[high]
                total += starts[high] - starts[low]
                if leader < 0 and high > low:
                    leader = low
            if total < fewest:
                continue
            away = keys[leader] - block  # column * height + row, each from -1 to 1
            column = 0 if away < -1 else 2 if away > 1 else 1
            which = column * 3 + away - (column - 1) * height + 1
            if seen[leader, which]:
                continue
            seen[leader, which] = True
            corner_x, corner_y = west + block // height * side, south + block % height * side
            near[:] = 0
            for column in range(3):
                for i in range(first[column], end[column]):
                    for x in range(side):
                        dx = off_m[i, 0] - (corner_x + x - square[i, 0]) * side_m
                        for y in range(side):
                            dy = off_m[i, 1] - (corner_y + y - square[i, 1]) * side_m
                            near[x, y] += dx * dx + dy * dy <= reach_m2
            if found + side * side > counts.shape[0]:
                squares, counts = longer(squares, counts, 2 * (found + side * side))
            is_open_west, is_open_east, is_open_south, is_open_north = False, False, False, False
            for x in range(side):
                for y in range(side):
                    if near[x, y] >= fewest:
                        squares[found, 0], squares[found, 1] = corner_x + x, corner_y + y
                        counts[found] = near[x, y]
                        found += 1
                        is_open_west |= x == 0
                        is_open_east |= x == side - 1
                        is_open_south |= y == 0
                        is_open_north |= y == side - 1
            if used + 4 > waiting.shape[0]:
                more = np.empty(2 * waiting.shape[0], np.int64)
                more[:used] = waiting[:used]
                waiting = more
            for is_open, step in (
                (is_open_west, -height),
                (is_open_east, height),
                (is_open_south, -1),
                (is_open_north, 1),
            ):
                if is_open:
                    waiting[used] = block + step
                    used += 1
    return squares[:found], counts[:found]


@inlined
def longer(squares: Squares, counts: NDArray[np.int64], length: int) -> tuple[Squares, NDArray[np.int64]]:
    """The same in arrays with more room."""
    more_squares, more_counts = np.empty((length, 2), np.int64), np.empty(length, np.int64)
    more_squares[: counts.shape[0]] = squares
    more_counts[: counts.shape[0]] = counts
    return more_squares, more_counts


@inlined
def first_at_least(keys: NDArray[np.int64], key: int) -> int:
    """The first of ascending keys that is not less."""
    low, high = 0, keys.shape[0]
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def draw(
    odds: Floats,
    guide: NDArray[np.int64],
    dice: Floats,
    corners: Coordinates,
    side_m: Floats,
    xy: Coordinates,
) -> None:
    """Put each incident (n, 2) somewhere on a square: dice (n, 3) say which one, and where on it, all in [0, 1).

    odds: (c,) shares added up, guide: (g + 1,) the square at each g-th part of them; corners: (c, 2) south-west,
    side_m: (c,), 0 for a place.
    """
    whole = odds[odds.shape[0] - 1]
    for row in range(xy.shape[0]):
        level = dice[row, 0] * whole
        at = guide[int(dice[row, 0] * (guide.shape[0] - 1))]
        while odds[at] <= level and at < odds.shape[0] - 1:
            at += 1
        xy[row, 0] = corners[at, 0] + dice[row, 1] * side_m[at]
        xy[row, 1] = corners[at, 1] + dice[row, 2] * side_m[at]
