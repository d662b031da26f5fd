"""Batches of Arrow columns as rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from math import isnan
from typing import Any

from app.core.imports.source import Cell, SourceRow
from app.readers.limits import Limits


def rows_of_batch(
    batch: Any, columns: tuple[str, ...], place: str | None, first_number: int, limits: Limits
) -> Iterator[SourceRow]:
    """The rows of a record batch in the order of `columns`; the place is the batch's column `place`, as WKB."""
    names = set(batch.schema.names)
    cells = [[_cell(value) for value in batch.column(name if name in names else place).to_pylist()] for name in columns]
    for number, row in enumerate(zip(*cells, strict=True), start=first_number):
        if any(cell is not None and cell != "" for cell in row):
            if any(isinstance(cell, str) and len(cell) > limits.cell_chars for cell in row):
                yield SourceRow(number, ("",) * len(columns), "cell-too-long")
            else:
                yield SourceRow(number, row)


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 -- exact in a float
        return int(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value  # type: ignore[no-any-return]  # a number, a date, a time of day, the bytes of a place
