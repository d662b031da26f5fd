"""Packing answers with gzip, for those who take it.

Pages are packed although they are served over TLS. What lets others guess at packed pages (BREACH) is a secret in
the body beside text of the attacker's choice, asked for thousands of times by the victim's browser. There is no
secret in any body: the session is a cookie that scripts cannot read, and forms carry no token, because SameSite and
the origin check stand for it. And what another site asks for in passing is answered without the session.
"""

import gzip
from typing import Final

from fastapi import Request

PACKED: Final = {"Content-Encoding": "gzip"}
_QUICKLY: Final = 5


def takes_gzip(request: Request) -> bool:
    """Whether the answer may be packed."""
    for part in request.headers.get("accept-encoding", "").split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding.lower() == "gzip":
            return weight == "" or weight.strip("0.") != ""
    return False


def pack(content: bytes, level: int = _QUICKLY) -> bytes:
    """The same content gives the same bytes."""
    return gzip.compress(content, level, mtime=0)
