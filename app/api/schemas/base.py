"""What the words of several nouns are made of: strict numbers, times, places."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict
from pydantic_core import PydanticCustomError

from app.core.geo import Position

Number = Annotated[float, Strict()]
YesNo = Annotated[bool, Strict()]


def _as_text(value: object) -> object:
    """A bare number, in quotes too, could be seconds or milliseconds of anything: only a date says a time."""
    if isinstance(value, str) and "-" in value[1:]:
        return value
    raise PydanticCustomError("datetime_type", "Give the time as text, such as 2026-05-01T08:00:00+02:00")


Instant = Annotated[datetime, BeforeValidator(_as_text)]


class Sent(BaseModel):
    """What a client sends: unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


class LonLat(Sent):
    """A place in WGS84 degrees."""

    lon: Number
    lat: Number

    def to_position(self) -> Position:
        """In the core's words."""
        return Position(self.lon, self.lat)


class Sentence(BaseModel):
    """One sentence in both languages."""

    sv: str
    en: str
