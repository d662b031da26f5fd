"""When things happen: hour, weekday, season and school calendar of each category.

Hours are laid out in UTC and weighed by their Stockholm time, so no instant falls into the hour
that the clock skips in March.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

STOCKHOLM = ZoneInfo("Europe/Stockholm")
FIRST_DAY = date(2024, 11, 18)  # a Monday
LAST_DAY = date(2026, 11, 15)  # a Sunday, included
AFTER_LAST_DAY = LAST_DAY + timedelta(days=1)
START = datetime(2024, 11, 17, 23, tzinfo=UTC)
END = datetime(2026, 11, 15, 23, tzinfo=UTC)
HOURS = int((END - START) / timedelta(hours=1))

Floats = npt.NDArray[np.float64]
Minutes = npt.NDArray[np.int64]  # whole minutes after START


def _bump(*peaks: tuple[float, float, float]) -> Floats:
    """24 hourly weights: (hour, width, height) of each peak, round the clock, on a low floor."""
    hour = np.arange(24.0)
    result = np.full(24, 0.06)
    for at, width, height in peaks:
        away = np.abs(hour - at)
        result += height * np.exp(-((np.minimum(away, 24 - away) / width) ** 2))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Weights by hour, by day (Monday first, the night belongs to the evening before) and by month."""

    hours: Floats
    days: tuple[float, ...] = (1, 1, 1, 1, 1, 1, 1)
    months: tuple[float, ...] = (1,) * 12
    is_school: bool = False


_LIGHT = (0.5, 0.5, 0.8, 1.1, 1.4, 1.3, 1.0, 1.4, 1.3, 1.0, 0.7, 0.5)
_SUMMER = (0.4, 0.4, 0.6, 1.0, 1.4, 1.6, 1.5, 1.5, 1.2, 0.8, 0.5, 0.4)
_DARK = (1.5, 1.3, 1.0, 0.7, 0.5, 0.4, 0.4, 0.7, 1.0, 1.4, 1.6, 1.7)
_WEEKEND = (0.6, 0.6, 0.7, 0.9, 1.9, 2.1, 0.8)

NIGHT = Rhythm(hours=_bump((23.5, 3.2, 1.0), (17, 4, 0.2)), days=_WEEKEND)
EVENING = Rhythm(hours=_bump((20.5, 3.4, 1.0), (15.5, 2.5, 0.3)), days=(0.9, 0.9, 1, 1, 1.4, 1.3, 0.8), months=_LIGHT)
DRUGS = Rhythm(hours=_bump((21, 3.5, 1.0), (15, 3, 0.5)), days=(0.9, 0.9, 1, 1.1, 1.4, 1.2, 0.7))
SHOPS = Rhythm(hours=_bump((15.5, 3.2, 1.0), (11.5, 2, 0.5)), days=(1, 1, 1, 1.1, 1.4, 1.2, 0.6))
OFFICE = Rhythm(hours=_bump((10.5, 2.6, 1.0), (14.5, 2, 0.8)), days=(1.2, 1.1, 1.1, 1.1, 1, 0.3, 0.25))
SCHOOL = Rhythm(hours=_bump((10, 1.6, 0.8), (12.5, 1.4, 1.0), (14.5, 1, 0.5)) - 0.055, is_school=True)
BREAK_IN = Rhythm(
    hours=_bump((18.5, 3.2, 1.0), (8, 1.5, 0.6)), days=(0.9, 0.9, 0.9, 1, 1.4, 1.2, 0.9),
    months=(1.1, 1.0, 0.9, 0.9, 0.9, 0.9, 1.3, 1.0, 0.9, 1.0, 1.2, 1.4),
)  # fmt: skip
VEHICLES = Rhythm(hours=_bump((21.5, 3.5, 1.0), (17, 2, 0.3)), days=(1, 1, 1, 1, 1.2, 1.2, 1))
DAMAGE = Rhythm(hours=_bump((21.5, 3.6, 1.0), (16, 3, 0.3)), days=(0.8, 0.8, 0.9, 1, 1.5, 1.5, 0.9), months=_LIGHT)
GRAFFITI = Rhythm(hours=_bump((22, 3, 1.0)), months=(0.4, 0.4, 0.8, 1.2, 1.5, 1.4, 1.1, 1.5, 1.3, 0.9, 0.6, 0.4))
MOPEDS = Rhythm(hours=_bump((20, 2.8, 1.0), (16, 2, 0.5)), days=(0.8, 0.8, 0.9, 1, 1.5, 1.4, 1), months=_SUMMER)
TRAFFIC = Rhythm(hours=_bump((7.7, 1.3, 1.0), (16.3, 1.8, 1.0)), days=(1.1, 1.1, 1.1, 1.1, 1.2, 0.6, 0.5))
DARKNESS = Rhythm(hours=_bump((18.5, 3, 1.0), (7, 1.2, 0.4)), months=_DARK)
LITTER = Rhythm(hours=_bump((9, 2.5, 1.0), (14, 3, 0.5)), days=(1.7, 1.1, 1, 1, 1, 0.5, 0.5), months=_SUMMER)

