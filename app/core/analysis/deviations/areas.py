"""Whole areas: more than usual in one area and category, against earlier years and the last 52 weeks.

For what has no meaningful place (fraud), and for what rises in a district rather than at a corner.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.deviations.rule import WEEK_DAYS, YEAR_DAYS
from app.core.analysis.points import DAY_S, Floats
from app.core.analysis.statistics.dispersion import POISSON, predicted, tail

WEEKS = 4
YEAR_WEEKS = 52
SEASON_MARGIN_WEEKS = 2
LEAST_BASELINE_WEEKS = 8
LEAST_REPORTS = 4
LEAST_UNUSUAL = 0.05  # with few series, more than this is still no deviation
SHRUNK = 0.5  # how much of an own dispersion is believed; the rest is that of all series


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDeviation:
    """One category in one area (by its row), now against usual.

    expected: by the 52 weeks before; expected_in_season: by the same weeks of earlier years, None before two years
    exist. p: of the less unusual of both comparisons. years_between: how often chance does as much in one of all
    the series looked at.
    """

    series: int
    observed: int
    expected: float
    expected_in_season: float | None
    p: float
    years_between: float


def weekly_counts(
    occurred_s: Floats, series: NDArray[np.int64], series_count: int, until_s: float
) -> NDArray[np.int64]:
    """Reports by series and week (series_count, w), the last week ending at until_s; whole weeks only.

    occurred_s, series: (n,). What happened at until_s or later does not count.
    """
    week_s = WEEK_DAYS * DAY_S
    is_past = occurred_s < until_s
    back = np.ceil((until_s - occurred_s[is_past]) / week_s).astype(np.int64)  # 1 is the last week
    weeks = int((until_s - occurred_s[is_past].min()) // week_s) if is_past.any() else 0
    counts = np.zeros((series_count, weeks), np.int64)
    whole = back <= weeks
    np.add.at(counts, (series[is_past][whole], weeks - back[whole]), 1)
    return counts


def area_deviations(counts: NDArray[np.int64], alarms_a_year: float = 4.0) -> tuple[AreaDeviation, ...]:
    """The series with more in the last four weeks than usual, most unusual first.

    counts: (k, w) by series and week. Together they are raised by chance at most alarms_a_year times a year.
    """
    if counts.shape[1] < WEEKS + LEAST_BASELINE_WEEKS:
        return ()
    looks_a_year = len(counts) * YEAR_DAYS / (WEEKS * WEEK_DAYS)
    threshold = min(LEAST_UNUSUAL, alarms_a_year / looks_a_year)
    usual = counts[:, max(0, counts.shape[1] - WEEKS - YEAR_WEEKS) : -WEEKS]
    excess = _excess(usual)
    found = []
    for number, row in enumerate(counts):
        observed = int(row[-WEEKS:].sum())
        mean, _ = predicted(usual[number], WEEKS)
        season = _in_season(row)
        means = [mean] if season is None else [mean, season]
        p = max(tail(observed, one, float(excess[number])) for one in means)
        if observed >= LEAST_REPORTS and observed > max(means) and p <= threshold:
            found.append(
                AreaDeviation(
                    series=number,
                    observed=observed,
                    expected=mean,
                    expected_in_season=season,
                    p=p,
                    years_between=float(np.inf) if p == 0 else 1 / (p * looks_a_year),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.p, one.series)))


def _excess(usual: NDArray[np.int64]) -> Floats:
    """The dispersion of each series (k,), half its own and half that of all: few blocks say little alone."""
    own = np.array([predicted(row, WEEKS)[1] for row in usual])
    weights = usual.sum(axis=1) + 1.0
    return np.maximum(POISSON, SHRUNK * own + (1 - SHRUNK) * float(np.average(own, weights=weights)))


def _in_season(row: NDArray[np.int64]) -> float | None:
    """What four weeks held at this time of earlier years, margins included; None before two years exist."""
    years = (len(row) - WEEKS - SEASON_MARGIN_WEEKS) // YEAR_WEEKS
    if years < 2:  # noqa: PLR2004 -- one earlier year may have been the odd one
        return None
    spans: Sequence[NDArray[np.int64]] = [
        row[len(row) - year * YEAR_WEEKS - WEEKS - SEASON_MARGIN_WEEKS :][: WEEKS + 2 * SEASON_MARGIN_WEEKS]
        for year in range(1, years + 1)
    ]
    return float(np.mean(np.concatenate(spans)) * WEEKS)
