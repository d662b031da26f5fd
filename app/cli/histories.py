"""Incidents of any town from a CSV file: where and when, in metres and seconds, for measuring and not for storing.

Rows that cannot be read are counted by why, never repeated: they may hold personal data.
"""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.core import geo
from app.core.analysis.points import Coordinates, Floats
from app.core.errors import InvalidError

NO_TIME = "no time that can be read"
NO_PLACE = "no place that can be read"
FAR_AWAY = "a place more than 100 km from the middle of the others"
FAR_M = 100_000.0
TIME_PARTS = 5  # year, month, day, hour, minute
TIME_FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S %z",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y-%m",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns say where and when.

    x, y: longitude and latitude in degrees, or metres in the projection `epsg` when that is given. time: one
    column, or year, month, day and maybe hour and minute. time_format: as strptime has it; None tries usual ones.
    """

    x: str
    y: str
    time: tuple[str, ...]
    epsg: int | None = None
    time_format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """The rows that could be read: xy (n, 2) metres in `epsg`, occurred_s (n,) epoch seconds; the others by why."""

    xy: Coordinates
    occurred_s: Floats
    epsg: int
    row_count: int
    bad: Mapping[str, int]


def read(file: Path, columns: Columns) -> Incidents:
    """Read a .csv or .csv.gz with a header. Times without an offset are taken as they stand, as UTC.

    Raises InvalidError when the file or a column is missing, or no row can be read.
    """
    places: list[tuple[float, float]] = []
    times: list[float] = []
    bad: Counter[str] = Counter()
    row_count = 0
    for row in _rows(file, columns):
        row_count += 1
        place, moment = _place(row, columns), _moment(row, columns)
        if place is None or moment is None:
            bad[NO_PLACE if place is None else NO_TIME] += 1
            continue
        places.append(place)
        times.append(moment)
    if not places:
        raise InvalidError(f"Not one of the {row_count} rows of {file.name} has both a place and a time.")
    epsg = columns.epsg or _metric_srid(places)
    xy = np.array(places)
    if columns.epsg is None:
        xy = np.column_stack(geo.to_metric(xy[:, 0], xy[:, 1], epsg))
    is_near = np.hypot(*(xy - np.median(xy, axis=0)).T) <= FAR_M
    if not is_near.all():
        bad[FAR_AWAY] += int((~is_near).sum())
    return Incidents(xy=xy[is_near], occurred_s=np.array(times)[is_near], epsg=epsg, row_count=row_count, bad=dict(bad))


def _rows(file: Path, columns: Columns) -> Iterator[Mapping[str, str | None]]:
    text = _text(file)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = tuple(reader.fieldnames or ())
    if missing := [name for name in (columns.x, columns.y, *columns.time) if name not in names]:
        raise InvalidError(f"{file.name} has no column {missing[0]}; it has: {', '.join(names)}.")
    try:
        yield from reader
    except csv.Error as error:
        raise InvalidError(f"{file.name} is not a CSV file from row {reader.line_num} on.") from error


def _text(file: Path) -> str:
    """UTF-8, or else Latin-1, in which everything can be read."""
    try:
        content = file.read_bytes()
        content = gzip.decompress(content) if file.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidError(f"{file.name} is not a whole gzip file.") from error
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _place(row: Mapping[str, str | None], columns: Columns) -> tuple[float, float] | None:
    """Zero, zero stands for a place that is not known."""
    try:
        x, y = (float((row[name] or "").strip().replace(",", ".")) for name in (columns.x, columns.y))
    except ValueError:
        return None
    largest = (180.0, 90.0) if columns.epsg is None else (geo.LARGEST_METRES, geo.LARGEST_METRES)
    is_place = abs(x) <= largest[0] and abs(y) <= largest[1] and not x == y == 0  # nan is no place either
    return (x, y) if is_place else None


def _moment(row: Mapping[str, str | None], columns: Columns) -> float | None:
    values = [(row[name] or "").strip() for name in columns.time]
    moment = _from_parts(values) if len(values) > 1 else _from_text(values[0], columns.time_format)
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _from_parts(values: list[str]) -> datetime | None:
    try:
        year, month, day, hour, minute = [int(float(value)) for value in values] + [0] * (TIME_PARTS - len(values))
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None


def _from_text(text: str, time_format: str | None) -> datetime | None:
    if time_format is None:
        try:
            return datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            pass
    for form in TIME_FORMATS if time_format is None else (time_format,):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 -- the caller gives it the zone
        except ValueError:
            continue
    return None


def _metric_srid(lonlat: list[tuple[float, float]]) -> int:
    """SWEREF 99 TM in Sweden; elsewhere the UTM zone of the middle of the incidents."""
    lon, lat = np.median(np.array(lonlat), axis=0).tolist()
    in_sweden = geo.SWEDEN_LON[0] <= lon <= geo.SWEDEN_LON[1] and geo.SWEDEN_LAT[0] <= lat <= geo.SWEDEN_LAT[1]
    if in_sweden:
        return geo.SWEREF99_TM
    zone = min(int((lon + 180) // 6) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone
