"""How one source's files are to be read: which column says what. Kept per source, and used the next time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

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
        raise NotImplementedError


LEFT_OUT: Final = "-"  # in `categories`: rows of this kind are no incidents


def from_json(stored: Mapping[str, Any]) -> Profile:
    """What as_json made, or a person changed. Raises InvalidError with a problem for each wrong field."""
    raise NotImplementedError
