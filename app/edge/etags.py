"""Validators for cached answers: keyed, so that a tag tells nothing about what is behind it.

A tag is made of the revision of what is shown, of all that decides how the reader sees it (scope, limit of precision,
sharing rules in force: it changes on the day one ends), of the form of the answer and of the code that made it.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from fastapi import Request, Response

from app.edge import services
from app.store.tx import ReadTx

CACHE_CONTROL = "private, no-cache"  # keep it, but ask each time; never in a shared cache


def of(
    request: Request, tx: ReadTx, *, revision: object, form: str = "geojson", language: str = "", **parts: object
) -> str:
    """The tag of an answer to this reader, made of what is shown (revision, and parts such as filters)."""
    given = services.of(request)
    decisive = {"scope": tx.scope, "revision": revision, "form": form, "language": language, "code": given.code_version}
    told = "\n".join(f"{k}={v!r}" for k, v in sorted({**parts, **decisive}.items()))
    return f'"{hmac.new(given.secret, told.encode(), sha256).hexdigest()[:32]}"'


def is_fresh(request: Request, tag: str) -> bool:
    """Whether the client already has this answer (If-None-Match)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in held.split(","))


def headers(tag: str) -> Mapping[str, str]:
    """The headers that go with a tag, on 200 and 304 alike."""
    return {"ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": "Authorization, Cookie"}


def not_modified(tag: str) -> Response:
    """304: what the client has is current."""
    return Response(status_code=304, headers=dict(headers(tag)))
