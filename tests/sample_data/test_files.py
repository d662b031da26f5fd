"""The committed files: the generator's own bytes, small, and whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from sample_data import generate, sources

NAMES = {
    "organisations.json",
    "sources.json",
    "sharing.json",
    "areas.geojson",
    "places.csv",
    "incidents.csv.gz",
    "truth.geojson",
    "basemap.geojson.gz",
}


def test_the_committed_seed_gives_the_committed_bytes(folder: Path, tmp_path: Path) -> None:
    generate.write_all(tmp_path)

    assert {p.name for p in tmp_path.iterdir()} == NAMES
    assert [n for n in sorted(NAMES) if (tmp_path / n).read_bytes() != (folder / n).read_bytes()] == []


def test_another_seed_gives_other_incidents_on_the_same_map(tmp_path: Path, folder: Path) -> None:
    generate.main(["--out", str(tmp_path), "--seed", "7"])

    same = {n for n in NAMES if (tmp_path / n).read_bytes() == (folder / n).read_bytes()}
    assert same == NAMES - {"incidents.csv.gz", "truth.geojson"}


def test_the_files_stay_small(folder: Path) -> None:
    assert sum((folder / name).stat().st_size for name in NAMES) < 3_000_000
    assert (folder / "basemap.geojson.gz").stat().st_size < 1_200_000


def test_every_organisation_points_at_an_area_that_exists(
    organisations: dict[str, dict[str, Any]], areas: list[dict[str, Any]]
) -> None:
    codes = {a["properties"]["code"] for a in areas}

    assert "lindesta-kommun" in organisations
    assert {o["area"] for o in organisations.values()} <= codes
    assert {o["local_police_area"] for o in organisations.values()} <= codes
    assert {o["outside_area"] for o in organisations.values()} <= {"refuse", "mark"}
    assert sorted(o["kind"] for o in organisations.values()) == [
        "guards",
        "housing_company",
        "municipality",
        "municipality",
        "municipality",
        "police",
    ]


def test_every_source_belongs_to_an_organisation(folder: Path, organisations: dict[str, dict[str, Any]]) -> None:
    rows = json.loads((folder / "sources.json").read_text(encoding="utf-8"))

    assert {row["organisation"] for row in rows} == set(organisations)
    assert {row["name"] for row in rows if not row["trusted"]} == {sources.TIPS.name}
    assert [row["location_uncertainty_m"] for row in rows if row["name"] == "polisanmalan"] == [83.0]


def test_everyone_gives_incidents_to_the_joint_picture_and_gets_hot_spots_back(
    folder: Path, organisations: dict[str, dict[str, Any]]
) -> None:
    rows = json.loads((folder / "sharing.json").read_text(encoding="utf-8"))
    others = set(organisations) - {"lindesta-kommun"}

    assert {r["giver"] for r in rows if r["what"] == "incidents" and r["receiver"] == "lindesta-kommun"} == others
    assert {r["receiver"] for r in rows if r["what"] == "hotspots" and r["giver"] == "lindesta-kommun"} == others
    assert len(rows) == 2 * len(others)
    assert {r["valid_until"] for r in rows} == {"2030-12-31"}
    assert all(r["purpose"] for r in rows)


def test_the_command_refuses_a_seed_that_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        generate.main(["--seed", "tall"])

    assert "invalid int value" in capsys.readouterr().err
