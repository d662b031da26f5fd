"""What the standards ask of each collection, for each role: OGC API Features parts 1 to 3, and Tiles."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from app.core.features import COLLECTIONS
from app.core.reference_systems import SYSTEMS
from tests.ogc.conftest import COUNT, Reading

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
SWEREF = "http://www.opengis.net/def/crs/EPSG/0/3006"
ZONE = "http://www.opengis.net/def/crs/EPSG/0/3012"
MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
OPEN = {  # role: what is open to it
    "coordinator": set(COLLECTIONS),
    "reporter": set(COLLECTIONS),
    "police": set(COLLECTIONS),
    "map_client": {"hotspots", "hotspot_history", "areas"},
    "leadership": {"hotspots", "hotspot_history", "areas"},
    "admin": {"areas"},
}
PAIRS = [(role, name) for role, names in OPEN.items() for name in sorted(names)]


def links(document: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    return [link for link in document["links"] if link["rel"] == rel]


def get(client: TestClient, path: str, **query: object) -> Any:
    answer = client.get(f"/ogc{path}", params={name.replace("_", "-"): str(v) for name, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def all_pages(client: TestClient, name: str, **query: object) -> list[dict[str, Any]]:
    """Every feature, by the next links."""
    page = get(client, f"/collections/{name}/items", **query)
    found = page["features"]
    while following := links(page, "next"):
        page = client.get(following[0]["href"]).json()
        assert page["numberReturned"] == len(page["features"]) > 0
        found += page["features"]
    return list(found)


def test_the_landing_page_leads_to_everything(reading: Reading) -> None:
    landing = get(reading("map_client"), "")
    rels = {link["rel"]: link for link in landing["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= rels.keys()
    assert rels["service-desc"]["type"] == "application/vnd.oai.openapi+json;version=3.0"


@pytest.mark.parametrize("role", ["coordinator", "map_client"])
def test_every_link_leads_somewhere_and_says_what_is_there(reading: Reading, role: str) -> None:
    client, seen, ahead = reading(role), set[str](), {"http://testserver/ogc": "application/json"}
    while ahead:
        address, promised = ahead.popitem()
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        assert answer.headers["content-type"].split(";")[0] == promised.split(";")[0], address
        seen.add(address)
        if "json" not in answer.headers["content-type"] or address.endswith("/api") or "after=" in address:
            continue
        told = answer.json()
        for part in (told, *told.get("collections", ()), *told.get("tilesets", ()), *told.get("tileMatrixSets", ())):
            for link in part.get("links", []):
                if not link.get("templated") and link["href"] not in seen:
                    ahead[link["href"]] = link["type"]
    assert len(seen) > 20


def test_what_is_conformed_to_is_listed(reading: Reading) -> None:
    classes = get(reading("map_client"), "/conformance")["conformsTo"]
    for wanted in (
        *(f"ogcapi-features-1/1.0/conf/{c}" for c in ("core", "geojson", "html", "oas30")),
        "ogcapi-features-2/1.0/conf/crs",
        *(f"ogcapi-features-3/1.0/conf/{c}" for c in ("queryables", "filter", "features-filter")),
        *(f"cql2/1.0/conf/{c}" for c in ("cql2-text", "cql2-json", "basic-cql2")),
        *(f"ogcapi-tiles-1/1.0/conf/{c}" for c in ("core", "tileset", "mvt")),
    ):
        assert f"http://www.opengis.net/spec/{wanted}" in classes


@pytest.mark.parametrize("role", OPEN)
def test_each_role_finds_what_is_open_to_it(reading: Reading, role: str) -> None:
    client = reading(role)
    listed = get(client, "/collections")
    assert {each["id"] for each in listed["collections"]} == OPEN[role]
    assert listed["crs"][0] == CRS84
    for name in set(COLLECTIONS) - OPEN[role]:
        assert client.get(f"/ogc/collections/{name}/items").status_code == 403
        assert client.get(f"/ogc/collections/{name}").status_code == 403
        assert client.get(f"/ogc/collections/{name}/tiles/WebMercatorQuad/0/0/0").status_code == 403


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_a_collection_is_told_the_same_in_the_list_and_alone(reading: Reading, role: str, name: str) -> None:
    client = reading(role)
    listed = next(each for each in get(client, "/collections")["collections"] if each["id"] == name)
    alone = get(client, f"/collections/{name}")
    for key in ("id", "title", "description", "extent", "crs", "storageCrs", "itemType"):
        assert listed[key] == alone[key]
    assert alone["crs"] == list(SYSTEMS)
    assert {link["type"] for link in links(alone, "items")} == {
        "application/geo+json", "text/html", "text/csv", "application/vnd.apache.parquet",
    }  # fmt: skip
    west, south, east, north = alone["extent"]["spatial"]["bbox"][0]
    for feature in all_pages(client, name, limit=1000):
        for x, y in points(feature["geometry"]):
            assert west <= x <= east
            assert south <= y <= north


def points(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    """All coordinates."""

    def walk(part: Any) -> list[tuple[float, float]]:
        return [(part[0], part[1])] if isinstance(part[0], int | float) else [p for each in part for p in walk(each)]

    return walk(geometry["coordinates"])


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_pages_add_up_to_what_is_matched(reading: Reading, role: str, name: str) -> None:
    client = reading(role)
    first = get(client, f"/collections/{name}/items", limit=3)
    assert first["type"] == "FeatureCollection"
    assert first["numberReturned"] == len(first["features"]) <= 3
    assert first["timeStamp"].endswith("Z")
    assert links(first, "self")
    assert {link["type"] for link in links(first, "alternate")} >= {"text/html"}
    ids = [feature["id"] for feature in all_pages(client, name, limit=3)]
    assert len(ids) == len(set(ids)) == first["numberMatched"]
    by_offset = [
        feature["id"]
        for offset in range(0, len(ids), 7)
        for feature in get(client, f"/collections/{name}/items", limit=7, offset=offset)["features"]
    ]
    assert by_offset == ids


def test_the_counts_are_those_of_the_world(reading: Reading) -> None:
    matched = {
        (role, name): get(reading(role), f"/collections/{name}/items", limit=1)["numberMatched"] for role, name in PAIRS
    }
    assert matched["coordinator", "incidents"] == COUNT + 5  # the police give theirs exactly
    assert matched["police", "incidents"] == 5
    assert matched["coordinator", "hotspots"] == 1
    assert matched["coordinator", "hotspot_history"] == 2
    assert matched["police", "hotspot_history"] == 2  # Lindesta shares its own
    assert matched["admin", "areas"] == 4


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_a_feature_alone_is_the_one_in_the_list(reading: Reading, role: str, name: str) -> None:
    client = reading(role)
    for feature in get(client, f"/collections/{name}/items", limit=2)["features"]:
        alone = get(client, f"/collections/{name}/items/{feature['id']}")
        assert {"self", "alternate", "collection"} == {link["rel"] for link in alone.pop("links")}
        assert alone == feature
    assert client.get(f"/ogc/collections/{name}/items/00000000-0000-4000-8000-000000000000").status_code == 404
    assert client.get(f"/ogc/collections/{name}/items/nobody").status_code == 404


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_the_queryables_are_a_schema_of_the_properties(reading: Reading, role: str, name: str) -> None:
    client = reading(role)
    schema = get(client, f"/collections/{name}/queryables")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/collections/{name}/queryables")
    assert schema["type"] == "object"
    geometry = schema["properties"].pop("geom")
    assert geometry["x-ogc-role"] == "primary-geometry"
    wanted = {f"{each} IS NULL OR NOT {each} IS NULL" for each in schema["properties"]}
    total = get(client, f"/collections/{name}/items", limit=1)["numberMatched"]
    for text in sorted(wanted):
        assert get(client, f"/collections/{name}/items", limit=1, filter=text)["numberMatched"] == total


@pytest.mark.parametrize("uri", [SWEREF, WGS84, ZONE])
@pytest.mark.parametrize("name", ["hotspots", "incidents", "areas"])
def test_swedish_systems_have_the_northing_first(reading: Reading, name: str, uri: str) -> None:
    client = reading("coordinator")
    answer = client.get(f"/ogc/collections/{name}/items", params={"crs": uri, "limit": 3})
    plain = get(client, f"/collections/{name}/items", limit=3)
    assert answer.headers["content-crs"] == f"<{uri}>"
    for flipped, usual in zip(answer.json()["features"], plain["features"], strict=True):
        north, east = points(flipped["geometry"])[0]
        x, y = points(usual["geometry"])[0]
        assert north > east
        if uri == WGS84:
            assert (east, north) == (x, y)


def test_mercator_has_the_easting_first(reading: Reading) -> None:
    answer = reading("coordinator").get("/ogc/collections/areas/items", params={"crs": MERCATOR, "limit": 1})
    assert answer.headers["content-crs"] == f"<{MERCATOR}>"
    x, y = points(answer.json()["features"][0]["geometry"])[0]
    assert 1_700_000 < x < 1_900_000
    assert 8_000_000 < y < 8_400_000


@pytest.mark.parametrize(
    ("box", "uri"),
    [
        ("15.8475,59.6468,15.8495,59.6478", CRS84),
        ("15.8475,59.6468,0,15.8495,59.6478,100", CRS84),
        ("59.6468,15.8475,59.6478,15.8495", WGS84),
        ("6612390,547790,6612470,547860", SWEREF),
    ],
)
def test_a_box_is_the_same_in_every_system(reading: Reading, box: str, uri: str) -> None:
    found = get(reading("coordinator"), "/collections/incidents/items", bbox=box, bbox_crs=uri, limit=100)
    assert {f["properties"]["source_ref"][:5] for f in found["features"]} == {"SKD-0"}
    assert found["numberMatched"] == 20


@pytest.mark.parametrize(
    ("box", "count"),
    [("170,50,-170,70", 0), ("-180,-90,180,90", 4), ("10,80,-10,90", 0), ("15.7,59.5,-170,60", 4)],
)
def test_boxes_across_the_antimeridian_and_the_poles_are_boxes(reading: Reading, box: str, count: int) -> None:
    assert get(reading("map_client"), "/collections/areas/items", bbox=box)["numberMatched"] == count


@pytest.mark.parametrize(
    ("when", "count"),
    [
        ("2026-11-14T12:00:00Z", 1),  # within the one that lasted two days
        ("2026-11-14", 1),
        ("2026-09-01/2026-09-10", 1),
        ("../2026-09-10", 1),
        ("2026-11-14/", 1),
        ("2026-11-14/..", 1),
        ("1900-01-01T00:00:00Z/2100-01-01T00:00:00Z", COUNT + 5),
        ("2030-01-01/..", 0),
    ],
)
def test_times_select_what_touches_them(reading: Reading, when: str, count: int) -> None:
    assert get(reading("coordinator"), "/collections/incidents/items", datetime=when)["numberMatched"] == count


def test_properties_select_by_value_and_choose_what_is_told(reading: Reading) -> None:
    client = reading("coordinator")
    found = get(client, "/collections/incidents/items", category="BUS", properties="category,source_ref")
    assert found["numberMatched"] == 2
    assert {tuple(feature["properties"]) for feature in found["features"]} == {("category", "source_ref")}
    assert get(client, "/collections/incidents/items", version=1, limit=1)["numberMatched"] == COUNT + 5
    whole = get(client, "/collections/hotspots/items")["features"][0]["properties"]
    assert whole["categories"] == [{"code": "SKD", "count": 10, "share": 1.0}]  # as /api/v1/hotspots tells it
    assert whole == client.get("/api/v1/hotspots").json()["features"][0]["properties"]


def test_an_order_is_kept_over_the_pages(reading: Reading) -> None:
    found = all_pages(reading("coordinator"), "incidents", limit=7, sortby="category,-occurred_from")
    told = [(f["properties"]["category"], f["properties"]["occurred_from"]) for f in found]
    assert [category for category, _ in told] == sorted(category for category, _ in told)
    for category in {category for category, _ in told}:
        times = [time for each, time in told if each == category]
        assert times == sorted(times, reverse=True)
    assert len(found) == COUNT + 5


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("limit=1.5", "limit"), ("limit=", "limit"),
        ("offset=-1", "offset"), ("after=x'&limit=1", "after"), ("bbox=1,2,3", None), ("bbox=a,b,c,d", "bbox"),
        ("bbox=1,2,3,4,5", None), ("bbox=0,10,1,5", None), ("bbox=nan,0,1,1", None), ("bbox=-200,0,1,1", None),
        ("bbox=1,2,3,4&bbox-crs=http://example.org/x", None), ("bbox=1e9,1e9,2e9,2e9&bbox-crs=" + SWEREF, None),
        ("crs=EPSG:3006", None), ("datetime=yesterday", "datetime"), ("datetime=2026-13-01", "datetime"),
        ("datetime=../..", "datetime"), ("datetime=2026-02-01/2026-01-01", "datetime"), ("datetime=/", "datetime"),
        ("datetime=a/b/c", "datetime"), ("nonsense=1", "nonsense"), ("f=xml", None), ("properties=nope", "properties"),
        ("sortby=nope", "sortby"), ("sortby=marks", "sortby"), ("limit=1&limit=2", "limit"), ("version=x", "version"),
        ("filter=nope%3D1", None), ("filter-lang=sql&filter=a", "filter-lang"), ("filter-crs=x", None),
        ("category=%00", "category"), ("category=" + "x" * 400, "category"), ("occurred_from=x", None),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused_by_name(reading: Reading, query: str, name: str | None) -> None:
    answer = reading("coordinator").get(f"/ogc/collections/incidents/items?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["type"] == "/problems/invalid-parameter"
    if name is not None:
        assert told["errors"][0]["field"] == name
    assert not any(word in answer.text for word in ("psycopg", "SELECT", "relation", "column "))


@pytest.mark.parametrize("path", ["", "/conformance", "/collections", "/collections/areas", "/api"])
def test_unknown_parameters_are_refused_everywhere(reading: Reading, path: str) -> None:
    assert reading("map_client").get(f"/ogc{path}?nonsense=1").status_code == 400


def test_more_than_the_most_is_not_an_error_and_is_not_given(reading: Reading) -> None:
    found = get(reading("coordinator"), "/collections/incidents/items", limit=1_000_000)
    assert found["numberReturned"] == COUNT + 5


@pytest.mark.parametrize(
    "path",
    ["", "/conformance", "/collections", "/collections/hotspots", "/collections/hotspots/items", "/api",
     "/collections/hotspots/queryables", "/collections/hotspots/tiles", "/tileMatrixSets/WebMercatorQuad"],
)  # fmt: skip
def test_people_get_a_page(reading: Reading, path: str) -> None:
    client = reading("map_client")
    by_accept = client.get(f"/ogc{path}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    by_f = client.get(f"/ogc{path}?f=html")
    for answer in (by_accept, by_f):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<h1>" in answer.text
    assert "json" in client.get(f"/ogc{path}", headers={"Accept": "*/*"}).headers["content-type"]


# ---------------------------------------------------------------- the OpenAPI document


def test_the_api_document_is_openapi_3_0(reading: Reading) -> None:
    answer = reading("coordinator").get("/ogc/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    told = answer.json()
    assert told["openapi"] == "3.0.3"
    operations = [each["get"] for each in told["paths"].values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) > 20
    for path, each in told["paths"].items():
        for part in each["get"]["parameters"]:
            assert part["in"] in {"path", "query"}
            assert (f"{{{part['name']}}}" in path) == (part["in"] == "path") == part["required"]
    items = told["paths"]["/collections/incidents/items"]["get"]["parameters"]
    given = {part["name"]: part for part in items}
    assert given["bbox"]["schema"] == {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    assert (given["bbox"]["style"], given["bbox"]["explode"]) == ("form", False)
    assert {"minimum", "maximum", "default"} <= given["limit"]["schema"].keys()
    assert {"category", "filter", "filter-lang", "filter-crs", "crs", "bbox-crs", "sortby"} <= given.keys()


def test_the_api_document_tells_only_what_is_open(reading: Reading) -> None:
    paths = reading("map_client").get("/ogc/api").json()["paths"]
    assert not any("incidents" in path for path in paths)


# ---------------------------------------------------------------- tiles


@pytest.mark.parametrize(("role", "name"), PAIRS)
def test_tile_sets_are_described(reading: Reading, role: str, name: str) -> None:
    client = reading(role)
    told = get(client, f"/collections/{name}/tiles/WebMercatorQuad")
    assert (told["dataType"], told["crs"]) == ("vector", MERCATOR)
    template = next(link for link in told["links"] if link["rel"] == "item")
    assert template["templated"] is True
    assert template["type"] == "application/vnd.mapbox-vector-tile"
    assert [layer["id"] for layer in told["layers"]] == [name]
    address = template["href"]
    for part in ("{tileMatrix}", "{tileRow}", "{tileCol}"):
        address = address.replace(part, "0")
    assert client.get(address).status_code in {200, 204}


@pytest.mark.parametrize("place", ["23/0/0", "1/2/0", "1/0/2", "x/0/0", "0/-1/0", "1/0/99999999999", "0/0/0.5"])
def test_outside_the_set_there_is_no_tile(reading: Reading, place: str) -> None:
    assert reading("map_client").get(f"/ogc/collections/areas/tiles/WebMercatorQuad/{place}").status_code == 404


def test_other_sets_are_not_there(reading: Reading) -> None:
    client = reading("map_client")
    assert client.get("/ogc/collections/areas/tiles/WorldCRS84Quad/0/0/0").status_code == 404
    assert client.get("/ogc/collections/areas/tiles/WorldCRS84Quad").status_code == 404
    assert client.get("/ogc/tileMatrixSets/WorldCRS84Quad").status_code == 404
    levels = get(client, "/tileMatrixSets/WebMercatorQuad")["tileMatrices"]
    assert (levels[0]["matrixWidth"], levels[14]["matrixWidth"]) == (1, 2**14)
    assert levels[0]["scaleDenominator"] == pytest.approx(559082264.0287178)


def test_a_next_link_keeps_what_was_asked(reading: Reading) -> None:
    asked = {"limit": "5", "category": "SKD", "crs": SWEREF, "filter": "version = 1"}
    page = reading("coordinator").get("/ogc/collections/incidents/items", params=asked).json()
    query = dict(parse_qsl(urlsplit(links(page, "next")[0]["href"]).query))
    assert query.pop("after") == page["features"][-1]["id"]
    assert query == asked
