"""import, places import, crime-codes: every row is accounted for, and Ctrl-C leaves nothing behind."""

import gzip
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import psycopg
import pytest
import shapely

from app.actions.imports import reading
from tests.cli.conftest import Run

HEADER = "category,occurred_from,occurred_to,lon,lat,location_uncertainty_m,source_ref,text,text_reviewed"
GOOD = "SKD,2026-02-03 21:15,,15.85,59.65,20,A-1,Krossad ruta,"
LINDESTA = ("--organisation", "lindesta-kommun")
TO_LINDESTA = ("--source", "kommunens-system", *LINDESTA)
Ask = Callable[..., Any]


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "reports.csv", encoding: str = "utf-8") -> Path:
        file = tmp_path / name
        content = "".join(f"{line}\n" for line in lines).encode(encoding)
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return file

    return write


def test_a_row_is_stored_as_it_stands(lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask) -> None:
    row = "SKD,2026-07-03 21:15,2026-07-04T06:00+02:00,15.85,59.65,20,A-1,Ruta,ja"
    said = lagesbild("import", csv(HEADER, row), *TO_LINDESTA)
    assert (said.status, said.out) == (0, "1 rows: 1 good (1 new, 0 changed), 0 doubled, 0 bad, 0 held.\n")
    assert ask(
        "SELECT source, source_ref, category, occurred_from, occurred_to, ST_X(geom), ST_Y(geom),"
        " location_uncertainty_m, text, state FROM incidents"
    ) == [
        ("kommunens-system", "A-1", "SKD", datetime(2026, 7, 3, 19, 15, tzinfo=UTC),
         datetime(2026, 7, 4, 4, 0, tzinfo=UTC), 15.85, 59.65, 20.0, "Ruta", "approved")
    ]  # fmt: skip


def test_good_rows_go_in_and_each_refused_one_is_named(lagesbild: Run, world: Any, csv: Callable[..., Path]) -> None:
    file = csv(
        HEADER,
        GOOD,
        "",
        "RYMD,2026-02-03 21:15,,15.85,59.65,,A-2,,",
        "SKD,i går,,15.85,59.65,,A-3,,",
        "SKD,2026-02-03 21:15,,15.85,59.65,,A-9,Ring 070-123 45 67,",
        GOOD,
        GOOD.replace("SKD", "KLO"),
        name="reports.csv.gz",
    )
    said = lagesbild("import", file, *TO_LINDESTA)
    assert said.status == 1
    assert [line.partition(":")[0] for line in said.lines[:-1]] == ["row 4", "row 5", "row 6", "row 8"]
    assert said.lines[1].startswith("row 5: occurred_from: ")
    assert said.lines[-1] == "6 rows: 1 good (1 new, 0 changed), 2 doubled, 2 bad, 1 held."


def test_all_or_nothing_stores_nothing_when_a_row_is_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask
) -> None:
    bad = "SKD,2026-02-03 21:15,,15.85,,,A-2,,"
    said = lagesbild("import", csv(HEADER, GOOD, bad), *TO_LINDESTA, "--all-or-nothing")
    assert said.status == 1
    assert said.lines[-1] == (
        "Nothing was stored. It would have been 2 rows: 1 good (1 new, 0 changed), 0 doubled, 1 bad, 0 held."
    )
    assert ask("SELECT count(*) FROM incidents") == [(0,)]
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--all-or-nothing").status == 0
    assert ask("SELECT count(*) FROM incidents") == [(1,)]


def test_a_dry_run_stores_nothing(lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask) -> None:
    said = lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--dry-run")
    assert said.status == 0
    assert said.out.startswith("Nothing was stored. It would have been 1 rows: 1 good")
    assert ask("SELECT count(*) FROM incidents") == [(0,)]
    assert ask("SELECT state FROM imports") == [("cancelled",)]


def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    lagesbild: Run, world: Any, csv: Callable[..., Path], tmp_path: Path
) -> None:
    said = lagesbild("import", csv("a,b", "1,2"), *TO_LINDESTA)
    assert (said.status, said.err.splitlines()[-1]) == (2, "The mapping profile does not fit the file.")
    whole = csv(HEADER, *[GOOD] * 50, name="whole.csv.gz")
    whole.write_bytes(whole.read_bytes()[:-20])
    said = lagesbild("import", whole, *TO_LINDESTA)
    assert said.status == 2
    assert "cannot be read to its end" in said.err
    said = lagesbild("import", tmp_path / "nowhere.csv", *TO_LINDESTA)
    assert (said.status, said.err) == (2, f"There is no file {tmp_path / 'nowhere.csv'}.\n")


def test_an_unknown_organisation_or_a_nameless_source_is_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path]
) -> None:
    said = lagesbild("import", csv(HEADER, GOOD), "--source", "x", "--organisation", "atlantis")
    assert said.status == 2
    assert said.err.startswith("There is no organisation atlantis")
    said = lagesbild("import", csv(HEADER, GOOD), "--source", " ", *LINDESTA)
    assert said.status == 2
    assert "Give the source a name" in said.err


