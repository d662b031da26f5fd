"""From the file's clock to UTC: local time, the hour that spring skips and the one that autumn shows twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from app.core.imports import moments
from app.core.imports.moments import Moment, Precision, UnreadableError
from app.core.imports.profile import DayOrder, Doubled, Profile, Span
from app.core.imports.source import Cell
from app.core.periods import is_naive

_REMEMBERED: Final = 20_000
_MINUTES_FORMAT: Final = 16  # 2026-05-01 08:00
_SECONDS_FORMAT: Final = 19


class Stretch(NamedTuple):
    """When an incident was, in UTC; `is_whole` when the end is only the end of the hour, day or month that is told."""

    since: datetime
    until: datetime | None
    is_whole: bool = False


class Clock:
    """Reads the times of one source's files."""

    def __init__(self, profile: Profile) -> None:
        self._zone = ZoneInfo(profile.time_zone)
        self._is_day_first = profile.day_order is DayOrder.DAY_FIRST
        self._is_month = profile.span is Span.MONTH
        self._is_midnight_unknown = profile.is_midnight_unknown
        self._is_offset_wrong = profile.is_offset_wrong
        self._is_compact = profile.is_clock_compact
        self._doubled = profile.doubled_hour
        self._offsets: dict[date, timedelta | None] = {}  # None: the clock is changed that day
        self._known: dict[tuple[Cell, Cell], Stretch | str] = {}

    def stretch(self, day: Cell, clock: Cell = "") -> Stretch | str:
        """What a day, with its time of day in a cell of its own or not, says; or the slug of what is wrong."""
        if not clock and type(day) is str and len(day) in {_MINUTES_FORMAT, _SECONDS_FORMAT}:
            return self._plain(day)
        return self._remembered(day, clock)

    def _plain(self, text: str) -> Stretch | str:
        """2026-05-01 08:00, which most files write, without the detours."""
        if text[4] == text[7] == "-" and text[10] in "T " and text[13] == ":":
            try:
                local = datetime.fromisoformat(text)
            except ValueError:
                return self._remembered(text, "")
            offset = self._offset(local.date())
            if offset is not None and not (self._is_midnight_unknown and not (local.hour or local.minute)):
                return Stretch((local - offset).replace(tzinfo=UTC), None)
        return self._remembered(text, "")

    def _remembered(self, day: Cell, clock: Cell) -> Stretch | str:
        key = (day, clock)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            try:
                found = self._of(self._with_clock(moments.read(day, is_day_first=self._is_day_first), clock))
            except UnreadableError as error:
                found = error.code
            except OverflowError:
                found = moments.UNKNOWN_DATE
            self._known[key] = found
        return found

    def parts(self, year: Cell, month: Cell, day: Cell, hour: Cell, minute: Cell) -> Stretch | str:
        """What cells of their own for year, month … say; empty ones from the right make it less exact."""
        try:
            moment = moments.of_parts(
                moments.whole_number(year),
                moments.month_number(month),
                None if moments.is_missing(day) else moments.whole_number(day),
            )
            if moments.is_missing(hour):
                return self._of(moment)
            if moments.is_missing(minute):
                return self._of(self._with_clock(moment, hour))
            at = moment.at + timedelta(hours=moments.whole_number(hour), minutes=moments.whole_number(minute))
            return self._of(Moment(at))
        except UnreadableError as error:
            return error.code
        except OverflowError:
            return moments.UNKNOWN_DATE

    def title(self, title: Cell, published: Cell) -> Stretch | str:
        """What a headline says, told when it was published."""
        told = self.stretch(published)
        if isinstance(told, str):
            return told
        try:
            return self._of(moments.read_title(str(title), told.since.astimezone(self._zone)))
        except UnreadableError as error:
            return error.code

    def _with_clock(self, moment: Moment, clock: Cell) -> Moment:
        """The day's own time of day counts, unless it is only its midnight."""
        if moments.is_missing(clock):
            return moment
        is_open = moment.precision is Precision.DAY or not (moment.at.hour or moment.at.minute or moment.at.second)
        if not is_open or moment.end is not None:
            return moment
        start, end = moments.read_clock(clock, is_compact=self._is_compact)
        midnight = moment.at.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return Moment(midnight + start, Precision.INSTANT, None if end is None else midnight + end)

    def _of(self, moment: Moment) -> Stretch | str:
        if self._is_month and moment.precision is Precision.DAY:
            moment = moment._replace(precision=Precision.MONTH)
        if self._is_midnight_unknown and self._is_midnight(moment):
            moment = moment._replace(precision=Precision.DAY, at=moment.at.replace(second=0, microsecond=0))
        since = self._utc(moment.at, is_start=moment.precision is not Precision.INSTANT)
        if isinstance(since, str):
            return since
        end = moments.last_minute(moment)
        if end == moment.at:
            return Stretch(since, None)
        until = self._utc(end, is_start=moment.end is None)
        if isinstance(until, str):
            return until
        return Stretch(since, until, is_whole=moment.end is None)

    def _is_midnight(self, moment: Moment) -> bool:
        if moment.precision is not Precision.INSTANT or moment.end is not None:
            return False
        local = moment.at if is_naive(moment.at) or self._is_offset_wrong else moment.at.astimezone(self._zone)
        return not (local.hour or local.minute)

    def _offset(self, day: date) -> timedelta | None:
        if day not in self._offsets:
            if len(self._offsets) >= _REMEMBERED:
                self._offsets.clear()
            start = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            try:
                offsets = {(start + timedelta(hours=hours)).utcoffset() for hours in (-1, 0, 6, 12, 23, 25)}
            except OverflowError:
                offsets = set()
            self._offsets[day] = offsets.pop() if len(offsets) == 1 else None
        return self._offsets[day]

    def _utc(self, at: datetime, *, is_start: bool) -> datetime | str:
        """The instant; is_start: it is only an edge of an hour, a day or a month, where nothing is in doubt."""
        if not is_naive(at):
            if not self._is_offset_wrong:
                return at.astimezone(UTC)
            at = at.replace(tzinfo=None)
        offset = self._offset(at.date())
        if offset is not None:
            return (at - offset).replace(tzinfo=UTC)
        first, second = (at.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset() or is_start:
            return first.astimezone(UTC)
        if first.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != at:
            return "skipped-time"
        if self._doubled is Doubled.REFUSE:
            return "ambiguous-time"
        return (first if self._doubled is Doubled.FIRST else second).astimezone(UTC)