BY_CATEGORY: dict[str, Rhythm] = {
    "VAL": NIGHT, "RAN": NIGHT, "HOT": NIGHT, "PERS": OFFICE, "SKJ": NIGHT, "BRA": NIGHT, "NAR": DRUGS,
    "PAV": NIGHT, "INB": BREAK_IN, "INF": BREAK_IN, "BIL": VEHICLES, "BRN": VEHICLES, "TIL": SHOPS,
    "BED": OFFICE, "SKD": DAMAGE, "KLO": GRAFFITI, "NED": LITTER, "BUS": MOPEDS, "TRA": TRAFFIC,
    "OLO": TRAFFIC, "SAM": EVENING, "SKO": SCHOOL, "OTR": DARKNESS, "ARR": EVENING, "OVR": SHOPS,
}  # fmt: skip

# first and last day of school holidays, both included
_HOLIDAYS = (
    (date(2024, 12, 20), date(2025, 1, 8)), (date(2025, 2, 24), date(2025, 2, 28)),
    (date(2025, 4, 14), date(2025, 4, 21)), (date(2025, 5, 1), date(2025, 5, 2)),
    (date(2025, 6, 6), date(2025, 8, 18)), (date(2025, 10, 27), date(2025, 10, 31)),
    (date(2025, 12, 20), date(2026, 1, 8)), (date(2026, 2, 23), date(2026, 2, 27)),
    (date(2026, 3, 30), date(2026, 4, 6)), (date(2026, 5, 1), date(2026, 5, 1)),
    (date(2026, 6, 6), date(2026, 8, 18)), (date(2026, 10, 26), date(2026, 10, 30)),
)  # fmt: skip


def is_school_day(day: date) -> bool:
    """Monday to Friday outside the school holidays."""
    return day.weekday() < 5 and not any(first <= day <= last for first, last in _HOLIDAYS)  # noqa: PLR2004 - Saturday


@lru_cache(maxsize=1)
def _calendar() -> tuple[npt.NDArray[np.int64], ...]:
    """Hour, weekday of the night, month and school day of every hour of the two years, in Stockholm."""
    rows = []
    for h in range(HOURS):
        local = (START + timedelta(hours=h)).astimezone(STOCKHOLM)
        night = (local - timedelta(hours=5)).weekday()
        rows.append((local.hour, night, local.month - 1, int(is_school_day(local.date()))))
    return tuple(np.array(rows, dtype=np.int64).T)


@lru_cache(maxsize=64)
def _weights(category: str) -> Floats:
    """Weight of every hour of the two years for one category."""
    rhythm = BY_CATEGORY[category]
    hour, night, month, school = _calendar()
    weight = rhythm.hours[hour] * np.array(rhythm.days)[night] * np.array(rhythm.months)[month]
    result: Floats = weight * school if rhythm.is_school else weight
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """When a place is active: days, half-open, and only some months (1-12) unless there are none."""

    since: date = FIRST_DAY
    until: date = AFTER_LAST_DAY
    months: frozenset[int] = frozenset()


ALWAYS = Active()


def draw(rng: np.random.Generator, category: str, count: int, active: Active = ALWAYS) -> Minutes:
    """When `count` incidents begin, in minutes after START, rounded to five."""
    weight = _weights(category).copy()
    weight[: max(0, (active.since - FIRST_DAY).days * 24)] = 0
    weight[max(0, (active.until - FIRST_DAY).days * 24) :] = 0
    if active.months:
        weight[~np.isin(_calendar()[2] + 1, list(active.months))] = 0
    total = np.cumsum(weight)
    hour = np.searchsorted(total, rng.uniform(0, total[-1], count), side="right")
    return hour.astype(np.int64) * 60 + rng.integers(0, 12, count) * 5


def durations(rng: np.random.Generator, category: str, count: int) -> Minutes:
    """How long "some time between" is, in minutes; 0 for what somebody saw happen."""
    share, night_share, days_mean = _INTERVALS.get(category, (0.0, 0.0, 1.0))
    kind = rng.random(count)
    night = np.clip(rng.normal(10, 2.5, count), 1, 16) * 60
    days = (0.6 + rng.exponential(days_mean, count)) * 1440
    length = np.where(kind < share * night_share, night, np.where(kind < share, days, 0))
    weeks_away = (rng.random(count) < _FORGOTTEN.get(category, 0.0)) & (length > 0)
    length = np.where(weeks_away, rng.uniform(29, 75, count) * 1440, length)
    result: Minutes = (length // 5 * 5).astype(np.int64)
    return result


# category: share of intervals, share of those that are one night or working day, mean days of the others
_INTERVALS = {
    "INB": (0.92, 0.6, 3.5), "INF": (0.95, 0.35, 6.0), "BIL": (0.88, 0.82, 1.5), "BRN": (0.9, 0.7, 2.0),
    "TIL": (0.25, 0.85, 1.0), "SKD": (0.55, 0.8, 1.5), "KLO": (0.8, 0.7, 2.0), "BRA": (0.15, 0.95, 0.5),
    "NED": (0.4, 0.8, 2.0), "BED": (0.2, 0.4, 3.0),
}  # fmt: skip
# share of intervals in which nobody looked for a month or more
_FORGOTTEN = {"INF": 0.06, "INB": 0.02, "BRN": 0.02, "BIL": 0.01, "BED": 0.03, "KLO": 0.01}


def moment(minutes: int) -> datetime:
    """Minutes after START as an aware Stockholm time."""
    return (START + timedelta(minutes=minutes)).astimezone(STOCKHOLM)
