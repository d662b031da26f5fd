"""Writes that another site makes a browser send, and requests for a server of another name: both refused at the door.

Every browser tells where a request comes from, in Sec-Fetch-Site or Origin (or both) with everything but a plain GET.
Programs tell neither; they have no cookie that a stranger could use. So no form needs a secret of its own, and none
can be forgotten.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

SAFE_METHODS: Final = {"GET", "HEAD", "OPTIONS"}
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


def is_forged(method: str, headers: Headers) -> bool:
    """Whether this is a write that another site made a browser send."""
    if method in SAFE_METHODS:
        return False
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def hosts_of(public_url: str | None) -> frozenset[str] | None:
    """The names by which this server may be asked: its public one and, for watchers beside it, the machine's own.

    None: any, where nobody told the public name.
    """
    return None if public_url is None else frozenset({urlsplit(public_url).hostname or "", *LOOPBACK})


def is_ours(hosts: frozenset[str] | None, headers: Headers) -> bool:
    """Whether the request names this server; else links made from the name would lead astray."""
    names = headers.getlist("host")
    if hosts is None:
        return len(names) <= 1
    try:
        name = urlsplit(f"//{names[0]}").hostname or "" if len(names) == 1 else ""
    except ValueError:
        return False
    return name in hosts
