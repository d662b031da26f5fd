"""Excel files. A sheet is read whole by a compiled reader, after a child process has seen that it can be.

The reader lays a sheet out as a full rectangle: one cell far out in an otherwise small sheet asks for more memory
than there is, and the allocation ends the process. So the first look happens where that does no harm.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from app.core.imports.source import Cell, SourceRow
from app.core.imports.words import unreadable
from app.readers import packing
from app.readers.headers import Header, find_header
from app.readers.limits import Limits
from app.readers.tables import Format, SourceTable

_SAMPLE_ROWS: Final = 200
_MEMORY_BYTES: Final = 1_600_000_000  # of the child: more than the most cells take
_SECONDS: Final = 300
# Prints the chosen sheet's number of cells, then the names of all; the first one that people see and that has rows.
_LOOK: Final = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import python_calamine as calamine
try:
    book = calamine.CalamineWorkbook.from_path(sys.argv[1])
    seen = [s.name for s in book.sheets_metadata
            if s.visible == calamine.SheetVisibleEnum.Visible and s.typ == calamine.SheetTypeEnum.WorkSheet]
    for name in [sys.argv[3]] if sys.argv[3] else seen:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height and sheet.total_width:
            break
    print(sheet.total_height * sheet.total_width)
    print(sheet.name, *seen, sep="\\n")
except calamine.PasswordError:
    print("password")
except calamine.WorksheetNotFound:
    print("no-such-layer", *seen, sep="\\n")
"""


def table(path: Path, layer: str | None, limits: Limits) -> SourceTable:
    """The sheet called `layer`, or the first with something in it. Raises UnreadableFileError."""
    with path.open("rb") as file:
        is_zip = file.read(len(packing.ZIP)) == packing.ZIP
    if is_zip:
        packing.members(path, limits)
    name, names = _look(path, layer, limits)
    sheet = _sheet(path, name)
    header = find_header([[_cell(c) for c in row] for row in islice(sheet.iter_rows(), _SAMPLE_ROWS)], limits)

    def read_from(start: int) -> Iterator[SourceRow]:
        return _rows(sheet, header, start, limits)

    return SourceTable(format=Format.XLSX, columns=header.columns, layer=name, layers=names, read_from=read_from)


def _look(path: Path, layer: str | None, limits: Limits) -> tuple[str, tuple[str, ...]]:
    """Let a child process read it first: the sheet's name, and all names."""
    command = [sys.executable, "-I", "-c", _LOOK, str(path.resolve()), str(_MEMORY_BYTES), layer or ""]
    try:
        looked = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS, encoding="utf-8")  # noqa: S603 -- our own interpreter, our own words
    except subprocess.TimeoutExpired as error:
        raise _too_many_cells("?", limits) from error
    if looked.returncode < 0 or "MemoryError" in looked.stderr or "memory allocation" in looked.stderr:
        raise _too_many_cells("?", limits)
    said = looked.stdout.splitlines()
    if looked.returncode or not said:
        raise unreadable("damaged")
    if said[0] == "password":
        raise unreadable("password")
    if said[0] == "no-such-layer":
        raise unreadable("no-such-layer", names=", ".join(said[1:]))
    if int(said[0]) == 0:
        raise unreadable("empty")
    if int(said[0]) > limits.sheet_cells:
        raise _too_many_cells(f"{int(said[0])}", limits)
    return said[1], tuple(said[2:])


def _too_many_cells(cells: str, limits: Limits) -> Exception:
    return unreadable("too-many-cells", cells=cells, most=f"{limits.sheet_cells}")


def _sheet(path: Path, name: str) -> Any:
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 -- loaded by those who read a file

    return CalamineWorkbook.from_path(path).get_sheet_by_name(name)


def _rows(sheet: Any, header: Header, start: int, limits: Limits) -> Iterator[SourceRow]:
    width = len(header.columns)
    first = max(start, header.first_row)
    for number, cells in enumerate(islice(sheet.iter_rows(), first - 1, None), start=first):
        row = tuple(map(_cell, cells[:width])) + ("",) * (width - len(cells))
        if not any(cell != "" for cell in row) and not any(cell != "" for cell in cells[width:]):
            continue
        if any(cell != "" for cell in cells[width:]):
            yield SourceRow(number, row, "too-many-cells")
        elif header.is_repeated_by(row):
            yield SourceRow(number, row, "repeated-header")
        elif any(isinstance(cell, str) and len(cell) > limits.cell_chars for cell in row):
            yield SourceRow(number, ("",) * width, "cell-too-long")
        else:
            yield SourceRow(number, row)


def _cell(value: Any) -> Cell:
    """A number that is whole is whole; a length of time is the time of day that it was meant as."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 -- exact in a float
        return int(value)
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    return value  # type: ignore[no-any-return]
