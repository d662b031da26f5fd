"""Week by week, with the band that is normal: a week outside it is news, a week inside it is not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.statistics.dispersion import band, predicted

LEAST_WEEKS = 8  # before a band can be drawn
YEAR_WEEKS = 52


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week: its count, and what was normal by the year before it; None while there is too little of it."""

    count: int
    expected: float | None
    low: int | None
    high: int | None

    @property
    def is_normal(self) -> bool | None:
        """Whether the count lies in the band; None without one."""
        return None if self.low is None or self.high is None else self.low <= self.count <= self.high


def trend(counts: NDArray[np.int64]) -> tuple[Week, ...]:
    """Every week with its band (95 %), by weekly counts (w,); each band knows only the weeks before it."""
    weeks = []
    for i, count in enumerate(counts.tolist()):
        before = counts[max(0, i - YEAR_WEEKS) : i]
        if len(before) < LEAST_WEEKS:
            weeks.append(Week(count=count, expected=None, low=None, high=None))
            continue
        mean, excess = predicted(before, 1)
        low, high = band(mean, excess)
        weeks.append(Week(count=count, expected=mean, low=low, high=high))
    return tuple(weeks)
