"""Would it have found what came next? Walk through the past, flag ground, and count later incidents on it.

At every cut-off each method sees only what had happened by then. A fixed displacement stands for how uncertain
places are: addresses that repeat to the digit would reward outlines as small as a door.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean, stdev
from typing import Final, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from app.core.analysis import baselines, ground, tuning
from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES
from app.core.analysis.ground import ACTIVE_CELL_M, Cells
from app.core.analysis.params import AREA_SHARE, MAX_AREA_SHARE, MIN_AREA_SHARE, ClusterRule
from app.core.analysis.points import DAY_S, Coordinates, Floats
from app.core.errors import TooLargeError

WEEK_S = 7 * DAY_S
FIRST_WEEKS = 52  # a year of history before the first run
OURS: Final = "ours"
GRID: Final = "grid_200"
GRID_OFFSETS_M: Final = ((100.0, 0.0), (0.0, 100.0), (100.0, 100.0))  # beside the unmoved one
M2_A_KM2 = 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How the past is walked through.

    horizon_days: how far ahead each run is judged, and the step to the next run. window_weeks: how much history
    a run sees at most. area_share: of the active ground, to be flagged. jitter_m: standard deviation of the
    displacement, drawn from `seed`. Raises ValueError in one plain sentence.
    """

    horizon_days: int = 28
    window_weeks: int = 104
    area_share: float = AREA_SHARE
    jitter_m: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be walked."""
        if self.horizon_days < 1 or self.window_weeks < 1:
            raise ValueError("The horizon must be at least one day and the window at least one week.")
        if not MIN_AREA_SHARE <= self.area_share <= MAX_AREA_SHARE:
            raise ValueError(f"The share must be between {MIN_AREA_SHARE} and {MAX_AREA_SHARE}.")
        if not (0 <= self.jitter_m <= 1000 and self.seed >= 0):  # noqa: PLR2004 -- a kilometre is another place
            raise ValueError("The displacement must be 0 to 1000 metres and the seed zero or more.")


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Incidents by time, displaced. xy: (n, 2) metres; occurred_s: (n,) epoch seconds, ascending."""

    xy: Coordinates
    occurred_s: Floats

    @classmethod
    def displaced(cls, xy: Coordinates, occurred_s: Floats, protocol: Protocol) -> "History":
        """Put incidents in order of time (then x, y) and move each once; what comes later moves no earlier one."""
        order = np.lexsort((xy[:, 1], xy[:, 0], occurred_s))
        dice = np.random.Generator(np.random.Philox(protocol.seed))
        moves = dice.standard_normal((len(order), 2)) * protocol.jitter_m
        return cls(xy[order] + moves, occurred_s[order])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One run in the past: it sees [since_s, cut_off_s) and is judged on [cut_off_s, until_s). Epoch seconds."""

    number: int  # 1 is the earliest
    since_s: float
    cut_off_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one method did in one run. pai: share caught / share flagged; pei: caught / the most that could be."""

    caught: int
    flagged_m2: float
    largest_m2: float
    pai: float
    pei: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One run in the past and how every method did; None for a method that could not be run."""

    cut: Cut
    earlier_count: int
    later_count: int
    active_m2: float
    rule: ClusterRule  # what ours chose
    flagged: Mapping[str, tuple[Polygon, ...] | None] = field(repr=False)
    scores: Mapping[str, Score | None]
    jaccard: Mapping[str, float]  # with the run before, if any: ground flagged in both / in either

    def without_areas(self) -> Self:
        """The figures alone: polygons of many runs are heavy."""
        return replace(self, flagged=dict.fromkeys(self.flagged))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How one method did over all runs: means, and the standard error of the mean PAI."""

    pai: float
    pai_standard_error: float | None  # unknown from one run
    pei: float
    jaccard: float | None  # unknown from one run
    largest_km2: float  # of all runs
    area_share: float
    caught_share: float


