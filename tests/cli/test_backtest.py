"""`lagesbild backtest` on files as towns export them."""

import csv
import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner, Result

from app.cli import app, histories
from app.cli.histories import Columns
from app.core.errors import InvalidError, LagesbildError, SetupError

START = datetime(2025, 1, 1, tzinfo=UTC)
METHODS = ["ours", "dbscan_100_10", "grid_200", "kde_100", "kde_50"]
DEGREES = Columns(x="lon", y="lat", time=("when",))


def rows(days: int = 120, a_day: int = 5) -> list[dict[str, str]]:
    """Half of the incidents at one corner of a small Swedish town, the others round about."""
    dice = np.random.Generator(np.random.Philox(6))
    made = []
    for i in range(days * a_day):
        spread = 0.0002 if i % 2 else 0.01
        lat, lon = 59.3 + dice.normal(0, spread), 16.5 + dice.normal(0, 2 * spread)
        when = START + timedelta(days=i / a_day)
        made.append({"when": when.isoformat(), "lat": f"{lat:.6f}", "lon": f"{lon:.6f}"})
    return made


def write(file: Path, table: list[dict[str, str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "wt", encoding=encoding, newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(table[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
    return file


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)])


PLACE_AND_TIME = ("--lat", "lat", "--lon", "lon", "--time", "when")


def test_a_file_gives_a_table_figures_and_polygons(tmp_path: Path) -> None:
    file = write(tmp_path / "town.csv.gz", [*rows(), {"when": "yesterday", "lat": "59.3", "lon": "16.5"}])
    figures, folder = tmp_path / "out" / "figures.json", tmp_path / "areas"
    result = ran(file, *PLACE_AND_TIME, "--jitter-m", 30, "--seed", 1, "--json", figures, "--export", folder)
    assert (result.exit_code, result.exception) == (0, None)
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["method", *METHODS, "Mean"]
    assert "600 of 601 rows are used, in EPSG:3006." in result.stderr
    assert "left out: 1 with no time that can be read" in result.stderr
    assert "2/2  2025-03-30" in result.stderr
    answer = json.loads(figures.read_text(encoding="utf-8"))
    assert list(answer["methods"]) == METHODS
    assert answer["folds"] == len(answer["runs"]) == 2
    assert {"pai", "pei", "jaccard", "largest_km2"} <= set(answer["methods"]["ours"])
    assert answer["methods"]["ours"]["pai"] > 1
    assert answer["rows"] == {"read": 601, "used": 600, "left_out": {histories.NO_TIME: 1}}
    assert len(list(folder.glob("fold-*.geojson"))) == 10


def test_others_can_score_what_was_exported(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    arguments = ("--jitter-m", 30, "--json", figures, "--export", tmp_path / "areas")
    assert ran(write(tmp_path / "town.csv", rows()), *PLACE_AND_TIME, *arguments).exit_code == 0
    run = json.loads(figures.read_text(encoding="utf-8"))["runs"][1]
    with (tmp_path / "areas" / "incidents.csv").open(encoding="utf-8") as displaced:
        later = [
            (float(row["lon"]), float(row["lat"]))
            for row in csv.DictReader(displaced)
            if run["cut_off"] <= row["occurred_at"] < run["until"]
        ]
    for name in METHODS:
        collection = json.loads((tmp_path / "areas" / f"fold-002-{name}.geojson").read_text(encoding="utf-8"))
        area = shapely.union_all([shapely.from_geojson(json.dumps(f["geometry"])) for f in collection["features"]])
        assert area.is_valid
        caught = int(shapely.intersects(area, shapely.points(later)).sum())
        assert caught == run["scores"][name]["caught"]
        assert (collection["method"], collection["fold"], collection["active_m2"]) == (name, 2, run["active_m2"])
    assert len(later) == run["later"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    file = write(tmp_path / "town.csv", rows())
    for name in ("one", "two"):
        ran(file, *PLACE_AND_TIME, "--jitter-m", 30, "--json", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_metres_and_a_date_in_five_columns_do_as_well(tmp_path: Path) -> None:
    table = []
    for i in range(400):
        day = START + timedelta(days=i / 4)
        parts = {"YEAR": day.year, "MONTH": day.month, "DAY": day.day, "HOUR": "", "MINUTE": ""}
        table.append({"X": str(491_000 + i % 7 * 60), "Y": "5459000.5"} | {k: str(v) for k, v in parts.items()})
    table[0] |= {"HOUR": "0", "MINUTE": "0"}
    table = [row | {"HOUR": "7", "MINUTE": "30"} for row in table[:-1]] + table[-1:]
    file = write(tmp_path / "town.csv", table)
    figures = tmp_path / "figures.json"
    result = ran(
        file, "--x", "X", "--y", "Y", "--epsg", 32610, "--time", "YEAR,MONTH,DAY,HOUR,MINUTE", "--json", figures
    )
    answer = json.loads(figures.read_text(encoding="utf-8"))
    assert (result.exit_code, answer["epsg"], answer["rows"]["used"]) == (0, 32610, 399)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--lat", "lat", "--time", "when"), "Name the columns of the place"),
        (("--x", "lon", "--y", "lat", "--time", "when"), "Name the columns of the place"),
        ((*PLACE_AND_TIME, "--x", "lon"), "Name the columns of the place"),
        (("--lat", "lat", "--lon", "long", "--time", "when"), "has no column long; it has: when, lat, lon."),
        ((*PLACE_AND_TIME, "--area-share", 0.9), "The share must be between"),
        ((*PLACE_AND_TIME, "--horizon-days", 90), "cover 120 days; a horizon of 90 days needs"),
        ((*PLACE_AND_TIME, "--time-format", "%Y"), "Not one of the 600 rows of town.csv has both a place and a time."),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(tmp_path: Path, arguments: tuple[Any, ...], sentence: str) -> None:
    result = ran(write(tmp_path / "town.csv", rows()), *arguments)
    assert isinstance(result.exception, LagesbildError)
    assert sentence in result.exception.message


def test_incidents_that_never_follow_each_other_are_refused(tmp_path: Path) -> None:
    table = [rows(1)[0] | {"when": when} for when in ("2025-01-01", "2025-04-01")]
    result = ran(write(tmp_path / "town.csv", table), *PLACE_AND_TIME)
    assert isinstance(result.exception, InvalidError)
    assert "no period has incidents both before and after it begins" in result.exception.message


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "town.csv", rows())
    result = ran(file, *PLACE_AND_TIME, "--json", file / "figures.json")
    assert isinstance(result.exception, SetupError)
    assert "cannot be written" in result.exception.message


def test_the_command_ends_with_one_sentence_and_no_trace(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "backtest", missing, *PLACE_AND_TIME],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"{missing} cannot be read: No such file or directory.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-01T13:05", "2025-03-01T13:05:00+00:00"),
        ("2025-03-01 13:05:00+01:00", "2025-03-01T12:05:00+00:00"),
        ("03/01/2025 01:05:00 PM", "2025-03-01T13:05:00+00:00"),
        ("2025/03/01 13:05:00+00", "2025-03-01T13:05:00+00:00"),
        ("2026-08-22 9:48:12 +02:00", "2026-08-22T07:48:12+00:00"),
        ("1.3.2025 13:05", "2025-03-01T13:05:00+00:00"),
        ("2025-03", "2025-03-01T00:00:00+00:00"),
    ],
)
def test_the_usual_ways_to_write_a_time_are_read(tmp_path: Path, text: str, expected: str) -> None:
    file = write(tmp_path / "one.csv", [{"when": text, "lat": "59.3", "lon": "16.5"}])
    (read_s,) = histories.read(file, DEGREES).occurred_s
    assert datetime.fromtimestamp(read_s, tz=UTC) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("lat", "lon"), [("", "16.5"), ("x", "16.5"), ("0", "0.0"), ("91", "16.5"), ("59.3", "181"), ("nan", "16.5")]
)
def test_a_row_without_a_real_place_is_counted_and_left_out(tmp_path: Path, lat: str, lon: str) -> None:
    good = {"when": "2025-01-01", "lat": "59.3", "lon": "16.5"}
    found = histories.read(write(tmp_path / "two.csv", [good, good | {"lat": lat, "lon": lon}]), DEGREES)
    assert (len(found.xy), found.row_count, found.bad) == (1, 2, {histories.NO_PLACE: 1})


