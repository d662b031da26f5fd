"""Documents of the map service as pages: the same content, for people who open an address in a browser."""

from typing import Any, Final

from fastapi import Request, Response

from app.core.features import Collection, Property
from app.core.permissions import Actor
from app.web import basemap, visits
from app.web.i18n import gettext, language
from app.web.render import page, speak

MOST_IN_CELL: Final = 160  # characters


def answer(
    request: Request, visitor: Actor, kind: str, collection: Collection | None, told: dict[str, Any]
) -> Response:
    """A document as a page. kind: which one of the service's documents it is."""
    speak(request)
    code = language().code
    background = basemap.background(visits.basemap_path(request))
    features = told.get("features", [told] if kind == "item" else [])
    shown = _shown(collection, features)
    return page(
        request,
        "data.html",
        visitor=visitor,
        kind=kind,
        heading=_heading(kind, collection),
        description=collection.description.in_language(code) if collection else None,
        collection=collection,
        told=told,
        links=[link for link in told.get("links", []) if not link.get("templated")],
        collections=[_listed(each) for each in told.get("collections", [])],
        columns=[each.title.in_language(code) for each in shown],
        rows=[[feature["id"], *(_cell(feature["properties"].get(p.name)) for p in shown)] for feature in features],
        here=links_to_data(told) if features else None,
        has_basemap=background is not basemap.NOTHING,
        attribution=background.attribution.get(code),
        properties=_properties(told),
    )


def links_to_data(told: dict[str, Any]) -> str | None:
    """Where the map finds the same features."""
    return next((link["href"] for link in told["links"] if link["type"] == "application/geo+json"), None)


def _heading(kind: str, collection: Collection | None) -> str:
    name = collection.title.in_language(language().code) if collection else ""
    headings = {
        "landing": gettext("Kartdata"),
        "conformance": gettext("Vad tjänsten uppfyller"),
        "collections": gettext("Lager"),
        "collection": name,
        "items": name,
        "item": name,
        "queryables": gettext("Vad filter kan nämna"),
        "schema": gettext("Egenskaper"),
        "tilesets": gettext("Vektorrutor"),
        "tileset": gettext("Vektorrutor"),
        "tileMatrixSets": gettext("Rutindelning"),
        "tileMatrixSet": gettext("Rutindelning"),
        "api": gettext("Beskrivning av gränssnittet"),
    }
    return headings[kind]


def _listed(told: dict[str, Any]) -> dict[str, str]:
    items = next(link["href"] for link in told["links"] if link["rel"] == "items")
    here = items.split("/items", maxsplit=1)[0]
    return {"id": told["id"], "title": told["title"], "description": told["description"], "href": f"{here}?f=html"}


def _shown(collection: Collection | None, features: list[dict[str, Any]]) -> list[Property]:
    """The columns: what filters can name and these features have, in the collection's order."""
    if collection is None:
        return []
    return [p for p in collection.properties if any(_is_plain(f["properties"].get(p.name)) for f in features)]


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MOST_IN_CELL else f"{text[:MOST_IN_CELL]}…"


def _properties(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Of a schema: name, title and kind."""
    return [
        (name, each.get("title", ""), each.get("format") or each.get("type", ""))
        for name, each in told.get("properties", {}).items()
        if "$schema" in told
    ]
