"""The shapes that Swedish exports have, made and read: from the file's bytes to drafts, with nothing told by hand."""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from app.core.categories import SHIPPED
from app.core.errors import UnreadableFileError
from app.core.imports.crime_codes import SHIPPED as CRIME_CODES
from app.core.imports.known import Known, NamedArea, Place
from app.core.imports.problems import Held, RowErrors
from app.core.imports.profile import Field, Profile
from app.core.imports.reader import Reader
from app.core.imports.suggest import suggest
from app.core.incidents import IncidentDraft
from app.core.ingest import IngestRules
from app.readers import open_file
from tests.readers.making import workbook

TOWN = shapely.box(17.9, 59.2, 18.2, 59.4)
TORGET = Place(id="1", name="Stora torget", lon=18.06, lat=59.33, location_uncertainty_m=50, within="Lindesta")
KNOWN = Known(
    categories=SHIPPED,
    crime_codes=CRIME_CODES,
    area=TOWN,
    areas=[NamedArea(code="x", name="Lindesta", geometry=TOWN)],
    places=[TORGET],
)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = IngestRules(now=NOW, categories=frozenset(c.code for c in SHIPPED), area=TOWN)
WHEN = datetime(2026, 3, 5, 21, 15, tzinfo=UTC)
Row = Sequence[Any]


def outcomes(path: Path, scratch: Path, name: str = "export") -> list[IncidentDraft | Held | RowErrors]:
    """Open, take the proposal as it is, read, judge."""
    table = open_file(path, name, unpacked_beside=scratch)
    rows = list(table.rows())
    proposal = suggest(table.columns, rows, KNOWN, source="polisen", srid=table.srid)
    assert proposal.missing == ()
    return Reader(table.columns, proposal.profile, KNOWN).judge_chunk(rows, RULES)


def lines(rows: Sequence[Row], separator: str = ";") -> str:
    made = io.StringIO()
    csv.writer(made, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return made.getvalue()


def same(found: Sequence[Any], count: int, category: str = "KLO") -> None:
    assert [type(f).__name__ for f in found] == ["IncidentDraft"] * count, found
    assert {(f.category, f.occurred_from, round(f.lon, 3), round(f.lat, 3)) for f in found} == {
        (category, WHEN, 18.06, 59.33)
    }


HEADER = ["Händelse", "Händelsetid", "Longitud", "Latitud", "Beskrivning"]
ROW = ["Klotter", "2026-03-05 22:15", "18,06", "59,33", 'Klotter på gaveln, "stort";\nännu blött']


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_tables(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(lines([HEADER, *[ROW] * 3], separator).encode(encoding))
    found = outcomes(path, tmp_path / "s")
    same(found, 3)
    assert found[0].text == ROW[-1]  # type: ignore[union-attr]
    path.write_bytes(gzip.compress(path.read_bytes()))
    same(outcomes(path, tmp_path / "t"), 3)


def test_a_sheet_with_padded_cells_and_headers_in_between(tmp_path: Path) -> None:
    header = ["Brottsdatum", "Brottstid", "Rubricering ", "X", "Y"]
    row = ["3/5/26", "2215", "  Klotter  ", 6580822, 674032]
    rows = [header, row, ["3/25/26", "0035", "Klotter", 6580822, 674032], header, row]
    found = outcomes(workbook(tmp_path / "upload", rows), tmp_path / "s")
    assert [f.problems[0].code for f in found if isinstance(f, RowErrors)] == ["repeated-header"]
    assert [f.occurred_from for f in found if isinstance(f, IncidentDraft)] == [
        WHEN,
        datetime(2026, 3, 24, 23, 35, tzinfo=UTC),
        WHEN,
    ]


def test_a_sheet_with_dates_and_times_of_its_own(tmp_path: Path) -> None:
    rows = [["Datum", "Tid", "Typ", "Long", "Lat"], [date(2026, 3, 5), time(22, 15), "Klotter", 18.06, 59.33]]
    same(outcomes(workbook(tmp_path / "upload", rows), tmp_path / "s"), 1)


def test_a_sheet_that_is_not_official_statistics_but_names_places(tmp_path: Path) -> None:
    rows = [
        ["Datum", "Händelse", "Plats"],
        ["2026-03-05 22:15", "Klotter", "stora Torget"],
        ["2026-03-05", "Klotter", "Mars"],
    ]
    found = outcomes(workbook(tmp_path / "upload", rows), tmp_path / "s")
    same(found[:1], 1)
    assert found[0].location_uncertainty_m == 50  # type: ignore[union-attr]
    assert isinstance(found[1], RowErrors)


def test_the_polices_export_by_crime_code(tmp_path: Path) -> None:
    header = "ID,BROTTSKOD,LATITUDE,LONGITUDE,GATA,GATUNR,KOMMUN,BROTTSDATUMTID_START,BROTTSDATUMTID_SLUT"
    path = tmp_path / "upload"
    path.write_text(f"{header}\n1,1202,59.33,18.06,Storgatan,5,Lindesta,2026-03-05 22:15,2026-03-06 07:00\n")
    found = outcomes(path, tmp_path / "s")
    same(found, 1, "SKD")
    assert found[0].occurred_to == datetime(2026, 3, 6, 6, tzinfo=UTC)  # type: ignore[union-attr]


def test_accidents_by_year_month_day_and_hour(tmp_path: Path) -> None:
    header = "Olycksnummer;År;Månad;Dag;Klockslag grupp (timme);Typ;N SWEREF99 TM;E SWEREF99 TM"
    path = tmp_path / "upload"
    path.write_text(
        f"{header}\n1;2026;Mars;5;22-23;Trafikolycka;6580822;674032\n"
        "2;2026;3;5;Uppgift saknas;Trafikolycka;6580822;674032\n"
    )
    first, second = outcomes(path, tmp_path / "s")
    assert first.occurred_from == datetime(2026, 3, 5, 21, tzinfo=UTC)  # type: ignore[union-attr]
    assert second.occurred_from == datetime(2026, 3, 4, 23, tzinfo=UTC)  # type: ignore[union-attr]
    assert second.occurred_to == datetime(2026, 3, 5, 22, 59, tzinfo=UTC)  # type: ignore[union-attr]


@pytest.mark.parametrize("srid", [3006, *range(3007, 3019), 3021])
@pytest.mark.parametrize("names", [("X", "Y"), ("Y", "X"), ("Nord", "Öst")])
def test_every_swedish_system_with_northing_called_anything(tmp_path: Path, srid: int, names: tuple[str, str]) -> None:
    east, north = Transformer.from_crs(4326, srid, always_xy=True).transform(18.06, 59.33)
    rows = [["Typ", "Tid", *names], ["Klotter", "2026-03-05T22:15", f"{north:.2f}".replace(".", ","), f"{east:.0f}"]]
    path = tmp_path / "upload"
    path.write_text(lines(rows))
    same(outcomes(path, tmp_path / "s"), 1)


def _shapefile(frame: Any, path: Path) -> None:
    folder = path.parent / "parts"
    folder.mkdir()
    frame.to_file(folder / "lager.shp", engine="pyogrio")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)


def _geopackage(frame: Any, path: Path) -> None:
    frame.to_file(path.with_suffix(".gpkg"), driver="GPKG", engine="pyogrio")
    path.with_suffix(".gpkg").rename(path)


WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "GeoJSON": lambda frame, path: path.write_text(frame.to_crs(4326).to_json()) and None,
    "GeoPackage": _geopackage,
    "Shapefile": _shapefile,
    "GeoParquet": lambda frame, path: frame.to_parquet(path),
}


