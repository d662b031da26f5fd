"""The demo as a person starts it: everything comes up together, goes down together, and keeps its data."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.store.cluster import Cluster
from tests.cli.conftest import Run

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = ["reporter", "external", "coordinator", "police", "analyst", "leadership", "map_client", "auditor", "admin"]
READY_S = 600  # a busy machine is no fault


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder that the database's user may enter; the demo's database stays in it from test to test."""
    base = Path(tempfile.mkdtemp(prefix="lagesbild-demo-"))
    base.chmod(0o755)
    yield base / "home"
    if (base / "home" / "postgres").exists():
        Cluster(base / "home" / "postgres").remove()
    shutil.rmtree(base)


@pytest.fixture(autouse=True)
def _private_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other database is named."""
    for setting in ("LAGESBILD_DATABASE_URL", "LAGESBILD_OWNER_DATABASE_URL", "LAGESBILD_BASEMAP"):
        monkeypatch.delenv(setting, raising=False)


def test_the_first_start_gives_everybody_a_token_and_ctrl_c_stops_all(home: Path) -> None:
    with _started(home, "demo", "--port", "0") as (process, ready):
        address = re.match(r"Ready: (http://127\.0\.0\.1:\d+) ", ready)[1]  # type: ignore[index]
        tokens = _tokens(home)
        assert list(tokens) == KEYS
        assert (home / "demo-tokens.json").stat().st_mode & 0o777 == 0o600
        assert str(home / "demo-tokens.json") in ready
        found = _get(f"{address}/api/v1/hotspots", tokens["coordinator"])
        assert len(found["features"]) > 0
        [kept] = _get(f"{address}/api/v1/retention/rules", tokens["auditor"])["rules"]
        assert kept["everything_after_months"] == 60
        assert _get(f"{address}/api/v1/joint-hotspots", tokens["coordinator"])["features"]
        snapped = _get(f"{address}/api/v1/incidents", tokens["reporter"])["features"]
        assert {f["properties"]["precision"] for f in snapped} == {"snapped"}
        assert len(_left_running(home)) > 2  # the database's processes and the worker
        process.send_signal(signal.SIGINT)
        assert process.wait(READY_S) == 0
    assert _left_running(home) == []


def test_the_second_start_keeps_the_data_and_loads_nothing(home: Path, lagesbild: Run) -> None:
    before = _tokens(home)
    port = _free_port()
    seen: list[Any] = []
    _when_ready(port, lambda: seen.append(_get(f"http://127.0.0.1:{port}/api/v1/hotspots", before["leadership"])))
    said = lagesbild("demo", "--home", home, "--port", port)
    assert said.status == 0
    assert said.out.startswith(f"Ready: http://127.0.0.1:{port} ")
    assert said.err.splitlines() == ["== Starting the database", "== Stopped; the data are kept for the next start"]
    assert len(seen[0]["features"]) > 0
    assert _tokens(home) == before
    assert _left_running(home) == []


def test_a_fresh_start_forgets_what_was_stored(home: Path, lagesbild: Run) -> None:
    before = _tokens(home)
    port = _free_port()
    _when_ready(port, lambda: None)
    said = lagesbild("demo", "--home", home, "--port", port, "--fresh")
    assert said.status == 0
    assert "== Loading three invented towns with two years of reports" in said.err.splitlines()
    assert not set(_tokens(home).values()) & set(before.values())
    assert _left_running(home) == []


def test_the_commands_reach_the_resting_demo_and_let_it_rest(home: Path, lagesbild: Run) -> None:
    said = lagesbild("doctor", "--home", home)
    assert said.status == 0
    assert "can be read by its owner only." in said.out
    saved = home.parent / "demo.dump"
    assert lagesbild("backup", saved, "--home", home).status == 0
    assert lagesbild("restore", saved, "--home", home.parent / "second").status == 0
    assert _left_running(home.parent) == []
    Cluster(home.parent / "second" / "postgres").remove()


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("worker",)], ids=["serve", "worker"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_server_and_worker_stop_the_private_database_that_they_started(
    home: Path, words: tuple[str, ...], end: signal.Signals
) -> None:
    with _started(home, *words) as (process, said):
        assert said.startswith(("Ready: ", "Worker: "))
        assert len(_left_running(home)) > 1
        process.send_signal(end)
        assert process.wait(READY_S) == 0
    assert _left_running(home) == []


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("worker",)], ids=["serve", "worker"])
def test_server_and_worker_leave_a_database_that_ran_before(home: Path, words: tuple[str, ...]) -> None:
    cluster = Cluster(home / "postgres")
    cluster.start()
    with _started(home, *words) as (process, said):
        assert said.startswith(("Ready: ", "Worker: "))
        process.send_signal(signal.SIGINT)
        assert process.wait(READY_S) == 0
    assert cluster.is_running()
    cluster.stop()


def test_a_server_that_cannot_start_leaves_nothing_running(home: Path, lagesbild: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = lagesbild("serve", "--home", home, "--port", taken.getsockname()[1])
    assert said.status == 2
    assert _left_running(home) == []


def test_a_demo_that_was_interrupted_while_loading_says_how_to_go_on(home: Path, lagesbild: Run) -> None:
    (home / "demo-tokens.json").unlink()
    said = lagesbild("demo", "--home", home, "--port", 0)
    assert said.status == 2
    assert "Start again with --fresh" in said.err
    assert _left_running(home) == []


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, lagesbild: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = lagesbild("demo", "--home", tmp_path / "home", "--port", port)
    assert (said.status, said.err) == (
        2,
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use); choose another with --port.\n",
    )
    assert not (tmp_path / "home").exists()


def test_somebody_elses_database_is_never_emptied(lagesbild: Run, world: Any) -> None:
    said = lagesbild("demo", "--fresh", "--port", 0)
    assert said.status == 2
    assert said.err.startswith("--fresh empties only the demo's own database")


def test_the_server_alone_serves_a_migrated_database(lagesbild: Run, world: Any) -> None:
    port = _free_port()
    seen: list[Any] = []
    _when_ready(port, lambda: seen.append(_get(f"http://127.0.0.1:{port}/api/v1/health/ready")))
    said = lagesbild("serve", "--port", port)
    assert (said.status, said.out, said.err) == (0, f"Ready: http://127.0.0.1:{port}\n", "")
    assert seen[0]["status"] == "ok"


def test_the_worker_alone_beats_until_it_is_told_to_stop(lagesbild: Run, world: Any) -> None:
    def watch() -> None:
        end = time.monotonic() + READY_S
        with psycopg.connect(world.conninfo(), autocommit=True) as conn:
            while time.monotonic() < end:
                if conn.execute("SELECT count(*) FROM jobs.procrastinate_workers").fetchall() != [(0,)]:
                    break
                time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
    said = lagesbild("worker")
    assert (said.status, said.out) == (0, "Worker: waiting for jobs\n")


@contextmanager
def _started(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command in a process of its own, and the line that says it is ready."""
    command = [sys.executable, "-m", "app.cli", *words, "--home", str(home)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline()
        finally:
            process.terminate()  # ends it in order, should a check have failed


def _when_ready(port: int, look: Callable[[], None]) -> None:
    """Wait until this process answers on the port, look, and send it Ctrl-C."""

    def watch() -> None:
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            try:
                _get(f"http://127.0.0.1:{port}/api/v1/health")
            except OSError:
                time.sleep(0.1)
                continue
            break
        try:
            look()
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def _get(address: str, token: str | None = None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(address, headers=headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def _tokens(home: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((home / "demo-tokens.json").read_text(encoding="utf-8"))
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


def _left_running(folder: Path) -> list[str]:
    """Command lines of the other processes that name the folder or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            works_in = str((process / "cwd").readlink())
        except OSError:
            continue
        if process.name != str(os.getpid()) and (str(folder) in words or works_in.startswith(str(folder))):
            found.append(words)
    return found
