"""init: what it stores, what it asks, what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from tests.cli.conftest import BOUNDARY, Run

BOW_TIE = {"type": "Polygon", "coordinates": [[[15, 59], [16, 60], [16, 59], [15, 60], [15, 59]]]}
ABROAD = {"type": "Polygon", "coordinates": [[[2, 48], [3, 48], [3, 49], [2, 48]]]}
SWAPPED = {"type": "Polygon", "coordinates": [[[59, 15], [60, 15], [60, 16], [59, 15]]]}
METRES = {
    "type": "Polygon",
    "coordinates": [[[540000, 6600000], [550000, 6600000], [550000, 6610000], [540000, 6600000]]],
}
POINT = {"type": "Point", "coordinates": [15.8, 59.6]}
LINE_LIKE = {"type": "Polygon", "coordinates": [[[15, 59], [16, 60], [15, 59], [15, 59]]]}


def square(west: float, south: float, side: float = 0.01) -> dict[str, Any]:
    e, n = west + side, south + side
    return {"type": "Polygon", "coordinates": [[[west, south], [e, south], [e, n], [west, n], [west, south]]]}


def test_a_second_municipality_gets_its_areas_and_accounts(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    districts = geojson(
        "districts.geojson",
        (square(15.8, 59.6), {"namn": "Östra å", "nr": 1}),
        (square(15.9, 59.7), {"namn": "Väst", "nr": 2}),
    )
    said = lagesbild(
        "init", "--no-input", "--name", "Nyköping", "--slug", "nykoping-kommun", "--boundary",
        geojson("b.geojson", BOUNDARY), "--areas", districts, "--area-name", "namn", "--area-code", "nr",
        "--police-area", "lpo-lindadalen", "--coordinator", "Samordnare",
    )  # fmt: skip
    assert said.status == 0
    assert "2 districts" in said.out
    assert "(admin)" not in said.out  # the deployment has an administrator already
    assert ask(
        "SELECT a.code, a.name, a.kind, p.code FROM areas a LEFT JOIN areas p ON p.id = a.parent_id"
        " WHERE a.code LIKE 'nykoping%' ORDER BY 1"
    ) == [
        ("nykoping-kommun", "Nyköping", "municipality", "lpo-lindadalen"),
        ("nykoping-kommun-1", "Östra å", "district", "nykoping-kommun"),
        ("nykoping-kommun-2", "Väst", "district", "nykoping-kommun"),
    ]
    assert ask(
        "SELECT o.local_police_area, a.name, a.role FROM organisations o JOIN accounts a ON a.organisation_id = o.id"
        " WHERE o.slug = 'nykoping-kommun'"
    ) == [("lpo-lindadalen", "Samordnare", "coordinator")]


def test_with_addresses_positions_are_snapped_from_the_first_report(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    places = [{"type": "Point", "coordinates": [15.75 + n % 7 / 50, 59.55 + n % 9 / 50]} for n in range(63)]
    init = ("init", "--no-input", "--name", "Nyby", "--boundary", geojson("b.geojson", BOUNDARY))
    said = lagesbild(*init, "--addresses", geojson("a.geojson", *((p, {}) for p in places)))
    assert said.status == 0
    [(made, k)] = ask("SELECT count(*), min(k) FROM catchments")
    assert (made > 4, k) == (True, 5)
    assert f"Positions are snapped to {made} catchments" in said.out
    assert "lagesbild catchments make" not in said.out
    assert "lagesbild catchments make --year" in lagesbild(*init, "--slug", "nyby-2").out


def test_what_is_set_up_stands_in_the_audit_log(lagesbild: Run, world: Any, ask: Callable[..., Any]) -> None:
    last = ask("SELECT max(id) FROM audit_lines")[0][0]
    assert lagesbild("init", "--no-input", "--name", "Nyby", "--admin", "Chef").status == 0
    assert [row[0] for row in ask(f"SELECT action FROM audit_lines WHERE id > {last} ORDER BY id")] == [
        "categories.loaded",
        "areas.loaded",
        "organisation.added",
        "account.added",
        "token.issued",
    ]


def test_the_answers_can_be_typed_and_a_wrong_one_is_asked_again(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], tmp_path: Path
) -> None:
    boundary = geojson("b.geojson", BOUNDARY)
    typed = ["Åmåls kommun", "Åmål!", "", "nowhere.geojson", str(boundary), "", "", "", "Chef", "-", "-"]
    said = lagesbild("init", answers="\n".join(typed) + "\n")
    assert said.status == 0
    assert "Short name [amals-kommun]" in said.out
    assert "åmål! will not do" in said.out.lower()
    assert f"There is no file {Path.cwd() / 'nowhere.geojson'}." in said.out
    assert "Åmåls kommun is set up as amals-kommun." in said.out
    assert said.out.count("Token of") == 1


def test_without_a_boundary_it_says_what_that_means(lagesbild: Run, world: Any, ask: Callable[..., Any]) -> None:
    said = lagesbild("init", "--no-input", "--name", "Nyby")
    assert "It has no boundary: reports are taken from anywhere" in said.out
    assert ask("SELECT area_id FROM organisations WHERE slug = 'nyby'") == [(None,)]


def test_the_same_slug_is_refused_and_nothing_changes(lagesbild: Run, world: Any, ask: Callable[..., Any]) -> None:
    count = "SELECT (SELECT count(*) FROM organisations), (SELECT count(*) FROM accounts)"
    before = ask(count)
    said = lagesbild("init", "--no-input", "--name", "Lindesta kommun", "--admin", "Chef")
    assert (said.status, said.err) == (
        2,
        "There is already an organisation or an area lindesta-kommun; nothing was changed.\n",
    )
    assert ask(count) == before


def test_a_boundary_in_metres_with_its_system_named_is_brought_to_degrees(
    lagesbild: Run, world: Any, tmp_path: Path, ask: Callable[..., Any]
) -> None:
    file = tmp_path / "b.gpkg"
    box = shapely.box(540_000, 6_600_000, 550_000, 6_610_000)
    geopandas.GeoDataFrame({"name": ["Nyby"]}, geometry=[box], crs="EPSG:3006").to_file(file)
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", file)
    assert "Boundary: 100.0 km²" in said.out
    assert ask("SELECT ST_SRID(geom), ST_IsValid(geom) FROM areas WHERE code = 'nyby'") == [(4326, True)]


def test_a_crossing_boundary_is_mended(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], ask: Callable[..., Any]
) -> None:
    assert lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", geojson("b.geojson", BOW_TIE)).status == 0
    assert ask("SELECT ST_IsValid(geom), ST_NumGeometries(geom) FROM areas WHERE code = 'nyby'") == [(True, 2)]


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ([ABROAD], "The boundary does not lie in Sweden: check its coordinate system."),
        ([SWAPPED], "The boundary has latitude and longitude swapped: GeoJSON wants longitude first."),
        ([METRES], "The boundary is not in degrees: say its coordinate system in the file (crs), or save it as WGS84."),
        ([POINT], "The boundary is no polygon."),
        ([LINE_LIKE], "The boundary has no area."),
        ([BOUNDARY, BOUNDARY], "has 2 features and should have one"),
        ([None], "has no places on the map."),
        ([], "has no places on the map."),
    ],
)
def test_a_boundary_that_cannot_be_right_is_refused(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], features: list[Any], sentence: str
) -> None:
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", geojson("b.geojson", *features))
    assert said.status == 2
    assert sentence in said.err


def test_a_file_of_another_kind_or_with_two_layers_is_refused(lagesbild: Run, world: Any, tmp_path: Path) -> None:
    words = tmp_path / "words.geojson"
    words.write_text("not a map", encoding="utf-8")
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", words)
    assert (said.status, said.err) == (2, "words.geojson cannot be read as GeoJSON or GeoPackage.\n")

    two = tmp_path / "two.gpkg"
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(15, 59, 16, 60)], crs="EPSG:4326")
    frame.to_file(two, layer="a")
    frame.to_file(two, layer="b")
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", two)
    assert (said.status, said.err) == (
        2,
        "two.gpkg should have one layer and has 2 (a, b): save the one you mean as a file of its own.\n",
    )

    bare = tmp_path / "bare.gpkg"
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        geopandas.GeoDataFrame(geometry=[shapely.box(15, 59, 16, 60)]).to_file(bare)
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--boundary", bare)
    assert (said.status, said.err) == (2, "bare.gpkg does not say its coordinate system: save it again with one.\n")


@pytest.mark.parametrize(
    ("properties", "more", "sentence"),
    [
        ([{"namn": "A"}], [], "The districts have no attribute name, but namn: use --area-name, --area-code."),
        (
            [{"name": "A"}, {"name": "A"}],
            [],
            "Several districts have the code nyby-a: name an attribute with --area-code.",
        ),
        ([{"name": "A"}, {"name": None}], [], "A district has no name."),
        ([{"name": "!!!"}], [], "The district !!! has no code that can be used: name an attribute with --area-code."),
        (
            [{"name": "A", "nr": 1}, {"name": "B", "nr": 1}],
            ["--area-code", "nr"],
            "Several districts have the code nyby-1",
        ),
    ],
)
def test_districts_that_cannot_be_told_apart_are_refused(
    lagesbild: Run, world: Any, geojson: Callable[..., Path], properties: list[Any], more: list[str], sentence: str
) -> None:
    districts = geojson("d.geojson", *[(square(15.8, 59.6), each) for each in properties])
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--areas", districts, *more)
    assert said.status == 2
    assert sentence in said.err


def test_districts_outside_the_boundary_are_refused(lagesbild: Run, world: Any, geojson: Callable[..., Path]) -> None:
    districts = geojson("d.geojson", (square(17, 60), {"name": "Långt bort"}), (square(15.8, 59.6), {"name": "Här"}))
    said = lagesbild(
        "init", "--no-input", "--name", "Nyby", "--boundary", geojson("b.geojson", BOUNDARY), "--areas", districts
    )
    assert (said.status, said.err) == (2, "These districts lie outside the boundary: Långt bort.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Say --name."),
        (["--name", "!"], "Give the municipality a name."),
        (["--name", "Nyby", "--slug", "Ny By"], "Ny By will not do: use a to z"),
        (["--name", "Nyby", "--police-area", "LPO 1"], "LPO 1 will not do: use a to z"),
        (["--name", "Nyby", "--admin", "Chef", "--coordinator", "Chef"], "need accounts of their own"),
        (["--name", "Nyby", "--basemap", "no-such-file"], "There is no file"),
    ],
)
def test_an_answer_that_will_not_do_is_refused(lagesbild: Run, world: Any, words: list[str], sentence: str) -> None:
    said = lagesbild("init", "--no-input", *words)
    assert said.status == 2
    assert sentence in said.err


@pytest.mark.parametrize("content", ["{}", '{"features": [{"properties": null}]}', "\x1f\x8bx"])
def test_a_basemap_that_is_none_is_refused(lagesbild: Run, world: Any, tmp_path: Path, content: str) -> None:
    file = tmp_path / "map.geojson"
    file.write_bytes(content.encode("latin-1"))
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--basemap", file)
    assert (said.status, said.err) == (2, "The basemap map.geojson is not a GeoJSON collection of layers\n")


def test_the_basemap_is_named_in_what_to_do_next(lagesbild: Run, world: Any, geojson: Callable[..., Path]) -> None:
    file = geojson("map.geojson", (square(15.8, 59.6), {"layer": "water"}))
    said = lagesbild("init", "--no-input", "--name", "Nyby", "--basemap", file)
    assert f"  export LAGESBILD_BASEMAP={file}" in said.lines