@pytest.mark.parametrize("srid", [4326, 3006, 3011])
@pytest.mark.parametrize("kind", WRITERS)
def test_map_layers(tmp_path: Path, kind: str, srid: int) -> None:
    values = {"typ": ["Klotter"] * 2, "tid": ["2026-03-05 22:15"] * 2}
    frame = geopandas.GeoDataFrame(values, geometry=[shapely.Point(18.06, 59.33)] * 2, crs=4326).to_crs(srid)
    WRITERS[kind](frame, tmp_path / "upload")
    same(outcomes(tmp_path / "upload", tmp_path / "s"), 2)


def test_the_skipped_and_the_doubled_hour_are_told(tmp_path: Path) -> None:
    times = ["2026-03-29 02:30", "2025-10-26 02:30", "2025-10-26 02:30+01:00", "2026-03-05 22:15"]
    path = tmp_path / "upload"
    path.write_text(lines([HEADER[:4], *[["Klotter", when, "18,06", "59,33"] for when in times]]))
    found = outcomes(path, tmp_path / "s")
    assert [f.problems[0].code for f in found if isinstance(f, RowErrors)] == ["skipped-time", "ambiguous-time"]
    assert [isinstance(f, IncidentDraft) for f in found] == [False, False, True, True]


CELL = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *ROW[:4],
            "",
            "0",
            "19811228-9874",
            "i går",
            "2026-02-30",
            '"',
            "a\nb",
            "Klotter\x00 på gaveln mot gångvägen",
            "x" * 200_000,
        ]
    ),
)


@settings(max_examples=30, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELL, min_size=1, max_size=7), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
)
def test_every_row_of_a_torture_file_is_accounted_for(
    tmp_path: Path, cells: list[list[str]], separator: str, encoding: str
) -> None:
    path = tmp_path / "upload"
    rows = [HEADER, ROW, *cells, ROW]
    path.write_bytes(lines(rows, separator).encode(encoding, "replace"))
    table = open_file(path, "x.csv", encoding=encoding, separator=separator)
    fields = dict(
        zip((Field.CATEGORY, Field.OCCURRED_FROM, Field.X, Field.Y, Field.TEXT), [(h,) for h in HEADER], strict=True)
    )
    found = Reader(table.columns, Profile(source="x", columns=fields), KNOWN).judge_chunk(list(table.rows()), RULES)
    blank = sum(not any(cell.strip() for cell in row) for row in cells)
    assert len(found) == len(cells) + 2 - blank
    assert isinstance(found[-1], IncidentDraft)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_a_table_or_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    try:
        table = open_file(path, "x")
        rows = list(table.rows())
    except UnreadableFileError as error:
        assert set(error.messages) == {"sv", "en"}  # noqa: PT017 -- either is well
    else:
        assert all(len(row.cells) <= len(table.columns) for row in rows)
        suggest(table.columns, rows, KNOWN, source="x")