def cuts(occurred_s: Floats, protocol: Protocol) -> tuple[Cut, ...]:
    """The runs in the past, oldest first; every one is judged on a whole horizon.

    occurred_s: (n,) epoch seconds, ascending. The first run waits for a year of history (or a whole window, if
    shorter), or for half of all there is where that is less. Raises ValueError when nothing is left to judge on.
    """
    horizon_s = protocol.horizon_days * DAY_S
    if len(occurred_s) == 0:
        raise ValueError("There are no incidents.")
    start = float(np.floor(occurred_s[0] / DAY_S) * DAY_S)
    end = float(np.ceil(occurred_s[-1] / DAY_S) * DAY_S)
    first = start + min(min(protocol.window_weeks, FIRST_WEEKS) * WEEK_S, np.floor((end - start) / 2 / DAY_S) * DAY_S)
    count = int((end - first) // horizon_s)
    if count < 1 or first <= start:
        raise ValueError(
            f"The incidents cover {(end - start) / DAY_S:.0f} days; a horizon of {protocol.horizon_days} days needs "
            "at least twice as many."
        )
    offs = (first + i * horizon_s for i in range(count))
    return tuple(
        Cut(number=i, since_s=max(start, off - protocol.window_weeks * WEEK_S), cut_off_s=off, until_s=off + horizon_s)
        for i, off in enumerate(offs, start=1)
    )


def walk(history: History, protocol: Protocol, *, memory_limit_bytes: int = MEMORY_LIMIT_BYTES) -> Iterator[Fold]:
    """Flag and judge, one run in the past after the other. Runs with nothing to learn from or judge on are left out.

    memory_limit_bytes: for fixed DBSCAN, which is left open where it needs more. Raises ValueError when no run is
    possible, TooLargeError when incidents lie too densely for ours.
    """
    squares, first_s = ground.active_since(history.xy, history.occurred_s)
    before: dict[str, BaseGeometry] = {}
    for cut in cuts(history.occurred_s, protocol):
        since, now, until = np.searchsorted(history.occurred_s, (cut.since_s, cut.cut_off_s, cut.until_s)).tolist()
        if now in (since, until):
            continue
        seen = _Seen(
            xy=history.xy[since:now],
            recent=history.xy[max(since, int(np.searchsorted(history.occurred_s, _recent_s(cut)))) : now],
            active=squares[first_s < cut.cut_off_s],
        )
        tuned = tuning.tune(seen.xy, area_share=protocol.area_share, active_m2=len(seen.active) * ACTIVE_CELL_M**2)
        methods = _methods(seen, tuned, memory_limit_bytes)
        flagged = {name: _tried(flag) for name, flag in methods.items()}
        unions = {name: shapely.union_all(shapes) for name, shapes in flagged.items() if shapes is not None}
        later = history.xy[now:until]
        yield Fold(
            cut=cut,
            earlier_count=len(seen.xy),
            later_count=len(later),
            active_m2=tuned.active_m2,
            rule=tuned.rule,
            flagged={name: shapes for name, shapes in flagged.items() if not name.startswith(_MOVED)},
            scores={
                name: None if shapes is None else _score(shapes, unions[name], later, tuned.active_m2)
                for name, shapes in flagged.items()
            },
            jaccard={name: _jaccard(unions[name], before[name]) for name in unions if name in before},
        )
        before = unions


def summary(folds: tuple[Fold, ...]) -> dict[str, Summary | None]:
    """How every method did over all runs, at least one; None for a method that could not be run in all of them."""
    names = [name for name in folds[0].scores if not name.startswith(_MOVED)]
    return {name: _summary(folds, name) for name in names}


_MOVED = f"{GRID}_moved_"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Seen:
    """All that a run in the past may know: incidents of the window, the recent ones among them, active squares."""

    xy: Coordinates
    recent: Coordinates
    active: Cells


def _recent_s(cut: Cut) -> float:
    return cut.cut_off_s - baselines.FIXED_WINDOW_WEEKS * WEEK_S


def _methods(
    seen: _Seen, tuned: tuning.Tuning, memory_limit_bytes: int
) -> dict[str, Callable[[], tuple[Polygon, ...]]]:
    """Every method by its name in the answer, ready to be asked."""
    room_m2 = tuned.area_share * tuned.active_m2
    moved = {
        f"{_MOVED}{i}": partial(baselines.count_grid, seen.xy, room_m2, offset_m)
        for i, offset_m in enumerate(GRID_OFFSETS_M)
    }
    return {
        OURS: lambda: tuning.hot_ground(seen.xy, tuned.rule, max_area_m2=tuned.max_area_m2).outlines,
        "dbscan_100_10": partial(baselines.fixed_dbscan, seen.recent, memory_limit_bytes=memory_limit_bytes),
        GRID: partial(baselines.count_grid, seen.xy, room_m2),
        "kde_100": partial(baselines.density_surface, seen.xy, seen.active, room_m2, 100.0),
        "kde_50": partial(baselines.density_surface, seen.xy, seen.active, room_m2, 50.0),
        **moved,
    }


def _tried(flag: Callable[[], tuple[Polygon, ...]]) -> tuple[Polygon, ...] | None:
    try:
        return flag()
    except TooLargeError:
        return None


def _score(shapes: tuple[Polygon, ...], union: BaseGeometry, later: Coordinates, active_m2: float) -> Score:
    hits = shapely.STRtree(shapes).query(shapely.points(later), predicate="intersects")[0]
    caught = len(np.unique(hits))
    flagged_m2 = float(union.area)
    best = _most_possible(later, flagged_m2)
    return Score(
        caught=caught,
        flagged_m2=flagged_m2,
        largest_m2=max((float(shape.area) for shape in shapes), default=0.0),
        pai=(caught / len(later)) / (flagged_m2 / active_m2) if flagged_m2 else 0.0,
        pei=caught / best if best else 0.0,
    )


def _most_possible(later: Coordinates, area_m2: float) -> float:
    """The most of the later incidents that 50 m squares of that area together could have caught."""
    _, counts = np.unique(np.floor(later / ACTIVE_CELL_M).astype(np.int64), axis=0, return_counts=True)
    most: NDArray[np.int64] = np.sort(counts)[::-1]
    whole, rest = divmod(area_m2 / ACTIVE_CELL_M**2, 1)
    return float(most[: int(whole)].sum() + rest * most[int(whole) : int(whole) + 1].sum())


def _jaccard(one: BaseGeometry, other: BaseGeometry) -> float:
    either = one.union(other).area
    return float(one.intersection(other).area / either) if either else 1.0


def _summary(folds: tuple[Fold, ...], name: str) -> Summary | None:
    """The count grid's figures are the mean over its offsets."""
    variants = [name] + [other for other in folds[0].scores if name == GRID and other.startswith(_MOVED)]
    rows = [[fold.scores[variant] for variant in variants] for fold in folds]
    scores = [[score for score in row if score is not None] for row in rows]
    if not all(len(row) == len(variants) for row in scores):
        return None
    pai = [fmean(score.pai for score in row) for row in scores]
    jaccard = [fold.jaccard[variant] for fold in folds[1:] for variant in variants]
    return Summary(
        pai=fmean(pai),
        pai_standard_error=stdev(pai) / len(pai) ** 0.5 if len(pai) > 1 else None,
        pei=fmean(score.pei for row in scores for score in row),
        jaccard=fmean(jaccard) if jaccard else None,
        largest_km2=max(score.largest_m2 for row in scores for score in row) / M2_A_KM2,
        area_share=fmean(s.flagged_m2 / fold.active_m2 for row, fold in zip(scores, folds, strict=True) for s in row),
        caught_share=fmean(s.caught / fold.later_count for row, fold in zip(scores, folds, strict=True) for s in row),
    )
