"""Vector tiles in WebMercatorQuad, kept in memory as long as what they show is the same."""

from typing import Any, Final

from fastapi import Request, Response

from app.actions.features import reading_features
from app.core.errors import NotFoundError
from app.core.features import Collection
from app.core.reference_systems import WEB_MERCATOR
from app.edge import etags
from app.ogc import answers, links, metadata, parameters, visits
from app.ogc.links import OGC_REL, Link, link
from app.ogc.media import DOCUMENT, JSON, MVT, chosen
from app.store.features import reading

SET: Final = "WebMercatorQuad"
SET_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{SET}"
DEEPEST: Final = 22
SIDE: Final = 256  # pixels
EDGE: Final = 20037508.342789244  # metres from the middle of the map to its edges
PIXEL_M: Final = 0.00028
OF_TILES: Final = ("datetime", "filter", "filter-lang", "filter-crs")


def tile_matrix_sets(request: Request) -> Response:
    """The one way in which the world is cut into tiles here."""
    visit = visits.of(request)
    form = chosen(request, DOCUMENT, parameters.asked(request).get("f"))
    here = f"{links.root(request)}/tileMatrixSets/{SET}"
    listed = [{"id": SET, "title": "Web Mercator", "uri": SET_URI, "links": [link(here, "self", JSON, SET)]}]
    told = {"tileMatrixSets": listed, "links": links.here(request, form, DOCUMENT)}
    return metadata.answer(request, visit, form, "tileMatrixSets", None, told)


def tile_matrix_set(request: Request, set_id: str) -> Response:
    """All its levels."""
    visit = visits.of(request)
    form = chosen(request, DOCUMENT, parameters.asked(request).get("f"))
    _check_set(set_id)
    return metadata.answer(request, visit, form, "tileMatrixSet", None, _definition())


def _definition() -> dict[str, Any]:
    def matrix(z: int) -> dict[str, Any]:
        cell = 2 * EDGE / SIDE / 2**z
        return {
            "id": str(z),
            "scaleDenominator": cell / PIXEL_M,
            "cellSize": cell,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-EDGE, EDGE],
            "tileWidth": SIDE,
            "tileHeight": SIDE,
            "matrixWidth": 2**z,
            "matrixHeight": 2**z,
        }

    return {
        "id": SET,
        "title": "Web Mercator",
        "uri": SET_URI,
        "crs": WEB_MERCATOR.uri,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [matrix(z) for z in range(DEEPEST + 1)],
    }


def tilesets(request: Request, collection_id: str) -> Response:
    """The tile sets of a collection."""
    visit = visits.of(request)
    collection = visits.collection(visit, collection_id)
    form = chosen(request, DOCUMENT, parameters.asked(request).get("f"))
    told = {"tilesets": [_tileset(request, collection)], "links": links.here(request, form, DOCUMENT)}
    return metadata.answer(request, visit, form, "tilesets", collection, told)


def tileset(request: Request, collection_id: str, set_id: str) -> Response:
    """One of them."""
    visit = visits.of(request)
    collection = visits.collection(visit, collection_id)
    form = chosen(request, DOCUMENT, parameters.asked(request).get("f"))
    _check_set(set_id)
    told = _tileset(request, collection)
    told["links"] = [*links.here(request, form, DOCUMENT), *(each for each in told["links"] if each["rel"] != "self")]
    return metadata.answer(request, visit, form, "tileset", collection, told)


def _tileset(request: Request, collection: Collection) -> dict[str, Any]:
    here = f"{links.root(request)}/collections/{collection.id}/tiles/{SET}"
    told: list[Link] = [
        link(here, "self", JSON, collection.title.sv),
        link(f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT, collection.title.sv, templated=True),
        link(f"{links.root(request)}/tileMatrixSets/{SET}", f"{OGC_REL}tiling-scheme", JSON, SET),
        link(f"{links.root(request)}/collections/{collection.id}", f"{OGC_REL}geodata", JSON, collection.title.sv),
    ]
    names = {p.name: metadata.JSON_TYPES[p.kind] for p in collection.properties if p.name not in collection.heavy}
    layers = [
        {
            "id": collection.id,
            "dataType": "vector",
            "geometryDimension": 0 if collection.shape == "point" else 2,
            "propertiesSchema": {"type": "object", "properties": names},
        }
    ]
    return {
        "title": collection.title.sv,
        "dataType": "vector",
        "crs": WEB_MERCATOR.uri,
        "tileMatrixSetId": SET,
        "tileMatrixSetURI": SET_URI,
        "layers": layers,
        "links": told,
    }


def tile(request: Request, collection_id: str, set_id: str, z: str, row: str, col: str) -> Response:
    """One tile; without any feature 204. Outside the set 404."""
    visit = visits.of(request)
    collection = visits.collection(visit, collection_id)
    given = parameters.asked(request, *OF_TILES)
    if given.get("f") not in {None, "mvt"}:
        raise parameters.wrong("f", "It is mvt.")
    _check_set(set_id)
    zoom, x, y = _place(z, col, row)
    conditions = parameters.conditions(given, collection)
    asked = {**parameters.logged(given, collection), "form": "tile", "z": zoom, "x": x, "y": y}
    with visit.reader.plain() as tx:
        state = reading.state(tx, collection)
        tag = answers.tag_of(request, tx, state)
        if tag is not None and answers.is_fresh(request, tag):
            return answers.not_modified(tag)
        made = None
        if not collection.is_audited:
            kept = visit.remembered.body(tag) if tag else None
            made = kept if kept is not None else reading.tile(tx, state, zoom, x, y, conditions)[0]
    if made is None:
        with reading_features(visit.reader, collection, **asked) as read, read.snapshot() as tx:
            made, count = reading.tile(tx, state, zoom, x, y, conditions)
            tx.hand_out(count)
    if tag is None:
        tag = answers.tag_of_content(request, tx, made.hex())
        if answers.is_fresh(request, tag):
            return answers.not_modified(tag)
    elif not collection.is_audited:
        visit.remembered.keep(tag, made)
    if not made:
        return Response(status_code=204, headers={**dict(etags.headers(tag)), "Vary": answers.VARY})
    return answers.body(request, made, MVT, tag=tag, changed_at=state.changed_at)


def _check_set(set_id: str) -> None:
    if set_id != SET:
        raise NotFoundError(f"There are only tiles of {SET}.")


def _place(z: str, x: str, y: str) -> tuple[int, int, int]:
    """Zoom, column and row. Raises NotFoundError outside the set."""
    if not all(part.isascii() and part.isdecimal() and len(part) < 8 for part in (z, x, y)):  # noqa: PLR2004 -- digits
        raise NotFoundError("There is no such tile.")
    zoom, column, row = int(z), int(x), int(y)
    if zoom > DEEPEST or column >= 2**zoom or row >= 2**zoom:
        raise NotFoundError("There is no such tile.")
    return zoom, column, row
