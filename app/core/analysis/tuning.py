"""Choose how near and how many from an organisation's own incidents, so that hot spots fill a chosen share.

A fixed number of incidents cannot work: what is a crowd in one municipality is a quiet corner in another. The
share is of the active ground, where anything was reported at all: fields and lakes make no hot spot look small.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis import ground, sizes
from app.core.analysis.dbscan import GIB, MEMORY_LIMIT_BYTES, find_clusters
from app.core.analysis.ground import CELL_M, Cells, Ground
from app.core.analysis.params import AREA_SHARE, MAX_AREA_M2, MAX_AREA_SHARE, MIN_AREA_SHARE, ClusterRule
from app.core.analysis.points import Coordinates
from app.core.errors import TooLargeError

NEAREST_EPS_M = 50
WIDEST_EPS_M = 75
FEWEST_INCIDENTS = 3  # two incidents are a coincidence
FEWEST_SQUARES = 6  # about 900 m2; what is smaller is a sliver where circles happen to meet
BYTES_AN_INCIDENT = 10_000  # measured at 60 000 incidents: 9 500, the pairs with squares and their sorting
LEAST_ROOM_M2 = 25_000.0  # three addresses and what is within 50 m: also a village may have hot spots


class Reason(StrEnum):
    """Why the numbers are as they are; pages turn it into a sentence."""

    FILLS_SHARE = "fills-share"  # one incident less would flag more ground than was asked for
    WIDENED = "widened"  # the same, and the distance was widened as far as the share allows
    TOO_FEW = "too-few"  # so few incidents that even the smallest number flags less than was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The chosen rule, and the figures that led to it."""

    rule: ClusterRule
    reason: Reason
    incident_count: int
    active_m2: float
    area_share: float  # asked for
    flagged_share: float  # reached, of the active ground
    max_area_m2: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HotGround:
    """Where hot spots are: one outline in metres each, and the hot spot of every incident.

    labels: (n,) index into outlines, -1 for incidents in none. core: (n,) bool, cores of DBSCAN.
    """

    outlines: tuple[Polygon, ...]
    labels: NDArray[np.int32]
    core: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HotSquares:
    """Hot ground in squares: cells (c, 2), ascending, and the hot spot (c,) that each is part of.

    labels: (n,) the hot spot of every incident, -1 for none. core: (n,) bool.
    """

    cells: Cells
    piece: NDArray[np.int32]
    labels: NDArray[np.int32]
    core: NDArray[np.bool_]


