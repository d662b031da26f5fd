"""When in the week and in the year, on Swedish clocks.

A theft "some time between eight and four" is spread evenly over those hours (aoristic weights, Ratcliffe 2000):
its middle would invent a peak at noon.
"""

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import DAY_S, Floats
from app.core.analysis.times import HOUR_S, hours, local_seconds, weekdays

WEEK_HOURS = 168
WEEK_S = 7 * DAY_S
MONDAY_S = 4 * DAY_S  # the first Monday: 1970-01-05


def weekday_hours(occurred_from_s: Floats, occurred_to_s: Floats) -> Floats:
    """How many incidents fall on each weekday (Monday first) and hour: (7, 24), which sums to their number.

    occurred_from_s, occurred_to_s: (n,) epoch seconds. An interval keeps its length when clocks change within it.
    Raises ValueError when one ends before it begins.
    """
    if (occurred_to_s < occurred_from_s).any():
        raise ValueError("An incident cannot end before it begins.")
    start_s = local_seconds(occurred_from_s)
    length_s = occurred_to_s - occurred_from_s
    at = length_s == 0
    table = np.bincount(weekdays(start_s[at]) * 24 + hours(start_s[at]), minlength=WEEK_HOURS).astype(np.float64)
    since_s, length_s = start_s[~at] - MONDAY_S, length_s[~at]
    if len(since_s):
        for hour in range(WEEK_HOURS):
            inside_s = _before(hour, since_s + length_s) - _before(hour, since_s)
            table[hour] += (inside_s / length_s).sum()
    return table.reshape(7, 24)


def months(occurred_s: Floats) -> tuple[int, NDArray[np.int64]]:
    """The first year, and incidents by year and month (y, 12) of instants (n,), epoch seconds; year 0 for none."""
    if len(occurred_s) == 0:
        return 0, np.zeros((0, 12), np.int64)
    number = local_seconds(occurred_s).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    first = int(number.min()) // 12 * 12
    years = (int(number.max()) - first) // 12 + 1
    return 1970 + first // 12, np.bincount(number - first, minlength=12 * years).reshape(years, 12)


def _before(hour: int, local_s: Floats) -> Floats:
    """How much of an hour of the week (seconds) has passed since the first Monday."""
    whole, rest_s = np.divmod(local_s, WEEK_S)
    passed: Floats = whole * HOUR_S + np.clip(rest_s - hour * HOUR_S, 0.0, HOUR_S)
    return passed
