"""What there is: the landing page, what it conforms to, collections, their queryables."""

from typing import Any, Final

from fastapi import Request, Response

from app.core.features import Collection, Kind, Shape
from app.core.reference_systems import CRS84, SYSTEMS
from app.ogc import answers, links, parameters, visits
from app.ogc.links import OGC_REL, link
from app.ogc.media import DOCUMENT, GEOJSON, HTML, ITEMS, JSON, MEDIA_TYPES, OPENAPI, SCHEMA, Form, chosen
from app.ogc.visits import Visit
from app.store.features import reading
from app.store.tx import ReadTx

CONFORMS_TO: Final = (
    *(f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{c}" for c in ("core", "geojson", "html", "oas30")),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{c}"
        for c in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{c}"
        for c in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "arithmetic",
        )
    ),
    *(f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{c}" for c in ("core", "tileset", "tilesets-list", "mvt")),
)
SWEDEN: Final = (10.9, 55.3, 24.2, 69.1)  # where a collection without any feature would lie
JSON_TYPES: Final[dict[Kind, dict[str, Any]]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
}


def landing(request: Request) -> Response:
    """Where everything begins."""
    visit = visits.of(request)
    form = _form(request)
    root = links.root(request)
    told = {
        "title": "Lägesbild",
        "description": "Hotspots, händelser och områden för kartklienter. Data for map clients.",
        "links": [
            *links.here(request, form, DOCUMENT),
            link(f"{root}/api", "service-desc", OPENAPI, "OpenAPI"),
            link(f"{root}/api?f=html", "service-doc", HTML, "API"),
            link(f"{root}/conformance", "conformance", JSON, "Conformance"),
            link(f"{root}/collections", "data", JSON, "Collections"),
            link(f"{root}/tileMatrixSets", f"{OGC_REL}tiling-schemes", JSON, "Tile matrix sets"),
        ],
    }
    return answer(request, visit, form, "landing", None, told)


def conformance(request: Request) -> Response:
    """Which parts of the standards hold."""
    visit = visits.of(request)
    form = _form(request)
    told = {"conformsTo": list(CONFORMS_TO), "links": links.here(request, form, DOCUMENT)}
    return answer(request, visit, form, "conformance", None, told)


def collections(request: Request) -> Response:
    """The collections that are open to this reader."""
    visit = visits.of(request)
    form = _form(request)
    with visit.reader.plain() as tx:
        listed = [_described(request, visit, tx, each) for each in visit.collections]
    told = {
        "title": "Lägesbild",
        "links": links.here(request, form, DOCUMENT),
        "crs": list(SYSTEMS),
        "collections": listed,
    }
    return answer(request, visit, form, "collections", None, told)


def collection(request: Request, collection_id: str) -> Response:
    """One collection."""
    visit = visits.of(request)
    found = visits.collection(visit, collection_id)
    form = _form(request)
    with visit.reader.plain() as tx:
        told = _described(request, visit, tx, found)
    told["links"] = [*links.here(request, form, DOCUMENT), *told["links"]]
    return answer(request, visit, form, "collection", found, told)


def queryables(request: Request, collection_id: str) -> Response:
    """What filters may name, as JSON Schema."""
    return _schema(request, collection_id, "queryables")


def schema(request: Request, collection_id: str) -> Response:
    """What a feature has, as JSON Schema."""
    return _schema(request, collection_id, "schema")


def _schema(request: Request, collection_id: str, what: str) -> Response:
    visit = visits.of(request)
    found = visits.collection(visit, collection_id)
    form = _form(request)
    shape = "point" if found.shape is Shape.POINT else "polygon-multipolygon"
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{links.root(request)}/collections/{found.id}/{what}",
        "type": "object",
        "title": found.title.sv,
        "description": found.description.sv,
        "properties": {
            **{p.name: {"title": p.title.sv, **JSON_TYPES[p.kind]} for p in found.properties},
            "geom": {"title": "Läge", "format": f"geometry-{shape}", "x-ogc-role": "primary-geometry"},
        },
        "additionalProperties": False,
    }
    return answer(request, visit, form, what, found, told, SCHEMA)


def _described(request: Request, visit: Visit, tx: ReadTx, found: Collection) -> dict[str, Any]:
    state = reading.state(tx, found)
    about = None if state.revision is None else f"extent {tx.scope!r} {found.id} {state.revision}"
    box, times = visit.remembered.fact(about, lambda: reading.extent(tx, state))
    extent: dict[str, Any] = {"spatial": {"bbox": [list(box or SWEDEN)], "crs": CRS84.uri}}
    if found.time is not None:
        ends = [None if t is None else t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in times]
        extent["temporal"] = {"interval": [ends], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"}
    here = f"{links.root(request)}/collections/{found.id}"
    told = [
        link(f"{here}/items?f={form}", "items", GEOJSON if form is Form.JSON else MEDIA_TYPES[form], form.words)
        for form in ITEMS
    ]
    told += [
        link(f"{here}/queryables", f"{OGC_REL}queryables", SCHEMA, "Queryables"),
        link(f"{here}/schema", f"{OGC_REL}schema", SCHEMA, "Schema"),
        link(f"{here}/tiles", f"{OGC_REL}tilesets-vector", JSON, "Vector tiles"),
    ]
    if found.id == "hotspots":
        told.append(link(f"{here}/style.qml", "stylesheet", "application/xml", "QGIS"))
    return {
        "id": found.id,
        "title": found.title.sv,
        "description": f"{found.description.sv} {found.description.en}",
        "itemType": "feature",
        "extent": extent,
        "crs": list(SYSTEMS),
        "storageCrs": CRS84.uri,
        "links": told,
    }


def _form(request: Request) -> Form:
    return chosen(request, DOCUMENT, parameters.asked(request).get("f"))


def answer(
    request: Request,
    visit: Visit,
    form: Form,
    kind: str,
    found: Collection | None,
    told: dict[str, Any],
    media_type: str = JSON,
) -> Response:
    """A document as JSON, or as a page."""
    if form is Form.HTML:
        page: Response = request.app.state.data_page(request, visit.actor, kind, found, told)
        return page
    return answers.document(request, told, media_type)
