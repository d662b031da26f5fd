"""A coarse reader learns the coarse image and nothing else: two data sets with the same image give the same bytes.

The same reports and hot spots are moved about within their catchments, and everything that a coarse reader must not
see of them is changed as well. Every address is asked before and after, as each coarse reader: filters, windows,
pages, single rows, counts, validators, errors, pages of the web. An exact reader sees the difference.
"""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.actions.catchments import make_catchments
from app.actions.sharing_rules import end_sharing, share
from app.core.audit import AuditAction
from app.core.disclosure import Precision
from app.core.incidents import State
from app.settings import Settings
from app.store import incidents, sharing_rules
from app.store import tx as store
from tests.api.conftest import AsRole
from tests.api.wire import CATCHMENTS, HOTSPOTS, INCIDENTS
from tests.conftest import Database
from tests.factories import (
    DISTRICT,
    HOUSING,
    HYTTFORS,
    LINDESTA,
    NOW,
    POLICE,
    Actors,
    addresses,
    adopted_run,
    draft,
    sharing,
)

COARSE = ("reporter", "other_coordinator", "police", "external_reporter")  # snapped, snapped, area, hot spots snapped
Asked = tuple[str, dict[str, Any]]  # address and parameters
Answer = tuple[int, dict[str, str], bytes]
CHANGING = {"x-request-id", "date", "set-cookie"}
MANY_SEEDS = range(10, 40)

# Each incident to a random place in the same catchment and the same area; what else is not told is changed too.
MOVE_INCIDENTS = """
UPDATE incidents AS i
   SET geom = n.geom, text = 'flyttad', source_ref = 'm-' || %(seed)s::text || i.source_ref, marks = '{outside-area}',
       location_uncertainty_m = 7, version = i.version + 1, changed_at = now(), reported_by = NULL
  FROM (SELECT p.incident_id, m.geom
          FROM incident_places AS p
          JOIN incidents AS b ON b.id = p.incident_id
          JOIN catchments AS c ON c.id = p.catchment_id
         CROSS JOIN LATERAL (
               SELECT ST_Transform(d.geom, 4326) AS geom
                 FROM ST_Dump(ST_GeneratePoints(c.geom_metric, 200, %(seed)s + c.number)) AS d
                WHERE (SELECT (q.area_id, q.catchment_id) = (p.area_id, p.catchment_id)
                         FROM coarse_place(ST_Transform(d.geom, 4326), d.geom, b.reported_at) AS q)
                ORDER BY md5(p.incident_id::text || d.path::text) LIMIT 1) AS m) AS n
 WHERE n.incident_id = i.id
"""
# Each hot spot likewise: small, so that it stays within one catchment and its middle within one area.
MOVE_HOTSPOTS = """
UPDATE run_hotspots AS h
   SET geom = n.geom, hotspot_id = gen_random_uuid(),
       properties = (h.properties::jsonb || jsonb_build_object(
                         'centre', jsonb_build_array(ST_X(n.middle), ST_Y(n.middle)), 'area_m2', %(seed)s::integer,
                         'density_per_km2', %(seed)s::integer, 'place_uncertainty_m', %(seed)s::integer))::json,
       statistics = (h.statistics::jsonb || jsonb_build_object(
                         'core_incident_count', %(seed)s::integer, 'sources', '[]'::jsonb))::json
  FROM (SELECT b.run_id, b.rank, m.geom, ST_PointOnSurface(m.geom) AS middle
          FROM run_hotspots AS b
          JOIN catchments AS c ON ST_Intersects(c.geom, b.geom)
         CROSS JOIN LATERAL (
               SELECT ST_Buffer(ST_Transform(d.geom, 4326), 0.00001) AS geom
                 FROM ST_Dump(ST_GeneratePoints(ST_Buffer(c.geom_metric, -10), 50, %(seed)s + b.rank)) AS d
                WHERE NOT EXISTS (
                      SELECT FROM areas AS a
                       WHERE a.kind = 'district'
                         AND ST_DWithin(a.geom, ST_Transform(d.geom, 4326), 0.0001)
                             <> ST_DWithin(a.geom, b.geom, 0.0001))
                LIMIT 1) AS m) AS n
 WHERE n.run_id = h.run_id AND n.rank = h.rank
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Who asks for everything asks more often than is allowed otherwise."""
    return settings.model_copy(update={"reads_per_minute": 0, "sign_ins_per_minute": 0})


