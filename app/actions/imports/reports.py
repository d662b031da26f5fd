"""The uploaded file again, with a column that says what is wrong: to be mended and sent once more.

It is a text table for spreadsheets, whatever the upload was. Cells that a spreadsheet would take for formulas are
escaped. Only the importer gets it, since it holds what was held back.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import NotFoundError, TransitionError
from app.core.imports.problems import problem_from_json
from app.core.imports.profile import Profile
from app.core.imports.profile import from_json as profile_from_json
from app.core.imports.source import Cell, SourceRow
from app.core.permissions import May, check_may
from app.readers import SourceTable, open_file
from app.store import imports
from app.store.imports import RowNote
from app.store.tx import Reader, ReadTx
from app.store.uploads import Uploads

ROWS_AT_A_TIME = 5_000
SEPARATOR = ";"  # what Swedish spreadsheets expect
BOM = "\ufeff"
HEADINGS = {"sv": "Fel", "en": "Error"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def with_errors(
    reader: Reader, import_id: UUID, uploads: Uploads, *, language: str, only_refused: bool
) -> Iterator[bytes]:
    """The file with an error column, in pieces; all rows, or only those that did not go in.

    What can be wrong with the request is raised before the first piece.
    """
    with reader.plain() as tx:
        table, _ = opened_again(tx, import_id, uploads)
    return _pieces(reader, import_id, table, language, only_refused=only_refused)


def preview(reader: Reader, import_id: UUID) -> dict[str, Any]:
    """What a dry run shows of the reader's own upload."""
    with reader.audited(AuditAction.UPLOAD_READ, import_id) as tx:
        shown = imports.preview(tx, import_id)
        tx.hand_out(len(shown.get("rows", ())) + len(shown.get("map", {}).get("features", ())))
    return shown


def as_text(cell: Cell) -> str:
    """A cell as it would stand in a text table."""
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def escaped(text: str) -> str:
    """Nothing that a spreadsheet would carry out; numbers stay numbers."""
    if not text.startswith(_FORMULA) or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def opened_again(tx: ReadTx, import_id: UUID, uploads: Uploads) -> tuple[SourceTable, Profile]:
    """The importer's own upload and how it is read. Raises NotFoundError and TransitionError."""
    check_may(tx.actor, May.IMPORT_FILES)
    found = imports.one(tx, import_id)
    path = uploads.path(import_id)
    if found is None or imports.upload(tx, import_id) is None or not path.exists():
        raise NotFoundError("There is no such upload of yours, or not any more.")
    if found["profile"] is None:
        raise TransitionError("The file has not been read yet.")
    return open_file(path, found["file_name"], unpacked_beside=path), profile_from_json(found["profile"])


def _pieces(
    reader: Reader, import_id: UUID, table: SourceTable, language: str, *, only_refused: bool
) -> Iterator[bytes]:
    """The audit log has a line before the first piece, and one with the number of rows after the last."""
    with reader.reading(AuditAction.UPLOAD_READ, import_id, only_refused=only_refused) as reading:
        yield (BOM + _line([*table.columns, HEADINGS[language]])).encode()
        rows = table.rows()
        while some := list(islice(rows, ROWS_AT_A_TIME)):
            with reading.snapshot() as tx:
                lines = list(_lines(some, _told(tx, import_id, some, language), only_refused=only_refused))
                tx.hand_out(len(lines))
            yield "".join(lines).encode()


def _told(tx: ReadTx, import_id: UUID, rows: Sequence[SourceRow], language: str) -> dict[int, str]:
    notes = imports.notes(tx, import_id, after=rows[0].number - 1, limit=len(rows))
    return {n.number: sentence(n, language) for n in notes if n.number <= rows[-1].number}


def sentence(note: RowNote, language: str) -> str:
    """All that is told of a row, with the columns' names."""
    problems = (problem_from_json(p) for p in note.problems)
    return " ".join(f"{p.column}: {p.message(language)}" if p.column else p.message(language) for p in problems)


def _lines(rows: Iterable[SourceRow], told: Mapping[int, str], *, only_refused: bool) -> Iterator[str]:
    for row in rows:
        problem = told.get(row.number, "")
        if problem or not only_refused:
            yield _line([*(escaped(as_text(cell)) for cell in row.cells), problem])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=SEPARATOR, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
