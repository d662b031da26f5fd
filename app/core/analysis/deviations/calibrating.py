"""How unusual is unusual enough: replay the organisation's own history until it would have been called often enough.

Nominal p-values mislead, because reports come in bursts and neighbouring places are looked at together. A short
history says little of how often alarms come, so chance has its say too: the same reports with their times shuffled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.core.analysis.deviations.counting import Places, Reports, places
from app.core.analysis.deviations.detecting import Candidates, alarms, candidates, first_moment_s
from app.core.analysis.deviations.rule import WEEK_DAYS, YEAR_DAYS, DeviationRule
from app.core.analysis.points import DAY_S, Floats

LEAST_REPLAYED_WEEKS = 26  # fewer, and only chance decides
STEPS_A_DECADE = 10
LOOSEST, STRICTEST = 2, 12  # thresholds from 10 ** -2 down to 10 ** -12
SHUFFLES = 4
ROOM = 0.5  # standard errors of a count
WELL_BEYOND = 3.0  # times the wanted number of alarms: far enough to say how rare a deviation is


class Basis(StrEnum):
    """What decided the threshold."""

    HISTORY = "history"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The p at which an alarm is raised, and what was seen when it was chosen.

    curve: (threshold, alarms a year) from the strictest on, as replayed. weeks: replayed. reports_a_week: in them.
    """

    threshold: float
    basis: Basis
    weeks: float
    reports_a_week: float
    alarms_a_year: float  # at the threshold, in the replay
    curve: tuple[tuple[float, float], ...]

    def years_between(self, p: float) -> float | None:
        """How many years pass by chance between deviations so unusual; None where history never saw one."""
        rate = next((rate for threshold, rate in self.curve if threshold >= p), 0.0)
        return 1.0 / rate if rate else None


def calibrate(reports: Reports, until_s: float, rule: DeviationRule, seed: int = 0) -> Calibration:
    """Choose the threshold by all that happened before until_s. Raises ValueError when there is too little."""
    known = before(reports, until_s)
    found = places(known, rule.radius_m, rule.lattice_m)
    first_s = first_moment_s(found, rule)
    weeks = (until_s - first_s) / (WEEK_DAYS * DAY_S)
    if not weeks >= 1:
        raise ValueError(
            f"There is too little history: the first look needs {rule.gap_days // WEEK_DAYS + 9} weeks of reports."
        )
    own = _curve(_replays(found, first_s, until_s, rule), weeks, rule)
    chance = _curve(_shuffled(known, first_s, until_s, rule, seed), weeks, rule)
    years = weeks * WEEK_DAYS / YEAR_DAYS
    by_own = _threshold(own, rule.alarms_a_year, years)
    by_chance = _threshold(chance, rule.alarms_a_year, years * SHUFFLES)
    is_own = weeks >= LEAST_REPLAYED_WEEKS and by_own <= by_chance
    threshold = by_own if is_own else by_chance
    span_s = until_s - float(known.occurred_s[0])
    return Calibration(
        threshold=threshold,
        basis=Basis.HISTORY if is_own else Basis.CHANCE,
        weeks=weeks,
        reports_a_week=len(known) / (span_s / (WEEK_DAYS * DAY_S)),
        alarms_a_year=max((rate for at, rate in own if at <= threshold), default=0.0),
        curve=own,
    )


def before(reports: Reports, until_s: float) -> Reports:
    """What had happened before a moment."""
    n = int(np.searchsorted(reports.occurred_s, until_s))
    return Reports(reports.xy[:n], reports.occurred_s[:n], reports.group[:n], reports.groups)


def weekly(first_s: float, until_s: float) -> Floats:
    """One moment a week, the last one at until_s or just before."""
    week_s = WEEK_DAYS * DAY_S
    count = int((until_s - first_s) // week_s) + 1
    return np.asarray(until_s - week_s * np.arange(max(count, 0))[::-1], np.float64)


Replay = tuple[Candidates, Sequence[float]]


def _replays(found: Places, first_s: float, until_s: float, rule: DeviationRule) -> Iterator[Replay]:
    """The same history looked at on each weekday: seven answers to one question."""
    for day in range(WEEK_DAYS):
        moments = weekly(first_s, until_s - day * DAY_S)
        yield candidates(found, moments.tolist(), rule), moments.tolist()


def _shuffled(reports: Reports, first_s: float, until_s: float, rule: DeviationRule, seed: int) -> Iterator[Replay]:
    """Histories in which nothing gathers anywhere: the same places and the same times, paired by chance."""
    moments = weekly(first_s, until_s).tolist()
    for number in range(SHUFFLES):
        dice = np.random.Generator(np.random.Philox(key=[seed, number]))
        shuffled = Reports.ordered(reports.xy, dice.permutation(reports.occurred_s), reports.group, reports.groups)
        yield candidates(places(shuffled, rule.radius_m, rule.lattice_m), moments, rule), moments


def _curve(replays: Iterator[Replay], weeks: float, rule: DeviationRule) -> tuple[tuple[float, float], ...]:
    """Alarms a year by threshold, from the strictest until far more than wanted."""
    runs = list(replays)
    years = weeks * WEEK_DAYS / YEAR_DAYS
    curve = []
    for step in range(STRICTEST * STEPS_A_DECADE, LOOSEST * STEPS_A_DECADE - 1, -1):
        threshold = 10.0 ** (-step / STEPS_A_DECADE)
        rate = sum(len(alarms(found, moments, threshold, rule)) for found, moments in runs) / len(runs) / years
        curve.append((threshold, rate))
        if rate > WELL_BEYOND * rule.alarms_a_year:
            break
    return tuple(curve)


def _threshold(curve: tuple[tuple[float, float], ...], wanted: float, years: float) -> float:
    """The loosest threshold up to which alarms stay below what is wanted, with some room for luck.

    The strictest if even that floods. What was replayed is one draw: without room, every other year has more.
    """
    chosen = curve[0][0]
    for threshold, rate in curve:
        if rate + ROOM * (rate / years) ** 0.5 > wanted:
            break
        chosen = threshold
    return chosen
