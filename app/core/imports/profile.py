"""How one source's files are to be read: which column says what. Kept per source, and used the next time."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.errors import FieldProblem, InvalidError
from app.core.imports import positions
from app.core.incidents import LOCATION_UNCERTAINTY_MAX_M

STOCKHOLM: Final = "Europe/Stockholm"


class Field(StrEnum):
    """What a column can say. A field of several columns reads them together, in order."""

    CATEGORY = "category"
    CRIME_CODE = "crime_code"  # the police's number of a crime: BROTTSKOD
    OCCURRED_FROM = "occurred_from"  # an instant, a day; two columns: a day and a time of day
    OCCURRED_TO = "occurred_to"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    TITLE = "title"  # "20 mars 10:14, Trafikolycka, Malmö": the time is in it, the year in PUBLISHED
    PUBLISHED = "published"
    X = "x"  # longitude or easting
    Y = "y"  # latitude or northing
    GEOMETRY = "geometry"  # WKB, WKT, or two numbers in one text
    ADDRESS = "address"  # street and number
    PLACE = "place"  # the name of a place
    UNCERTAINTY = "location_uncertainty_m"
    SOURCE_REF = "source_ref"
    TEXT = "text"
    TEXT_REVIEWED = "text_reviewed"
    ORGANISATION = "organisation"  # checked, never stored
    AREA = "area"  # of figures, not of incidents
    COUNT = "count"


class Kind(StrEnum):
    """What a row of the file is."""

    INCIDENTS = "incidents"
    FIGURES = "figures"  # counts by area and month: never points


class DayOrder(StrEnum):
    """How 5/3 2024 is meant; a year of four digits in front is never in doubt."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class Span(StrEnum):
    """How much time a date without a time of day stands for."""

    DAY = "day"
    MONTH = "month"  # every date is the first of a month


class Doubled(StrEnum):
    """Which one is meant, when the clock showed an hour twice."""

    REFUSE = "refuse"
    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarsePoint:
    """A point that stands for a whole area, or for "no address given"."""

    lon: float
    lat: float
    uncertainty_m: float
    reason: str  # slug: "centroid", "many-addresses", "default-address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a source's files are read. Everything in it a person may change."""

    source: str
    kind: Kind = Kind.INCIDENTS
    columns: Mapping[Field, tuple[str, ...]] = field(default_factory=dict)
    srid: int = 4326
    is_latitude_first: bool = False  # of a GEOMETRY that is a text of two numbers
    day_order: DayOrder = DayOrder.DAY_FIRST
    span: Span = Span.DAY
    is_midnight_unknown: bool = False  # 00:00 means that nobody knows the hour
    is_clock_compact: bool = False  # a time of day that is a bare number is hours and minutes: 35 is 00:35
    time_zone: str = STOCKHOLM
    is_offset_wrong: bool = False  # the offsets in the file are not true: the times are local
    doubled_hour: Doubled = Doubled.REFUSE
    categories: Mapping[str, str] = field(default_factory=dict)  # value → code, or LEFT_OUT
    default_category: str | None = None  # of rows without one, and of values that are not in `categories`
    location_uncertainty_m: float | None = None  # of rows that do not say
    is_text_reviewed: bool = False
    unchecked: tuple[str, ...] = ()  # columns whose texts are not searched for personal data: they are not stored
    places: Mapping[str, str] = field(default_factory=dict)  # name in the file → place's id
    coarse_points: tuple[CoarsePoint, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for a database or a form."""
        stored = asdict(self)
        stored["columns"] = {str(target): list(names) for target, names in self.columns.items()}
        stored["unchecked"] = list(self.unchecked)
        stored["coarse_points"] = [asdict(point) for point in self.coarse_points]
        return stored


def changed(profile: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A stored profile with what a person said: of columns and of meanings only what was said is another.

    A column that is to be left alone is given as an empty list.
    """
    together = {
        name: {**profile[name], **value}
        for name, value in given.items()
        if isinstance(value, Mapping) and isinstance(profile.get(name), Mapping)
    }
    return {**profile, **given, **together}


def from_json(stored: Mapping[str, Any]) -> Profile:
    """What as_json made, or a person changed; what is not there is as usual.

    Raises InvalidError with a problem for each wrong field.
    """
    values: dict[str, Any] = {}
    unknown = sorted(map(str, set(stored) - set(_READERS)))
    problems = [FieldProblem(name[:60], "unknown-field", "A profile has no such field.") for name in unknown]
    for name, reader in _READERS.items():
        if name not in stored:
            continue
        try:
            values[name] = reader(stored[name])
        except (ValueError, TypeError, KeyError, AttributeError, ZoneInfoNotFoundError):
            problems.append(FieldProblem(name, "invalid", f"This is no value of {name}."))
    if "source" not in stored:
        problems.append(FieldProblem("source", "missing", "Say which source the profile is for."))
    if problems:
        raise InvalidError("The mapping profile is not valid.", tuple(problems))
    return Profile(**values)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= _MOST_CHARS:
        raise ValueError
    return value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _srid(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not positions.is_known(value):
        raise ValueError
    return value


def _zone(value: Any) -> str:
    return ZoneInfo(_text(value)).key


def _columns(value: Any) -> dict[Field, tuple[str, ...]]:
    return {Field(target): _names(names) for target, names in value.items() if names}


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError
    return tuple(_text(name) for name in value)


def _pairs(value: Any) -> dict[str, str]:
    return {_text(name): _text(meaning) for name, meaning in value.items()}


def _metres(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= value <= LOCATION_UNCERTAINTY_MAX_M:
        raise ValueError
    return float(value)


def _coarse_points(value: Any) -> tuple[CoarsePoint, ...]:
    points = tuple(CoarsePoint(**point) for point in value)
    for point in points:
        if _metres(point.uncertainty_m) is None or not (-180 <= point.lon <= 180 and -90 <= point.lat <= 90):  # noqa: PLR2004
            raise ValueError
        _text(point.reason)
    return points


_MOST_CHARS: Final = 1_000
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "source": _text,
    "kind": Kind,
    "columns": _columns,
    "srid": _srid,
    "is_latitude_first": _flag,
    "day_order": DayOrder,
    "span": Span,
    "is_midnight_unknown": _flag,
    "is_clock_compact": _flag,
    "time_zone": _zone,
    "is_offset_wrong": _flag,
    "doubled_hour": Doubled,
    "categories": _pairs,
    "default_category": lambda value: None if value is None else _text(value),
    "location_uncertainty_m": _metres,
    "is_text_reviewed": _flag,
    "unchecked": _names,
    "places": _pairs,
    "coarse_points": _coarse_points,
}
