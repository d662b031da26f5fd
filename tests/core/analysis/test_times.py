"""Hours, weekdays and weeks are Stockholm's."""

from datetime import UTC, datetime

import numpy as np
import pytest

from app.core.analysis import times


def local(*moments: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return times.local_seconds(np.array([datetime.fromisoformat(moment).timestamp() for moment in moments]))


def test_hours_follow_the_clock_through_both_changes_of_the_year() -> None:
    local_s = local(
        "2026-01-15T22:59:59+00:00",  # winter, one hour ahead
        "2026-07-15T22:30:00+00:00",  # summer, two hours ahead
        "2026-03-29T00:59:59+00:00",  # the last second of winter time
        "2026-03-29T01:00:00+00:00",  # 02 does not exist
        "2026-10-25T00:30:00+00:00",  # 02:30 for the first time
        "2026-10-25T01:30:00+00:00",  # 02:30 again
    )
    assert times.hours(local_s).tolist() == [23, 0, 1, 3, 2, 2]


def test_weekdays_count_from_monday_and_change_at_swedish_midnight() -> None:
    local_s = local("2026-11-22T22:59:00+00:00", "2026-11-22T23:00:00+00:00", "1969-12-31T12:00:00+00:00")
    assert times.weekdays(local_s).tolist() == [6, 0, 2]


def test_weeks_are_counted_from_the_week_the_period_begins_in() -> None:
    first_s = local("2026-11-18T12:00:00+00:00")[0]  # a Wednesday
    local_s = local("2026-11-16T00:00:00+00:00", "2026-11-22T22:59:00+00:00", "2026-11-22T23:00:00+00:00")
    assert times.weeks(local_s, first_s).tolist() == [0, 0, 1]


def test_no_incidents_have_no_times() -> None:
    assert times.local_seconds(np.empty(0)).tolist() == []


@pytest.mark.parametrize(
    ("since", "until", "weeks"),
    [
        ("2026-11-16T00:00:00+01:00", "2026-11-23T00:00:00+01:00", ("2026-W47",)),
        ("2026-11-16T00:00:00+01:00", "2026-11-23T00:00:01+01:00", ("2026-W47", "2026-W48")),
        ("2026-11-15T22:59:59+00:00", "2026-11-15T23:00:01+00:00", ("2026-W46", "2026-W47")),
        ("2026-12-28T12:00:00+00:00", "2027-01-05T00:00:00+00:00", ("2026-W53", "2027-W01")),
    ],
)
def test_a_period_names_every_iso_week_it_touches(since: str, until: str, weeks: tuple[str, ...]) -> None:
    assert times.iso_weeks(datetime.fromisoformat(since), datetime.fromisoformat(until)) == weeks


def test_a_year_has_its_weeks_in_order() -> None:
    weeks = times.iso_weeks(datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))
    assert weeks == tuple(f"2026-W{week:02d}" for week in range(1, 52))
