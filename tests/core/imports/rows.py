"""A small town that knows its places, and tables written down as texts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import shapely

from app.core.categories import SHIPPED
from app.core.imports.crime_codes import SHIPPED as CRIME_CODES
from app.core.imports.known import Known, NamedArea, Place
from app.core.imports.profile import Field, Profile
from app.core.imports.source import SourceRow
from app.core.ingest import IngestRules

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOWN = shapely.box(17.9, 59.2, 18.2, 59.4)
TORGET = Place(
    id="1",
    name="Stora torget",
    aliases=("Torget", ""),
    lon=18.06,
    lat=59.33,
    location_uncertainty_m=50.0,
    within="Lindesta",
)
OTHER = Place(id="2", name="Stora torget", lon=18.1, lat=59.3, location_uncertainty_m=50.0, within="Hyttfors")
PARKEN = Place(id="3", name="Stadsparken", lon=18.05, lat=59.32, location_uncertainty_m=100.0, within="Lindesta")
FIELDS = {
    Field.CATEGORY: ("typ",),
    Field.OCCURRED_FROM: ("datum",),
    Field.X: ("lon",),
    Field.Y: ("lat",),
}
GOOD = {"typ": "Klotter", "datum": "2026-03-05 22:15", "lon": "18.06", "lat": "59.33"}


def known(**more: Any) -> Known:
    """What the town knows."""
    usual: dict[str, Any] = {"categories": SHIPPED, "crime_codes": CRIME_CODES, "places": (TORGET, OTHER, PARKEN)}
    return Known(**usual | more)


def town(**more: Any) -> Known:
    """The same, with outlines."""
    return known(area=TOWN, areas=[NamedArea(code="x", name="Lindesta", geometry=TOWN)], **more)


def profile(fields: dict[Field, tuple[str, ...]] | None = None, **more: Any) -> Profile:
    """How GOOD is read."""
    return Profile(source="vakter", columns=FIELDS | (fields or {}), **more)


def rules(**more: Any) -> IngestRules:
    """Every shipped category, on the first of June."""
    return IngestRules(now=NOW, categories=frozenset(c.code for c in SHIPPED), **more)


def table(*rows: dict[str, Any]) -> tuple[list[str], list[SourceRow]]:
    """The columns and rows of dictionaries; the header is row 1."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [SourceRow(i, tuple(row.get(c, "") for c in columns)) for i, row in enumerate(rows, start=2)]


def text_table(text: str, separator: str = ";") -> tuple[list[str], list[SourceRow]]:
    """The columns and rows of lines."""
    header, *lines = [line.split(separator) for line in text.strip().splitlines()]
    return header, numbered(lines)


def numbered(rows: Sequence[Sequence[Any]]) -> list[SourceRow]:
    """Rows below a header."""
    return [SourceRow(i, tuple(row)) for i, row in enumerate(rows, start=2)]
