"""Files that are sent: from the wire to the disk as they come, never whole in memory.

A form (multipart/form-data) has one file and a few fields; any other body is the file itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO
from uuid import UUID

from fastapi import HTTPException, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.core.errors import FieldProblem, InvalidError, TooLargeError
from app.store.uploads import Uploads

WRITTEN_AT_ONCE = 1024 * 1024
MOST_PARTS = 20
MOST_FIELD_BYTES = 1024 * 1024  # of all fields together
NAME_MAX_CHARS = 200


@dataclass(slots=True, kw_only=True)
class Received:
    """What was sent: a file that lies in its place now, and what the form said beside it."""

    file_name: str = ""
    byte_count: int = 0
    line_count: int = 0
    fields: dict[str, str] = field(default_factory=dict)


async def receive(request: Request, uploads: Uploads, import_id: UUID, *, name: str | None, most: int) -> Received:
    """Take in the body as the upload of an import. Raises InvalidError, TooLargeError or HTTPException 415."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, headers={"Accept-Encoding": "identity"})
    received = Received(file_name=cleaned(name or ""))
    async with contextmanager_in_threadpool(uploads.receive(import_id)) as file:
        sink = _Sink(file, received, most)
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind == b"multipart/form-data":
            form = _Form(sink, received, options.get(b"boundary", b""))
            async for piece in request.stream():
                form.take(piece)
                await sink.flush()
            form.end()
        else:
            async for piece in request.stream():
                sink.write(piece)
                await sink.flush()
        await sink.flush(is_end=True)
        _check(received)
    return received


def cleaned(name: str) -> str:
    """A file's own name: no folders, nothing unprintable, not too long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable()).lstrip(".")[-NAME_MAX_CHARS:]


def _check(received: Received) -> None:
    if not received.file_name:
        raise _invalid("filename", "no-filename", "Say what the file is called: ?filename=reports.csv")
    if not received.byte_count:
        raise _invalid("file", "no-file", "Send a file that is not empty.")


def _invalid(name: str, code: str, sentence: str) -> InvalidError:
    return InvalidError(sentence, (FieldProblem(name, code, sentence),))


@dataclass(slots=True)
class _Sink:
    """Counts what comes and hands it to the disk in large pieces."""

    file: BinaryIO
    received: Received
    most: int
    waiting: bytearray = field(default_factory=bytearray)

    def write(self, piece: bytes) -> None:
        self.received.byte_count += len(piece)
        self.received.line_count += piece.count(b"\n")
        if self.received.byte_count > self.most:
            raise TooLargeError(f"A file may be at most {self.most:,} bytes; nothing was stored.")
        self.waiting += piece

    async def flush(self, *, is_end: bool = False) -> None:
        if is_end or len(self.waiting) >= WRITTEN_AT_ONCE:
            ready, self.waiting = self.waiting, bytearray()
            await run_in_threadpool(self.file.write, ready)


class _Form:
    """The parts of a form, as they come."""

    def __init__(self, sink: _Sink, received: Received, boundary: bytes) -> None:
        self._sink = sink
        self._received = received
        self._parts = 0
        self._files = 0
        self._field_bytes = 0
        self._is_over = False
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._is_file = False
        self._value = bytearray()
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise _unreadable() from error

    def take(self, piece: bytes) -> None:
        """Read some bytes of the body."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _unreadable() from error

    def end(self) -> None:
        """Check that the form came to its end, with one file in it."""
        if not self._is_over:
            raise _unreadable()
        if self._files != 1:
            raise _invalid("file", "no-file", "Send one file.")

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _unreadable()
        self._headers = {}
        self._value = bytearray()

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        if self._is_file:
            self._files += 1
            if self._files > 1:
                raise _invalid("file", "several-files", "Send one file at a time.")
            self._received.file_name = cleaned(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._sink.write(data[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > MOST_FIELD_BYTES:
            raise TooLargeError("The fields of the form are too long; nothing was stored.")
        self._value += data[start:end]

    def _part_end(self) -> None:
        if not self._is_file:
            self._received.fields[self._name] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self._is_over = True


def _unreadable() -> InvalidError:
    return _invalid("", "no-form", "The form cannot be read to its end.")