def test_points_of_a_layer_are_imported_from_any_coordinate_system(
    lagesbild: Run, world: Any, tmp_path: Path, ask: Ask
) -> None:
    file = tmp_path / "points.gpkg"
    frame = geopandas.GeoDataFrame(
        {
            "Category": ["SKD", "KLO", "SKD"],
            "occurred_from": pd.to_datetime(["2026-02-03 21:15", "2026-02-04 21:15", "2026-02-05 21:15"]),
            "source_ref": [1.0, 2.0, None],
            "text": ["Ruta", None, None],
        },
        geometry=[shapely.Point(547_800, 6_612_400), shapely.Point(547_810, 6_612_400), None],
        crs="EPSG:3006",
    )
    frame.to_file(file)
    said = lagesbild("import", file, *TO_LINDESTA)
    assert (said.status, said.lines[-1]) == (1, "3 rows: 2 good (2 new, 0 changed), 0 doubled, 1 bad, 0 held.")
    assert ask(
        "SELECT source_ref, category, occurred_from, round(ST_X(geom_metric)), text FROM incidents ORDER BY source_ref"
    ) == [
        ("1", "SKD", datetime(2026, 2, 3, 20, 15, tzinfo=UTC), 547_800.0, "Ruta"),
        ("2", "KLO", datetime(2026, 2, 4, 20, 15, tzinfo=UTC), 547_810.0, None),
    ]


def test_what_was_guessed_is_told_and_put_right(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask, tmp_path: Path
) -> None:
    lines = (
        "date,latitude,longitude,what,colour",  # what is known by its values only, and these are unknown
        *(f"0{n}/02/2026 21:15,15.85,59.65,SVARTPRICK,red" for n in range(1, 5)),
    )
    told = lagesbild("import", csv(*lines), *TO_LINDESTA, "--dry-run")
    assert told.status == 2
    for said in (
        "Not found: category",
        "Read as csv, utf-8, parted by commas.",
        "look swapped",
        "land in Centrum",
        "Not read: what, colour",
    ):
        assert said in told.err
    profile = tmp_path / "profile.json"
    profile.write_text(
        '{"columns": {"category": ["what"]}, "categories": {"SVARTPRICK": "KLO"}, "day_order": "mdy"}', encoding="utf-8"
    )
    assert lagesbild("import", csv(*lines), *TO_LINDESTA, "--profile", profile).status == 0
    assert lagesbild("import", csv(lines[0], lines[1].replace("01", "05")), *TO_LINDESTA).status == 0
    found = ask("SELECT category, extract(month FROM occurred_from)::int FROM incidents ORDER BY 2")
    assert found == [("KLO", month) for month in range(1, 6)]


@pytest.mark.parametrize("content", ["{", "[]", '{"day_order": "dym"}', '{"srid": "x"}'])
def test_a_profile_that_is_none_is_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path], tmp_path: Path, content: str
) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(content, encoding="utf-8")
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--profile", profile).status == 2
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--profile", tmp_path / "nowhere").status == 2


def test_an_interrupted_import_leaves_nothing(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organisation's counter is held until the interrupt has come, so it finds the import at work."""
    monkeypatch.setattr(reading, "ROWS_AT_A_TIME", 10)
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA).status == 0
    _interrupt_when_held(world)
    rows = [GOOD.replace("A-1", f"B-{n}") for n in range(30)]
    said = lagesbild("import", csv(HEADER, *rows), *TO_LINDESTA)
    assert (said.status, said.err.splitlines()[-1]) == (130, "Interrupted: nothing of the file is in.")
    assert ask("SELECT count(*) FROM incidents WHERE state <> 'withdrawn'") == [(1,)]
    assert ask("SELECT state FROM imports ORDER BY requested_at DESC LIMIT 1") == [("cancelled",)]


def test_places_and_crime_codes_are_kept(lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Ask) -> None:
    header = "name;aliases;lon;lat;location_uncertainty_m"
    said = lagesbild("places", "import", csv(header, "Torget;Stora torget;15.85;59.65;50"), *LINDESTA)
    assert (said.status, said.out) == (0, "1 places.\n")
    assert ask("SELECT name, aliases FROM places") == [("Torget", ["Stora torget"])]
    assert lagesbild("places", "import", csv(header, "Åsen;;x;y;", encoding="latin-1"), *LINDESTA).status == 2
    assert lagesbild("places", "import", "nowhere.csv", *LINDESTA).status == 2
    before = lagesbild("crime-codes", "list", *LINDESTA).lines
    assert lagesbild("crime-codes", "set", "0355", "RAN", *LINDESTA).status == 0
    assert "0355\tRAN\t*" in lagesbild("crime-codes", "list", *LINDESTA).lines
    assert lagesbild("crime-codes", "set", "0355", "RYMD", *LINDESTA).status == 2
    assert lagesbild("crime-codes", "reset", "0355", *LINDESTA).status == 0
    assert lagesbild("crime-codes", "list", *LINDESTA).lines == before


def _interrupt_when_held(database: Any) -> None:
    """Hold the organisation's counter, send Ctrl-C when an import waits for it, and let go."""
    is_held = threading.Event()

    def hold() -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'lagesbild' AND wait_event_type = 'Lock' AND query LIKE '%%INTO incidents%%'"
        )
        with psycopg.connect(database.conninfo()) as conn, psycopg.connect(database.conninfo(), autocommit=True) as eye:
            conn.execute("SELECT * FROM collection_counters FOR UPDATE")
            is_held.set()
            end = time.monotonic() + 60
            while time.monotonic() < end and eye.execute(waiting).fetchall() == [(0,)]:
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)

    threading.Thread(target=hold, daemon=True).start()
    assert is_held.wait(30)
