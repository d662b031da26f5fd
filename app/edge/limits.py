"""Limits on requests, counted in the database, so for all processes together. What the limits are: core/limits.py."""

import hmac
import math
from hashlib import sha256

from fastapi import Request

from app.core.errors import TooManyError
from app.core.limits import Kind, allowances
from app.edge import services
from app.store.tx import Turn


def check(request: Request, kind: Kind, who: str | None = None) -> None:
    """Count this request, or refuse it. `who`: an account's id, or the name that somebody claims; None: unknown.

    Raises TooManyError.
    """
    given = services.of(request)
    address = request.client.host if request.client else ""
    turns = [
        Turn(key=_key(given.secret, allowed.whose), price=allowed.span / allowed.most, credit=allowed.span)
        for allowed in allowances(given.limits, kind, address, who)
    ]
    wait = given.database.take_turns(turns) if turns else None
    if wait is not None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        raise TooManyError("Wait as many seconds as Retry-After says, then try again.", seconds)


def _key(secret: bytes, whose: str) -> bytes:
    """A keyed hash: who asked is not to be read in the table."""
    return hmac.new(secret, f"turn: {whose}".encode("utf-8", "surrogatepass"), sha256).digest()
