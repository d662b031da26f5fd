"""Dates and times as people write them: what a text says, before anybody asks where its clock hung.

A year of four digits in front is never in doubt; 5/3 2024 is, and the caller says which order the file keeps.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.imports.source import Cell


class Precision(StrEnum):
    """How exactly a moment is told."""

    INSTANT = "instant"
    DAY = "day"
    MONTH = "month"


class Moment(NamedTuple):
    """A moment on the file's clock, with tzinfo only where the file tells an offset; `end` when it tells a stretch."""

    at: datetime
    precision: Precision = Precision.INSTANT
    end: datetime | None = None


class UnreadableError(ValueError):
    """A text is no time. Never leaves the core's imports: `code` becomes the row's problem."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


UNREADABLE: Final = "unreadable-time"
UNKNOWN_DATE: Final = "unknown-date"
MISSING_WORDS: Final = frozenset(
    {
        "", "-", "--", "?", "null", "none", "nan", "na", "n/a", "nil", "<null>", "(null)", "#n/a", "saknas", "okänd",
        "okänt", "uppgift saknas", "ej angivet", "ej angiven", "ej känd", "ej känt", "vet ej", "unknown", "missing",
        "not available", "unspecified", "not recorded", "00000000", "0000-00-00",
    }
)  # fmt: skip

_MONTH_NAMES: Final = (
    "jan januari january", "feb februari february", "mar mars march mrs", "apr april", "maj may", "jun juni june",
    "jul juli july", "aug augusti august", "sep sept september", "okt oct oktober october", "nov november",
    "dec december",
)  # fmt: skip
_MONTHS: Final = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_WEEKDAY = (
    r"(?:(?:m[åa]n|tis|ons|tors?|fre|l[öo]r|s[öo]n|mon|tue|tues|wed|thu|thurs?|fri|sat|sun)[a-zåäö]*\.?,?\s+)?"
    r"(?:den\s+)?"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"|(?P<digits>\d{3,4}|\d{6})"
)
_OFFSET = r"(?:\s*(?P<offset>z|utc|gmt|cest|cet|(?:utc|gmt)?[+-](?:0\d|1[0-4])(?::?\d{2})?))?"
_DATE_TIME = re.compile(
    rf"{_WEEKDAY}(?:"
    r"(?P<y1>\d{4})(?P<sep>[-/. ])(?P<m1>\d{1,2})(?P=sep)(?P<d1>\d{1,2})"
    r"|(?P<a>\d{1,2})\s?[-/. ]\s?(?P<b>\d{1,2})\s?[-/., ]\s?(?P<y2>\d{4}|\d{2}(?!\d|:))"
    r"|(?P<d3>\d{1,2})(?:\.|:e|st|nd|rd|th)?[ -]?(?P<month3>[a-z]{3,9})\.?,?[ -]?(?P<y3>\d{4}|\d{2}(?!\d|:))"
    r"|(?P<month4>[a-z]{3,9})\.?\s+(?P<d4>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y4>\d{4})"
    r"|(?P<whole>\d{8}|\d{6}(?=[t ]))"
    rf")(?:(?:t|,?\s*-?\s*(?:kl\.?|klockan|at|@)\s*|,?\s+)(?:{_CLOCK}){_OFFSET})?",
    re.IGNORECASE,
)
_CLOCK_ONLY = re.compile(rf"(?:kl\.?|klockan)?\s*(?:{_CLOCK})", re.IGNORECASE)
_MONTH_ONLY = re.compile(
    r"(?P<y1>\d{4})[-/ m](?P<m1>\d{1,2})|(?P<month>[a-z]{3,9})\.?[ -](?P<y2>\d{4})"
    r"|(?P<y3>\d{4})[ -](?P<month3>[a-z]{3,9})",
    re.IGNORECASE,
)
_BETWEEN: Final = (
    re.compile(r"\s+(?:-|till|to|until|och|and|t\.?o\.?m\.?)\s+|\s*[–—]\s*", re.IGNORECASE),
    re.compile(r"(?<=[\dz])/(?=\d{4}-)", re.IGNORECASE),  # as ISO 8601 writes it
    re.compile(r"(?<=\d)-(?=\d{1,2}(?:[:.]\d{2})?$)"),
)
_HOURS = re.compile(
    r"(?:kl\.?|klockan)?\s*(\d{1,2})(?:[:.]?(\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.]?(\d{2}))?", re.IGNORECASE
)
_NUMBER = re.compile(r"(\d{5})[.,]\d+|\d{5}|\d{10}|\d{12,14}|\d{16}")
_JSON_DATE = re.compile(r"/Date\((\d{12,13})\)/")
_TITLE = re.compile(
    rf"\s*{_WEEKDAY}(\d{{1,2}})\s+([a-zåäö]{{3,9}})\.?,?\s*(?:kl\.?\s*)?(\d{{1,2}})[.:](\d{{2}})", re.IGNORECASE
)
_EXCEL_START: Final = datetime(1899, 12, 30)  # noqa: DTZ001 -- on the file's own clock
_EXCEL_DAYS: Final = (20_000, 80_000)  # 1954 to 2119
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MINUTES: Final = 24 * 60
_LAST_YEAR_OF_2000: Final = 89
_ZONES: Final = {"cet": 1, "cest": 2}


def is_missing(cell: Cell) -> bool:
    """Whether a cell says nothing, or says in words that nothing is known."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in MISSING_WORDS)


