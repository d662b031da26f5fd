"""Which places have more reports than usual for them, and which of those are worth an alarm.

The test is exact and conditional: given all reports of a place in the window and in its baseline, the share that
falls into the window is compared with the share that falls there in the whole organisation. So what changed
everywhere (a new reporter, a holiday, a slow month) is no deviation of any place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.deviations.counting import Counts, Places, Stratum
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.points import DAY_S, Coordinates, Floats

LEAST_BASELINE_DAYS = 56  # of history before the window, or nothing is usual yet
LEAST_UNUSUAL = 0.01  # a larger p is never kept
SEASON_YEAR_DAYS = 364  # whole weeks, so weekdays stay
SEASON_YEARS = 2  # of history before seasons are looked at
MOST_SEASON_YEARS = 4
SEASON_MARGIN_DAYS = 14  # a season does not begin on the day
SEASON_P = 0.05  # less unusual than this for the season: the season explains it


def tail(successes: Counts | int, failures: Counts | int, share: float) -> Floats:
    """P(X >= successes) for X ~ Binomial(successes + failures, share): the exact one-sided binomial test."""
    from scipy.special import betainc  # noqa: PLC0415 -- only deviations need it

    k = np.asarray(successes, np.float64)
    exact = betainc(np.maximum(k, 1.0), np.asarray(failures, np.float64) + 1.0, share)
    return cast("Floats", np.where(k == 0, 1.0, exact))


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """c places in c moments where an alarm is possible, by moment and then the most unusual first.

    moment: (c,) index of the moment; xy: (c, 2); stratum, window_days, observed: (c,); expected, p: (c,).
    """

    moment: NDArray[np.int64]
    xy: Coordinates
    stratum: NDArray[np.int64]
    window_days: NDArray[np.int64]
    observed: Counts
    expected: Floats
    p: Floats

    def __len__(self) -> int:
        """The number of candidates."""
        return len(self.p)

    def below(self, threshold: float) -> "Candidates":
        """Those at least so unusual."""
        return self._select(self.p <= threshold)

    def _select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Candidates":
        return Candidates(
            self.moment[rows],
            self.xy[rows],
            self.stratum[rows],
            self.window_days[rows],
            self.observed[rows],
            self.expected[rows],
            self.p[rows],
        )


class Alarm(NamedTuple):
    """A deviation as it was raised: when (epoch seconds), where, and which candidate said so."""

    raised_s: float
    x: float
    y: float
    row: int


class Raised(NamedTuple):
    """An earlier alarm, for silence around it."""

    raised_s: float
    x: float
    y: float


def candidates(found: Places, moments_s: Sequence[float], rule: DeviationRule) -> Candidates:
    """Look at every place at each moment (epoch seconds, ascending), knowing only what happened before it."""
    rows = [
        _looked(found, stratum, number, moment_s, rule)
        for number, moment_s in enumerate(moments_s)
        for stratum in range(len(found.strata))
    ]
    whole = Candidates(*(np.concatenate(column) for column in zip(no_columns(), *rows, strict=True)))
    return whole._select(np.lexsort((whole.xy[:, 1], whole.xy[:, 0], whole.p, whole.moment)))  # noqa: SLF001 -- ours


def alarms(
    found: Candidates,
    moments_s: Sequence[float],
    threshold: float,
    rule: DeviationRule,
    earlier: Sequence[Raised] = (),
) -> tuple[Alarm, ...]:
    """What would have been raised at each moment: the most unusual first, its surroundings not again.

    Within merge_m of an alarm of the same moment it is the same; within merge_m of one raised less than
    silent_days before, it is silent.
    """
    silent: list[Raised] = list(earlier)
    raised: list[Alarm] = []
    rows = np.flatnonzero(found.p <= threshold).tolist()
    for row in rows:
        now_s, (x, y) = moments_s[found.moment[row]], found.xy[row].tolist()
        silent = [one for one in silent if now_s - one.raised_s < rule.silent_days * DAY_S or one.raised_s == now_s]
        if all((one.x - x) ** 2 + (one.y - y) ** 2 > rule.merge_m**2 for one in silent):
            silent.append(Raised(now_s, x, y))
            raised.append(Alarm(now_s, x, y, row))
    return tuple(raised)


def first_moment_s(places_: Places, rule: DeviationRule) -> float:
    """The first moment at which anything is usual; infinity without reports."""
    times = places_.strata[0].occurred_s
    return float(times[0]) + (rule.gap_days + LEAST_BASELINE_DAYS) * DAY_S if len(times) else np.inf


def _looked(
    found: Places, number: int, moment: int, now_s: float, rule: DeviationRule
) -> tuple[NDArray[np.generic], ...]:
    """The candidates of one stratum at one moment, as columns."""
    stratum = found.strata[number]
    start_s = float(found.strata[0].occurred_s[0]) if len(found.strata[0].occurred_s) else np.inf
    base_until_s = now_s - rule.gap_days * DAY_S
    base_since_s = max(start_s, base_until_s - rule.baseline_days * DAY_S)
    if base_until_s - base_since_s < LEAST_BASELINE_DAYS * DAY_S:
        return no_columns()
    base_total = stratum.total(base_since_s, base_until_s)
    if base_total == 0:
        return no_columns()
    before = stratum.count(base_since_s, base_until_s)
    parts = [no_columns()]
    for window in rule.windows_days:
        since_s = now_s - window * DAY_S
        observed = stratum.count(since_s, now_s)
        place = np.flatnonzero(observed >= rule.min_reports)
        ratio = stratum.total(since_s, now_s) / base_total
        p = tail(observed[place], before[place], ratio / (1 + ratio))
        place, p = place[p <= LEAST_UNUSUAL], p[p <= LEAST_UNUSUAL]
        is_kept = ~_explained_by_season(stratum, place, observed[place], (start_s, since_s, now_s))
        place, p = place[is_kept], p[is_kept]
        n = len(place)
        parts.append(
            (
                np.full(n, moment),
                found.xy[place],
                np.full(n, number),
                np.full(n, window),
                observed[place],
                before[place] * ratio,
                p,
            )
        )
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _explained_by_season(
    stratum: Stratum, place: NDArray[np.intp], observed: Counts, times_s: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Which of the places (c,) had about as much at this time of earlier years; none before two years exist."""
    start_s, since_s, now_s = times_s
    years = int((now_s - start_s) // (SEASON_YEAR_DAYS * DAY_S))
    explained = np.zeros(len(place), np.bool_)
    if years < SEASON_YEARS or not len(place):
        return explained
    same, same_total = np.zeros(len(place), np.int64), 0
    for year in range(1, min(years, MOST_SEASON_YEARS) + 1):
        back_s, margin_s = year * SEASON_YEAR_DAYS * DAY_S, SEASON_MARGIN_DAYS * DAY_S
        span = (since_s - back_s - margin_s, now_s - back_s + margin_s)
        same += stratum.count(*span)[place]
        same_total += stratum.total(*span)
    if same_total == 0:
        return explained
    recent_total = stratum.total(since_s, now_s)
    explained[:] = tail(observed, same, recent_total / (recent_total + same_total)) > SEASON_P
    return explained


def no_columns() -> tuple[NDArray[np.generic], ...]:
    """The columns of no candidates, so that there is always something to put together."""
    whole, real = np.empty(0, np.int64), np.empty(0)
    return whole, np.empty((0, 2)), whole, whole, whole, real, real
