"""The OpenAPI 3.0 document of what is open to a reader, made from the registry of collections.

FastAPI's own document is OpenAPI 3.1 and has no `style`; the standard, and some clients, want 3.0.
"""

import json
from typing import Any, Final

from fastapi import Request, Response

from app.core.features import Collection
from app.core.reference_systems import CRS84, SYSTEMS
from app.ogc import answers, links, parameters, visits
from app.ogc.media import DOCUMENT, GEOJSON, HTML, ITEMS, JSON, MEDIA_TYPES, MVT, OPENAPI, SCHEMA, Form, chosen
from app.ogc.metadata import JSON_TYPES

TEXT: Final = {"type": "string"}
SYSTEM: Final = {"type": "string", "enum": list(SYSTEMS), "default": CRS84.uri}
PROBLEM: Final = "application/problem+json"
REFUSALS: Final = {
    "400": "Fel i en parameter",
    "401": "Logga in",
    "403": "Ingen behörighet",
    "404": "Finns inte",
    "429": "För många frågor",
    "503": "Upptaget",
}

Part = dict[str, Any]


def api(request: Request) -> Response:
    """The document, or a page of it."""
    visit = visits.of(request)
    form = chosen(request, DOCUMENT, parameters.asked(request).get("f"))
    told = document(links.root(request), visits.code_version(request), visit.collections)
    if form is Form.HTML:
        page: Response = request.app.state.data_page(request, visit.actor, "api", None, told)
        return page
    return answers.body(request, json.dumps(told, ensure_ascii=False).encode(), OPENAPI)


def document(server: str, version: str, collections: list[Collection]) -> Part:
    """The whole document."""
    paths: Part = {
        "/": _get("getLandingPage", "Ingång", [_form(DOCUMENT)], (JSON, HTML)),
        "/conformance": _get("getConformance", "Vad tjänsten uppfyller", [_form(DOCUMENT)], (JSON, HTML)),
        "/collections": _get("getCollections", "Alla lager", [_form(DOCUMENT)], (JSON, HTML)),
        "/tileMatrixSets": _get("getTileMatrixSets", "Rutindelningar", [_form(DOCUMENT)], (JSON, HTML)),
        "/tileMatrixSets/WebMercatorQuad": _get("getTileMatrixSet", "En rutindelning", [_form(DOCUMENT)], (JSON, HTML)),
    }
    for collection in collections:
        paths |= _of_collection(collection)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Lägesbild för kartklienter",
            "version": version,
            "description": "OGC API - Features 1.0 (delarna 1, 2 och 3) och OGC API - Tiles 1.0.",
        },
        "servers": [{"url": server}],
        "tags": [{"name": "data", "description": "Lager och objekt"}],
        "security": [{"token": []}, {"password": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic", "description": "Nyckeln som lösenord"},
            },
            "schemas": {
                "problem": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT},
                }
            },
        },
    }


def _of_collection(collection: Collection) -> Part:
    here = f"/collections/{collection.id}"
    name, title = collection.id, collection.title.sv
    files = (GEOJSON, *(MEDIA_TYPES[form] for form in ITEMS[1:]))
    place = [_path(part, {"type": "integer", "minimum": 0}) for part in ("tileMatrix", "tileRow", "tileCol")]
    crs = _query("crs", SYSTEM, "Referenssystem för koordinaterna i svaret")
    return {
        here: _get(f"describe.{name}", title, [_form(DOCUMENT)], (JSON, HTML)),
        f"{here}/queryables": _get(f"queryables.{name}", "Vad filter får nämna", [_form(DOCUMENT)], (SCHEMA, HTML)),
        f"{here}/schema": _get(f"schema.{name}", "Vad ett objekt har", [_form(DOCUMENT)], (SCHEMA, HTML)),
        f"{here}/items": _get(f"items.{name}", title, _of_items(collection), files),
        f"{here}/items/{{featureId}}": _get(
            f"item.{name}", "Ett objekt", [_form(DOCUMENT), crs, _path("featureId", TEXT)], (GEOJSON, HTML)
        ),
        f"{here}/tiles": _get(f"tilesets.{name}", "Vektorrutor", [_form(DOCUMENT)], (JSON, HTML)),
        f"{here}/tiles/WebMercatorQuad": _get(f"tileset.{name}", "Vektorrutor", [_form(DOCUMENT)], (JSON, HTML)),
        f"{here}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
            f"{name}.collection.vector.getTile", "En vektorruta", [*place, *_of_filter()], (MVT,), empty=True
        ),
    }


def _of_items(collection: Collection) -> list[Part]:
    names = [p.name for p in collection.properties]
    return [
        _form(ITEMS),
        _query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": parameters.MOST, "default": parameters.LIMIT},
            "Högsta antal objekt på en sida",
        ),
        _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "Hoppa över så många objekt"),
        _query("after", TEXT, "Fortsättning, ur en next-länk"),
        _query(
            "bbox",
            {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
            "Ruta: två hörn i den axelordning som bbox-crs har",
        ),
        _query("bbox-crs", SYSTEM, "Referenssystem för bbox"),
        _query("crs", SYSTEM, "Referenssystem för koordinaterna i svaret"),
        _query("properties", {"type": "array", "items": {"type": "string", "enum": names}}, "Vilka egenskaper"),
        _query("sortby", {"type": "array", "items": TEXT}, "Ordning; minus framför vänder den"),
        *_of_filter(),
        *(_query(p.name, JSON_TYPES[p.kind], p.title.sv) for p in collection.queryables.values()),
    ]


def _of_filter() -> list[Part]:
    return [
        _query("datetime", TEXT, "Ögonblick eller tid, till exempel 2026-01-01/.."),
        _query("filter", TEXT, "Villkor i CQL2"),
        _query(
            "filter-lang",
            {"type": "string", "enum": list(parameters.LANGUAGES), "default": parameters.LANGUAGES[0]},
            "Hur filtret är skrivet",
        ),
        _query("filter-crs", SYSTEM, "Referenssystem för geometrier i filtret"),
    ]


def _form(forms: tuple[Form, ...]) -> Part:
    return _query("f", {"type": "string", "enum": [form.value for form in forms]}, "Svarets form")


def _query(name: str, schema: Part, description: str) -> Part:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _path(name: str, schema: Part) -> Part:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _get(operation: str, summary: str, given: list[Part], types: tuple[str, ...], *, empty: bool = False) -> Part:
    schemas = {t: {"type": "string", "format": "binary"} if t == MVT else {"type": "object"} for t in types}
    schemas |= {t: TEXT for t in types if t.startswith("text/")}
    answers_: Part = {"200": {"description": "Svaret", "content": {t: {"schema": schemas[t]} for t in types}}}
    answers_ |= {"304": {"description": "Det klienten har gäller"}}
    answers_ |= {"204": {"description": "Inget i rutan"}} if empty else {}
    problem = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}}}
    answers_ |= {status: {"description": text, **problem} for status, text in REFUSALS.items()}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["data"],
            "parameters": given,
            "responses": answers_,
        }
    }
