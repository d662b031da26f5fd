"""Query parameters that several routes share."""

import base64
import binascii
import json
import math
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.core.errors import FieldProblem, InvalidError

Bbox = tuple[float, float, float, float]
CORNERS = 4

BboxText = Annotated[
    str | None,
    Query(alias="bbox", max_length=200, description="west,south,east,north in WGS84 degrees", examples=["16,59,17,60"]),
]
Codes = Annotated[list[str] | None, Query(max_length=100, description="May be given several times.")]


def bbox(value: str | None) -> Bbox | None:
    """west, south, east, north. Raises InvalidError."""
    if value is None:
        return None
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError as error:
        raise _invalid_bbox() from error
    if len(numbers) != CORNERS or not all(math.isfinite(n) for n in numbers):
        raise _invalid_bbox()
    west, south, east, north = numbers
    if west > east or south > north or not (west >= -180 and east <= 180 and south >= -90 and north <= 90):  # noqa: PLR2004
        raise _invalid_bbox()
    return west, south, east, north


def _invalid_bbox() -> InvalidError:
    sentence = "Give bbox as west,south,east,north in degrees, with west < east and south < north."
    return InvalidError(sentence, (FieldProblem("bbox", "invalid-bbox", sentence),))


def codes(values: list[str] | None) -> tuple[str, ...] | None:
    """Repeated parameters, or one with commas between."""
    if not values:
        return None
    return tuple(sorted({part for value in values for part in value.split(",") if part}))


def cursor_of(key: tuple[datetime, UUID]) -> str:
    """A keyset as opaque text."""
    return base64.urlsafe_b64encode(json.dumps([key[0].isoformat(), str(key[1])]).encode()).decode().rstrip("=")


def from_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The keyset behind a cursor. Raises InvalidError."""
    if text is None:
        return None
    try:
        occurred_from, incident_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key = datetime.fromisoformat(occurred_from), UUID(incident_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        sentence = "Use the cursor of a next link as it is."
        raise InvalidError(sentence, (FieldProblem("cursor", "invalid-cursor", sentence),)) from error
    if key[0].tzinfo is None:
        sentence = "Use the cursor of a next link as it is."
        raise InvalidError(sentence, (FieldProblem("cursor", "invalid-cursor", sentence),))
    return key