def read(cell: Cell, *, is_day_first: bool) -> Moment:
    """What one cell says. Raises UnreadableError."""
    if isinstance(cell, datetime):
        return Moment(cell)
    if isinstance(cell, date):
        return Moment(datetime.combine(cell, time()), Precision.DAY)
    if isinstance(cell, (bool, bytes, time)) or cell is None:
        raise UnreadableError(UNREADABLE)
    if isinstance(cell, (int, float)):
        cell = repr(cell)
    return _read_text(" ".join(cell.split()), is_day_first=is_day_first)


def _read_text(text: str, *, is_day_first: bool) -> Moment:
    if (match := _DATE_TIME.fullmatch(text)) and not _is_hours(match):
        return _date_time(match, is_day_first=is_day_first)
    if match := _NUMBER.fullmatch(text):
        return _number(text)
    if match := _MONTH_ONLY.fullmatch(text):
        year = int(match["y1"] or match["y2"] or match["y3"])
        month = int(match["m1"]) if match["m1"] else _month(match["month"] or match["month3"])
        return Moment(_datetime(year, month, 1), Precision.MONTH)
    if text.isdecimal() and len(text) == 6:  # noqa: PLR2004 -- 240305, or 202403
        return _six_digits(text)
    if match := _JSON_DATE.fullmatch(text):
        return Moment(_EPOCH_START + timedelta(milliseconds=int(match[1])))
    for between in _BETWEEN:
        parts = between.split(text)
        if len(parts) == 2:  # noqa: PLR2004
            return _between(_read_text(parts[0], is_day_first=is_day_first), parts[1], is_day_first=is_day_first)
    raise UnreadableError(UNREADABLE)


def _is_hours(match: re.Match[str]) -> bool:
    """22-06 is from ten to six; an offset follows minutes."""
    return (
        match["offset"] is not None and match["minute"] is None and match["digits"] is None and "-" in match["offset"]
    )


