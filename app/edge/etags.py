"""Validators for cached answers: keyed, so that a tag tells nothing about what is behind it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from fastapi import Request, Response

from app.edge import services

CACHE_CONTROL = "private, no-cache"  # keep it, but ask each time; never in a shared cache


def of(request: Request, **parts: object) -> str:
    """The tag of an answer made of these parts (revision, scope, parameters …) by this version of the code."""
    given = services.of(request)
    told = "\n".join(f"{k}={v}" for k, v in sorted({**parts, "code": given.code_version}.items()))
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
