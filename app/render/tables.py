"""Rows as CSV: UTF-8 with a mark for spreadsheets, and no cell that a spreadsheet would carry out."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"  # spreadsheets take the file for UTF-8 by it
_CARRIED_OUT: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_lines(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The heading and each row as a line of CSV, as they come."""
    yield BYTE_ORDER_MARK + _line(heading)
    for row in rows:
        yield _line([_cell(value) for value in row])


def _cell(value: object) -> str:
    """A number is itself; a text that begins like a formula is told to be one by an apostrophe."""
    if value is None:
        return ""
    text = str(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return text if is_number or not text.lstrip(" ").startswith(_CARRIED_OUT) else f"'{text}"


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
