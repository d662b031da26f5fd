"""What serving map clients costs: the service against a bare ASGI handler on asyncpg, on the same rows.

The bare handler does what cannot be left out: one read-only transaction with the same scope, the same statement, the
database's text passed through. It knows who asks, counts nothing, logs nothing, packs nothing. Each side is one worker
in a process of its own; eight connections ask, and rounds alternate. Incidents are read between two lines of the audit
log, each a commit of its own: that is told beside the hot spots, which are not logged.
"""

import asyncio
import json
import multiprocessing
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psycopg
import pytest
import shapely
import uvicorn
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.core.audit import AuditAction
from app.core.features import COLLECTIONS
from app.main import build_app
from app.settings import Settings
from app.store import analyses, hotspots
from app.store.engine import APP_ROLE
from app.store.features import reading
from app.store.features.cql2 import Condition, touching_place
from app.store.tx import _SET_SCOPE
from app.store.tx import Database as Way
from tests.conftest import Database, Server, copied, opened
from tests.factories import CODE_VERSION, NOW, Actors, hotspot_row, params
from tests.ogc.conftest import crowd

POINTS = 30_000
POLYGONS = 2_000
CONNECTIONS = 8
ROUNDS = 2
SECONDS = 1.0
ABOUT = {
    "count": 10, "weighted_value": 9.5, "weighting": "recency", "density_per_km2": 812.4, "area_m2": 123,
    "period_from": "2025-11-17T12:00:00Z", "period_to": "2026-11-16T12:00:00Z",
    "first_seen": "2026-01-01T12:00:00Z", "last_seen": "2026-11-09T12:00:00Z", "dominant_category": "SKD",
    "centre": [15.85, 59.65], "place_uncertainty_m": 15.0, "fingerprint": "0123456789abcdef",
}  # fmt: skip
BOX = "15.80,59.60,15.82,59.62"
SCENARIOS = {  # name: path below /ogc/collections, collection, wanted
    "one polygon": ("hotspots", {"one": True}),
    "10 polygons": ("hotspots", {"limit": 10}),
    "1000 polygons": ("hotspots", {"limit": 1000}),
    "10 points, logged": ("incidents", {"limit": 10}),
    "1000 points, logged": ("incidents", {"limit": 1000}),
    "10000 points, logged": ("incidents", {"limit": 10_000}),
    "1000 points in a box, logged": ("incidents", {"limit": 1000, "bbox": BOX}),
}


def fill(database: Database, actors: Actors) -> None:
    """200,000 points and an adopted run of 2,000 polygons."""
    with opened(database) as db, db.write(actors["coordinator"]) as tx:
        run_id = analyses.request(tx, params(), CODE_VERSION)
        analyses.start(tx, run_id, NOW)
        figures = {
            "data_cut_off": NOW,
            "incident_count": 1,
            "noise_count": 0,
            "hotspot_count": POLYGONS,
            "findings": "{}",
        }
        analyses.finish(tx, run_id, NOW, figures)
        rows = []
        for rank in range(1, POLYGONS + 1):
            middle = shapely.Point(15.76 + 0.18 * (rank * 7919 % 997) / 997, 59.56 + 0.18 * (rank * 104729 % 991) / 991)
            outline = shapely.to_wkb(middle.buffer(0.001, quad_segs=8))
            rows.append(hotspot_row(rank, wkb=outline, properties=json.dumps({"rank": rank, **ABOUT})))
        hotspots.add(tx, run_id, rows)
        analyses.adopt(tx, run_id, NOW)
        tx.record(AuditAction.ANALYSIS_ADOPTED, run_id)
    crowd(database, POINTS)


def statements(db: Way, actors: Actors) -> dict[str, tuple[str, list[Any]]]:
    """The very statements of the service, as asyncpg wants them, with the scope's values."""
    found = {}
    with db.read(actors["analyst"]) as tx:
        for name, (collection_id, asked) in SCENARIOS.items():
            state = reading.state(tx, COLLECTIONS[collection_id])
            conditions: tuple[Condition, ...] = ()
            if "bbox" in asked:
                conditions = (touching_place(shapely.box(*map(float, BOX.split(",")))),)
            wanted = reading.Wanted(limit=asked.get("limit", 1), conditions=conditions)
            feature, part = reading._feature(state.collection, wanted), reading._part(state, wanted)
            plain = reading._text(f"SELECT string_agg({feature}, ',') FROM ({part}) AS t")
            compiled = plain.compile(dialect=PGDialect(paramstyle="numeric_dollar"))
            values = reading._values(state, wanted)
            found[name] = (str(compiled), [values[n] for n in compiled.positiontup])
    return found


