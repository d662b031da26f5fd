"""Periods, days and weeks in Stockholm, and how queries name them."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import periods
from app.core.errors import InvalidError
from app.core.periods import STOCKHOLM, Period, midpoint, parse_from, parse_period, parse_to

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
days = st.dates(date(1901, 1, 1), date(2198, 12, 31))
# Before 1980 the clock once changed at midnight; no report is that old.
instants = st.datetimes(timezones=st.sampled_from([UTC, STOCKHOLM])).filter(lambda at: 1980 <= at.year < 9999)


class Nowhere(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    dst = utcoffset

    def tzname(self, _: datetime | None) -> None:
        return None


def test_a_period_holds_its_start_but_not_its_end() -> None:
    period = Period(NOON, NOON + HOUR)
    assert NOON in period
    assert NOON + HOUR not in period
    assert NOON - timedelta(microseconds=1) not in period


def test_a_period_is_kept_in_utc() -> None:
    local = datetime(2026, 5, 1, 14, tzinfo=STOCKHOLM)
    assert Period(local, local + HOUR) == Period(NOON, NOON + HOUR)
    assert Period(local, local + HOUR).since.tzinfo is UTC


def test_a_period_across_the_hour_that_comes_twice_has_its_true_length() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=STOCKHOLM)
    period = Period(first, first.replace(fold=1))
    assert period.until - period.since == HOUR


@pytest.mark.parametrize("until", [NOON, NOON - HOUR])
def test_a_period_ends_after_it_starts(until: datetime) -> None:
    with pytest.raises(ValueError, match="must end after"):
        Period(NOON, until)


@pytest.mark.parametrize("naive", [NOON.replace(tzinfo=None), NOON.replace(tzinfo=Nowhere())])
def test_a_period_needs_to_know_the_time_zone(naive: datetime) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Period(naive, NOON + HOUR)
    with pytest.raises(ValueError, match="time zone"):
        Period(NOON - HOUR, naive)


def test_a_day_starts_at_midnight_in_stockholm() -> None:
    assert periods.stockholm_day_start(date(2026, 5, 1)) == datetime(2026, 4, 30, 22, tzinfo=UTC)
    assert periods.stockholm_day_start(date(2026, 1, 1)) == datetime(2025, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 5, 1), 24), (date(2026, 10, 25), 25)])
def test_a_day_is_as_long_as_the_clock_change_makes_it(day: date, hours: int) -> None:
    period = periods.day_period(day)
    assert period.until - period.since == timedelta(hours=hours)


@given(instants)
def test_every_instant_lies_in_its_own_day_and_its_own_week(instant: datetime) -> None:
    assert instant in periods.day_period(periods.stockholm_date(instant))
    assert instant in periods.iso_week_period(*periods.iso_week_of(instant))


def test_the_iso_year_is_not_always_the_year() -> None:
    assert periods.iso_week_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == (2026, 53)
    assert periods.iso_week_of(datetime(2025, 12, 29, 12, tzinfo=UTC)) == (2026, 1)


@pytest.mark.parametrize(("year", "week"), [(2025, 53), (2026, 0), (0, 1), (10_000, 1), (9999, 52), (1, 1)])
def test_a_week_that_does_not_exist_is_refused(year: int, week: int) -> None:
    with pytest.raises(InvalidError) as caught:
        periods.iso_week_period(year, week)
    assert caught.value.problems[0].code == "unknown-week"


def test_an_incident_without_an_end_belongs_to_its_start() -> None:
    assert midpoint(NOON.astimezone(STOCKHOLM), None) == NOON
    assert midpoint(NOON.astimezone(STOCKHOLM), None).tzinfo is UTC


def test_an_interval_across_the_clock_change_belongs_to_its_true_middle() -> None:
    start = datetime(2026, 10, 25, 0, tzinfo=STOCKHOLM)  # 22:00 UTC
    end = datetime(2026, 10, 25, 5, tzinfo=STOCKHOLM)  # 04:00 UTC, six hours later
    assert midpoint(start, end) == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_from_a_date_is_midnight_and_to_a_date_includes_that_day() -> None:
    assert parse_from("2026-05-01") == datetime(2026, 4, 30, 22, tzinfo=UTC)
    assert parse_to("2026-05-01") == datetime(2026, 5, 1, 22, tzinfo=UTC)


@given(days)
def test_a_date_as_both_ends_is_that_day(day: date) -> None:
    assert parse_period(day.isoformat(), day.isoformat()) == periods.day_period(day)


@pytest.mark.parametrize("value", ["2026-05-01T12:00:00Z", "2026-05-01T14:00+02:00", "2026-05-01 12:00:00.000Z"])
def test_an_instant_means_itself_at_either_end(value: str) -> None:
    assert parse_from(value) == parse_to(value) == NOON
    assert parse_from(value).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "unreadable-time"),
        ("i går", "unreadable-time"),
        ("20260501", "unreadable-time"),
        ("2026-W18", "unreadable-time"),
        ("2026-05-01T12:00 02:00", "unreadable-time"),  # a plus sign that an address turned into a space
        ("2026-05-01T25:00:00Z", "unreadable-time"),
        ("2026-05-01T12:00:00\0Z", "unreadable-time"),
        ("2026-02-30", "unknown-date"),
        ("2026-05-01T12:00:00", "naive-time"),
        ("2026-05-01 02:00", "naive-time"),
        ("0001-01-01", "out-of-range"),
        ("9999-12-31", "out-of-range"),
        ("9999-12-31T23:59:59-05:00", "out-of-range"),
        ("٢٠٢٦-٠٥-٠١", "unreadable-time"),
    ],
)
def test_a_value_that_names_no_instant_is_refused(value: str, code: str) -> None:
    for parse, field in ((parse_from, "from"), (parse_to, "to")):
        with pytest.raises(InvalidError) as caught:
            parse(value)
        assert [(problem.field, problem.code) for problem in caught.value.problems] == [(field, code)]


@given(st.text())
def test_any_text_is_an_instant_or_a_clear_error(value: str) -> None:
    try:
        is_clear = parse_from(value) <= parse_to(value)
    except InvalidError as error:
        is_clear = len(error.problems) == 1
    assert is_clear


def test_a_period_from_a_query_tells_the_problems_of_both_values() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_period("x", "y")
    assert [problem.field for problem in caught.value.problems] == ["from", "to"]


def test_a_period_from_a_query_may_not_be_empty() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_period("2026-05-02", "2026-05-01")
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("to", "empty-period")]


def test_a_field_may_have_another_name() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_from("x", "occurred_after")
    assert caught.value.problems[0].field == "occurred_after"


def test_a_fixed_offset_is_as_good_as_a_zone() -> None:
    assert midpoint(NOON.astimezone(timezone(5 * HOUR)), NOON + 2 * HOUR) == NOON + HOUR
