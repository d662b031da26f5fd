"""Answers: bytes with their validators, packed as the client takes them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.edge import etags
from app.ogc.media import WORTH_PACKING, packed, packer, packing
from app.store.features.reading import State
from app.store.tx import ReadTx

VARY = "Accept, Accept-Encoding, Authorization, Cookie"


def tag_of(request: Request, tx: ReadTx, state: State) -> str | None:
    """The validator that a revision gives; None where only the answer itself tells."""
    if state.revision is None:
        return None
    return _tag(request, tx, state.revision)


def tag_of_content(request: Request, tx: ReadTx, *content: str) -> str:
    """The validator of an answer whose content is all that may tell whether something changed."""
    return _tag(request, tx, blake2b("\0".join(content).encode(), digest_size=16).hexdigest())


def _tag(request: Request, tx: ReadTx, revision: str) -> str:
    return etags.of(
        request,
        tx,
        revision=revision,
        form=f"{request.headers.get('accept', '')} {packing(request)}",
        address=str(request.url),
    )


def is_fresh(request: Request, tag: str | None) -> bool:
    """Whether the client already has this answer."""
    return tag is not None and "if-none-match" in request.headers and etags.is_fresh(request, tag)


def not_modified(tag: str) -> Response:
    """304: what the client has is current."""
    return Response(status_code=304, headers={**etags.headers(tag), "Vary": VARY})


def body(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    tag: str | None = None,
    changed_at: datetime | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """Bytes as they are, packed."""
    how = packing(request) if len(content) >= WORTH_PACKING else None
    return ready(packed(content, how) if how else content, how, media_type, tag=tag, changed_at=changed_at, more=more)


def ready(
    content: bytes,
    how: str | None,
    media_type: str,
    *,
    tag: str | None = None,
    changed_at: datetime | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """Bytes that are packed already."""
    headers = {**(etags.headers(tag) if tag else {}), "Vary": VARY, **(more or {})}
    if how:
        headers["Content-Encoding"] = how
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.astimezone(UTC), usegmt=True)
    return Response(content, media_type=media_type, headers=headers)


def document(request: Request, content: Mapping[str, Any], media_type: str) -> Response:
    """A JSON document made here."""
    return body(request, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), media_type)


def streamed(request: Request, portions: Iterator[bytes], media_type: str, more: Mapping[str, str]) -> Response:
    """A long answer, made while it is sent: no faster than the client takes it."""
    how = packing(request)
    headers = {"Vary": VARY, **more, **({"Content-Encoding": how} if how else {})}
    return StreamingResponse(_packed(portions, how) if how else portions, media_type=media_type, headers=headers)


def _packed(portions: Iterator[bytes], how: str) -> Iterator[bytes]:
    work = packer(how)
    for portion in portions:
        if made := work.compress(portion):
            yield made
    yield work.flush()