@pytest.fixture
def world(db: store.Database, actors: Actors) -> store.Database:
    """Reports all over Lindesta, which gives them snapped to Hyttfors and by area to the police."""
    with db.write(actors["admin"]) as tx:
        assert make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses()) > 20
        today = NOW.date()
        for rule in sharing_rules.page(tx, 100):  # those of the usual world give hot spots exactly
            end_sharing(tx, rule["id"], NOW)
        share(tx, sharing(LINDESTA, HYTTFORS, "incidents", precision=Precision.SNAPPED), today)
        share(tx, sharing(LINDESTA, HYTTFORS, "hotspots", precision=Precision.SNAPPED), today)
        for what in ("incidents", "hotspots"):
            share(tx, sharing(LINDESTA, POLICE, what, precision=Precision.AREA), today)
        share(tx, sharing(LINDESTA, HOUSING, "hotspots", precision=Precision.SNAPPED), today)
    chance = random.Random(0)  # noqa: S311 -- the same for everybody
    drafts = [
        draft(
            lon=round(chance.uniform(15.77, 15.93), 6),
            lat=round(chance.uniform(59.57, 59.73), 6),
            occurred_from=NOW - timedelta(days=7 + i % 9),
            category=chance.choice(["SKD", "KLO", "NED"]),
            source_ref=f"r-{i}",
            text="Krossad ruta",
        )
        for i in range(25)
    ]
    with db.write(actors["coordinator"]) as tx:
        incidents.add(tx, drafts, [State.APPROVED] * len(drafts), NOW)
        tx.record(AuditAction.INCIDENTS_REPORTED)
    adopted_run(db, actors["coordinator"], (15.8501, 59.6501))
    return db


def moved(database: Database, seed: int) -> None:
    """The other data set with the same coarse image."""
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        assert conn.execute(MOVE_INCIDENTS, {"seed": seed}).rowcount == 25
        assert conn.execute(MOVE_HOTSPOTS, {"seed": seed}).rowcount == 1


WITHOUT_PARAMETERS = (
    *("analyses", "areas", "catchments", "categories", "organisations", "sharing-rules"),
    *("audit", "audit/export", "privacy", "retention/preview", "retention/rules", "tokens"),
    *("area-figures", "crime-codes", "imports", "incident-links", "places"),
    *(f"imports/00000000-0000-4000-8000-000000000000{rest}" for rest in ("", "/errors", "/errors.csv", "/events")),
)


