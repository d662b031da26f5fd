"""From incidents to deviations that a meeting can judge: what, when, by whom reported, and how unusual.

More reports are not always more incidents: one diligent reporter, a new source or a reporting campaign looks the
same on the map. So every deviation says what speaks for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis.deviations.calibrating import Calibration
from app.core.analysis.deviations.counting import NO_GROUP, Reports, places
from app.core.analysis.deviations.detecting import Alarm, Candidates, Raised, alarms, candidates
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.outlines import outlines
from app.core.analysis.points import DAY_S, Mask, Points
from app.core.analysis.statistics.dispersion import POISSON, tail

MOST_FROM_ONE = 0.8
USUAL_FROM_ONE = 0.5
CAMPAIGN_TIMES = 2.0
CAMPAIGN_P = 0.01
OUTLINE_EPS_M = 75.0


class Doubt(StrEnum):
    """What may have changed instead of the place."""

    ONE_SOURCE = "one_source"  # nearly all reports come from one source that is not usual here
    NEW_SOURCE = "new_source"  # half of them come from a source without any earlier report
    CAMPAIGN = "campaign"  # half of them come from a source that reports far more than usual everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShare:
    """What one source reported of a deviation, and what it reported there in the baseline."""

    source: str
    observed: int
    baseline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """More than usual at one place, now. x, y: metres; times: epoch seconds; rows: of the points given.

    years_between: how often history saw something so unusual; None where it never did.
    """

    x: float
    y: float
    outline: Polygon = field(repr=False)
    group: str
    since_s: float
    until_s: float
    observed: int
    expected: float
    p: float
    years_between: float | None
    rows: tuple[int, ...] = field(repr=False)
    categories: tuple[tuple[str, int], ...]  # most first
    sources: tuple[SourceShare, ...]  # most first
    doubts: tuple[Doubt, ...]


def find_deviations(
    points: Points,
    now_s: float,
    calibration: Calibration,
    rule: DeviationRule,
    groups: Mapping[str, str],
    earlier: Sequence[Raised] = (),
) -> tuple[Deviation, ...]:
    """The deviations at one moment, most unusual first.

    groups: category code to group; a category without one counts in all together only. earlier: alarms that still
    keep their surroundings silent. What happened at now_s or later is not looked at.
    """
    names = tuple(sorted({groups[code] for code in points.categories if code in groups}))
    group_of = [names.index(groups[code]) if code in groups else NO_GROUP for code in points.categories]
    group = np.asarray([*group_of, NO_GROUP], np.int32)[points.category]
    found = places(Reports.ordered(points.xy, points.occurred_s, group, names), rule.radius_m, rule.lattice_m)
    possible = candidates(found, [now_s], rule)
    strata = [stratum.name for stratum in found.strata]
    return tuple(
        _described(points, group, strata, possible, alarm, calibration, rule)
        for alarm in alarms(possible, [now_s], calibration.threshold, rule, earlier)
    )


def _described(
    points: Points,
    group: NDArray[np.int32],
    strata: Sequence[str],
    possible: Candidates,
    alarm: Alarm,
    calibration: Calibration,
    rule: DeviationRule,
) -> Deviation:
    stratum, until_s = int(possible.stratum[alarm.row]), alarm.raised_s
    since_s = until_s - int(possible.window_days[alarm.row]) * DAY_S
    is_here = np.square(points.xy - (alarm.x, alarm.y)).sum(axis=1) <= rule.radius_m**2
    is_meant = is_here if stratum == 0 else is_here & (group == stratum - 1)
    is_recent = (points.occurred_s >= since_s) & (points.occurred_s < until_s)
    base_until_s = until_s - rule.gap_days * DAY_S
    base_since_s = max(base_until_s - rule.baseline_days * DAY_S, float(points.occurred_s.min()))
    is_base = (points.occurred_s >= base_since_s) & (points.occurred_s < base_until_s)
    rows = np.flatnonzero(is_meant & is_recent)
    p = float(possible.p[alarm.row])
    return Deviation(
        x=alarm.x,
        y=alarm.y,
        outline=outlines(points.xy[rows], np.zeros(len(rows), np.int32), OUTLINE_EPS_M)[0],
        group=strata[stratum],
        since_s=since_s,
        until_s=until_s,
        observed=len(rows),
        expected=float(possible.expected[alarm.row]),
        p=p,
        years_between=calibration.years_between(p),
        rows=tuple(rows.tolist()),
        categories=tuple(
            sorted(_tally(points.category[rows], points.categories).items(), key=lambda pair: (-pair[1], pair[0]))
        ),
        sources=_sources(points, rows, np.flatnonzero(is_meant & is_base)),
        doubts=_doubts(points, is_meant, is_recent, is_base, (until_s - since_s) / (base_until_s - base_since_s)),
    )


def _tally(index: NDArray[np.int32], names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(index, minlength=len(names)).tolist()
    return {name: count for name, count in zip(names, counts, strict=True) if count}


def _sources(points: Points, rows: NDArray[np.intp], before: NDArray[np.intp]) -> tuple[SourceShare, ...]:
    now, then = (_tally(points.source[each], points.sources) for each in (rows, before))
    shares = (SourceShare(source=name, observed=count, baseline=then.get(name, 0)) for name, count in now.items())
    return tuple(sorted(shares, key=lambda one: (-one.observed, one.source)))


def _doubts(points: Points, is_meant: Mask, is_recent: Mask, is_base: Mask, length: float) -> tuple[Doubt, ...]:
    """Of the source with most reports: whether it, rather than the place, is what is new.

    length: of the window, in baselines.
    """
    recent, base = (np.bincount(points.source[mask], minlength=len(points.sources)) for mask in (is_recent, is_base))
    here, before = (
        np.bincount(points.source[is_meant & mask], minlength=len(points.sources)) for mask in (is_recent, is_base)
    )
    main = int(np.argmax(here))
    is_most = 2 * here[main] >= here.sum()
    expected = float(base[main]) * length
    is_usual = before[main] >= USUAL_FROM_ONE * before.sum() and before.sum() > 0
    is_swollen = recent[main] >= CAMPAIGN_TIMES * expected and tail(int(recent[main]), expected, POISSON) <= CAMPAIGN_P
    reasons = (
        (Doubt.ONE_SOURCE, here[main] >= MOST_FROM_ONE * here.sum() and not is_usual and (base > 0).sum() > 1),
        (Doubt.NEW_SOURCE, is_most and base[main] == 0),
        (Doubt.CAMPAIGN, is_most and base[main] > 0 and is_swollen),
    )
    return tuple(doubt for doubt, is_so in reasons if is_so)
