"""Addresses and links. Nothing is linked that is not there: some clients follow every link they get."""

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from app.ogc.media import MEDIA_TYPES, Form

PREFIX: Final = "/ogc"
OGC_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"

Link = dict[str, Any]


def root(request: Request) -> str:
    """The address of the landing page, as the client reached it."""
    return f"{str(request.base_url).rstrip('/')}{PREFIX}"


def link(href: str, rel: str, type_: str, title: str = "", **more: object) -> Link:
    """One link."""
    return {"href": href, "rel": rel, "type": type_, **({"title": title} if title else {}), **more}


def here(request: Request, form: Form, forms: tuple[Form, ...]) -> list[Link]:
    """The present answer, and the same in its other forms."""
    address = str(request.url).split("?", maxsplit=1)[0]
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "f"]
    found = []
    for each in forms:
        query = urlencode([*given, ("f", each.value)])
        found.append(link(f"{address}?{query}", "self" if each is form else "alternate", MEDIA_TYPES[each], each.words))
    return found


def next_page(request: Request, form: Form, **changes: object) -> Link:
    """The page after this one."""
    address = str(request.url).split("?", maxsplit=1)[0]
    given = {**dict(request.query_params), **{name: value for name, value in changes.items() if value is not None}}
    query = {name: value for name, value in given.items() if changes.get(name, "") is not None}
    return link(f"{address}?{urlencode(query)}", "next", MEDIA_TYPES[form], "Nästa sida")