def serve_ours(url: str, home: str, port: int) -> None:
    app = build_app(Settings(database_url=url, home=Path(home), reads_per_minute=0))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def serve_bare(dsn: str, told: Mapping[str, tuple[str, list[Any]]], scope: tuple[str, list[str]], port: int) -> None:
    """One handler: /NUMBER answers with the scenario of that number."""
    cases = list(told.values())
    pools: list[asyncpg.Pool] = []

    async def app(asked: dict[str, Any], _receive: Any, send: Any) -> None:
        if not pools:
            settings = {"search_path": "public,jobs", "plan_cache_mode": "force_custom_plan", "role": APP_ROLE}
            pools.append(await asyncpg.create_pool(dsn, min_size=8, max_size=8, server_settings=settings))
        sql, values = cases[int(asked["path"][1:])]
        async with pools[0].acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            await conn.fetchval(scope[0], *scope[1])
            text = await conn.fetchval(sql, *values)
        body = b'{"type":"FeatureCollection","features":[' + (text or "").encode() + b"]}"
        headers = [(b"content-type", b"application/geo+json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")


@contextmanager
def process(target: Any, *given: Any) -> Iterator[int]:
    """A server in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    worker = multiprocessing.get_context("spawn").Process(target=target, args=(*given, port), daemon=True)
    worker.start()
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield port
    worker.terminate()
    worker.join()


async def load(port: int, path: str, headers: str) -> float:
    """Answers a second, of eight connections that ask again as soon as they are answered."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()
    until = time.perf_counter() + SECONDS
    done = 0

    async def ask() -> None:
        nonlocal done
        read, write = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        while time.perf_counter() < until:
            write.write(request)
            head = await read.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            assert status in {200, 304}, head
            size = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            if status == 200:
                await read.readexactly(size)
            done += 1
        write.close()

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - begun)


@pytest.mark.bench
def test_serving_against_a_bare_handler(
    cluster: Server,
    template_database: str,
    actors: Actors,
    tokens: Mapping[str, str],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    rates: dict[str, dict[str, list[float]]] = {}
    with copied(cluster, template_database) as database:
        fill(database, actors)
        with opened(database) as db:
            told = statements(db, actors)
            scope = scope_of(actors)
        signed = f"Authorization: Bearer {tokens['analyst']}\r\n"
        with (
            process(serve_ours, database.url(APP_ROLE), str(tmp_path)) as ours,
            process(serve_bare, address_of(database), told, scope) as bare,
        ):
            paths = our_paths(database)
            for round_ in range(ROUNDS + 1):
                for number, name in enumerate(SCENARIOS):
                    tag = asyncio.run(tag_of(ours, paths[name], signed))
                    sides = {
                        "ours": (ours, paths[name], signed + "Cache-Control: no-cache\r\n"),
                        "bare": (bare, f"/{number}", ""),
                        "304": (ours, paths[name], f"{signed}If-None-Match: {tag}\r\n"),
                    }
                    for side, (port, path, headers) in sides.items():
                        rate = asyncio.run(load(port, path, headers))
                        if round_:
                            rates.setdefault(name, {}).setdefault(side, []).append(rate)
    _tell(rates, as_json=pytestconfig.getoption("--json"))


def address_of(database: Database) -> str:
    """As asyncpg takes it."""
    return database.url(APP_ROLE).replace("+psycopg", "")


async def tag_of(port: int, path: str, headers: str) -> str:
    read, write = await asyncio.open_connection("127.0.0.1", port)
    write.write(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
    head = (await read.readuntil(b"\r\n\r\n")).decode()
    write.close()
    return next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("etag"))


def our_paths(database: Database) -> dict[str, str]:
    with psycopg.connect(database.conninfo()) as conn:
        row = conn.execute("SELECT hotspot_id FROM run_hotspots WHERE rank = 1").fetchone()
    assert row is not None
    paths = {}
    for name, (collection_id, asked) in SCENARIOS.items():
        here = f"/ogc/collections/{collection_id}/items"
        query = "&".join(f"{key}={value}" for key, value in asked.items())
        paths[name] = f"{here}/{row[0]}" if "one" in asked else f"{here}?{query}"
    return paths


def scope_of(actors: Actors) -> tuple[str, list[str]]:
    """How the service sets the scope, for asyncpg."""
    compiled = _SET_SCOPE.compile(dialect=PGDialect(paramstyle="numeric_dollar"))
    held: dict[str, Any] = {}

    class Listening:
        def execute(self, _: object, values: dict[str, Any]) -> None:
            held.update(values)

    from app.store import tx as store  # noqa: PLC0415 -- its own way of setting the scope

    store._set_scope(Listening(), actors["analyst"])  # type: ignore[arg-type]
    return str(compiled), [str(held[n]) for n in compiled.positiontup or ()]


def _tell(rates: dict[str, dict[str, list[float]]], *, as_json: bool) -> None:
    lines = [f"{CONNECTIONS} connections, one worker a side, medians of {ROUNDS} rounds; answers a second"]
    ratios = {}
    for name, sides in rates.items():
        usual = {side: median(values) for side, values in sides.items()}
        ratios[name] = {"full": usual["ours"] / usual["bare"], "304": usual["304"] / usual["ours"]}
        lines.append(
            f"  {name:30} ours {usual['ours']:8.1f}   bare {usual['bare']:8.1f}   ratio {ratios[name]['full']:.2f}"
            f"   304 at {ratios[name]['304']:.1f} x the full answer"
        )
    if as_json:
        lines.append(json.dumps(ratios))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
