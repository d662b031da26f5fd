"""Deliveries that hold only counts, by area and month: they stand beside the incidents, never as invented points."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.imports import moments, positions
from app.core.imports.searching import as_text
from app.core.imports.source import Cell

_NOT_TOLD: Final = frozenset({"..", "...", "–"})  # as official statistics write it


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigure:
    """How many incidents an area had in a stretch of time. Not a place: never becomes points."""

    number: int
    area: str  # as the file says it
    category: str  # a code of ours, or what the file says when it has none
    since: datetime  # UTC
    until: datetime
    count: int


def count_of(cell: Cell) -> int | str:
    """A count, or the slug of what is wrong with it."""
    if moments.is_missing(cell) or as_text(cell) in _NOT_TOLD:
        return "missing"
    try:
        number = positions.number_of(cell)
    except ValueError:
        return "unreadable-number"
    return int(number) if number >= 0 and number.is_integer() else "unreadable-number"
