"""Ten thousand reports through HTTP against a bare COPY of the same rows.

The batch goes the whole way: a server process, its checks, PostGIS with its usual durable settings. COPY is given
finished bytes, text or binary, whichever is faster, into a table with the generated column and all indexes, and
into one with the generated column only. Rounds alternate, so that a slow moment of the machine hits all alike.
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
from psycopg import sql

from app.store.migrate import OWNER
from tests.api.processes import DATABASE, deployed
from tests.api.wire import BATCH
from tests.factories import CENTRE

ROWS = 10_000
ROUNDS = 7
COLUMNS = ["id", "organisation_id", "source", "source_ref", "category", "occurred_from", "occurred_to", "geom", "location_uncertainty_m", "text", "marks", "state", "reported_at", "reported_by", "changed_at", "content_hash"]
TEXTS = (
    None,
    "Krossad ruta vid entrén, glas på trottoaren.",
    "Klotter på gaveln mot gångvägen, ungefär två meter brett.",
    "Flera mopeder körde fort på gångbanan utanför skolan vid tiotiden på kvällen.",
)


def reports(round_: int) -> list[dict[str, Any]]:
    """Invented reports with references of this round."""
    chance = random.Random(round_)
    return [
        {
            "category": chance.choice(("SKD", "KLO", "BUS", "NED", "OTR")),
            "occurred_from": f"2026-{chance.randint(1, 10):02}-{chance.randint(1, 28):02}T{chance.randint(0, 23):02}:15:00Z",
            "position": {"lon": CENTRE[0] + chance.gauss(0, 0.01), "lat": CENTRE[1] + chance.gauss(0, 0.01)},
            "location_uncertainty_m": chance.choice((15, 50, 83)),
            "source": "est-rapport",
            "source_ref": f"LK-2026-{round_}-{i:05}",
            "text": chance.choice(TEXTS),
        }
        for i in range(ROWS)
    ]


@pytest.mark.bench
def test_ingest_against_copy(pytestconfig: pytest.Config) -> None:
    seconds: dict[str, list[float]] = {}

    def timed(name: str, act: Callable[[], None]) -> None:
        start = time.perf_counter()
        act()
        seconds.setdefault(name, []).append(time.perf_counter() - start)

    with deployed() as deployment, psycopg.connect(deployment.cluster.conninfo(DATABASE), autocommit=True) as owner:
        owner.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        owner.execute("CREATE TABLE copy_indexed (LIKE incidents INCLUDING ALL)")
        owner.execute("CREATE TABLE copy_bare (LIKE incidents INCLUDING DEFAULTS INCLUDING GENERATED)")
        owner.execute("RESET ROLE")
        headers = {
            "Authorization": f"Bearer {deployment.tokens['coordinator']}",
            "Content-Type": "application/json",
        }
        with httpx2.Client(base_url=deployment.address, headers=headers, timeout=120) as client:
            for round_ in range(ROUNDS + 1):
                body = json.dumps(reports(round_)).encode()
                owner.execute("TRUNCATE incidents CASCADE")
                if round_ == 1:
                    seconds.clear()  # the first warms up
                timed("batch", lambda body=body: _post(client, body))  # type: ignore[misc]
                for form in ("text", "binary"):
                    block = _taken_out(owner, form)
                    for table in ("copy_indexed", "copy_bare"):
                        owner.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
                        timed(f"{table} {form}", lambda t=table, f=form, b=block: _copy(owner, t, f, b))  # type: ignore[misc]
    _tell(seconds, as_json=pytestconfig.getoption("--json"))


def _post(client: httpx2.Client, body: bytes) -> None:
    answer = client.post(BATCH, content=body)
    assert (answer.status_code, answer.json()["created"]) == (201, ROWS), answer.text[:1000]


def _taken_out(owner: psycopg.Connection, form: str) -> bytes:
    statement = sql.SQL("COPY incidents ({}) TO STDOUT (FORMAT {})").format(_columns(), sql.Identifier(form))
    with owner.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(copy)


def _copy(owner: psycopg.Connection, table: str, form: str, block: bytes) -> None:
    """As the owner, who makes no detour round row-level security."""
    target, name = sql.Identifier(table), sql.Identifier(form)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT {})").format(target, _columns(), name)
    with owner.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(block)


def _columns() -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, COLUMNS))


def _tell(seconds: dict[str, list[float]], *, as_json: bool) -> None:
    usual = {name: median(values) for name, values in seconds.items()}
    batch = usual["batch"]
    ratios = {
        name: min(s for key, s in usual.items() if key.startswith(name)) / batch
        for name in ("copy_indexed", "copy_bare")
    }
    lines = [
        f"{ROWS:,} reports, medians of {ROUNDS} rounds",
        *(f"  {name:22} {1000 * s:7.0f} ms  {ROWS / s:9,.0f} rows/s" for name, s in usual.items()),
        *(f"  batch : {name:14} {ratio:7.3f} of its rows/s" for name, ratio in ratios.items()),
    ]
    if as_json:
        lines.append(json.dumps({"rows": ROWS, "rounds": ROUNDS, "seconds": usual, "ratios": ratios}))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert set(ratios) == {"copy_indexed", "copy_bare"}
