"""Ten thousand reports through HTTP against a bare COPY of the same rows.

The batch goes the whole way: a server process, its checks, PostGIS with its usual durable settings. COPY takes
the finished values from Python's memory into a table with the generated column and all indexes, and into one with
the generated column only. Rounds alternate, so that a slow moment of the machine hits all alike.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import httpx2
import psycopg
import pytest

from tests.api.processes import DATABASE, deployed
from tests.api.wire import BATCH
from tests.factories import CENTRE

ROWS = 10_000
ROUNDS = 7
COLUMNS = {  # and their types on the wire; a geometry goes as its bytes
    "id": "uuid",
    "organisation_id": "uuid",
    "source": "text",
    "source_ref": "text",
    "category": "text",
    "occurred_from": "timestamptz",
    "occurred_to": "timestamptz",
    "geom": "bytea",
    "location_uncertainty_m": "float4",
    "text": "text",
    "marks": "text[]",
    "state": "text",
    "reported_at": "timestamptz",
    "reported_by": "uuid",
    "changed_at": "timestamptz",
    "content_hash": "bytea",
}
TABLES = {"copy_indexed": "INCLUDING ALL", "copy_bare": "INCLUDING DEFAULTS INCLUDING GENERATED"}
TEXTS = (
    None,
    "Krossad ruta vid entrén, glas på trottoaren.",
    "Klotter på gaveln mot gångvägen, ungefär två meter brett.",
    "Flera mopeder körde fort på gångbanan utanför skolan vid tiotiden på kvällen.",
)


def reports(round_: int) -> list[dict[str, Any]]:
    """Invented reports with references of this round."""
    chance = random.Random(round_)  # noqa: S311 -- the same reports for everybody
    days = [f"2026-{chance.randint(1, 10):02}-{chance.randint(1, 28):02}" for _ in range(ROWS)]
    return [
        {
            "category": chance.choice(("SKD", "KLO", "BUS", "NED", "OTR")),
            "occurred_from": f"{day}T{chance.randint(0, 23):02}:15:00Z",
            "position": {"lon": CENTRE[0] + chance.gauss(0, 0.01), "lat": CENTRE[1] + chance.gauss(0, 0.01)},
            "location_uncertainty_m": chance.choice((15, 50, 83)),
            "source": "est-rapport",
            "source_ref": f"LK-2026-{round_}-{i:05}",
            "text": chance.choice(TEXTS),
        }
        for i, day in enumerate(days)
    ]


@pytest.mark.bench
def test_ingest_against_copy(pytestconfig: pytest.Config) -> None:
    seconds: dict[str, list[float]] = {}

    def timed(name: str, act: Callable[..., None], *arguments: Any) -> None:
        start = time.perf_counter()
        act(*arguments)
        seconds.setdefault(name, []).append(time.perf_counter() - start)

    with (
        deployed() as deployment,
        psycopg.connect(deployment.cluster.conninfo(DATABASE), autocommit=True) as owner,
        httpx2.Client(base_url=deployment.address, timeout=120) as client,
    ):
        client.headers["Authorization"] = f"Bearer {deployment.tokens['coordinator']}"
        client.headers["Content-Type"] = "application/json"
        for table, including in TABLES.items():
            owner.execute(f"CREATE TABLE {table} (LIKE incidents {including})")
        for round_ in range(ROUNDS + 1):
            if round_ == 1:
                seconds.clear()  # the first warms up
            body = json.dumps(reports(round_)).encode()
            owner.execute("TRUNCATE incidents CASCADE")
            timed("batch", _post, client, body)
            rows = _taken_out(owner)
            for table in TABLES:
                owner.execute(f"TRUNCATE {table}")
                timed(table, _copy, owner, table, rows)
    _tell(seconds, as_json=pytestconfig.getoption("--json"))


def _post(client: httpx2.Client, body: bytes) -> None:
    answer = client.post(BATCH, content=body)
    assert (answer.status_code, answer.json()["created"]) == (201, ROWS), answer.text[:1000]


def _taken_out(owner: psycopg.Connection) -> list[tuple[Any, ...]]:
    """What the batch stored, as plain values."""
    columns = ", ".join("ST_AsEWKB(geom)" if name == "geom" else name for name in COLUMNS)
    return owner.execute(f"SELECT {columns} FROM incidents", binary=True).fetchall()


def _copy(owner: psycopg.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """As the owner, who makes no detour round row-level security; binary is faster than text."""
    statement = f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
    with owner.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(COLUMNS.values()))
        for row in rows:
            copy.write_row(row)


def _tell(seconds: dict[str, list[float]], *, as_json: bool) -> None:
    usual = {name: median(values) for name, values in seconds.items()}
    ratios = {table: usual[table] / usual["batch"] for table in TABLES}
    lines = [
        f"{ROWS:,} reports, medians of {ROUNDS} rounds",
        *(f"  {name:22} {1000 * s:7.0f} ms  {ROWS / s:9,.0f} rows/s" for name, s in usual.items()),
        *(f"  batch : {name:14} {ratio:7.3f} of its rows/s" for name, ratio in ratios.items()),
    ]
    if as_json:
        lines.append(json.dumps({"rows": ROWS, "rounds": ROUNDS, "seconds": usual, "ratios": ratios}))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
