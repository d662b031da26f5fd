"""A row of a file, as it was read and before anybody knows what it means."""

from datetime import date, datetime, time
from typing import NamedTuple

Cell = str | int | float | bool | datetime | date | time | bytes | None  # bytes: a geometry as WKB

GEOMETRY_COLUMN = "geometry"  # what the place of a map layer's feature is called among its columns


class SourceRow(NamedTuple):
    """One row, with as many cells as the table has columns.

    `number` is the row as a person counts it in the file: a spreadsheet's row (the header is row 1), a layer's
    feature (from 1). `problem` is the slug of what keeps the row from being read at all.
    """

    number: int
    cells: tuple[Cell, ...]
    problem: str | None = None
