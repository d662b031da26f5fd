"""Rows as GeoParquet 1.1: geometry as WKB, x before y whatever the reference system's own order is."""

import json
from collections.abc import Sequence
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.features import Kind
from app.core.reference_systems import ReferenceSystem

TYPES: Final = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXTS: pa.list_(pa.string()),
}


class Writer:
    """Writes one file, some rows at a time: each an id, a geometry, then the properties."""

    def __init__(self, file: IO[bytes], properties: Sequence[tuple[str, Kind]], system: ReferenceSystem) -> None:
        columns = [(name, TYPES[kind]) for name, kind in properties]
        told = {
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": {
                "geometry": {
                    "encoding": "WKB",
                    "geometry_types": [],
                    **({} if system.is_degrees else {"crs": system.definition}),  # none: longitude and latitude
                }
            },
        }
        self._schema = pa.schema([("id", pa.string()), ("geometry", pa.binary()), *columns]).with_metadata(
            {"geo": json.dumps(told)}
        )
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some more rows."""
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._schema)
        arrays = [pa.array(list(values), field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the foot."""
        self._writer.close()
