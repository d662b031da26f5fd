"""Values that a browser keeps for us between two requests and cannot change: sealed with the deployment's secret."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

LONGEST = 4_000  # browsers keep no longer cookie


def seal(secret: bytes, purpose: str, values: Mapping[str, Any]) -> str:
    """The values as text for a cookie, good for this purpose only."""
    told = urlsafe_b64encode(json.dumps(values).encode()).decode()
    return f"{told}.{_mark(secret, purpose, told)}"


def unseal(secret: bytes, purpose: str, sealed: str) -> dict[str, Any] | None:
    """The values; None when they are not ours, or not for this purpose."""
    told, _, mark = sealed.partition(".")
    is_ours = len(sealed) <= LONGEST and hmac.compare_digest(mark.encode(), _mark(secret, purpose, told).encode())
    if not is_ours:
        return None
    values: dict[str, Any] = json.loads(urlsafe_b64decode(told))
    return values


def _mark(secret: bytes, purpose: str, told: str) -> str:
    return hmac.new(secret, f"{purpose}:{told}".encode("utf-8", "surrogatepass"), sha256).hexdigest()
