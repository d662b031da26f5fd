"""A file of a hundred thousand rows against a bare COPY of the same rows, and what memory its size costs the worker.

The file goes the whole way: sent over HTTP, streamed to disk, parsed, every rule, stored, all indexes, by a server
and a worker process on PostGIS with its usual durable settings. COPY takes the finished values from Python's memory
into an equal table with its indexes, as the owner, without row-level security. Rounds alternate.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
import psycopg
import pytest

from tests.api.processes import DATABASE, Deployment, deployed
from tests.bench.bench_ingest import TEXTS, _copy, _taken_out
from tests.factories import CENTRE

ROWS = 100_000
MANY_ROWS = 1_000_000
ROUNDS = 3
GOAL = 0.25
PATIENCE_S = 3_600
IMPORTS = "/api/v1/imports"
HEADER = "kategori;datum;lat;lon;referens;noggrannhet_m;beskrivning\r\n"


def lines(count: int, name: str) -> Iterator[str]:
    """Invented rows of a guard company, with references."""
    chance = random.Random(count)  # noqa: S311 -- the same rows for everybody
    yield HEADER
    for i in range(count):
        day = f"2026-{chance.randint(1, 10):02}-{chance.randint(1, 28):02} {chance.randint(3, 23):02}:15"
        lat, lon = CENTRE[1] + chance.gauss(0, 0.01), CENTRE[0] + chance.gauss(0, 0.01)
        category = chance.choice(("SKD", "KLO", "BUS", "NED", "OTR"))
        text = chance.choice(TEXTS) or ""
        yield f"{category};{day};{lat:.6f};{lon:.6f};{name}-{i};{chance.choice((15, 50, 83))};{text}\r\n"


def written(folder: Path, count: int, name: str) -> Path:
    """The rows as a file."""
    file = folder / f"{name}.csv"
    with file.open("w", encoding="utf-8", newline="") as f:
        f.writelines(lines(count, name))
    return file


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """A server and a worker in processes of their own."""
    with deployed() as made:
        made.work()
        yield made


@pytest.fixture
def client(deployment: Deployment) -> Iterator[httpx2.Client]:
    """The coordinator, to whom the source is known."""
    with httpx2.Client(base_url=deployment.address, timeout=120) as client:
        client.headers["Authorization"] = f"Bearer {deployment.tokens['coordinator']}"
        yield client


@pytest.mark.bench
def test_import_against_copy(
    pytestconfig: pytest.Config, tmp_path: Path, deployment: Deployment, client: httpx2.Client
) -> None:
    seconds: dict[str, list[float]] = {"import": [], "copy": []}
    file = written(tmp_path, ROWS, "hundred")
    with psycopg.connect(deployment.cluster.conninfo(DATABASE), autocommit=True) as owner:
        owner.execute("CREATE TABLE copied (LIKE incidents INCLUDING ALL)")
        for round_ in range(ROUNDS + 1):
            owner.execute("TRUNCATE incidents, import_rows CASCADE")
            took_s = _imported(client, file)
            rows = _taken_out(owner)
            assert len(rows) == ROWS
            owner.execute("TRUNCATE copied")
            start = time.perf_counter()
            _copy(owner, "copied", rows)
            if round_:  # the first warms up, and lets the source be known
                seconds["import"].append(took_s)
                seconds["copy"].append(time.perf_counter() - start)
            del rows
    usual = {name: median(values) for name, values in seconds.items()}
    ratio = usual["copy"] / usual["import"]
    told = [
        f"{ROWS:,} rows, medians of {ROUNDS} rounds",
        *(f"  {name:22} {1000 * s:7.0f} ms  {ROWS / s:9,.0f} rows/s" for name, s in usual.items()),
        f"  import : copy          {ratio:7.3f} of its rows/s (goal: {GOAL})",
    ]
    _tell(told, {"rows": ROWS, "rounds": ROUNDS, "seconds": usual, "ratio": ratio}, pytestconfig)


@pytest.mark.bench
def test_memory_of_the_worker(
    pytestconfig: pytest.Config, tmp_path: Path, deployment: Deployment, client: httpx2.Client
) -> None:
    memory_mb = {
        f"{count:,} rows": _memory_of(deployment, client, written(tmp_path, count, name))
        for name, count in (("one", ROWS), ("ten", MANY_ROWS))
    }
    told = [f"  worker, {name:16} {mb:5.0f} MB at most" for name, mb in memory_mb.items()]
    _tell(told, {"memory_mb": memory_mb}, pytestconfig)


def _imported(client: httpx2.Client, file: Path) -> float:
    """Seconds from the first byte sent to the last row stored."""
    start = time.perf_counter()
    wanted = {"source": "vaktbolaget", "filename": file.name, "choice": "good_rows"}
    with file.open("rb") as content:
        answer = client.post(IMPORTS, params=wanted, content=content)
    assert answer.status_code == 202, answer.text
    while True:
        found = client.get(answer.json()["links"]["self"]).json()
        if found["state"] not in {"queued", "checking", "importing"}:
            break
        assert time.perf_counter() - start < PATIENCE_S
        time.sleep(0.05)
    took_s = time.perf_counter() - start
    assert (found["state"], found["rows"]["good"]) == ("done", found["rows"]["read"]), found
    return took_s


def _memory_of(deployment: Deployment, client: httpx2.Client, file: Path) -> float:
    """The most that a new worker ever held in memory while it took a file in, in MB."""
    deployment.kill_worker()
    deployment.work()
    _imported(client, file)
    assert deployment.worker
    status = Path(f"/proc/{deployment.worker.pid}/status").read_text("ascii")
    most_kb = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(most_kb.split()[1]) / 1024


def _tell(told: list[str], figures: dict[str, Any], pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--json"):
        told = [*told, json.dumps(figures)]
    sys.stdout.write("\n" + "\n".join(told) + "\n")