def test_a_place_in_another_country_is_left_out(tmp_path: Path) -> None:
    good = {"when": "2025-01-01", "lat": "59.3", "lon": "16.5"}
    found = histories.read(write(tmp_path / "town.csv", [good, good, good | {"lat": "48"}]), DEGREES)
    assert (len(found.xy), found.bad) == (2, {histories.FAR_AWAY: 1})


@pytest.mark.parametrize(
    ("lat", "lon", "epsg"),
    [("59.3", "16.5", 3006), ("38.03", "-78.47", 32617), ("-33.9", "151.2", 32756), ("-17", "180", 32760)],
)
def test_metres_are_swerefs_in_sweden_and_utm_elsewhere(tmp_path: Path, lat: str, lon: str, epsg: int) -> None:
    file = write(tmp_path / "one.csv", [{"when": "2025-01-01", "lat": lat, "lon": lon}])
    assert histories.read(file, DEGREES).epsg == epsg


def test_semicolons_decimal_commas_and_old_letters_are_read(tmp_path: Path) -> None:
    row = {"når": "2025-01-01", "lat": "59,3", "lon": "16,5"}
    file = write(tmp_path / "gammal.csv", [row], delimiter=";", encoding="latin-1")
    assert len(histories.read(file, Columns(x="lon", y="lat", time=("når",))).xy) == 1


def test_a_short_row_is_a_row_without_a_time(tmp_path: Path) -> None:
    file = tmp_path / "short.csv"
    file.write_text("lat,lon,when\n59.3,16.5,2025-01-01\n59.3,16.5\n", encoding="utf-8")
    assert histories.read(file, DEGREES).bad == {histories.NO_TIME: 1}


def test_a_file_that_only_looks_like_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "town.csv.gz").write_bytes(b"when,lat,lon")
    with pytest.raises(InvalidError, match=r"town\.csv\.gz is not a whole gzip file\."):
        histories.read(tmp_path / "town.csv.gz", DEGREES)


def test_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text('when,lat,lon\n"' + "x" * (csv.field_size_limit() + 1), encoding="utf-8")
    with pytest.raises(InvalidError, match=r"town\.csv is not a CSV file from row"):
        histories.read(tmp_path / "town.csv", DEGREES)


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text("", encoding="utf-8")
    with pytest.raises(InvalidError, match=r"town\.csv has no column lon"):
        histories.read(tmp_path / "town.csv", DEGREES)
