"""import and analyse: every row is accounted for, and a run is shown, adopted, cancelled."""

import gzip
import json
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

from app.cli import incidents as commands
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


def test_a_row_is_stored_as_it_stands(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    said = lagesbild(
        "import", csv(HEADER, "SKD,2026-07-03 21:15,2026-07-04T06:00+02:00,15.85,59.65,20,A-1,Ruta,ja"), *TO_LINDESTA
    )
    assert (said.status, said.out, said.err) == (0, "1 rows: 1 stored, 0 repeated, 0 refused.\n", "")
    assert ask(
        "SELECT source, source_ref, category, occurred_from, occurred_to, ST_X(geom), ST_Y(geom),"
        " location_uncertainty_m, text, state FROM incidents"
    ) == [
        ("kommunens-system", "A-1", "SKD", datetime(2026, 7, 3, 19, 15, tzinfo=UTC),
         datetime(2026, 7, 4, 4, 0, tzinfo=UTC), 15.85, 59.65, 20.0, "Ruta", "approved")
    ]  # fmt: skip


def test_a_file_of_a_swedish_spreadsheet_is_read(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    file = csv(
        "Category;Occurred_From;X;Y;location_uncertainty_m",
        "SKD;2026-02-03 21:15;547800,5;6612400;12,5",
        encoding="utf-8-sig",
    )
    assert lagesbild("import", file, *TO_LINDESTA).status == 0
    assert ask("SELECT round(ST_X(geom_metric)::numeric, 1), location_uncertainty_m FROM incidents") == [
        (pytest.approx(547800.5), 12.5)
    ]


def test_good_rows_go_in_and_each_refused_one_is_named(lagesbild: Run, world: Any, csv: Callable[..., Path]) -> None:
    file = csv(
        HEADER,
        GOOD,
        "",
        "XXX,2026-02-03 21:15,,15.85,59.65,,A-2,,",
        "SKD,i går,,15.85,59.65,,A-3,,",
        "SKD,2026-10-25 02:30,,15.85,59.65,,A-4,,",
        "SKD,2026-03-29 02:30,,15.85,59.65,,A-5,,",
        "SKD,2026-02-30 02:30,,15.85,59.65,,A-6,,",
        "SKD,2026-02-03 21:15,,15.85,,nära,A-7,,kanske",
        "SKD,2026-02-03 21:15,,1.0,59.65,,A-8,,",
        "SKD,2026-02-03 21:15,,15.85,59.65,,A-9,Ring 070-123 45 67,",
        "SKD,2026-02-03 21:15,,15.85,59.65,,A-10,,,extra",
        GOOD,
        GOOD.replace("SKD", "KLO"),
        name="reports.csv.gz",
    )
    said = lagesbild("import", file, *TO_LINDESTA)
    assert said.status == 1
    assert said.lines == [
        "row 4, column category: Use one of the category codes of the organisation.",
        "row 5, column occurred_from: Write the time as 2026-05-01 08:00, with or without an offset (+02:00).",
        "row 6, column occurred_from: This hour came twice that night: write its offset, +02:00 or +01:00.",
        "row 7, column occurred_from: The clock skipped this hour that night: check the time, or write its offset.",
        "row 8, column occurred_from: Write a time that the calendar and the clock have.",
        "row 9, column lat: This cell must not be empty.",
        "row 9, column location_uncertainty_m: Write a number, with a point before decimals.",
        "row 9, column text_reviewed: Write true or false.",
        "row 10, column lon, lat: Check the position: it lies outside the area of the organisation.",
        "row 11, column text: Take out what looks like a telephone number in text, or say that the text is reviewed.",
        "row 12: The row has more cells than the header has columns.",
        "row 14, column source_ref: Another report with other content is already stored under this reference.",
        "12 rows: 1 stored, 1 repeated, 10 refused.",
    ]


def test_all_or_nothing_stores_nothing_when_a_row_is_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    bad = "SKD,2026-02-03 21:15,,15.85,,,A-2,,"
    said = lagesbild("import", csv(HEADER, GOOD, bad), *TO_LINDESTA, "--all-or-nothing")
    assert said.status == 1
    assert said.lines[-1] == (
        "Nothing was stored (rows were refused, and it was to be all or nothing). "
        "It would have been 2 rows: 1 stored, 0 repeated, 1 refused."
    )
    assert ask("SELECT count(*) FROM incidents") == [(0,)]
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--all-or-nothing").status == 0
    assert ask("SELECT count(*) FROM incidents") == [(1,)]


def test_a_dry_run_stores_nothing_and_leaves_no_audit_line(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    before = ask("SELECT count(*) FROM audit_lines")
    said = lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA, "--dry-run")
    assert (said.status, said.out) == (
        0,
        "Nothing was stored (a dry run). It would have been 1 rows: 1 stored, 0 repeated, 0 refused.\n",
    )
    assert ask("SELECT count(*) FROM incidents") == [(0,)]
    assert ask("SELECT count(*) FROM audit_lines") == before


def test_rows_of_several_chunks_are_all_counted(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    n = commands.ROWS_AT_A_TIME + 5
    bad = "SKD,2026-02-03 21:15,,15.85,,,,,"
    rows = [f"SKD,2026-02-03 21:15,,15.85,59.65,,B-{i},," for i in range(n)]
    said = lagesbild("import", csv(HEADER, *rows, bad), *TO_LINDESTA)
    assert said.lines == [
        f"row {n + 2}, column lat: This cell must not be empty.",
        f"{n + 1:,} rows: {n:,} stored, 0 repeated, 1 refused.",
    ]
    assert ask("SELECT count(*) FROM incidents") == [(n,)]


def test_another_organisations_rows_are_refused(lagesbild: Run, world: Any, csv: Callable[..., Path]) -> None:
    file = csv("organisation,note,category,occurred_from,lon,lat", "hyttfors-kommun,x,SKD,2026-02-03 21:15,15.85,59.65")
    said = lagesbild("import", file, *TO_LINDESTA)
    assert said.lines[0] == (
        "row 2, column organisation: This row is another organisation's than lindesta-kommun: import it for that one."
    )
    assert said.err == "Not read: note\n"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["category,lon,lat"], "The header lacks occurred_from. The columns are"),
        (["category,occurred_from,lon,y"], "The header lacks lon and lat (or x and y)."),
        (["category,occurred_from,lon,lat,x,y"], "The header has lon and lat as well as x and y: keep one pair."),
        (["category,occurred_from,lon,lat,lon"], "The header names lon twice."),
        ([], "The header lacks category, occurred_from, lon and lat"),
        ([HEADER, '"SKD,2026-02-03'], "reports.csv is not a whole CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    lagesbild: Run, world: Any, csv: Callable[..., Path], lines: list[str], sentence: str
) -> None:
    said = lagesbild("import", csv(*lines), *TO_LINDESTA)
    assert said.status == 2
    assert sentence in said.err


def test_files_in_another_encoding_or_cut_short_are_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path], tmp_path: Path
) -> None:
    latin = csv(HEADER, "SKD,2026-02-03 21:15,,15.85,59.65,,,å,", encoding="latin-1")
    said = lagesbild("import", latin, *TO_LINDESTA)
    assert (said.status, said.err) == (2, "reports.csv is not UTF-8: save it again as “CSV UTF-8”.\n")
    whole = csv(HEADER, *[GOOD] * 50, name="whole.csv.gz")
    whole.write_bytes(whole.read_bytes()[:-20])
    said = lagesbild("import", whole, *TO_LINDESTA)
    assert (said.status, said.err) == (2, "whole.csv.gz cannot be read to its end.\n")
    said = lagesbild("import", tmp_path / "nowhere.csv", *TO_LINDESTA)
    assert (said.status, said.err) == (2, f"There is no file {tmp_path / 'nowhere.csv'}.\n")


