"""`lagesbild backtest-deviations` on files as towns export them."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.core.errors import LagesbildError

START = datetime(2023, 1, 1, tzinfo=UTC)
PLACE_AND_TIME = ("--lat", "lat", "--lon", "lon", "--time", "when")
SHORT = ("--repeats", 2, "--outbreaks", 3, "--extra", "4,12")


def write(file: Path, weeks: int = 90, a_week: int = 12) -> Path:
    """A small Swedish town with thirty corners."""
    dice = np.random.Generator(np.random.Philox(6))
    corners = dice.normal(0, 0.01, (30, 2))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("when", "lat", "lon"))
        for i in range(weeks * a_week):
            lat, lon = (59.3, 16.5) + corners[dice.integers(30)]
            writer.writerow(((START + timedelta(weeks=i / a_week)).isoformat(), f"{lat:.6f}", f"{lon:.6f}"))
    return file


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["backtest-deviations", *map(str, arguments)])


def test_a_file_gives_the_figures_of_ours_and_of_the_rules_of_thumb(tmp_path: Path) -> None:
    result = ran(write(tmp_path / "town.csv"), *PLACE_AND_TIME, "--weekly-reports", 10, *SHORT)
    assert (result.exit_code, result.exception) == (0, None)
    answer = json.loads(result.stdout)
    assert next(iter(answer["rules"])) == "ours"
    assert len(answer["rules"]) == 4
    assert answer["rules"]["ours"]["found"]["any_square"]["12"] == 1
    assert answer["rules"]["ours"]["alarms_a_year"] <= answer["rules"]["nominal_p_01"]["alarms_a_year"]
    assert [play["reports_a_week"] for play in answer["plays"]] == [pytest.approx(10, abs=0.1)] * 2
    assert answer["plays"][0]["often_invisible_below"]["calm_place"] >= 3
    assert answer["trial"]["extra"] == [4, 12]
    assert "1080 of 1080" in result.stderr.replace(",", "")
    assert "2/2" in result.stderr


def test_the_same_seed_gives_the_same_bytes_in_a_file(tmp_path: Path) -> None:
    file = write(tmp_path / "town.csv", 60)
    for name in ("one", "two"):
        result = ran(file, *PLACE_AND_TIME, "--repeats", 1, "--outbreaks", 1, "--json", tmp_path / name)
        assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--lat", "lat", "--time", "when"), "Name the columns of the place"),
        ((*PLACE_AND_TIME, "--extra", "six"), "The backtest cannot be run"),
        ((*PLACE_AND_TIME, "--alarms-a-year", 0), "Alarms a year must be more than 0"),
        ((*PLACE_AND_TIME, "--first-share", 0.1), "There is too little history"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(tmp_path: Path, arguments: tuple[Any, ...], sentence: str) -> None:
    result = ran(write(tmp_path / "town.csv", 20), *arguments)
    assert isinstance(result.exception, LagesbildError)
    assert sentence in result.exception.message
