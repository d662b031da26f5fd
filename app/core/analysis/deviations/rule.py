"""What a deviation is: how near, how long, compared with what, and how often anybody wants to be called."""

import math
from dataclasses import dataclass

WEEK_DAYS = 7
YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRule:
    """Reports within radius_m in the last days (each of windows_days) against the place's own baseline.

    The baseline is the baseline_days that end gap_days ago, or what there is of them. lattice_m: how close the
    places looked at lie. Deviations within merge_m are one; an alarm keeps its surroundings silent for
    silent_days. alarms_a_year: how many the organisation is willing to look at. Raises ValueError in one sentence.
    """

    radius_m: float = 150.0
    lattice_m: float = 100.0
    windows_days: tuple[int, ...] = (28, 14)
    baseline_days: int = 364
    gap_days: int = 28
    min_reports: int = 4
    merge_m: float = 400.0
    silent_days: int = 28
    alarms_a_year: float = 4.0

    def __post_init__(self) -> None:
        """Refuse a rule that cannot be looked for."""
        if not (0 < self.lattice_m <= self.radius_m <= 2000):  # noqa: PLR2004 -- beyond, it is no place but an area
            raise ValueError("The radius must be at most 2000 metres and at least the lattice's step.")
        if not self.windows_days or min(self.windows_days) < 1 or max(self.windows_days) > self.gap_days:
            raise ValueError("Windows must be at least a day and end where the baseline's gap begins.")
        if self.baseline_days < WEEK_DAYS or self.min_reports < 2:  # noqa: PLR2004 -- one report is no group
            raise ValueError("The baseline must be at least a week, and at least two reports make a deviation.")
        if not (0 <= self.merge_m < math.inf and self.silent_days >= 0):
            raise ValueError("The distance for merging and the days of silence cannot be negative.")
        if not 0 < self.alarms_a_year <= 1000:  # noqa: PLR2004 -- twenty a week: nobody would look
            raise ValueError("Alarms a year must be more than 0 and at most 1000.")
