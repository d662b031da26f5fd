"""Which row of a table names its columns. Titles above it are passed over; a table without one gets numbers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from app.core.imports.words import unreadable
from app.readers.limits import Limits

_LOOKED_AT: Final = 30
_NAME_CHARS: Final = 200
_VALUE = re.compile(
    r"[-+]?[\d  ]+([.,]\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}[:.]\d{2}(:\d{2})?|POINT.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns, and where the rows below begin."""

    columns: tuple[str, ...]
    first_row: int  # as a person counts
    cells: tuple[str, ...]  # the header's own, as they are compared; empty when there is none
    first_cell: Any = None

    def is_repeated_by(self, row: Sequence[Any]) -> bool:
        """Whether a row below says the same as the header."""
        return bool(self.cells) and tuple(str(cell).strip() for cell in row) == self.cells


def find_header(sample: Sequence[Sequence[Any]], limits: Limits) -> Header:
    """Look at the first rows of a table, blank ones included. Raises UnreadableFileError."""
    widths = Counter(_width(row) for row in sample if _width(row))
    if not widths:
        raise unreadable("empty")
    usual = max(widths, key=lambda width: (widths[width], width))
    at = next(
        (i for i, row in enumerate(sample[:_LOOKED_AT]) if 2 * _width(row) > usual and _filled(row) > usual / 2), 0
    )
    row = sample[at]
    if max(len(row), usual) > limits.columns:
        raise unreadable("too-many-columns", most=f"{limits.columns}")
    if _is_data(row):
        count = max(usual, _width(row))
        return Header(columns=tuple(f"column {i + 1}" for i in range(count)), first_row=at + 1, cells=())
    width = _width(row)
    named = [_name(cell) for cell in row[:width]]
    if at + 1 >= len(sample):
        raise unreadable("no-rows")
    return Header(
        columns=_distinct(named),
        first_row=at + 2,
        cells=tuple(named),
        first_cell=row[0],
    )


def _width(row: Sequence[Any]) -> int:
    """How far the row reaches."""
    return next((i for i in range(len(row), 0, -1) if not _is_blank(row[i - 1])), 0)


def _filled(row: Sequence[Any]) -> int:
    return sum(not _is_blank(cell) for cell in row)


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _is_data(row: Sequence[Any]) -> bool:
    """Numbers and dates are not what columns are called."""
    filled = [cell for cell in row if not _is_blank(cell)]
    values = sum(
        isinstance(cell, (int, float, date, time)) or _VALUE.fullmatch(str(cell).strip()) is not None for cell in filled
    )
    return values >= 2 and values >= 0.3 * len(filled)  # noqa: PLR2004


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Every column has a name, and one of its own."""
    distinct: dict[str, None] = {}
    for i, given in enumerate(names, start=1):
        name = " ".join(given.split())[:_NAME_CHARS] or f"column {i}"
        spelled = (name, *(f"{name} ({number})" for number in range(2, len(names) + 2)))
        distinct[next(each for each in spelled if each not in distinct)] = None
    return tuple(distinct)
