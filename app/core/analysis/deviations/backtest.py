"""Would deviations have called too often, and would they have called at all? Played on a town's own past.

The threshold is chosen on the first years. Later years say how often it calls when nothing was planted; outbreaks
planted in them, one at a time, say what is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from app.core.analysis.deviations.calibrating import Calibration, calibrate, weekly
from app.core.analysis.deviations.counting import Places, Reports, places
from app.core.analysis.deviations.detecting import Alarm, alarms, candidates
from app.core.analysis.deviations.naive import NAIVE, Naive
from app.core.analysis.deviations.rule import WEEK_DAYS, YEAR_DAYS, DeviationRule
from app.core.analysis.deviations.visibility import Visibility, visibility
from app.core.analysis.points import DAY_S, Coordinates, Floats

OURS: Final = "ours"
ANY: Final = 1.0  # rules of thumb have no threshold of their own
SQUARE_M = 100.0
FOUND_M = 250.0  # an alarm so near the middle of an outbreak has found it
MOST_DRAWS = 50  # tries to find a place and a time at which nothing was raised anyhow


class Where(StrEnum):
    """Where outbreaks are planted: they are harder to see where much is reported anyhow."""

    SQUARES = "any_square"  # every 100 m square that ever had a report is as likely as another
    REPORTS = "any_report"  # every report is: busy places have most


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How the past is played.

    weekly_reports: the history is thinned at random to so many a week; None keeps it all. first_share: of the
    history, to calibrate on. extra: sizes of planted outbreaks, each spread evenly over outbreak_days and by a
    Gaussian of spread_m around the place of some report. outbreaks: of each size and way of choosing the place.
    Raises ValueError in one plain sentence.
    """

    weekly_reports: float | None = None
    first_share: float = 0.5
    extra: tuple[int, ...] = (6, 8, 12)
    outbreaks: int = 100
    outbreak_days: int = 28
    spread_m: float = 50.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if self.weekly_reports is not None and not self.weekly_reports > 0:
            raise ValueError("The number of reports a week must be more than zero.")
        if not 0 < self.first_share < 1:
            raise ValueError("The first share must be between 0 and 1.")
        if self.outbreaks < 1 or self.outbreak_days < 1 or not self.extra or min(self.extra) < 1:
            raise ValueError("There must be outbreaks, of at least one extra report and one day.")
        if not (0 <= self.spread_m <= 1000 and self.seed >= 0):  # noqa: PLR2004 -- a kilometre is another place
            raise ValueError("The spread must be 0 to 1000 metres and the seed zero or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one rule did: alarms a year in later years with nothing planted, and the share found by size.

    found: None where no quiet place was left to plant in.
    """

    alarms_a_year: float
    found: Mapping[Where, Mapping[int, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One play: what was calibrated, on how much, and how every rule did."""

    calibration: Calibration
    reports_a_week: float
    calibrated_until_s: float
    later_years: float
    visible: Visibility  # as it was said when the threshold was chosen
    outcomes: Mapping[str, Outcome]


def thinned(reports: Reports, trial: Trial) -> Reports:
    """So many reports a week, drawn at random; all of them where there are fewer."""
    if trial.weekly_reports is None or len(reports) == 0:
        return reports
    weeks = (reports.occurred_s[-1] - reports.occurred_s[0]) / (WEEK_DAYS * DAY_S)
    count = min(len(reports), round(trial.weekly_reports * float(weeks)))
    kept = np.sort(_dice(trial, 0).choice(len(reports), count, replace=False))
    return Reports(reports.xy[kept], reports.occurred_s[kept], reports.group[kept], reports.groups)


def play(reports: Reports, rule: DeviationRule, trial: Trial) -> Played:
    """Calibrate on the first share of the history, then count alarms and look for outbreaks in the rest.

    Raises ValueError when the history is too short for either.
    """
    kept = thinned(reports, trial)
    if len(kept) == 0:
        raise ValueError("There are no reports.")
    start_s, end_s = kept.occurred_s[[0, -1]].tolist()
    until_s = start_s + trial.first_share * (end_s - start_s)
    calibration = calibrate(kept, until_s, rule, trial.seed)
    moments = weekly(until_s + WEEK_DAYS * DAY_S, end_s).tolist()
    if not moments or moments[-1] - moments[0] < (trial.outbreak_days + WEEK_DAYS) * DAY_S:
        raise ValueError("There is too little history after the first share to plant an outbreak in.")
    ours = _Method(candidates, calibration.threshold)
    methods = {OURS: ours, **{name: _Method(naive, ANY) for name, naive in NAIVE.items()}}
    stage = _Stage(kept, places(kept, rule.radius_m, rule.lattice_m), moments, rule, trial)
    return Played(
        calibration=calibration,
        reports_a_week=len(kept) / ((end_s - start_s) / (WEEK_DAYS * DAY_S)),
        calibrated_until_s=until_s,
        later_years=len(moments) * WEEK_DAYS / YEAR_DAYS,
        visible=visibility(kept, until_s, rule, calibration),
        outcomes={name: _outcome(stage, method) for name, method in methods.items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Method:
    look: Naive
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """Where everything is played: the reports, their places, and the moments at which somebody looks."""

    reports: Reports
    places: Places
    moments_s: list[float]
    rule: DeviationRule
    trial: Trial


class _Outbreak(NamedTuple):
    """Reports to plant: their spots in the order they are used, when each, and which report they surround."""

    xy: Coordinates
    occurred_s: Floats
    row: int
    since_s: float


def _outcome(stage: _Stage, method: _Method) -> Outcome:
    undisturbed = _raised(stage, stage.places, stage.moments_s, method)
    return Outcome(
        alarms_a_year=len(undisturbed) / (len(stage.moments_s) * WEEK_DAYS / YEAR_DAYS),
        found={where: _found(stage, method, undisturbed, where) for where in Where},
    )


def _found(stage: _Stage, method: _Method, undisturbed: Sequence[Alarm], where: Where) -> dict[int, float | None]:
    """Each size is planted at the same places and times; a smaller one is part of a larger."""
    hits = dict.fromkeys(stage.trial.extra, 0)
    chances = _chances(stage, where)
    played = 0
    for number in range(1, stage.trial.outbreaks + 1):
        outbreak = _drawn(stage, undisturbed, chances, _dice(stage.trial, number))
        if outbreak is not None:
            played += 1
            for size in hits:
                hits[size] += _is_found(stage, method, outbreak, size)
    return {size: count / played if played else None for size, count in hits.items()}


def _chances(stage: _Stage, where: Where) -> Floats:
    """How likely each report (n,) is to have an outbreak around it."""
    weights = np.ones(len(stage.reports))
    if where is Where.SQUARES:
        squares = np.floor(stage.reports.xy / SQUARE_M)
        _, square, counts = np.unique(squares, axis=0, return_inverse=True, return_counts=True)
        weights = 1.0 / counts[square.reshape(-1)]
    return np.asarray(weights / weights.sum(), np.float64)


def _raised(stage: _Stage, found: Places, moments_s: Sequence[float], method: _Method) -> tuple[Alarm, ...]:
    return alarms(method.look(found, moments_s, stage.rule), moments_s, method.threshold, stage.rule)


def _drawn(stage: _Stage, undisturbed: Sequence[Alarm], chances: Floats, dice: np.random.Generator) -> _Outbreak | None:
    """An outbreak where and when nothing was raised anyhow; None when no such place and time turns up."""
    trial, reports = stage.trial, stage.reports
    lasts_s = trial.outbreak_days * DAY_S
    first_s, last_s = stage.moments_s[0], stage.moments_s[-1] - lasts_s
    for _ in range(MOST_DRAWS):
        row = int(dice.choice(len(reports), p=chances))
        since_s = float(dice.uniform(first_s, last_s))
        x, y = reports.xy[row].tolist()
        quiet = (since_s - stage.rule.silent_days * DAY_S, since_s + lasts_s + WEEK_DAYS * DAY_S)
        if not any(
            quiet[0] <= one.raised_s <= quiet[1] and np.hypot(one.x - x, one.y - y) <= FOUND_M + stage.rule.merge_m
            for one in undisturbed
        ):
            most = max(trial.extra)
            spots = reports.xy[row] + dice.standard_normal((most, 2)) * trial.spread_m
            return _Outbreak(spots, since_s + dice.random(most) * lasts_s, row, since_s)
    return None


def _is_found(stage: _Stage, method: _Method, outbreak: _Outbreak, size: int) -> bool:
    """Whether an alarm near it is raised while it lasts or at the first look after it."""
    rule, middle = stage.rule, stage.reports.xy[outbreak.row]
    changed = stage.reports.with_extra(
        outbreak.xy[:size], outbreak.occurred_s[:size], int(stage.reports.group[outbreak.row])
    )
    beyond_m = FOUND_M + rule.merge_m + rule.radius_m  # what lies further away raises and silences nothing here
    is_near = np.hypot(*(changed.xy - middle).T) <= beyond_m
    until_s = outbreak.since_s + (stage.trial.outbreak_days + WEEK_DAYS) * DAY_S
    moments = [moment for moment in stage.moments_s if outbreak.since_s < moment < until_s]
    found = places(changed, rule.radius_m, rule.lattice_m, is_near)
    return any(
        np.hypot(one.x - middle[0], one.y - middle[1]) <= FOUND_M for one in _raised(stage, found, moments, method)
    )


def _dice(trial: Trial, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[trial.seed, number]))
