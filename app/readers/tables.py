"""What a file turns out to be, and its rows.

Rows come as a stream, in bounded memory, and from any row on. Blank rows are no rows; they keep their numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.imports.source import SourceRow


class Format(StrEnum):
    """The kinds of file that are read."""

    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"
    GEOPACKAGE = "geopackage"
    SHAPEFILE = "shapefile"
    GEOPARQUET = "geoparquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """A file that has been looked at: what was guessed about it, and its rows."""

    format: Format
    columns: tuple[str, ...]  # as the file names them, each once; unnamed ones are called "column 3"
    encoding: str | None = None  # of a text table: "utf-8", "utf-8-sig", "cp1252", "utf-16"
    separator: str | None = None  # of a text table
    layer: str | None = None  # the sheet or layer that is read
    layers: tuple[str, ...] = ()  # all that there are
    srid: int | None = None  # the EPSG code of the coordinate system, when the file says it
    row_count: int | None = None  # when it is known without reading to the end
    word: str = "row"  # what a row is called: "row" of a spreadsheet, "feature" of a layer
    keeps: tuple[object, ...] = field(default=(), repr=False)  # what must live as long as the table
    read_from: Callable[[int], Iterator[SourceRow]] = field(repr=False)

    def rows(self, start: int = 0) -> Iterator[SourceRow]:
        """The rows whose number is `start` or higher, in order. Raises UnreadableFileError, also on the way."""
        return self.read_from(start)
