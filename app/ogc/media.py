"""Forms of answers: which there are, how a client asks for one, how it is packed for the way."""

from enum import StrEnum
from typing import Any, Final, Protocol

import zstandard
from fastapi import Request
from isal import isal_zlib

from app.core.errors import ParameterError
from app.edge.problems import weighed

WORTH_PACKING: Final = 1_000  # bytes; fewer go as they are
FASTEST: Final = 1  # measured on GeoJSON: a level more costs twice the time and saves a tenth
GZIP: Final = 31  # window bits with the header of gzip


class Form(StrEnum):
    """What `f` can say."""

    JSON = "json"
    HTML = "html"
    CSV = "csv"
    PARQUET = "parquet"

    @property
    def is_file(self) -> bool:
        """Whether it holds everything at once, without pages."""
        return self in {Form.CSV, Form.PARQUET}

    @property
    def words(self) -> str:
        """What people call it."""
        return {"json": "JSON", "html": "HTML", "csv": "CSV", "parquet": "GeoParquet"}[self.value]


JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
HTML: Final = "text/html"
MVT: Final = "application/vnd.mapbox-vector-tile"
MEDIA_TYPES: Final = {
    Form.JSON: JSON,
    Form.HTML: HTML,
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
}
DOCUMENT: Final = (Form.JSON, Form.HTML)
ITEMS: Final = (Form.JSON, Form.HTML, Form.CSV, Form.PARQUET)


def chosen(request: Request, forms: tuple[Form, ...], asked: str | None) -> Form:
    """The form to answer in: what f says, else what Accept wants most, else JSON. Raises ParameterError."""
    if asked is not None:
        if asked not in forms:
            raise ParameterError(f"f: It is one of {', '.join(forms)}.")
        return Form(asked)
    wanted = dict(weighed(part) for part in request.headers.get("accept", "").lower().split(","))
    most = max((wanted.get(kind, 0.0) for kind in (JSON, GEOJSON, SCHEMA, "application/*")), default=0.0)
    others = [(wanted.get(MEDIA_TYPES[form], 0.0), form) for form in forms if form is not Form.JSON]
    best, form = max(others, key=lambda pair: pair[0])
    return form if best > most else Form.JSON


class Packer(Protocol):
    """Packs a stream."""

    def compress(self, data: bytes, /) -> bytes:
        """Some more of it."""

    def flush(self, *how: Any) -> bytes:
        """What is still held back."""


def packing(request: Request) -> str | None:
    """How the client lets us pack: gzip with isal's lowest level is quickest, then zstd, which is smaller."""
    taken = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").lower().split(",")}
    return "zstd" if "zstd" in taken else "gzip" if "gzip" in taken else None


def packer(how: str) -> Packer:
    """One stream's packer."""
    if how == "zstd":
        return zstandard.ZstdCompressor(level=FASTEST).compressobj()
    found: Packer = isal_zlib.compressobj(FASTEST, isal_zlib.DEFLATED, GZIP)
    return found


def packed(body: bytes, how: str) -> bytes:
    """A whole body."""
    work = packer(how)
    return work.compress(body) + work.flush()
