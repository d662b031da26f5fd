"""Rows as CSV: UTF-8 with a mark for spreadsheets, and no cell that a spreadsheet would carry out."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"  # spreadsheets take the file for UTF-8 by it
_CARRIED_OUT: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(rows: Iterable[Sequence[object]], *, is_first: bool = False) -> str:
    """Some rows of a file; its first ones begin with the mark."""
    written = io.StringIO()
    if is_first:
        written.write(BYTE_ORDER_MARK)
    csv.writer(written, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: object) -> object:
    """A text that begins like a formula is told to be a text by an apostrophe."""
    is_formula = isinstance(value, str) and value.lstrip(" ").startswith(_CARRIED_OUT)
    return f"'{value}" if is_formula else value