def addresses_asked(
    seed: int, ids: list[str], hotspot_ids: list[str], run: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every address that reads, in many ways."""
    chance = random.Random(seed)  # noqa: S311
    yield INCIDENTS, {}
    for state in (State.SUBMITTED, State.WITHDRAWN):
        yield INCIDENTS, {"state": state.value}
    for area in (DISTRICT, LINDESTA, HYTTFORS, "atlantis"):
        yield INCIDENTS, {"area": area}
    for _ in range(5):
        west, south = chance.uniform(15.75, 15.9), chance.uniform(59.55, 59.7)
        size = chance.choice([0.0005, 0.005, 0.05])
        window = f"{west:.5f},{south:.5f},{west + size:.5f},{south + size:.5f}"
        yield INCIDENTS, {"bbox": window, "limit": chance.choice([1, 2, 100])}
        yield HOTSPOTS, {"bbox": window}
    for code in ("SKD", "KLO,NED", "XXX"):
        yield INCIDENTS, {"category": code, "limit": 6}
        yield HOTSPOTS, {"category": code}
    yield INCIDENTS, {"source": "est-rapport", "from": "2026-11-01", "to": "2026-11-07"}
    yield INCIDENTS, {"bbox": "1,2,3"}
    yield INCIDENTS, {"cursor": "x"}
    for one in [*ids[:4], "00000000-0000-4000-8000-000000000000"]:
        yield f"{INCIDENTS}/{one}", {}
    yield HOTSPOTS, {}
    yield HOTSPOTS, {"run": run}
    yield HOTSPOTS, {"min_count": 10}
    yield HOTSPOTS, {"min_count": 11}
    for one in hotspot_ids:
        yield f"{HOTSPOTS}/{one}", {}
    yield f"{HOTSPOTS}/changes", {}
    for rest in (f"analyses/{run}", *WITHOUT_PARAMETERS):
        yield f"/api/v1/{rest}", {}
    yield CATCHMENTS, {"municipality": LINDESTA, "year": 2026}
    yield "/api/v1/joint-hotspots", {}


def maps_asked(hotspot_ids: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What map clients ask. Every page of it costs the log two lines, so the usual run does without."""
    window = "15.8,59.6,15.86,59.66"
    for collection in ("hotspots", "hotspot_history", "incidents"):
        items = f"/ogc/collections/{collection}/items"
        yield items, {"f": "csv"}
        yield items, {"bbox": window, "f": "json"}
        yield items, {"filter": f"S_WITHIN(geom, BBOX({window}))", "sortby": "-category_codes"}
        yield f"/ogc/collections/{collection}", {"f": "json"}
        yield f"/ogc/collections/{collection}/tiles/WebMercatorQuad/12/1207/2228", {}
    yield "/ogc/collections/hotspots/items", {"filter": "count > 10 AND (p_value > 0 OR usual_count > 1)"}
    for one in hotspot_ids:
        yield f"/ogc/collections/hotspots/items/{one}", {"f": "json"}


PAGES = ("/karta", "/karta/bakgrund.geojson")


def answers(
    client: TestClient, asked: list[tuple[str, dict[str, Any]]]
) -> dict[str, tuple[int, dict[str, str], bytes]]:
    """Status, headers and bytes of every answer, with all pages of every list, and of the same asked with its tag."""
    found = {}
    for address, params in asked:
        response = client.get(address, params=params)
        page = 0
        while True:
            headers = {k: v for k, v in response.headers.items() if k not in CHANGING}
            found[f"{address} {sorted(params.items())} {page}"] = (response.status_code, headers, response.content)
            if tag := response.headers.get("etag"):
                again = client.get(address, params=params, headers={"If-None-Match": tag})
                assert again.status_code == 304
            if not (onward := next_page(response)):
                break
            response, page = client.get(onward), page + 1
    return found


def next_page(response: Any) -> str | None:
    """The address of the next page of a list."""
    if response.status_code != 200 or "json" not in response.headers["content-type"]:
        return None
    links = response.json().get("links")
    return str(links[0]["href"]) if isinstance(links, list) and links else None


def in_browser(app: FastAPI, token: str) -> TestClient:
    """The same reader, signed in at the page."""
    client = TestClient(app)
    client.post("/logga-in", data={"token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    return client


@pytest.fixture
def ask(
    app: FastAPI,
    as_role: AsRole,
    tokens: dict[str, str],
    database: Database,
    world: store.Database,
    pytestconfig: pytest.Config,
) -> Callable[[str, int], dict[str, Any]]:
    """Everything that one reader is answered."""
    with psycopg.connect(database.conninfo()) as conn:
        ids = [str(i) for (i,) in conn.execute("SELECT id FROM incidents ORDER BY id")]
        run, exact = conn.execute("SELECT run_id, hotspot_id FROM run_hotspots").fetchone() or ("", "")
        [(coarse,)] = conn.execute("SELECT md5(run_id::text || '/1')::uuid FROM run_hotspots").fetchall()
    is_long = pytestconfig.getoption("--long")
    pages = {key: in_browser(app, tokens[key]) for key in (*COARSE, "coordinator")}

    def asked(key: str, seed: int) -> dict[str, Any]:
        wanted = list(addresses_asked(seed, ids, [str(exact), str(coarse)], str(run)))
        wanted += maps_asked([str(exact), str(coarse)]) if is_long else []
        read = [(page, {}) for page in (*PAGES, f"/karta/plats/{coarse}")]
        return {**answers(as_role(key), wanted), **answers(pages[key], read)}

    return asked


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The addresses whose answers are not the same."""
    return [address for address in {**before, **after} if before.get(address) != after.get(address)]


def compare(ask: Callable[[str, int], dict[str, Any]], database: Database, seed: int) -> None:
    before = {key: ask(key, seed) for key in (*COARSE, "coordinator")}
    moved(database, seed)
    for key in COARSE:
        assert differing(before[key], ask(key, seed)) == [], key
    assert len(differing(before["coordinator"], ask("coordinator", seed))) > 20


def test_equal_coarse_images_are_answered_with_equal_bytes(
    ask: Callable[[str, int], dict[str, Any]], database: Database
) -> None:
    compare(ask, database, 1)


@pytest.mark.long
def test_equal_coarse_images_are_answered_with_equal_bytes_many_times(
    ask: Callable[[str, int], dict[str, Any]], database: Database
) -> None:
    for seed in MANY_SEEDS:
        compare(ask, database, seed)


def test_the_coarse_readers_see_something_and_nothing_exact(
    as_role: AsRole, database: Database, world: store.Database
) -> None:
    with psycopg.connect(database.conninfo()) as conn:
        points = {(lon, lat) for lon, lat in conn.execute("SELECT ST_X(point), ST_Y(point) FROM catchments")}
        middles = {(round(x, 6), round(y, 6)) for x, y in conn.execute("SELECT ST_X(point), ST_Y(point) FROM areas")}
    for key, allowed in (("reporter", points), ("other_coordinator", points), ("police", middles)):
        features = as_role(key).get(INCIDENTS).json()["features"]
        assert len(features) == 25, key
        for feature in features:
            said = feature["properties"]
            assert tuple(feature["geometry"]["coordinates"]) in allowed
            assert (said["text"], said["source_ref"], said["marks"], said["reported_at"], said["version"]) == (
                None, None, [], None, None,
            )  # fmt: skip
            assert (said["precision"], bool(said["area"])) == (
                ("area", True) if key == "police" else ("snapped", False)
            )
    for key in ("reporter", "other_coordinator"):
        [feature] = as_role(key).get(HOTSPOTS).json()["features"]
        assert (feature["geometry"]["type"], feature["properties"]["precision"]) == ("MultiPolygon", "snapped")


def test_every_address_that_reads_is_asked(app: FastAPI) -> None:
    asked = {address for address, _ in addresses_asked(1, ["x"], ["x"], "x")} | set(PAGES) | {"/karta/plats/x"}
    without_rows = {"health", "health/ready", "openapi.json"}
    readers = {
        str(route.path)
        for route in iter_route_contexts(app.routes)
        if "GET" in (route.methods or ()) and str(route.path).startswith(("/api/v1/", "/karta"))
    } - {f"/api/v1/{each}" for each in without_rows}
    assert len(readers) > 10
    shapes = {_shape(address) for address in asked}
    assert {path for path in readers if _shape(path) not in shapes} == set()


def _shape(address: str) -> str:
    parts = address.split("/")
    return "/".join("*" if "{" in part or part == "x" or part.startswith("00000000") else part for part in parts)
