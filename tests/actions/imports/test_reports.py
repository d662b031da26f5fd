"""Cells as they stand in the file that goes back to its importer."""

from datetime import UTC, date, datetime, time

import pytest

from app.actions.imports.reports import as_text, escaped
from app.core.imports.source import Cell


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, ""),
        ("Ruta", "Ruta"),
        (12, "12"),
        (12.0, "12"),
        (12.5, "12.5"),
        (b"\x01\x0a", "010a"),
        (datetime(2026, 2, 3, 21, 15), "2026-02-03 21:15:00"),  # noqa: DTZ001 -- as a spreadsheet has it
        (datetime(2026, 2, 3, 21, 15, tzinfo=UTC), "2026-02-03 21:15:00+00:00"),
        (date(2026, 2, 3), "2026-02-03"),
        (time(21, 15), "21:15:00"),
        (True, "True"),
    ],
)
def test_a_cell_is_written_as_a_text_table_has_it(cell: Cell, expected: str) -> None:
    assert as_text(cell) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+46 70", "'+46 70"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("-2,5", "-2,5"),
        ("+1e3", "+1e3"),
        ("Ruta", "Ruta"),
        ("", ""),
    ],
)
def test_nothing_that_a_spreadsheet_would_carry_out_is_handed_back(text: str, expected: str) -> None:
    assert escaped(text) == expected
