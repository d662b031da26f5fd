"""What stands in a column, whatever it is called: numbers, days, times of day, points, words."""

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property

from app.core.imports import moments, positions
from app.core.imports.moments import Moment, Precision, UnreadableError
from app.core.imports.searching import as_text
from app.core.imports.source import Cell

MOST = 0.7  # of the cells that say something
_GEOMETRY = re.compile(
    r"\s*(?:SRID=\d+;\s*)?(?:MULTI)?POINT\s*Z?\s*\(|\s*\{.*\"coordinates\"|\s*\{.*lat", re.IGNORECASE
)
_HEX_POINT = re.compile(r"0[01][0-9A-Fa-f]{40,}")
_PAIR = re.compile(r"[^\d]*-?\d{1,8}[.,]\d+\s*[,;\s]\s*-?\d{1,8}[.,]\d+\)?\s*")
_SLASHED = re.compile(r"\s*(\d{1,2})[-/. ](\d{1,2})[-/., ]\s*(\d{4}|\d{2})(?!\d|:)")


@dataclass(frozen=True)
class Shape:
    """The cells of one column in the sample."""

    name: str
    cells: Sequence[Cell]

    @cached_property
    def filled(self) -> list[Cell]:
        """The cells that say something."""
        return [cell for cell in self.cells if not moments.is_missing(cell)]

    def _share(self, is_such: Callable[[Cell], bool]) -> float:
        return sum(map(is_such, self.filled)) / len(self.filled) if self.filled else 0.0

    @cached_property
    def numbers(self) -> float:
        """The share that are numbers."""
        return self._share(_is_number)

    @cached_property
    def points(self) -> float:
        """The share that are geometries, or two coordinates in one text."""
        return self._share(_is_point)

    @cached_property
    def pairs(self) -> float:
        """The share that are two coordinates in one text."""
        return self._share(lambda cell: isinstance(cell, str) and _PAIR.fullmatch(cell.splitlines()[-1]) is not None)

    @cached_property
    def row_moments(self) -> list[Moment | None]:
        """What each cell says as a date or time; a bare number only when it can be nothing else."""
        return [None if moments.is_missing(cell) else _moment(cell) for cell in self.cells]

    @cached_property
    def read_moments(self) -> list[Moment]:
        """The cells that are dates or times."""
        return [moment for moment in self.row_moments if moment is not None]

    @cached_property
    def dates(self) -> float:
        """The share that are dates or instants."""
        return len(self.read_moments) / len(self.filled) if self.filled else 0.0

    @cached_property
    def is_only_days(self) -> bool:
        """Whether no time of day is told: none, or midnight everywhere."""
        return all(
            moment.precision is not Precision.INSTANT or (moment.at.hour, moment.at.minute) == (0, 0)
            for moment in self.read_moments
        )

    @cached_property
    def clocks(self) -> float:
        """The share that are times of day."""
        return self._share(_is_clock)

    @cached_property
    def texts(self) -> list[str]:
        """The filled cells as texts."""
        return [as_text(cell) for cell in self.filled]

    @cached_property
    def distinct(self) -> float:
        """How many different values, as a share of the filled cells."""
        return len(set(self.texts)) / len(self.texts) if self.texts else 0.0

    @cached_property
    def median(self) -> float:
        """The middle number; zero without numbers."""
        found = [positions.number_of(cell) for cell in self.filled if _is_number(cell)]
        return statistics.median(found) if found else 0.0

    @cached_property
    def day_orders(self) -> tuple[int, int, int]:
        """How many dates can only be day first, only month first, and may be either."""
        first = second = either = 0
        for text in self.texts:
            if match := _SLASHED.match(text):
                a, b = int(match[1]), int(match[2])
                first += a > 12 >= b  # noqa: PLR2004 -- months
                second += b > 12 >= a  # noqa: PLR2004
                either += a <= 12 and b <= 12 and a != b  # noqa: PLR2004
        return first, second, either


def _is_number(cell: Cell) -> bool:
    try:
        positions.number_of(cell)
    except ValueError:
        return False
    return True


def _is_point(cell: Cell) -> bool:
    if isinstance(cell, bytes):
        return True
    if not isinstance(cell, str):
        return False
    return bool(
        _GEOMETRY.match(cell) or _HEX_POINT.fullmatch(cell) or (cell and _PAIR.fullmatch(cell.splitlines()[-1]))
    )


def _moment(cell: Cell) -> Moment | None:
    if isinstance(cell, (datetime, date)):
        return moments.read(cell, is_day_first=True)
    text = as_text(cell)
    if isinstance(cell, time) or re.fullmatch(r"[-+]?\d{1,4}|[-+]?\d{1,4}[.,]\d+|\d{7}|\d{9}", text):
        return None
    try:
        return moments.read(cell, is_day_first=True)
    except (UnreadableError, OverflowError):
        return None


def _is_clock(cell: Cell) -> bool:
    if isinstance(cell, (date, datetime)):
        return False
    try:
        moments.read_clock(cell, is_compact=False)
    except UnreadableError:
        return isinstance(cell, (int, str)) and re.fullmatch(r"[0-5]?\d", str(cell)) is not None
    return True
