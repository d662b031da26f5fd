"""Count incidents around small squares of ground, but only where a hot spot may be.

The search starts at the squares of cores and goes on, a block of squares at a time, as long as the ground next
to it is crowded. Most of a map is never looked at, and nearly nothing of a random one.
"""
# ruff: noqa: PLR0913 -- arrays go one by one into the hot loops

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.kernel import grid
from app.core.analysis.kernel.compiling import compiled, inlined
from app.core.analysis.points import Coordinates, Floats

Squares = NDArray[np.int64]  # (c, 2) column and row
Whole = NDArray[np.int64]


def crowded(
    xy: Coordinates, seeds: Squares, *, side_m: float, reach_m: float, fewest: int
) -> tuple[Squares, NDArray[np.int64]]:
    """Squares with at least `fewest` incidents within reach_m of their middle: (c, 2) ascending, and how many (c,).

    All those that hang together with one of the seeds (s, 2), which are squares of incidents; some others too.
    xy: (n, 2) metres, n >= 1, places that `cluster` takes with an eps of reach_m.
    """
    blocks = _Blocks.of(xy, side_m, reach_m)
    waiting = np.unique(blocks.keys_of(seeds))
    seen = waiting
    found, counts = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    while len(waiting):
        near, near_counts = blocks.search(waiting, reach_m, fewest)
        found.append(near)
        counts.append(near_counts)
        beside = np.concatenate([blocks.keys_of(near + step) for step in ((1, 0), (-1, 0), (0, 1), (0, -1))])
        waiting = np.setdiff1d(beside, seen)
        seen = np.union1d(seen, waiting)
    together, all_counts = np.concatenate(found), np.concatenate(counts)
    order = np.lexsort((together[:, 1], together[:, 0]))
    return together[order], all_counts[order]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Incidents by block: a square of squares as wide as the reach, so all near it is in the nine around it."""

    side: int  # squares along a block
    side_m: float  # of a square
    south_west: NDArray[np.int64]  # (2,) the first block
    height: int  # a block's key is column * height + row
    keys: NDArray[np.int64]  # (b,) occupied blocks, ascending
    starts: NDArray[np.int64]  # (b + 1,) the first incident of each
    square: Squares  # (n, 2) of each incident, by block
    off_m: Floats  # (n, 2) how far each incident is from the middle of its square

    @classmethod
    def of(cls, xy: Coordinates, side_m: float, reach_m: float) -> Self:
        square = np.floor(xy / side_m).astype(np.int64)
        off_m = xy - (square + 0.5) * side_m
        side = math.ceil(reach_m / side_m)
        block = square // side
        south_west = block.min(axis=0) - grid.EDGE
        block -= south_west
        width, height = (block.max(axis=0) + 1 + grid.EDGE).tolist()
        low_bits = grid.row_bits(len(xy))
        entries = ((block[:, 0] * height + block[:, 1]) << low_bits) | np.arange(len(xy))
        entries, _ = grid.sorted_by_key(entries, np.empty_like(entries), low_bits, (width * height - 1).bit_length())
        rows, keys = entries & ((1 << low_bits) - 1), entries >> low_bits
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        return cls(
            side, side_m, south_west, height, keys[first], np.append(first, len(xy)), square[rows], off_m[rows]
        )

    def keys_of(self, squares: Squares) -> NDArray[np.int64]:
        block = squares // self.side - self.south_west
        keys: NDArray[np.int64] = block[:, 0] * self.height + block[:, 1]
        return keys

    def search(self, wanted: NDArray[np.int64], reach_m: float, fewest: int) -> tuple[Squares, NDArray[np.int64]]:
        """The crowded squares of some blocks."""
        squares = np.empty((len(wanted) * self.side**2, 2), np.int64)
        counts = np.empty(len(squares), np.int64)
        south_west = self.south_west * self.side
        found = search_blocks(
            self.square,
            self.off_m,
            self.keys,
            self.starts,
            wanted,
            self.height,
            self.side,
            south_west,
            self.side_m,
            reach_m**2,
            fewest,
            squares,
            counts,
        )
        return squares[:found], counts[:found]


@compiled
def search_blocks(
    square: Squares,
    off_m: Floats,
    keys: NDArray[np.int64],
    starts: NDArray[np.int64],
    wanted: NDArray[np.int64],
    height: int,
    side: int,
    south_west: NDArray[np.int64],
    side_m: float,
    reach_m2: float,
    fewest: int,
    squares: Squares,
    counts: NDArray[np.int64],
) -> int:
    """Write the crowded squares of the wanted blocks (w,) and their counts; says how many there are."""
    found = 0
    near = np.empty((side, side), np.int64)
    for block in wanted:
        west, south = south_west[0] + block // height * side, south_west[1] + block % height * side
        near[:] = 0
        for column in range(-1, 2):
            first = starts[first_at_least(keys, block + column * height - 1)]
            end = starts[first_at_least(keys, block + column * height + 2)]
            for i in range(first, end):
                for x in range(side):
                    dx = off_m[i, 0] - (west + x - square[i, 0]) * side_m
                    for y in range(side):
                        dy = off_m[i, 1] - (south + y - square[i, 1]) * side_m
                        near[x, y] += dx * dx + dy * dy <= reach_m2
        for x in range(side):
            for y in range(side):
                if near[x, y] >= fewest:
                    squares[found, 0], squares[found, 1] = west + x, south + y
                    counts[found] = near[x, y]
                    found += 1
    return found


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