def test_an_unknown_organisation_or_a_nameless_source_is_refused(
    lagesbild: Run, world: Any, csv: Callable[..., Path]
) -> None:
    said = lagesbild("import", csv(HEADER, GOOD), "--source", "x", "--organisation", "atlantis")
    assert said.status == 2
    assert said.err.startswith("There is no organisation atlantis")
    said = lagesbild("import", csv(HEADER, GOOD), "--source", " ", "--organisation", "lindesta-kommun")
    assert said.status == 2
    assert "Give the source a name" in said.err


def test_points_of_a_layer_are_imported_from_any_coordinate_system(
    lagesbild: Run, world: Any, tmp_path: Path, ask: Callable[..., Any]
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
    assert (said.status, said.lines) == (
        1,
        ["feature 3, column geometry: The feature is no point.", "3 rows: 2 stored, 0 repeated, 1 refused."],
    )
    assert ask(
        "SELECT source_ref, category, occurred_from, round(ST_X(geom_metric)), text FROM incidents ORDER BY source_ref"
    ) == [
        ("1", "SKD", datetime(2026, 2, 3, 20, 15, tzinfo=UTC), 547_800.0, "Ruta"),
        ("2", "KLO", datetime(2026, 2, 4, 20, 15, tzinfo=UTC), 547_810.0, None),
    ]


def test_a_layers_problems_name_its_features(lagesbild: Run, world: Any, geojson: Callable[..., Path]) -> None:
    point = {"type": "Point", "coordinates": [17.5, 59.65]}
    file = geojson("p.geojson", (point, {"category": "SKD", "occurred_from": "2026-02-03T21:15:00+01:00"}))
    said = lagesbild("import", file, *TO_LINDESTA)
    assert said.lines[0] == (
        "feature 1, column geometry: Check the position: it lies outside the area of the organisation."
    )
    said = lagesbild("import", geojson("q.geojson", (point, {"category": "SKD"})), *TO_LINDESTA)
    assert (said.status, said.err) == (2, "q.geojson lacks the attributes occurred_from.\n")


def test_an_interrupted_import_says_how_far_it_came(
    lagesbild: Run, world: Any, csv: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    """The organisation's counter is held, so the import waits and the interrupt finds it there."""
    assert lagesbild("import", csv(HEADER, GOOD), *TO_LINDESTA).status == 0
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("SELECT * FROM collection_counters FOR UPDATE")
        _interrupt_when(world, "INSERT INTO incidents")
        said = lagesbild("import", csv(HEADER, GOOD.replace("A-1", "A-2")), *TO_LINDESTA)
    assert (said.status, said.err) == (130, "Interrupted after 0 stored rows.\n")
    assert ask("SELECT count(*) FROM incidents") == [(1,)]


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