def _date_time(match: re.Match[str], *, is_day_first: bool) -> Moment:
    part = match.groupdict()
    if part["y1"]:
        day = _datetime(int(part["y1"]), int(part["m1"]), int(part["d1"]))
    elif part["y2"]:
        a, b = int(part["a"]), int(part["b"])
        is_day = a > 12 or (is_day_first and b <= 12)  # noqa: PLR2004 -- months
        day = _datetime(_year(part["y2"]), b if is_day else a, a if is_day else b)
    elif part["y3"]:
        day = _datetime(_year(part["y3"]), _month(part["month3"]), int(part["d3"]))
    elif part["y4"]:
        day = _datetime(int(part["y4"]), _month(part["month4"]), int(part["d4"]))
    else:
        whole = part["whole"]
        year = whole[:-4]
        day = _datetime(_year(year), int(whole[-4:-2]), int(whole[-2:]))
    if part["hour"] is None and part["digits"] is None:
        return Moment(day, Precision.DAY)
    at = day + _clock(match)
    return Moment(at.replace(tzinfo=_offset(part["offset"])) if part["offset"] else at)


def _between(first: Moment, text: str, *, is_day_first: bool) -> Moment:
    if match := _CLOCK_ONLY.fullmatch(text):
        end = first.at.replace(hour=0, minute=0, second=0, microsecond=0) + _clock(match)
        return Moment(first.at, first.precision, end if end >= first.at else end + timedelta(days=1))
    second = _read_text(text, is_day_first=is_day_first)
    return Moment(first.at, first.precision, last_minute(second))


def last_minute(moment: Moment) -> datetime:
    """Until when it may have been, on the same clock."""
    if moment.end is not None:
        return moment.end
    if moment.precision is Precision.DAY:
        return moment.at + timedelta(minutes=_DAY_MINUTES - 1)
    if moment.precision is Precision.MONTH:
        return (moment.at.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(minutes=1)
    return moment.at


def read_clock(cell: Cell, *, is_compact: bool) -> tuple[timedelta, timedelta | None]:
    """A time of day as the time since midnight, and until when if it is a stretch. Raises UnreadableError.

    is_compact: a bare number is hours and minutes, so that 35 is 00:35; otherwise up to 24 it is an hour.
    """
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        return timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second), None
    if isinstance(cell, float) and 0 <= cell < 1:
        return timedelta(seconds=round(cell * 86_400)), None
    if isinstance(cell, (bool, bytes, date)) or cell is None:
        raise UnreadableError(UNREADABLE)
    text = " ".join((repr(cell) if isinstance(cell, (int, float)) else cell).split())
    if text.isdecimal() and len(text) <= 2:  # noqa: PLR2004
        number = int(text)
        return (_of_clock(0, number), None) if is_compact else (_of_clock(number, 0), _hour(number))
    if match := _CLOCK_ONLY.fullmatch(text):
        start = _clock(match)
        is_hour = match["minute"] is None and match["digits"] is None
        return start, start + timedelta(minutes=59) if is_hour else None
    if match := _HOURS.fullmatch(text):
        start = _of_clock(int(match[1]), int(match[2] or 0))
        end = _of_clock(int(match[3]), int(match[4] or 0))
        return start, end if end >= start else end + timedelta(days=1)
    raise UnreadableError(UNREADABLE)


def read_title(title: str, published: datetime) -> Moment:
    """The moment in a headline such as "20 mars 10:14, Trafikolycka, Malmö": the last such before it was published.

    Raises UnreadableError.
    """
    match = _TITLE.match(title)
    if match is None:
        raise UnreadableError(UNREADABLE)
    month, clock = _month(match[2]), _of_clock(int(match[3]), int(match[4]))
    latest = published.replace(tzinfo=None) + timedelta(days=1)
    for year in (latest.year, latest.year - 1, latest.year - 2, latest.year - 3, latest.year - 4):
        try:
            at = _datetime(year, month, int(match[1])) + clock
        except UnreadableError:
            continue  # 29 February
        if at <= latest:
            return Moment(at)
    raise UnreadableError(UNKNOWN_DATE)


def month_number(cell: Cell) -> int:
    """A month by number or name. Raises UnreadableError."""
    text = str(cell).strip()
    return int(text) if text.isdecimal() and len(text) <= 2 else _month(text)  # noqa: PLR2004


