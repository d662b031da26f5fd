"""GeoParquet, and Parquet without places. Read in batches; only flat columns are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from app.core.imports.source import SourceRow
from app.core.imports.words import unreadable
from app.readers.arrow import rows_of_batch
from app.readers.layers import srid_of
from app.readers.limits import Limits
from app.readers.tables import Format, SourceTable

_AT_A_TIME: Final = 10_000


def table(path: Path, limits: Limits) -> SourceTable:
    """A Parquet file as a table. Raises UnreadableFileError."""
    with _file(path) as file:
        if file.metadata.num_rows > limits.rows:
            raise unreadable("too-many-rows", most=f"{limits.rows}")
        sizes = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
        if sum(sizes) > limits.unpacked_bytes:
            raise unreadable(
                "too-large-unpacked", most=f"{limits.unpacked_bytes // 1_000_000}", ratio=f"{limits.ratio}"
            )
        place, srid = _place(file)
        columns = tuple(
            field.name for field in file.schema_arrow if field.name == place or not _is_left_out(field.type)
        )
        count = file.metadata.num_rows
    if len(columns) > limits.columns:
        raise unreadable("too-many-columns", most=f"{limits.columns}")

    def read_from(start: int) -> Iterator[SourceRow]:
        return _rows(path, columns, place, start, limits)

    return SourceTable(
        format=Format.GEOPARQUET,
        columns=columns,
        srid=srid,
        row_count=count,
        word="feature" if place else "row",
        read_from=read_from,
    )


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    from pyarrow import ArrowException  # noqa: PLC0415 -- heavy, and not for those who read tables
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        with ParquetFile(path, memory_map=False) as file:
            yield file
    except (ArrowException, OSError, MemoryError, UnicodeError) as error:
        raise unreadable("damaged") from error


def _place(file: Any) -> tuple[str | None, int | None]:
    """The column of places as WKB, and its coordinate system: WGS84 unless the file says another."""
    told = (file.metadata.metadata or {}).get(b"geo")
    if told is None:
        return None, None
    try:
        about = json.loads(told)
        name = about["primary_column"]
        column = about["columns"][name]
        encoding = column["encoding"]
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable("damaged") from error
    if encoding not in {"WKB", "point"} or name not in file.schema_arrow.names:
        raise unreadable("damaged")
    crs = column.get("crs", 4326)
    return str(name), srid_of(json.dumps(crs) if isinstance(crs, dict) else crs)


def _is_left_out(kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _rows(path: Path, columns: tuple[str, ...], place: str | None, start: int, limits: Limits) -> Iterator[SourceRow]:
    number = 1
    with _file(path) as file:
        for batch in file.iter_batches(batch_size=_AT_A_TIME, columns=list(columns)):
            if number + batch.num_rows > start:
                for row in rows_of_batch(_with_wkb(batch, place), columns, place, number, limits):
                    if row.number >= start:
                        yield row
            number += batch.num_rows


def _with_wkb(batch: Any, place: str | None) -> Any:
    """Points that are stored as pairs of numbers become WKB like all others."""
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    if place is None or not pa.types.is_struct(batch.schema.field(place).type):
        return batch
    pairs = batch.column(place)
    x, y = (pairs.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y"))
    points = pa.array(shapely.to_wkb(shapely.points(x, y)).tolist(), pa.binary())
    return batch.set_column(batch.schema.get_field_index(place), place, points)
