"""What scope and row-level security cost: GET /api/v1/hotspots as a map client, against the same without any of it.

Both sides are the same application on the same hot spots, over ASGI in this process. The bare side is a database
without row-level security, read by the superuser; no scope is set. Both sign in by token. Requests alternate, so that a
slow moment of the machine hits both alike.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import psycopg
import pytest
import shapely
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.audit import AuditAction
from app.core.permissions import Actor
from app.main import build_app
from app.settings import Settings
from app.store import analyses, hotspots
from app.store import tx as store
from app.store.cluster import SUPERUSER
from app.store.engine import APP_ROLE, make_engine
from app.store.tx import ReadTx
from tests.api.wire import HOTSPOTS
from tests.conftest import Database, Server, copied, opened
from tests.factories import CENTRE, CODE_VERSION, NOW, Actors, hotspot_row, params

PLACES = 100
ROUNDS = 300
TABLES = ("run_hotspots", "analysis_runs", "adoptions", "collection_counters", "organisations", "sharing_rules")


class Bare(store.Database):
    """The superuser, who sees everything."""

    @contextmanager
    def read(self, actor: Actor) -> Iterator[ReadTx]:
        """The same snapshot, without a scope."""
        with self.engine.connect() as conn:
            conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin():
                yield ReadTx(conn, actor)


def fill(database: Database, actors: Actors) -> None:
    """One adopted run of many hot spots, as large as real ones."""
    about = {
        "rank": 1, "count": 10, "weighted_value": 9.5, "weighting": "recency", "density_per_km2": 812.4, "area_m2": 123,
        "period_from": "2025-11-17T12:00:00Z", "period_to": "2026-11-16T12:00:00Z",
        "first_seen": "2026-01-01T12:00:00Z", "last_seen": "2026-11-09T12:00:00Z", "dominant_category": "SKD",
        "categories": [{"code": code, "count": 2, "share": 0.2} for code in ("SKD", "KLO", "NED", "BUS", "OTR")],
        "centre": list(CENTRE), "place_uncertainty_m": 15.0, "fingerprint": "0123456789abcdef",
    }  # fmt: skip
    with opened(database) as db, db.write(actors["coordinator"]) as tx:
        run_id = analyses.request(tx, params(), CODE_VERSION)
        analyses.start(tx, run_id, NOW)
        figures = {
            "data_cut_off": NOW,
            "incident_count": 1000,
            "noise_count": 0,
            "hotspot_count": PLACES,
            "findings": "{}",
        }
        analyses.finish(tx, run_id, NOW, figures)
        outline = shapely.to_wkb(shapely.Point(*CENTRE).buffer(0.001, quad_segs=8))
        rows = [hotspot_row(rank, wkb=outline, properties=json.dumps(about)) for rank in range(1, PLACES + 1)]
        hotspots.add(tx, run_id, rows)
        analyses.adopt(tx, run_id, NOW)
        tx.record(AuditAction.ANALYSIS_ADOPTED, run_id)
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        conn.execute("ANALYZE")


def make_bare(database: Database, app: FastAPI) -> None:
    """Take row-level security and scope away."""
    with psycopg.connect(database.conninfo()) as conn:
        for table in TABLES:
            conn.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    usual = app.state.services
    usual.database.engine.dispose()
    bare = Bare(make_engine(database.url(), role=SUPERUSER))
    app.state.services = replace(usual, database=bare)


@pytest.mark.bench
def test_scope_against_none(
    cluster: Server,
    template_database: str,
    actors: Actors,
    tokens: Mapping[str, str],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    seconds: dict[str, list[float]] = {"held": [], "bare": []}
    with copied(cluster, template_database) as one, copied(cluster, template_database) as other:
        apps = {}
        for name, database in (("held", one), ("bare", other)):
            fill(database, actors)
            apps[name] = build_app(Settings(database_url=database.url(APP_ROLE), home=tmp_path))
        make_bare(other, apps["bare"])
        headers = {"Authorization": f"Bearer {tokens['map_client']}"}
        clients = {name: TestClient(app, headers=headers) for name, app in apps.items()}
        sizes = {name: len(client.get(HOTSPOTS).json()["features"]) for name, client in clients.items()}
        assert sizes == {"held": PLACES, "bare": PLACES}
        with clients["held"], clients["bare"]:
            for round_ in range(ROUNDS + 20):
                for name, client in clients.items():
                    start = time.perf_counter()
                    assert client.get(HOTSPOTS).status_code == 200
                    if round_ >= 20:
                        seconds[name].append(time.perf_counter() - start)
        for app in apps.values():
            app.state.services.database.engine.dispose()
    _tell(seconds, as_json=pytestconfig.getoption("--json"))


def _tell(seconds: dict[str, list[float]], *, as_json: bool) -> None:
    usual = {name: median(values) for name, values in seconds.items()}
    ratio = usual["bare"] / usual["held"]
    lines = [
        f"GET {HOTSPOTS}, {PLACES} hot spots, medians of {ROUNDS} requests each",
        *(f"  {name:6} {1000 * s:7.2f} ms" for name, s in usual.items()),
        f"  with scope and row-level security: {ratio:.2f} of the bare rate",
    ]
    if as_json:
        lines.append(json.dumps({"rounds": ROUNDS, "seconds": usual, "ratio": ratio}))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
