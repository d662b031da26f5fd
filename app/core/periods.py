"""Periods, days and ISO weeks: stored in UTC, cut at midnight in Stockholm.

A period is half-open: `since` belongs to it, `until` does not. In a query a plain date means the whole day in
Stockholm, so a date as `to` includes the day it names: it stands for the start of the next one.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from app.core.errors import FieldProblem, InvalidError

STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
QUERY_YEARS: Final = (1900, 2199)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# datetime.fromisoformat alone would read more, a NUL before the offset among other things.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_Day = TypeVar("_Day", bound=date)  # a date or a datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time, kept in UTC: since <= instant < until."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if is_naive(self.since) or is_naive(self.until):
            raise ValueError("a period needs instants with a time zone")
        object.__setattr__(self, "since", self.since.astimezone(UTC))
        object.__setattr__(self, "until", self.until.astimezone(UTC))
        if self.since >= self.until:
            raise ValueError("a period must end after it starts")

    def __contains__(self, instant: datetime) -> bool:
        """Whether an aware instant lies in the period."""
        return self.since <= instant < self.until


def is_naive(instant: datetime) -> bool:
    """Whether it is unknown which moment is meant. A tzinfo alone is not enough: it may know no offset."""
    return instant.utcoffset() is None


def stockholm_day_start(day: date) -> datetime:
    """Midnight in Stockholm, in UTC."""
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


def stockholm_date(instant: datetime) -> date:
    """Give the date in Stockholm at an aware instant."""
    return instant.astimezone(STOCKHOLM).date()


def day_period(day: date) -> Period:
    """One day in Stockholm: 23, 24 or 25 hours."""
    return Period(stockholm_day_start(day), stockholm_day_start(day + timedelta(days=1)))


def iso_week_of(instant: datetime) -> tuple[int, int]:
    """ISO year and week in Stockholm at an aware instant; around New Year the ISO year is not the year."""
    year, week, _ = stockholm_date(instant).isocalendar()
    return year, week


def iso_week_period(year: int, week: int) -> Period:
    """Monday to Monday in Stockholm. Raises InvalidError for a week that the ISO year does not have."""
    try:
        monday = date.fromisocalendar(year, week, 1)
        return Period(stockholm_day_start(monday), stockholm_day_start(monday + timedelta(weeks=1)))
    except (ValueError, OverflowError) as error:
        message = "Give a week that the year has, from 1 to 52 or 53."
        raise InvalidError(message, (FieldProblem("week", "unknown-week", message),)) from error


def midpoint(occurred_from: datetime, occurred_to: datetime | None) -> datetime:
    """Give the instant, in UTC, that an incident belongs to: the middle of its interval, or its start."""
    start = occurred_from.astimezone(UTC)
    if occurred_to is None:
        return start
    return start + (occurred_to.astimezone(UTC) - start) / 2


def parse_from(value: str, field: str = "from") -> datetime:
    """Read the first instant, in UTC: a date is its midnight in Stockholm. Raises InvalidError."""
    if day := _parse_date(value, field):
        return stockholm_day_start(day)
    return _parse_instant(value, field)


def parse_to(value: str, field: str = "to") -> datetime:
    """Read the first instant no longer meant: a date is the next day's midnight. Raises InvalidError."""
    if day := _parse_date(value, field):
        return stockholm_day_start(day + timedelta(days=1))
    return _parse_instant(value, field)


def parse_period(value_from: str, value_to: str) -> Period:
    """Read the period of two query values. Raises InvalidError, with the problems of both."""
    instants: list[datetime] = []
    problems: list[FieldProblem] = []
    for parse, value in ((parse_from, value_from), (parse_to, value_to)):
        try:
            instants.append(parse(value))
        except InvalidError as error:
            problems += error.problems
    if problems:
        raise InvalidError("The period is not valid.", tuple(problems))
    since, until = instants
    if since >= until:
        raise _invalid("to", "empty-period", "Give a to that is later than from.")
    return Period(since, until)


def _parse_date(value: str, field: str) -> date | None:
    """None when the value is no date but may be an instant."""
    if not _DATE.fullmatch(value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise _invalid(field, "unknown-date", "Give a date that the calendar has.") from error
    return _in_query_years(day, field)


def _parse_instant(value: str, field: str) -> datetime:
    if not _INSTANT.fullmatch(value):
        raise _unreadable(field)
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise _unreadable(field) from error
    if is_naive(instant):
        message = "Give the time with its offset from UTC, for example 2026-05-01T08:00:00Z."
        raise _invalid(field, "naive-time", message)
    return _in_query_years(instant, field).astimezone(UTC)


def _in_query_years(value: _Day, field: str) -> _Day:
    if QUERY_YEARS[0] <= value.year <= QUERY_YEARS[1]:
        return value
    raise _invalid(field, "out-of-range", f"Give a year from {QUERY_YEARS[0]} to {QUERY_YEARS[1]}.")


def _unreadable(field: str) -> InvalidError:
    message = (
        "Give a date such as 2026-05-01, or a time with its offset from UTC such as 2026-05-01T08:00:00Z; "
        "in an address the plus sign is written %2B."
    )
    return _invalid(field, "unreadable-time", message)


def _invalid(field: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, (FieldProblem(field, code, message),))
