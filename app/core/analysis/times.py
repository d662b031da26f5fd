"""When incidents happen, on Swedish clocks: hour, weekday, ISO week.

Days and weeks are Europe/Stockholm's, so a UTC instant late on Sunday may count on Monday.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import DAY_S, Floats

STOCKHOLM = ZoneInfo("Europe/Stockholm")
HOUR_S = 3600.0
MONDAY_SHIFT = 3  # 1970-01-01 was a Thursday


def local_seconds(occurred_s: Floats) -> Floats:
    """Epoch seconds (n,) as a clock in Stockholm shows them. The zone moves on whole UTC hours only."""
    utc_hours, hour_of_row = np.unique(np.floor(occurred_s / HOUR_S), return_inverse=True)
    moments = (datetime.fromtimestamp(hour * HOUR_S, tz=STOCKHOLM) for hour in utc_hours.tolist())
    offsets_s = np.array([(moment.utcoffset() or timedelta()).total_seconds() for moment in moments])
    return occurred_s + (offsets_s[hour_of_row] if len(occurred_s) else 0.0)


def hours(local_s: Floats) -> NDArray[np.int64]:
    """The hour 0..23 (n,) of local seconds (n,)."""
    return np.floor(local_s / HOUR_S).astype(np.int64) % 24


def weekdays(local_s: Floats) -> NDArray[np.int64]:
    """The weekday (n,), Monday 0 to Sunday 6, of local seconds (n,)."""
    return (_days(local_s) + MONDAY_SHIFT) % 7


def weeks(local_s: Floats, first_s: float) -> NDArray[np.int64]:
    """How many ISO weeks (n,) after the week of `first_s` local seconds (n,) fall; both local."""
    return (_days(local_s) + MONDAY_SHIFT) // 7 - (_days(np.array([first_s])) + MONDAY_SHIFT) // 7


def iso_weeks(since: datetime, until: datetime) -> tuple[str, ...]:
    """The names, like 2026-W07, of every ISO week that [since, until) touches; since < until, aware."""
    first = since.astimezone(STOCKHOLM).date()
    last = (until.astimezone(UTC) - timedelta(microseconds=1)).astimezone(STOCKHOLM).date()
    monday = first.toordinal() - first.weekday()
    calendar = (date.fromordinal(day).isocalendar() for day in range(monday, last.toordinal() + 1, 7))
    return tuple(f"{week.year}-W{week.week:02d}" for week in calendar)


def _days(local_s: Floats) -> NDArray[np.int64]:
    return np.floor(local_s / DAY_S).astype(np.int64)