def whole_number(cell: Cell) -> int:
    """The digits that a cell begins with: 2016 of "2016 prel.". Raises UnreadableError."""
    match = re.match(r"\s*(\d{1,6})(?:[.,]0+)?(?!\d)", str(cell), re.ASCII)
    if match is None:
        raise UnreadableError(UNREADABLE)
    return int(match[1])


def of_parts(year: int, month: int, day: int | None) -> Moment:
    """A day, or a month when there is no day. Raises UnreadableError."""
    at = _datetime(_year(f"{year}"), month, day or 1)
    return Moment(at, Precision.DAY if day else Precision.MONTH)


def _clock(match: re.Match[str]) -> timedelta:
    if digits := match["digits"]:
        numbers = [int(digits[-4:-2]), int(digits[-2:])] if len(digits) <= 4 else [int(digits[:2]), int(digits[2:4])]  # noqa: PLR2004
        return _of_clock(numbers[0], numbers[1], int(digits[4:]) if len(digits) == 6 else 0)  # noqa: PLR2004
    hour = int(match["hour"])
    if half := match["half"]:
        if not 1 <= hour <= 12:  # noqa: PLR2004
            raise UnreadableError(UNREADABLE)
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return _of_clock(hour, int(match["minute"] or 0), int(match["second"] or 0))


def _of_clock(hour: int, minute: int, second: int = 0) -> timedelta:
    """The time since midnight; 24:00 is the end of the day."""
    is_end = (hour, minute, second) == (24, 0, 0)
    if not (is_end or (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 60)):  # noqa: PLR2004
        raise UnreadableError(UNREADABLE)
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


def _hour(hour: int) -> timedelta:
    return timedelta(hours=hour, minutes=59)


def _offset(text: str) -> timezone:
    name = text.lower()
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    digits = re.sub(r"\D", "", name)
    if not digits:
        return UTC
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if "-" in name else offset)


def _number(text: str) -> Moment:
    """An Excel day, seconds or milliseconds since 1970, or digits without anything between."""
    match len(re.split(r"[.,]", text)[0]):
        case 5:
            days = float(text.replace(",", "."))
            if not _EXCEL_DAYS[0] <= days <= _EXCEL_DAYS[1]:
                raise UnreadableError(UNREADABLE)
            at = _EXCEL_START + timedelta(seconds=round(days * 86_400))
            return Moment(at, Precision.DAY if days.is_integer() else Precision.INSTANT)
        case 10 if text[0] == "1":
            return Moment(_EPOCH_START + timedelta(seconds=int(text)))
        case 13:
            return Moment(_EPOCH_START + timedelta(milliseconds=int(text)))
        case 16:
            return Moment(_EPOCH_START + timedelta(microseconds=int(text)))
        case 10:
            return Moment(
                _datetime(_year(text[:2]), int(text[2:4]), int(text[4:6])) + _of_clock(int(text[6:8]), int(text[8:]))
            )
        case _:
            day = _datetime(int(text[:4]), int(text[4:6]), int(text[6:8]))
            return Moment(day + _of_clock(int(text[8:10]), int(text[10:12]), int(text[12:] or 0)))


def _six_digits(text: str) -> Moment:
    """A day as 240305; as a month, 202403, only what cannot be a day."""
    try:
        return Moment(_datetime(_year(text[:2]), int(text[2:4]), int(text[4:])), Precision.DAY)
    except UnreadableError:
        return Moment(_datetime(int(text[:4]), int(text[4:]), 1), Precision.MONTH)


def _month(name: str) -> int:
    number = _MONTHS.get(name.strip(". ").casefold())
    if number is None:
        raise UnreadableError(UNREADABLE)
    return number


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004
        return year
    return 2000 + year if year <= _LAST_YEAR_OF_2000 else 1900 + year


def _datetime(year: int, month: int, day: int) -> datetime:
    try:
        return datetime(year, month, day)  # noqa: DTZ001 -- on the file's own clock
    except ValueError as error:
        raise UnreadableError(UNKNOWN_DATE) from error
