"""analyse: a run is shown, adopted, cancelled."""

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.conftest import Run

HEADER = "category,occurred_from,occurred_to,lon,lat,location_uncertainty_m,source_ref,text,text_reviewed"
GOOD = "SKD,2026-02-03 21:15,,15.85,59.65,20,A-1,Krossad ruta,"
TO_LINDESTA = ("--source", "kommunens-system", "--organisation", "lindesta-kommun")
WINTER = ("--from", "2026-01-01", "--to", "2026-03-31")


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "reports.csv", encoding: str = "utf-8") -> Path:
        file = tmp_path / name
        content = "".join(f"{line}\n" for line in lines).encode(encoding)
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return file

    return write


@pytest.fixture
def town(lagesbild: Run, world: Any, csv: Callable[..., Path]) -> None:
    """Thirty reports around one square."""
    rows = [f"SKD,2026-02-{i % 28 + 1:02} 21:15,,{15.85 + i * 2e-5:.6f},59.65,,T-{i},," for i in range(30)]
    assert lagesbild("import", csv(HEADER, *rows, name="town.csv"), *TO_LINDESTA).status == 0


def test_the_hot_spots_are_shown_and_not_adopted(lagesbild: Run, town: None, ask: Callable[..., Any]) -> None:
    said = lagesbild("analyse", "--organisation", "lindesta-kommun", *WINTER, "--weighting", "count")
    assert said.status == 0
    assert said.lines[0] == "1 hot spots among 30 incidents; 0 incidents lie outside them."
    assert said.lines[1].startswith("A hot spot is where at least 3 incidents lie within")
    headings = ["Rank", "Count", "Normal", "p", "Place", "Value", "m²", "Mostly", "Centre", "(lat,", "lon)"]
    assert said.lines[2].split() == headings
    rank, count, _, p_value, place, value, _, category, lat, lon = said.lines[3].split()
    assert (rank, count, value, category, lat, lon) == ("1", "30", "30", "SKD", "59.65000,", "15.85029")
    assert 0 < float(p_value) <= 1
    assert place.endswith("%")
    assert said.lines[4] == f"Hardly chance: {int(float(p_value) <= 0.05)} of 1 (p at most 0.05)."
    ((run_id,),) = ask("SELECT id FROM analysis_runs")
    assert said.out.replace("\n", " ").rstrip().endswith(f"POST /api/v1/analyses/{run_id}/adopt")
    assert ask("SELECT count(*) FROM adoptions") == [(0,)]


def test_an_adopted_run_is_the_one_that_is_served(lagesbild: Run, town: None, ask: Callable[..., Any]) -> None:
    said = lagesbild("analyse", "--organisation", "lindesta-kommun", *WINTER, "--weighting", "harm", "--adopt")
    assert said.lines[-1] == "Adopted: everybody sees it now."
    assert ask("SELECT r.state FROM adoptions a JOIN analysis_runs r ON r.id = a.run_id") == [("done",)]


def test_the_hot_spots_come_as_geojson_too(lagesbild: Run, town: None) -> None:
    said = lagesbild("analyse", "--organisation", "lindesta-kommun", *WINTER, "--json")
    found = json.loads(said.out)
    assert (found["type"], found["run"]["hotspot_count"], len(found["features"])) == ("FeatureCollection", 1, 1)
    assert found["features"][0]["properties"]["count"] == 30


def test_the_rule_categories_and_area_narrow_the_run(lagesbild: Run, town: None) -> None:
    always = ("analyse", "--organisation", "lindesta-kommun", *WINTER)
    assert lagesbild(*always, "--min-incidents", "31").lines == [
        "0 hot spots among 30 incidents; 30 incidents lie outside them."
    ]
    assert lagesbild(*always, "--category", "KLO", "--category", "KLO").lines[0].startswith("0 hot spots among 0 inc")
    assert lagesbild(*always, "--area", "lindesta-centrum", "--eps-m", "50").lines[0].startswith("1 hot spots among 30")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "igår"], "Give a date such as 2026-05-01"),
        (["--from", "2026-03-01", "--to", "2026-02-01"], "The period must end after it begins."),
        (["--category", "XXX"], "The analysis cannot be run for these categories."),
        (["--area", "atlantis"], "There is no such area"),
        (["--eps-m", "0"], "eps_m must be between"),
        (["--weighting", "love"], "Invalid value for '--weighting'"),
    ],
)
def test_what_cannot_be_analysed_is_refused(lagesbild: Run, world: Any, words: list[str], sentence: str) -> None:
    said = lagesbild("analyse", "--organisation", "lindesta-kommun", *words)
    assert said.status == 2
    assert sentence in said.err


def test_ctrl_c_cancels_the_run(lagesbild: Run, town: None, world: Any, ask: Callable[..., Any]) -> None:
    """The run is held back by a lock on what it reads, so the interrupt finds it at work."""
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE")
        _interrupt_when(world, "string_agg(float8send")
        said = lagesbild("analyse", "--organisation", "lindesta-kommun", *WINTER)
    assert said.status == 130
    assert said.err.endswith("The analysis was cancelled.\n")
    assert ask("SELECT state FROM analysis_runs") == [("cancelled",)]
    assert ask("SELECT action FROM audit_lines ORDER BY id DESC LIMIT 1") == [("analysis.cancelled",)]


def _interrupt_when(database: Any, statement: str) -> None:
    """Send Ctrl-C to this process as soon as the service waits for a lock with such a statement."""

    def watch() -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'lagesbild' AND wait_event_type = 'Lock' AND query LIKE %s"
        )
        end = time.monotonic() + 30
        with psycopg.connect(database.conninfo(), autocommit=True) as conn:
            while time.monotonic() < end:
                if conn.execute(waiting, (f"%{statement}%",)).fetchall() != [(0,)]:
                    break
                time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
