"""Whole collections as files: CSV for spreadsheets, GeoParquet for R and Python.

A file is made while it is sent, page by page, each in a snapshot of its own: no transaction waits for a slow client,
and no file is ever whole in memory.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import IO, Any, Final

from fastapi import Request, Response

from app.actions.features import reading_features
from app.core.features import Shape
from app.ogc import answers
from app.ogc.media import MEDIA_TYPES, Form
from app.ogc.visits import Visit
from app.render import geoparquet
from app.render.tables import csv_text
from app.store.features import reading
from app.store.features.reading import State, Wanted

PORTION: Final = 5_000  # rows of one snapshot
IN_MEMORY: Final = 4 * 1024 * 1024  # of a GeoParquet file; more waits on the disk
READ_AT_ONCE: Final = 256 * 1024


def answer(
    request: Request, visit: Visit, state: State, wanted: Wanted, form: Form, asked: dict[str, object]
) -> Response:
    """The file. What is wrong shows before the first byte is sent."""
    made = (_csv if form is Form.CSV else _parquet)(visit, state, wanted, asked)
    first = next(made)
    more = {
        "Content-Disposition": f'attachment; filename="{state.collection.id}.{form}"',
        "Content-Crs": f"<{wanted.system.uri}>",
    }
    return answers.streamed(request, _all(first, made), MEDIA_TYPES[form], more)


def _all(first: bytes, made: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from made


def _pages(
    visit: Visit, state: State, wanted: Wanted, form: Form, asked: dict[str, object]
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows without their key, page after page; the first comes even when it is empty."""
    left, after, offset = wanted.limit, wanted.after, wanted.offset
    asked = {**asked, "form": form.value, "limit": wanted.limit}
    with reading_features(visit.reader, state.collection, **asked) as read:
        while True:
            part = replace(wanted, limit=min(left, PORTION), after=after, offset=offset)
            with read.snapshot() as tx:
                rows = reading.rows(tx, state, part, is_text=form is Form.CSV)
                tx.hand_out(len(rows))
            yield [row[1:] for row in rows]
            left -= len(rows)
            if len(rows) < PORTION or left <= 0:
                return
            if wanted.order:  # no key tells where that order went on
                offset += len(rows)
            else:
                after, offset = rows[-1][0], 0


def _csv(visit: Visit, state: State, wanted: Wanted, asked: dict[str, object]) -> Iterator[bytes]:
    names = reading.chosen(state.collection, wanted)
    is_point = state.collection.shape is Shape.POINT
    places = ("x", "y") if is_point else ("geometry",)
    head = [("id", *places, *names)]
    for rows in _pages(visit, state, wanted, Form.CSV, asked):
        told = [(row[0], *(_xy(row[1]) if is_point else (row[1],)), *map(_cell, row[2:])) for row in rows]
        yield csv_text([*head, *told], is_first=bool(head)).encode()
        head = []


def _xy(text: str) -> tuple[str, str]:
    """The coordinates of POINT(x y)."""
    x, y = text.removeprefix("POINT(").removesuffix(")").split(" ")
    return x, y


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _parquet(visit: Visit, state: State, wanted: Wanted, asked: dict[str, object]) -> Iterator[bytes]:
    """The file's foot tells where its parts lie, so that it can only be read when it is finished."""
    collection = state.collection
    names = reading.chosen(collection, wanted)
    kinds = [p.kind for name in names if (p := collection.named(name)) is not None]
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        with closing(geoparquet.Writer(file, list(zip(names, kinds, strict=True)), wanted.system)) as writer:
            for rows in _pages(visit, state, wanted, Form.PARQUET, asked):
                writer.add(rows)
        file.seek(0)
        yield from _read(file)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while portion := file.read(READ_AT_ONCE):
        yield portion
