"""Files of real cities and feeds, each with the mapping profile it was read by: what became of every row."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest
import shapely

from app.core.imports.coarse import Survey
from app.core.imports.doubles import References
from app.core.imports.known import NamedArea, Place
from app.core.imports.profile import CoarsePoint, Field, Kind, Profile, Span
from app.core.imports.reader import AreaFigure, Reader
from app.core.imports.suggest import suggest
from app.readers import SourceTable
from tests.imports_real.conftest import chunks, csv_rows, known, profile, suggested, told

Opened = Callable[[str], SourceTable]
FILES = {
    "charlottesville": ("charlottesville_2013-07_2017-10-01.csv.gz", 32617),
    "chicago": ("chicago_assaults_2014_2017.csv.gz", 32616),
    "vancouver": ("vancouver_crimes_2020_utm10n_raw.csv.gz", 32610),
    "cincinnati": ("cincinnati_burglary_2016_2018_duplicate_ids.csv.gz", 32616),
    "northumbria": ("northumbria_asb_2022_monthly.csv.gz", 27700),
    "polisen": ("polisen_2023-03_2025-06.csv.gz", 3006),
}
# good, bad by reason, held by pattern, doubled
EXPECTED = {
    "charlottesville": (26_761, {"missing-position": 254, "ambiguous-time": 7}, {}, 0),
    "chicago": (56_565, {"ambiguous-time": 13}, {}, 0),
    "vancouver": (
        33_752,
        {"null-island": 3_750, "ambiguous-time": 7, "skipped-time": 2, "missing-position": 1},
        {},
        0,
    ),
    "cincinnati": (6_660, {"missing-position": 426}, {}, 1_637),
    "northumbria": (39_706, {}, {}, 0),
    "polisen": (
        47_858,
        {"left-out": 9_567, "ambiguous-time": 5},
        {"phone-number": 28, "registration-plate": 1},
        0,
    ),
}
DELIVERIES = "charlottesville_reimport_snapshots_raw.csv.gz"


@pytest.mark.parametrize("city", [pytest.param(c, marks=() if c == "cincinnati" else pytest.mark.long) for c in FILES])
def test_every_row_of_a_city_is_accounted_for(data: Path, opened: Opened, city: str) -> None:
    name, srid = FILES[city]
    result = told(opened(name), profile(city), known(srid))
    assert (result.good, dict(result.bad), dict(result.held), result.doubled) == EXPECTED[city]
    assert result.rows == len(csv_rows(data / name))


@pytest.mark.parametrize("city", FILES)
def test_the_proposal_is_what_was_kept(opened: Opened, city: str) -> None:
    name, srid = FILES[city]
    kept, proposed = profile(city), suggested(opened(name), known(srid)).profile
    assert (proposed.columns, proposed.srid, proposed.span) == (kept.columns, kept.srid, kept.span)
    assert proposed.is_midnight_unknown == kept.is_midnight_unknown == (city == "vancouver")


def test_vancouvers_metres_land_in_vancouver_and_midnight_is_a_whole_day(data: Path, opened: Opened) -> None:
    rows = csv_rows(data / FILES["vancouver"][0])
    table = opened(FILES["vancouver"][0])
    reader = Reader(table.columns, profile("vancouver"), known(32610))
    at_zero = first = 0
    for row, point in zip(islice(table.rows(), 3_000), reader.points(list(islice(table.rows(), 3_000))), strict=True):
        at_zero += point is None
        first += point is not None and -123.3 < point[0] < -122.9 and 49.1 < point[1] < 49.4
        assert (point is None) == (float(rows[row.number - 2]["X"] or 0) == 0)
    assert at_zero + first == 3_000
    outcomes = reader.read_chunk(list(islice(table.rows(), 3_000)))
    midnights = [o for o, row in zip(outcomes, rows, strict=False) if (row["HOUR"], row["MINUTE"]) == ("0", "0")]
    assert len(midnights) > 50
    assert all(getattr(o, "occurred_to", True) is not None for o in midnights)


def test_northumbrias_months_are_months_and_equal_rows_stay_apart(opened: Opened) -> None:
    table = opened(FILES["northumbria"][0])
    reader = Reader(table.columns, profile("northumbria"), known(27700))
    drafts = [o for chunk in islice(chunks(table), 2) for o in reader.read_chunk(chunk)]
    lengths = {(o.occurred_to - o.occurred_from).days for o in drafts}  # type: ignore[union-attr, operator]
    assert lengths <= {27, 29, 30, 31}  # October has an hour more
    references = References().repeated([o.source_ref for o in drafts])  # type: ignore[union-attr, misc]
    places = Counter((o.position, o.occurred_from) for o in drafts)  # type: ignore[union-attr]
    assert (sum(references), sum(count - 1 for count in places.values()) > 2_000) == (0, True)


def test_the_police_stations_address_is_a_default(opened: Opened) -> None:
    table, knowing = opened(FILES["charlottesville"][0]), known(32617)
    survey = Survey(Reader(table.columns, profile("charlottesville"), knowing), knowing)
    for chunk in chunks(table):
        survey.add(chunk)
    found = survey.coarse_points()
    station = CoarsePoint(lon=-78.47746, lat=38.03041, uncertainty_m=found[0].uncertainty_m, reason="default-address")
    assert found[0] == station
    assert 1_000 < station.uncertainty_m < 10_000
    assert len(found) <= 3


@pytest.mark.long
def test_the_feeds_points_are_towns_and_counties_and_hoor_gets_none_of_skanes(data: Path, opened: Opened) -> None:
    outlines = json.loads((data / "geo" / "kommuner_okfse.geojson").read_text(encoding="utf-8"))["features"]
    hoor = next(f for f in outlines if f["properties"]["kom_namn"] == "Höör")
    outline = shapely.from_geojson(json.dumps(hoor["geometry"]))
    table, knowing = opened(FILES["polisen"][0]), known(areas=[NamedArea(code="1267", name="Höör", geometry=outline)])
    kept = profile("polisen")
    survey = Survey(Reader(table.columns, kept, knowing), knowing)
    for chunk in chunks(table):
        survey.add(chunk)
    coarse = survey.coarse_points()
    assert 300 <= len(coarse) <= 311
    assert {p.reason for p in coarse} == {"centroid"}
    reader = Reader(table.columns, replace(kept, coarse_points=coarse), knowing)
    inside = [
        outcome
        for outcome in reader.read_chunk(list(islice(table.rows(), 20_000)))
        if hasattr(outcome, "position") and outline.contains(shapely.Point(outcome.position.x, outcome.position.y))
    ]
    assert len(inside) > 40
    assert median(o.location_uncertainty_m or 0 for o in inside) > 50_000


def test_the_feeds_titles_tell_the_same_times_as_the_file(data: Path, opened: Opened) -> None:
    table = opened(FILES["polisen"][0])
    columns = {t: n for t, n in profile("polisen").columns.items() if t is not Field.OCCURRED_FROM}
    columns |= {Field.TITLE: ("name",), Field.PUBLISHED: ("published_at_raw",)}
    reader = Reader(table.columns, replace(profile("polisen"), columns=columns), known())
    rows = csv_rows(data / FILES["polisen"][0])
    stockholm, compared = ZoneInfo("Europe/Stockholm"), 0
    for row, outcome in zip(rows, reader.read_chunk(list(islice(table.rows(), 5_000))), strict=False):
        if hasattr(outcome, "occurred_from") and row["occurred_local"]:
            local = outcome.occurred_from.astimezone(stockholm).replace(tzinfo=None)
            compared += local == datetime.fromisoformat(row["occurred_local"])
    assert compared > 3_500


def test_deliveries_with_drifting_zones_agree_when_read_by_their_own_profiles(data: Path, opened: Opened) -> None:
    streets: dict[str, list[tuple[float, float]]] = {}
    for row in csv_rows(data / FILES["charlottesville"][0]):
        if row["lat"] and row["in_bbox"] == "1":
            streets.setdefault(row["address"], []).append((float(row["lon"]), float(row["lat"])))
    places = [
        Place(id=name, name=name, lon=p[len(p) // 2][0], lat=p[len(p) // 2][1], location_uncertainty_m=100.0)
        for name, p in streets.items()
    ]
    knowing = known(32617, places=places)
    table = opened(DELIVERIES)
    at = table.columns.index("snapshot")
    deliveries: dict[str, dict[str, datetime]] = {}
    wrong = {}
    for day in ("2018-07-21", "2018-08-28", "2018-11-26"):
        rows = [row for row in table.rows() if row.cells[at] == day]
        proposal = suggest(table.columns, rows[::3], knowing, source="charlottesville")
        wrong[day] = proposal.profile.is_offset_wrong
        assert proposal.profile.columns[Field.ADDRESS] == ("BlockNumber", "StreetName")
        reading = replace(proposal.profile, time_zone="America/New_York", default_category="OVR")
        outcomes = Reader(table.columns, reading, knowing).read_chunk(rows)
        found = {o.source_ref or "": o.occurred_from for o in outcomes if hasattr(o, "occurred_from")}
        assert len(found) > 0.7 * len(rows)
        deliveries[day] = found
    assert wrong == {"2018-07-21": True, "2018-08-28": False, "2018-11-26": False}
    first, second, third = deliveries.values()
    assert all(first[ref] == second[ref] for ref in set(first) & set(second))
    assert all(second[ref] == third[ref] for ref in set(second) & set(third))
    assert len(set(first) & set(second)) > 500


def test_official_statistics_become_area_figures_and_never_points(data: Path, opened: Opened) -> None:
    table = opened("dirty/bra_databasfil_2016_05_latin1_semicolon.txt.gz")
    proposal = suggested(table, known())
    assert (table.encoding, table.separator, proposal.profile.kind) == ("cp1252", ";", Kind.FIGURES)
    figures = Reader(table.columns, proposal.profile, known()).figures(list(table.rows()))
    good = [f for f in figures if isinstance(f, AreaFigure)]
    may = (datetime(2016, 4, 30, 22, tzinfo=UTC), datetime(2016, 5, 31, 21, 59, tzinfo=UTC))
    assert (len(figures), len(good)) == (2_910, 2_910)
    assert {(f.since, f.until) for f in good} == {may}
    assert (good[0].area, good[0].count, good[1].category) == ("Ale kommun", 226, "VAL")
    assert len({f.area for f in good}) == 291 or len({f.area for f in good}) == 290


def test_towns_in_two_systems_land_in_the_same_place(opened: Opened) -> None:
    table = opened("geo/tatorter_points_scb.csv.gz")
    usual: dict[Field, tuple[str, ...]] = {Field.YEAR: ("year",), Field.MONTH: ("year",)}
    by_degrees = Profile(source="x", default_category="OVR", columns={**usual, Field.X: ("lon",), Field.Y: ("lat",)})
    metres = {**usual, Field.X: ("e_sweref99tm",), Field.Y: ("n_sweref99tm",)}
    by_metres = replace(by_degrees, columns=metres, srid=3006, span=Span.DAY)
    rows = list(table.rows())
    for one, other in zip(
        *(Reader(table.columns, p, known()).points(rows) for p in (by_degrees, by_metres)), strict=True
    ):
        assert one is not None
        assert other is not None
        assert (abs(one[0] - other[0]) < 1e-4, abs(one[1] - other[1]) < 1e-4) == (True, True)
