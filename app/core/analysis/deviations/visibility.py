"""What an organisation can and cannot see at its present volume: a question to ask before trusting silence."""

from dataclasses import dataclass

import numpy as np

from app.core.analysis.deviations.calibrating import Calibration, before
from app.core.analysis.deviations.counting import Reports, places
from app.core.analysis.deviations.detecting import LEAST_BASELINE_DAYS, tail
from app.core.analysis.deviations.rule import WEEK_DAYS, YEAR_DAYS, DeviationRule
from app.core.analysis.points import DAY_S

CALM, USUAL, BUSY = 0.0, 0.5, 0.9  # quantiles over reports, by how much is reported around them
WHOLE_YEARS_FOR_SEASONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """Fewer extra reports than these within the longest window are more often missed than found.

    calm, usual, busy: at a place where nothing was reported before, around the middle report, and where more is
    reported than around nine of ten. baseline_weeks: of history to compare with. knows_seasons: whether two years
    are there. is_calibrated: whether the threshold comes from the organisation's own history.
    """

    window_days: int
    reports_a_week: float
    calm: int
    usual: int
    busy: int
    baseline_weeks: float
    knows_seasons: bool
    is_calibrated: bool


def visibility(reports: Reports, until_s: float, rule: DeviationRule, calibration: Calibration) -> Visibility:
    """What can be seen at until_s. Raises ValueError without a baseline."""
    known = before(reports, until_s)
    base_until_s = until_s - rule.gap_days * DAY_S
    start_s = float(known.occurred_s[0]) if len(known) else base_until_s
    base_since_s = max(start_s, base_until_s - rule.baseline_days * DAY_S)
    base_days = (base_until_s - base_since_s) / DAY_S
    if base_days < LEAST_BASELINE_DAYS:
        raise ValueError(f"There is too little history: a baseline needs {LEAST_BASELINE_DAYS} days of reports.")
    found = places(known, rule.radius_m, rule.lattice_m)
    everything = found.strata[0]
    counts = everything.count(base_since_s, base_until_s)
    around = np.zeros(everything.total(base_since_s, base_until_s), np.int64)
    first = int(np.searchsorted(everything.occurred_s, base_since_s))
    for row in range(len(around)):  # the busiest place near each report of the baseline
        entries = everything.place[everything.first_entry[first + row] : everything.first_entry[first + row + 1]]
        around[row] = counts[entries].max()
    usual, busy = np.quantile(around, (USUAL, BUSY)).tolist() if len(around) else (0.0, 0.0)
    window = max(rule.windows_days)
    ratio = window / base_days

    def needed(baseline: float) -> int:
        return extra_needed(round(baseline), ratio, calibration.threshold, rule.min_reports)

    return Visibility(
        window_days=window,
        reports_a_week=len(around) / (base_days / WEEK_DAYS),
        calm=needed(CALM),
        usual=needed(usual),
        busy=needed(busy),
        baseline_weeks=base_days / WEEK_DAYS,
        knows_seasons=until_s - start_s >= WHOLE_YEARS_FOR_SEASONS * YEAR_DAYS * DAY_S,
        is_calibrated=calibration.basis == "history",
    )


def extra_needed(baseline: int, ratio: float, threshold: float, min_reports: int) -> int:
    """How many reports beyond the usual ones a place needs for an alarm.

    baseline: reports in the place's baseline. ratio: of the window to the baseline, in the whole organisation.
    """
    observed = min_reports
    while tail(observed, baseline, ratio / (1 + ratio)) > threshold:
        observed += 1
    return int(np.ceil(observed - baseline * ratio))