def tune(
    xy: Coordinates,
    *,
    area_share: float = AREA_SHARE,
    max_area_m2: float = MAX_AREA_M2,
    active_m2: float | None = None,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> Tuning:
    """Choose eps_m and min_incidents for incidents (n, 2) in metres; the order of rows does not matter.

    min_incidents is the smallest number with which the ground that has so many within 50 m, no piece of it
    larger than max_area_m2, is at most area_share of the active ground. Then eps_m is widened, to 75 m at most,
    as far as the share allows. However small the share, there is room for a few hot spots. active_m2: the active
    ground where more is known of it than these incidents tell. Raises ValueError for a share that means nothing
    or places that are nowhere, TooLargeError when the ground would not fit in memory_limit_bytes.
    """
    _check_fits(len(xy), memory_limit_bytes)
    if not MIN_AREA_SHARE <= area_share <= MAX_AREA_SHARE:
        raise ValueError(f"area_share must be between {MIN_AREA_SHARE} and {MAX_AREA_SHARE}, got {area_share}")
    active_m2 = ground.active_area_m2(xy) if active_m2 is None else active_m2
    trial = _Trial.on(xy, max_area_m2)
    room = int(max(area_share * active_m2, LEAST_ROOM_M2) / CELL_M**2)
    fewest = _fewest(trial, room)
    eps_m = _widest(trial, fewest, room)
    rule = ClusterRule(eps_m=eps_m, min_incidents=fewest)
    flagged = trial.flagged(rule)
    return Tuning(
        rule=rule,
        reason=_reason(fewest, eps_m),
        incident_count=len(xy),
        active_m2=active_m2,
        area_share=area_share,
        flagged_share=flagged * CELL_M**2 / active_m2 if active_m2 else 0.0,
        max_area_m2=max_area_m2,
    )


def hot_ground(
    xy: Coordinates,
    rule: ClusterRule,
    *,
    max_area_m2: float = MAX_AREA_M2,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> HotGround:
    """Outline where incidents (n, 2) lie as densely as the rule demands, no outline larger than max_area_m2.

    A hot spot is a connected piece of ground with at least min_incidents within eps_m of everywhere in it, and
    with as many on it, a core of DBSCAN among them. Its members are the incidents on that ground, so borders, which
    only lie near it, are none. Raises as `find_clusters` does.
    """
    hot = hot_squares(xy, rule, max_area_m2=max_area_m2, memory_limit_bytes=memory_limit_bytes)
    return HotGround(outlines=ground.outlines(hot.cells, hot.piece), labels=hot.labels, core=hot.core)


def hot_squares(
    xy: Coordinates,
    rule: ClusterRule,
    *,
    max_area_m2: float = MAX_AREA_M2,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> HotSquares:
    """The squares of `hot_ground`, before outlines are drawn round them."""
    core = find_clusters(xy, rule, memory_limit_bytes=memory_limit_bytes).core
    cells, counts = ground.crowded(xy, rule, core)
    square_of = ground.squares_of(xy, cells)
    piece = _pieces(cells, counts, rule.min_incidents, max_area_m2, square_of, square_of[core])
    is_hot = piece >= 0
    return HotSquares(cells=cells[is_hot], piece=piece[is_hot], labels=_at(piece, square_of), core=core)


def _check_fits(incident_count: int, limit_bytes: int) -> None:
    """Refuse before the machine runs out: every incident is held once for each square near it."""
    needed_bytes = incident_count * BYTES_AN_INCIDENT
    if needed_bytes > limit_bytes:
        raise TooLargeError(
            f"To choose a rule from {incident_count} incidents takes {needed_bytes / GIB:.1f} GiB of memory and "
            f"{limit_bytes / GIB:.1f} GiB is allowed: choose a shorter period or a smaller area, or give both numbers."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """The ground around incidents, on which one rule after another is tried.

    square_of: (n,) the square that each incident lies in. A crowded piece stands for one with a core: it nearly
    always is, and DBSCAN need not run for every rule.
    """

    around: Ground
    square_of: NDArray[np.int64]
    max_area_m2: float

    @classmethod
    def on(cls, xy: Coordinates, max_area_m2: float) -> "_Trial":
        around = Ground.around(xy, WIDEST_EPS_M)
        return cls(around, ground.squares_of(xy, around.cells), max_area_m2)

    def flagged(self, rule: ClusterRule) -> int:
        """How many squares would be in hot spots."""
        counts = self.around.counts(rule.eps_m)
        pieces = _pieces(self.around.cells, counts, rule.min_incidents, self.max_area_m2, self.square_of)
        return int((pieces >= 0).sum())


def _pieces(
    cells: Cells,
    counts: NDArray[np.int64],
    fewest: int,
    max_area_m2: float,
    square_of: NDArray[np.int64],
    needed: NDArray[np.int64] | None = None,
) -> NDArray[np.int32]:
    """The hot spot (c,) of each square, -1 for none.

    square_of: (n,) squares of the incidents; needed: (m,) squares of which a hot spot has at least one. A piece
    that is a sliver, or whose incidents nearly all lie beside it, is no hot spot.
    """
    labels = sizes.limited(cells, counts, fewest, max_area_m2)
    squares_of_piece = np.bincount(labels[labels >= 0], minlength=1)
    incidents_of_piece = _on(labels, square_of, len(squares_of_piece))
    is_hot = (squares_of_piece >= FEWEST_SQUARES) & (incidents_of_piece >= fewest)
    if needed is not None:
        is_hot &= _on(labels, needed, len(squares_of_piece)) > 0
    hot = np.flatnonzero(is_hot)
    renumbered = np.full(len(squares_of_piece) + 1, -1, dtype=np.int32)  # the last one is for -1
    renumbered[hot] = np.arange(len(hot))
    return renumbered[labels]


def _on(labels: NDArray[np.int32], squares: NDArray[np.int64], piece_count: int) -> NDArray[np.int64]:
    """How many of the squares, each as often as it is named, lie on each piece (piece_count,)."""
    found = _at(labels, squares)
    return np.bincount(found[found >= 0], minlength=piece_count)


def _at(labels: NDArray[np.int32], squares: NDArray[np.int64]) -> NDArray[np.int32]:
    """The labels of squares by their number; -1 for the square -1, which is no square."""
    return np.append(labels, np.int32(-1))[squares]


def _fewest(trial: _Trial, room: int) -> int:
    """The smallest demand that flags at most `room` squares at the nearest eps."""
    thickest = np.sort(trial.around.counts(NEAREST_EPS_M))[::-1]
    low, high = FEWEST_INCIDENTS, max(int(thickest[room]) + 1 if room < len(thickest) else 0, FEWEST_INCIDENTS)
    while low < high:  # pieces without a core, or cut to size, may have left room for others
        middle = (low + high) // 2
        if trial.flagged(ClusterRule(eps_m=NEAREST_EPS_M, min_incidents=middle)) <= room:
            high = middle
        else:
            low = middle + 1
    return high


def _widest(trial: _Trial, fewest: int, room: int) -> int:
    """The widest whole number of metres with which the demand still flags at most `room` squares."""
    low, high = NEAREST_EPS_M, WIDEST_EPS_M
    while low < high:
        middle = (low + high + 1) // 2
        if trial.flagged(ClusterRule(eps_m=middle, min_incidents=fewest)) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _reason(fewest: int, eps_m: int) -> Reason:
    if fewest == FEWEST_INCIDENTS and eps_m == WIDEST_EPS_M:
        return Reason.TOO_FEW
    return Reason.WIDENED if eps_m > NEAREST_EPS_M else Reason.FILLS_SHARE
