"""CSV and its relatives: encoding, separator and header are guessed from what stands in the file.

Rows are counted as a spreadsheet counts them: a quoted line feed makes no new row, a blank line does.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from app.core.imports.source import SourceRow
from app.core.imports.words import unreadable
from app.readers.headers import Header, find_header
from app.readers.limits import LIMITS, MEGABYTE, Limits
from app.readers.tables import Format, SourceTable

SEPARATORS: Final = (";", ",", "\t", "|")
UTF8: Final = "utf-8"
UTF8_BOM: Final = "utf-8-sig"
WESTERN: Final = "cp1252"
_SAMPLE_ROWS: Final = 200
_FEW_COLUMNS: Final = 3
# The Swedish letters in the encodings that Swedish files come in, and how often each is one tells them apart.
_OTHER_ENCODINGS: Final = (
    (WESTERN, "åäöÅÄÖé–”"),
    ("cp850", "åäöÅÄÖ"),
    ("mac_roman", "åäöÅÄÖ"),
)
_SEP_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# Bytes that no broken UTF-8 makes many of: when most of what is not ASCII is UTF-8, a few bad bytes are bad rows.
csv.field_size_limit(LIMITS.row_chars)  # of the whole process; csv's own is shorter than a row may be
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")


def table(path: Path, encoding: str | None, separator: str | None, limits: Limits) -> SourceTable:
    """A text file as a table. Raises UnreadableFileError."""
    encoding = encoding or find_encoding(path)
    separator = separator or _find_separator(path, encoding, limits)
    with _records(path, encoding, separator, limits) as records:
        sample = [_padded_out(cells) for cells in islice(records, _SAMPLE_ROWS)]
    header = find_header(sample, limits)

    def read_from(start: int) -> Iterator[SourceRow]:
        with _records(path, encoding, separator, limits) as again:
            yield from _rows(again, header, start, separator, limits)

    return SourceTable(
        format=Format.CSV, columns=header.columns, encoding=encoding, separator=separator, read_from=read_from
    )


def is_utf16(head: bytes) -> bool:
    """Whether every second byte is zero, as in UTF-16 of western text."""
    pairs = len(head) // 2
    zeros = (head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0))
    return pairs > 0 and min(zeros) < 0.1 * pairs and max(zeros) > 0.6 * pairs


def find_encoding(path: Path) -> str:
    """The encoding that the whole file is written in, or most likely."""
    with path.open("rb") as file:
        head = file.read(4_096)
        if head.startswith(b"\xef\xbb\xbf"):
            return UTF8_BOM
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        if is_utf16(head):
            return "utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"
        file.seek(0)
        counts: Counter[int] = Counter()
        letters = good = 0
        rest = b""
        while piece := file.read(MEGABYTE):
            if piece.isascii() and not rest:
                continue
            text = rest + piece
            # A letter may be cut between two pieces.
            rest = text[-3:] if not text[-3:].isascii() else b""
            text = text[: len(text) - len(rest)]
            good += sum(len(match) for match in _UTF8_LETTER.findall(text))
            high = text.translate(None, bytes(range(128)))
            letters += len(high)
            counts.update(high)
        good += sum(len(match) for match in _UTF8_LETTER.findall(rest))
        letters += len(rest.translate(None, bytes(range(128))))
        counts.update(rest.translate(None, bytes(range(128))))
    if good >= 0.9 * letters:
        return UTF8
    return max(_OTHER_ENCODINGS, key=lambda other: sum(counts[b] for b in other[1].encode(other[0], "ignore")))[0]


def _errors(encoding: str) -> str:
    """A few broken characters are a matter of their rows, which the gate refuses; cp1252 has five holes."""
    return "surrogateescape" if encoding in {UTF8, UTF8_BOM, WESTERN} else "replace"


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        with path.open(encoding=encoding, errors=_errors(encoding), newline="") as file:
            yield file
    except (LookupError, UnicodeError) as error:
        raise unreadable("not-this-encoding", encoding=encoding[:40]) from error


def _lines(file: TextIO, limits: Limits) -> Iterator[str]:
    """Lines with their ends, none of them longer than memory likes."""
    for number, line in enumerate(iter(partial(file.readline, limits.row_chars), ""), start=1):
        if len(line) >= limits.row_chars:
            raise unreadable("line-too-long", row=f"{number}")
        yield line


@contextmanager
def _records(path: Path, encoding: str, separator: str, limits: Limits) -> Iterator[Iterator[list[str]]]:
    with _opened(path, encoding) as file:
        first = file.readline(limits.row_chars)
        if not _SEP_LINE.fullmatch(first):
            file.seek(0)
        yield _parsed(_lines(file, limits), separator)


def _parsed(lines: Iterator[str], separator: str) -> Iterator[list[str]]:
    records = csv.reader(lines, delimiter=separator)
    try:
        yield from records
    except csv.Error as error:
        raise unreadable("line-too-long", row=f"{records.line_num}") from error


def _find_separator(path: Path, encoding: str, limits: Limits) -> str:
    """The one that Excel was told, or that parts most rows into equally many cells."""
    with _opened(path, encoding) as file:
        sample = list(islice(_lines(file, limits), _SAMPLE_ROWS))
    if sample and (told := _SEP_LINE.fullmatch(sample[0])):
        return told[1]
    return max(SEPARATORS, key=lambda separator: _regularity(sample, separator))


def _regularity(lines: Sequence[str], separator: str) -> tuple[float, int]:
    widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=separator) if any(cells))
    usual, times = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
    if usual == 1:
        return 0.0, 0
    return round(times / sum(widths.values()), 1), usual


def _padded_out(cells: list[str]) -> list[str]:
    """A cell that only pads is empty."""
    return [cell.strip() for cell in cells]


def _rows(
    records: Iterator[list[str]], header: Header, start: int, separator: str, limits: Limits
) -> Iterator[SourceRow]:
    width = len(header.columns)
    for number, cells in enumerate(records, start=1):
        if number < header.first_row or number < start:
            continue
        if number > limits.rows:
            raise unreadable("too-many-rows", most=f"{limits.rows}")
        if len(cells) != width:
            if not any(cells):
                continue
            if any(cell.strip() for cell in cells[width:]):
                yield SourceRow(number, (*cells[:width],), "too-many-cells")
                continue
            cells = (cells + [""] * width)[:width]  # noqa: PLW2901
        row = tuple(cells)
        if row[0].strip() == header.first_cell and header.is_repeated_by(row):
            yield SourceRow(number, row, "repeated-header")
        elif (problem := _cell_problem(row, width, separator, limits)) is not None:
            yield SourceRow(number, ("",) * width, problem)
        elif any(row) and any(cell.strip() for cell in row):
            yield SourceRow(number, row)


def _cell_problem(row: tuple[str, ...], width: int, separator: str, limits: Limits) -> str | None:
    longest = max(row, key=len)
    if len(longest) < 80:  # noqa: PLR2004 -- most rows
        return None
    if len(longest) > limits.cell_chars:
        return "cell-too-long"
    if width > _FEW_COLUMNS and "\n" in longest:
        whole = [line for line in longest.splitlines()[1:-1] if line.count(separator) >= width - 1]
        if whole:
            return "unclosed-quote"
    return None
