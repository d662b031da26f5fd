"""Where the core incidents of a hot spot lie, coarsely: 25 m squares and how many cores are in each.

This is what is kept of a hot spot so that it can be known again. No incident can be told from it, so it stays when
incidents are deleted. The squares lie on whole multiples of their side, so the same place is the same square always.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Coordinates

SQUARE_M = 25.0
BESIDE = tuple(product((-1, 0, 1), repeat=2))  # a square and the eight around it: an address may lie on an edge
ROW = 1 << 32  # a square is one number: column * ROW + row

CorePlaces: TypeAlias = tuple[tuple[int, int, int], ...]  # column, row and core incidents of each square, ascending


@dataclass(frozen=True, slots=True)
class Link:
    """Two hot spots with cores in or beside the same squares, by their positions in the lists compared."""

    one: int
    other: int
    of_one: float  # share of its cores that lie in or beside squares of the other
    of_other: float

    @property
    def likeness(self) -> float:
        """One when both lie wholly in each other, little when one is a small part of the other."""
        return self.of_one * self.of_other


def core_places(core_xy: Coordinates) -> CorePlaces:
    """The squares that core incidents (n, 2) in metres lie in."""
    squares, counts = np.unique(np.floor(core_xy / SQUARE_M).astype(np.int64), axis=0, return_counts=True)
    return tuple((int(c), int(r), int(n)) for (c, r), n in zip(squares, counts, strict=True))


def middle(places: CorePlaces) -> tuple[float, float]:
    """The mean position of the cores in metres, as exactly as squares tell."""
    table = np.array(places, dtype=np.float64)
    x, y = np.average((table[:, :2] + 0.5) * SQUARE_M, axis=0, weights=table[:, 2])
    return float(x), float(y)


def links(ones: Sequence[CorePlaces], others: Sequence[CorePlaces]) -> list[Link]:
    """Every pair that shares ground, in the order of the lists."""
    if not ones or not others:
        return []
    of_one, of_other = _shares(ones, others), _shares(others, ones)
    pairs = sorted({*of_one, *((i, j) for j, i in of_other)})
    return [Link(i, j, of_one.get((i, j), 0.0), of_other.get((j, i), 0.0)) for i, j in pairs]


def _shares(these: Sequence[CorePlaces], those: Sequence[CorePlaces]) -> dict[tuple[int, int], float]:
    """For each pair that touches: how much of the first's cores lie in or beside squares of the second."""
    from scipy.sparse import csr_array  # noqa: PLC0415 -- only an adoption needs it

    cores, core_of, counts = _table(these)
    around, around_of, _ = _table([_widened(places) for places in those])
    squares, column = np.unique(np.concatenate((cores, around)), return_inverse=True)
    has = csr_array((counts, (core_of, column[: len(cores)])), shape=(len(these), len(squares)))
    touches = csr_array((np.ones(len(around)), (around_of, column[len(cores) :])), shape=(len(those), len(squares)))
    totals = has.sum(axis=1)
    common = (has @ touches.T).tocoo()
    return {
        (int(i), int(j)): float(n / totals[i]) for i, j, n in zip(*common.coords, common.data, strict=True) if n > 0
    }


def _widened(places: CorePlaces) -> CorePlaces:
    wide = {(c + i, r + j) for c, r, _ in places for i, j in BESIDE}
    return tuple((c, r, 1) for c, r in sorted(wide))


def _table(all_places: Sequence[CorePlaces]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Square, owner and count of every square of every hot spot."""
    rows = [(c * ROW + r, owner, n) for owner, places in enumerate(all_places) for c, r, n in places]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2].astype(np.float64)
