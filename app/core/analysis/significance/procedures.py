"""The two ways in which hot spots are found, as ground and counts: what a random town goes through as well.

Whatever the way, a region is what can be compared: some ground, and how many incidents the way found on it.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.core.analysis import tuning
from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES
from app.core.analysis.ground import CELL_M, Cells
from app.core.analysis.grouping import small_groups
from app.core.analysis.params import MAX_AREA_M2, ClusterRule
from app.core.analysis.points import Coordinates

FINE_M = 100.0  # squares of 12.5 m will do up to this reach


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """What was found. counts: (k,) incidents of each; squares: (s, 2), region: (s,) whose each is.

    labels: (n,) the region of each incident, -1 for none. scale: how many times 12.5 m the squares are wide; 1, or a
    multiple of 4.
    """

    labels: NDArray[np.int32]
    counts: NDArray[np.int64]
    squares: Cells
    region: NDArray[np.int64]
    scale: int = 1


class Procedure(Protocol):
    """A way of finding hot spots with nothing left to choose."""

    def regions(self, xy: Coordinates) -> Regions:
        """What it finds among incidents (n, 2), in its own order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotGround:
    """As `tuning.hot_ground`, and in the order of its outlines; the tuned rule is held fixed."""

    rule: ClusterRule
    max_area_m2: float = MAX_AREA_M2
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES

    def regions(self, xy: Coordinates) -> Regions:
        """The ground itself and the incidents on it."""
        hot = tuning.hot_squares(
            xy, self.rule, max_area_m2=self.max_area_m2, memory_limit_bytes=self.memory_limit_bytes
        )
        counts = np.bincount(hot.labels[hot.labels >= 0], minlength=int(hot.piece.max(initial=-1)) + 1)
        return Regions(hot.labels, counts, hot.cells, hot.piece.astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """As `grouping.small_groups`, and in the order of its labels."""

    rule: ClusterRule
    max_area_m2: float = MAX_AREA_M2
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES

    def regions(self, xy: Coordinates) -> Regions:
        """The members, and the ground within half of eps of any of them, which is about their outline."""
        found = small_groups(xy, self.rule, max_area_m2=self.max_area_m2, memory_limit_bytes=self.memory_limit_bytes)
        member = np.flatnonzero(found.labels >= 0)
        labels = found.labels[member].astype(np.int64)
        scale = _scale(self.rule.eps_m / 2)
        side_m = scale * CELL_M
        squares, region = _around(np.floor(xy[member] / side_m).astype(np.int64), labels, self.rule.eps_m / 2, side_m)
        return Regions(found.labels, np.bincount(labels, minlength=found.cluster_count), squares, region, scale)


def _scale(reach_m: float) -> int:
    """Squares grow with the reach, or ground within kilometres would be more squares than memory has room for."""
    return 1 if reach_m <= FINE_M else 4 * math.ceil(reach_m / (4 * FINE_M))


def _around(
    squares: Cells, labels: NDArray[np.int64], reach_m: float, side_m: float
) -> tuple[Cells, NDArray[np.int64]]:
    """The squares (s, 2) whose middle is within reach of that of one of the squares (m, 2), each label by itself."""
    if len(squares) == 0:
        return squares, labels
    reach = int(reach_m / side_m)
    steps = np.arange(-reach, reach + 1)
    near = np.hypot(*np.meshgrid(steps, steps, indexing="ij")) * side_m <= reach_m
    origin = squares.min(axis=0) - reach
    width, height = (squares.max(axis=0) + reach + 1 - origin).tolist()
    column, row = (squares - origin).T
    keys = _distinct((labels * width + column) * height + row)
    around = _distinct((keys[:, None] + (steps[:, None] * height + steps)[near]).ravel())
    lines, row = np.divmod(around, height)
    region, column = np.divmod(lines, width)
    return np.column_stack((column, row)) + origin, region


def _distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ascending, each once; quicker than numpy's way for so few."""
    ascending = np.sort(keys)
    return ascending[np.diff(ascending, prepend=ascending[0] - 1) > 0]
