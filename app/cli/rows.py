"""Rows of a file that is imported: CSV, or points of a map layer, in the API's field names.

A time without an offset is local time in Sweden; the hour that comes twice in autumn and the one that spring skips
are refused, because nobody can know which moment was meant.
"""

import csv
import gzip
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from app.cli import layers
from app.core.errors import FieldProblem, InvalidError
from app.core.geo import Position, metric_crs
from app.core.incidents import RawIncident
from app.core.periods import STOCKHOLM, is_naive

REQUIRED: Final = ("category", "occurred_from")
OPTIONAL: Final = ("occurred_to", "location_uncertainty_m", "source_ref", "text", "text_reviewed")
PLACES: Final = (("lon", "lat"), ("x", "y"))
ORGANISATION: Final = "organisation"  # checked, not stored: a file with rows of several organisations is a mistake
GZIP: Final = ".gz"
CSV_SUFFIXES: Final = (".csv", ".tsv", ".txt")
FIRST_ROW: Final = 2  # the header is row 1, as a spreadsheet shows it

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?", re.ASCII)
_YES: Final = frozenset({"true", "1", "yes", "ja"})
_NO: Final = frozenset({"false", "0", "no", "nej", ""})
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the file: an incident as claimed, or what cannot even be read."""

    number: int
    raw: RawIncident | None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file that has been looked through once."""

    count: int
    word: str  # what a row is called: "row" of a spreadsheet, "feature" of a layer
    unread: tuple[str, ...]  # columns that are not ours
    place: tuple[str, ...]  # the columns that say where
    rows: Callable[[], Iterator[Row]]

    def column(self, field: str) -> str:
        """What the file calls a field of the report."""
        x, y = self.place if len(self.place) > 1 else (self.place[0],) * 2
        return {"position.lon": x, "position.lat": y, "position": ", ".join(self.place)}.get(field, field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the command says about every row."""

    source: str
    organisation: str  # slug
    metric_srid: int


def table(file: Path, origin: Origin) -> Table:
    """Look at a file: its columns, its number of rows, how to read them. Raises InvalidError."""
    if not file.is_file():
        raise InvalidError(f"There is no file {file}.")
    is_csv = file.name.lower().removesuffix(GZIP).endswith(CSV_SUFFIXES)
    return _csv_table(file, origin) if is_csv else _layer_table(file, origin)


def instant(value: str) -> datetime:
    """The moment that a text names, in UTC; without an offset it is Swedish local time.

    Raises InvalidError with a slug as its only problem's code.
    """
    if not _TIME.fullmatch(value):
        raise _unreadable("unreadable-time", "Write the time as 2026-05-01 08:00, with or without an offset (+02:00).")
    try:
        moment = datetime.fromisoformat(value.replace(",", "."))
    except ValueError as error:
        raise _unreadable("unreadable-time", "Write a time that the calendar and the clock have.") from error
    return _from_stockholm(moment) if is_naive(moment) else moment


def _from_stockholm(local: datetime) -> datetime:
    first, second = (local.replace(tzinfo=STOCKHOLM, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(STOCKHOLM).replace(tzinfo=None) == local:
        raise _unreadable("ambiguous-time", "This hour came twice that night: write its offset, +02:00 or +01:00.")
    raise _unreadable("skipped-time", "The clock skipped this hour that night: check the time, or write its offset.")


def _csv_table(file: Path, origin: Origin) -> Table:
    with _records(file) as (header, delimiter, records):
        place = _check_columns(header)
        count = sum(not _is_empty(cells) for cells in records)

    def rows() -> Iterator[Row]:
        with _records(file) as (_, _, again):
            for number, cells in enumerate(again, start=FIRST_ROW):
                if _is_empty(cells):
                    continue  # it keeps its number and says nothing
                if not _is_empty(cells[len(header) :]):
                    problem = FieldProblem("", "too-many-cells", "The row has more cells than the header has columns.")
                    yield Row(number=number, raw=None, problems=(problem,))
                    continue
                named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
                yield _row(number, named, origin, place, has_decimal_comma=delimiter != ",")

    return Table(count=count, word="row", unread=_unread(header), place=place, rows=rows)


@contextmanager
def _records(file: Path) -> Iterator[tuple[list[str], str, Iterator[list[str]]]]:
    """The header (lower case), the delimiter, and the records after the header."""
    opener: Callable[..., TextIO] = gzip.open if file.suffix.lower() == GZIP else open
    try:
        with opener(file, "rt", encoding="utf-8-sig", newline="") as opened:
            first = opened.readline()
            delimiter = max(",;\t", key=first.count)
            header = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
            yield header, delimiter, csv.reader(opened, delimiter=delimiter, strict=True)
    except UnicodeDecodeError as error:
        raise InvalidError(f"{file.name} is not UTF-8: save it again as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise InvalidError(
            f"{file.name} is not a whole CSV file: look for a quotation mark that is not closed."
        ) from error
    except (OSError, EOFError) as error:
        raise InvalidError(f"{file.name} cannot be read to its end.") from error


def _is_empty(cells: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _layer_table(file: Path, origin: Origin) -> Table:
    layer = layers.read(file)
    names = [str(name).lower() for name in layer.columns if name != layer.geometry.name]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InvalidError(f"{file.name} lacks the attributes {', '.join(missing)}.")
    columns = [layer[name].tolist() for name in layer.columns if name != layer.geometry.name]
    geometries = layer.geometry.tolist()

    def rows() -> Iterator[Row]:
        for i, geometry in enumerate(geometries):
            named = {name: _as_text(column[i]) for name, column in zip(names, columns, strict=True)}
            if geometry is None or geometry.geom_type != "Point" or geometry.is_empty:
                problem = FieldProblem("geometry", "no-point", "The feature is no point.")
                yield Row(number=i + 1, raw=None, problems=(problem,))
                continue
            yield _row(i + 1, named | {"lon": str(geometry.x), "lat": str(geometry.y)}, origin, ("lon", "lat"))

    return Table(count=len(geometries), word="feature", unread=_unread(names), place=("geometry",), rows=rows)


def _as_text(value: Any) -> str:
    """An attribute as it would stand in a CSV; whole numbers lose the .0 that a missing neighbour gave them."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _check_columns(header: Sequence[str]) -> tuple[str, str]:
    """Which pair of columns says where. Raises InvalidError when the header will not do."""
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise InvalidError(f"The header names {', '.join(sorted(twice))} twice.")
    missing = [name for name in REQUIRED if name not in header]
    pairs = [pair for pair in PLACES if all(name in header for name in pair)]
    if not pairs:
        missing.append("lon and lat (or x and y)")
    if missing:
        raise InvalidError(
            f"The header lacks {', '.join(missing)}. The columns are {', '.join(REQUIRED)}, lon and lat (or x and y), "
            f"and if you have them {', '.join(OPTIONAL)}."
        )
    if len(pairs) > 1:
        raise InvalidError("The header has lon and lat as well as x and y: keep one pair.")
    return pairs[0]


def _unread(names: Sequence[str]) -> tuple[str, ...]:
    ours = {*REQUIRED, *OPTIONAL, ORGANISATION, *(name for pair in PLACES for name in pair)}
    return tuple(name for name in names if name and name not in ours)


def _row(
    number: int, named: Mapping[str, str], origin: Origin, place: tuple[str, str], *, has_decimal_comma: bool = False
) -> Row:
    problems: list[FieldProblem] = []

    def read(field: str, reader: Callable[[str], _Value], *, is_required: bool = False) -> _Value | None:
        value = named.get(field, "")
        if not value:
            if is_required:
                problems.append(FieldProblem(field, "missing", "This cell must not be empty."))
            return None
        try:
            return reader(value)
        except InvalidError as error:
            problems.append(FieldProblem(field, error.problems[0].code, error.message))
            return None

    def number_of(value: str) -> float:
        return _number(value.replace(",", ".") if has_decimal_comma else value)

    if named.get(ORGANISATION, "") not in ("", origin.organisation):
        sentence = f"This row is another organisation's than {origin.organisation}: import it for that one."
        problems.append(FieldProblem(ORGANISATION, "foreign-organisation", sentence))
    category = read("category", str, is_required=True)
    occurred_from = read("occurred_from", instant, is_required=True)
    occurred_to = read("occurred_to", instant)
    x, y = (read(name, number_of, is_required=True) for name in place)
    uncertainty_m = read("location_uncertainty_m", number_of)
    is_reviewed = read("text_reviewed", _yes_or_no)
    if problems or category is None or occurred_from is None or x is None or y is None:
        return Row(number=number, raw=None, problems=tuple(problems))
    crs = {} if place == PLACES[0] else {"crs": metric_crs(origin.metric_srid)}
    raw = RawIncident(
        category=category,
        occurred_from=occurred_from,
        occurred_to=occurred_to,
        position=Position(x, y, **crs),
        location_uncertainty_m=uncertainty_m,
        source=origin.source,
        source_ref=named.get("source_ref") or None,
        text=named.get("text") or None,
        text_reviewed=bool(is_reviewed),
    )
    return Row(number=number, raw=raw)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise _unreadable("unreadable-number", "Write a number, with a point before decimals.") from error


def _yes_or_no(value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise _unreadable("unreadable-flag", "Write true or false.")


def _unreadable(code: str, sentence: str) -> InvalidError:
    return InvalidError(sentence, (FieldProblem("", code, sentence),))
