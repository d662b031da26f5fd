"""What is proposed for a file: the columns by name and content, the system by where the points land, and why."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
import shapely
from pyproj import Transformer

from app.core.imports.known import NamedArea
from app.core.imports.profile import DayOrder, Field, Kind, Profile, Span
from app.core.imports.reader import Reader
from app.core.imports.suggest import Suggestion, suggest
from app.core.incidents import IncidentDraft
from tests.core.imports.rows import TOWN, known, rules, table, text_table, town

LINDESTA = (18.06, 59.33)


def proposed(*rows: dict[str, Any], **more: Any) -> Suggestion:
    columns, made = table(*rows)
    knowing = more.pop("knowing", None) or town()
    return suggest(columns, made, knowing, source="vakter", **more)


def fields(suggestion: Suggestion) -> dict[str, tuple[str, ...]]:
    return {str(target): names for target, names in suggestion.profile.columns.items()}


def codes(suggestion: Suggestion) -> set[str]:
    for reason in suggestion.reasons:
        assert reason.message("sv") != reason.message("en")
    return {reason.code for reason in suggestion.reasons}


HEADERS = [
    (
        (
            "ID;BROTTSKOD;LATITUDE;LONGITUDE;GATA;GATUNR;KOMMUN;BROTTSDATUMTID_START;BROTTSDATUMTID_SLUT\n"
            "7;0356;59,33;18,06;Storgatan;5;Lindesta;2026-03-05 22:15;2026-03-05 23:00"
        ),
        {
            "source_ref": ("ID",),
            "crime_code": ("BROTTSKOD",),
            "x": ("LONGITUDE",),
            "y": ("LATITUDE",),
            "address": ("GATA", "GATUNR"),
            "area": ("KOMMUN",),
            "occurred_from": ("BROTTSDATUMTID_START",),
            "occurred_to": ("BROTTSDATUMTID_SLUT",),
        },
    ),
    (
        (
            "Datum;Lat;Lon;SWEREF99TM_NordY;SWEREF99TM_OstX;Lokalnamn;Noggrannhet_m\n"
            "2026-03-05;59,33;18,06;6580822;674032;Torget;25"
        ),
        {
            "occurred_from": ("Datum",),
            "x": ("Lon",),
            "y": ("Lat",),
            "place": ("Lokalnamn",),
            "location_uncertainty_m": ("Noggrannhet_m",),
        },
    ),
    (
        (
            "Olycksnummer;År;Månad;Dag;Klockslag grupp (timme);X;Y;Beskrivning\n"
            "17;2026;3;5;22-23;6580822;674032;Två bilar krockade i korsningen vid torget"
        ),
        {
            "source_ref": ("Olycksnummer",),
            "year": ("År",),
            "month": ("Månad",),
            "day": ("Dag",),
            "hour": ("Klockslag grupp (timme)",),
            "x": ("Y",),
            "y": ("X",),
            "text": ("Beskrivning",),
        },
    ),
    (
        (
            "Case Number;Date;Block;Primary Type;Description;Latitude;Longitude\n"
            "HZ1;03/25/2026 10:15:00 PM;001XX MAIN ST;ROBBERY;ARMED: HANDGUN;59.33;18.06"
        ),
        {
            "source_ref": ("Case Number",),
            "occurred_from": ("Date",),
            "address": ("Block",),
            "category": ("Primary Type",),
            "text": ("Description",),
            "x": ("Longitude",),
            "y": ("Latitude",),
        },
    ),
    (
        (
            "Startdatum;Starttid;Slutdatum;Sluttid;Händelse;Koordinater\n"
            "2026-03-05;2215;2026-03-06;0700;Skadegörelse;59.33, 18.06"
        ),
        {
            "occurred_from": ("Startdatum", "Starttid"),
            "occurred_to": ("Slutdatum", "Sluttid"),
            "category": ("Händelse",),
            "geometry": ("Koordinater",),
        },
    ),
    (
        "när var det;slag;läge\n2026-03-05 22:15;Klotter;POINT (18.06 59.33)",
        {"occurred_from": ("när var det",), "category": ("slag",), "geometry": ("läge",)},
    ),
    (
        "Region;Brott;År;Period;Antal\nAle kommun;Våldsbrott;2016 prel.;Maj;24",
        {"area": ("Region",), "category": ("Brott",), "year": ("År",), "month": ("Period",), "count": ("Antal",)},
    ),
    (
        "month;lon;lat;crime type\n2026-03;18.06;59.33;Anti-social behaviour",
        {"occurred_from": ("month",), "x": ("lon",), "y": ("lat",), "category": ("crime type",)},
    ),
    (
        "datum;timme;typ;lon;lat\n2026-03-05;22;Rån;18.06;59.33",
        {"occurred_from": ("datum", "timme"), "category": ("typ",), "x": ("lon",), "y": ("lat",)},
    ),
    (
        (
            "id;datetime;name;summary;type;location.name;location.gps\n"
            "9;2026-03-05 22:30:00 +01:00;05 mars 22:15, Rån, Lindesta;En man har rånats.;Rån;Lindesta;59.33,18.06"
        ),
        {
            "source_ref": ("id",),
            "title": ("name",),
            "published": ("datetime",),
            "category": ("type",),
            "text": ("summary",),
            "place": ("location.name",),
            "geometry": ("location.gps",),
        },
    ),
]


@pytest.mark.parametrize(("text", "expected"), HEADERS)
def test_columns_are_found_by_name_and_content(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    columns, rows = text_table(text)
    suggestion = suggest(columns, rows, town(), source="x")
    assert fields(suggestion) == expected
    assert set(suggestion.unread_columns) == set(columns) - {name for names in expected.values() for name in names}
    codes(suggestion)
    if suggestion.profile.kind is Kind.INCIDENTS and {"category", "crime_code"} & set(expected):
        (draft,) = Reader(columns, suggestion.profile, town()).judge_chunk(rows, rules())
        assert isinstance(draft, IncidentDraft)
        assert (round(draft.lon, 2), round(draft.lat, 2)) == LINDESTA


@pytest.mark.parametrize("srid", [3006, *range(3007, 3019), 3021, 4326, 32634, 3857])
@pytest.mark.parametrize("is_swapped", [False, True])
def test_any_system_is_found_by_where_its_points_land(srid: int, is_swapped: bool) -> None:  # noqa: FBT001
    x, y = Transformer.from_crs(4326, srid, always_xy=True).transform(*LINDESTA) if srid != 4326 else LINDESTA
    names = ("nord", "öst") if is_swapped else ("öst", "nord")
    row = {"typ": "Rån", "datum": "2026-03-05", names[0]: f"{x:.3f}".replace(".", ","), names[1]: f"{y:.3f}"}
    suggestion = proposed(row)
    first = suggestion.landings[0]
    assert (first.srid, first.is_swapped, first.name, first.inside) == (srid, is_swapped, "Lindesta", 1)
    assert suggestion.profile == first.profile
    assert fields(suggestion)["x"] == (names[0],)
    assert "lands-in" in codes(suggestion)
    assert ("axes-swapped" in codes(suggestion)) == is_swapped


def test_without_outlines_the_register_names_the_town() -> None:
    suggestion = proposed({"typ": "Rån", "datum": "2026-03-05", "x": 674032, "y": 6580822}, knowing=known())
    assert [(s.srid, s.name, s.inside) for s in suggestion.landings[:1]] == [(3006, "Lindesta", 1)]
    far = proposed({"typ": "Rån", "datum": "2026-03-05", "x": 274032, "y": 6580822}, knowing=known())
    assert (far.landings[0].srid, far.landings[0].name) == (3006, "")
    assert "lands-outside" in codes(far)


def test_a_local_zone_without_outlines_has_to_be_chosen() -> None:
    suggestion = proposed({"typ": "Rån", "datum": "2026-03-05", "x": 153369, "y": 6579457}, knowing=known(places=()))
    assert "zone-unclear" in codes(suggestion)
    assert {landing.srid for landing in suggestion.landings} <= set(range(3007, 3019))
    told = proposed(
        {"typ": "Rån", "datum": "2026-03-05", "x SWEREF 99 1800": 153369, "y": 6579457}, knowing=known(places=())
    )
    assert told.profile.srid == 3011


def test_the_files_own_word_on_its_system_counts() -> None:
    rows = {"typ": "Rån", "datum": "2026-03-05", "x": 153369, "y": 6579457}
    assert proposed(rows, knowing=known(places=()), srid=3012).profile.srid == 3012


def test_areas_alone_name_where_points_land() -> None:
    small = NamedArea(code="s", name="Centrum", geometry=shapely.box(18.0, 59.3, 18.1, 59.4))
    large = NamedArea(code="l", name="Lindesta", geometry=TOWN)
    row = {"typ": "Rån", "datum": "2026-03-05", "lon": 18.06, "lat": 59.33}
    landing = proposed(row, knowing=known(areas=[large, small])).landings[0]
    assert (landing.name, landing.inside) == ("Centrum", 1)


def test_points_of_a_layer_are_read_by_the_layers_system() -> None:
    x, y = Transformer.from_crs(4326, 3006, always_xy=True).transform(*LINDESTA)
    row = {"typ": "Rån", "datum": "2026-03-05", "geometry": shapely.Point(x, y).wkb}
    suggestion = proposed(row, srid=3006)
    assert (suggestion.profile.srid, len(suggestion.landings)) == (3006, len({s.srid for s in suggestion.landings}))


@pytest.mark.parametrize(
    ("dates", "order", "code"),
    [
        (["25/3/2026", "1/3/2026"], DayOrder.DAY_FIRST, "day-first"),
        (["3/25/2026", "3/1/2026"], DayOrder.MONTH_FIRST, "month-first"),
        (["3/5/2026", "3/1/2026"], DayOrder.DAY_FIRST, "day-order-unclear"),
    ],
)
def test_which_comes_first_is_seen_over_the_sample_or_said_to_be_unclear(
    dates: list[str], order: DayOrder, code: str
) -> None:
    suggestion = proposed(*({"typ": "Rån", "datum": d, "lon": 18.06, "lat": 59.33} for d in dates))
    assert (suggestion.profile.day_order, code in codes(suggestion)) == (order, True)


def test_abroad_an_unclear_date_has_its_month_first() -> None:
    row = {"type": "Robbery", "date": "3/5/2026", "lon": 18.06, "lat": 59.33}
    assert proposed(row, knowing=known(metric_srid=32617)).profile.day_order is DayOrder.MONTH_FIRST


def test_whole_months_midnights_and_compact_clocks_are_seen() -> None:
    place = {"typ": "Rån", "lon": 18.06, "lat": 59.33}
    months = proposed(*(place | {"datum": f"2025-{m:02}-01"} for m in range(1, 13)))
    assert (months.profile.span, "whole-months" in codes(months)) == (Span.MONTH, True)
    named = proposed(place | {"månad": "2025-03-01"})
    assert named.profile.span is Span.MONTH
    instants = [f"2026-03-05 {0 if i % 5 == 0 else 12:02}:00" for i in range(60)]
    midnights = proposed(*(place | {"datum": instant} for instant in instants))
    assert (midnights.profile.is_midnight_unknown, "midnight-unknown" in codes(midnights)) == (True, True)
    parts = [{"år": 2026, "månad": 3, "dag": 5, "timme": 0 if i % 5 == 0 else 12, "minut": 0} for i in range(60)]
    assert proposed(*(place | part for part in parts)).profile.is_midnight_unknown
    compact = proposed(*(place | {"datum": "2026-03-05", "tid": clock} for clock in (2215, 35)))
    assert (compact.profile.is_clock_compact, "compact-clock" in codes(compact)) == (True, True)


@pytest.mark.parametrize(("hour", "is_wrong"), [("22:15", True), ("23:15", False)])
def test_an_offset_that_disagrees_with_the_files_own_clock_is_wrong(hour: str, is_wrong: bool) -> None:  # noqa: FBT001
    rows = [
        {
            "typ": "Rån",
            "lon": 18.06,
            "lat": 59.33,
            "datum": "2026-03-05 22:15:00+00",
            "klockslag": hour,
            "kl": "när som",
        }
        for _ in range(60)
    ]
    rows[0]["datum"] = "2026-03-05 22:15"
    suggestion = proposed(*rows)
    assert (suggestion.profile.is_offset_wrong, "offset-wrong" in codes(suggestion)) == (is_wrong, is_wrong)


def test_repeated_references_are_told() -> None:
    rows = [
        {"typ": "Rån", "datum": "2026-03-05", "lon": 18.06, "lat": 59.33, "id": i // 2 * 7 % 90} for i in range(100)
    ]
    assert "source_ref" not in fields(proposed(*rows))
    some = [row | {"id": i if i % 10 else 0} for i, row in enumerate(rows)]
    suggestion = proposed(*some)
    assert (fields(suggestion)["source_ref"], "repeated-references" in codes(suggestion)) == (("id",), True)


def test_a_file_with_names_only_is_looked_up_in_the_register() -> None:
    suggestion = proposed({"typ": "Rån", "datum": "2026-03-05", "plats": "Torget"})
    assert (suggestion.missing, suggestion.landings, "place-register" in codes(suggestion)) == ((), (), True)
    without = proposed({"typ": "Rån", "datum": "2026-03-05", "plats": "Torget"}, knowing=known(places=()))
    assert without.missing == ("position",)
    assert proposed({"a": "b"}).missing == ("category", "position", "occurred_from")


def test_values_without_a_category_are_counted_but_not_those_that_look_like_personal_data() -> None:
    place = {"datum": "2026-03-05", "lon": 18.06, "lat": 59.33}
    kinds = ["Rån", "smurf", "smurf", "gnom", "19811228-9874"]
    assert proposed(*(place | {"typ": kind} for kind in kinds)).unmatched_categories == (("smurf", 2), ("gnom", 1))
    assert proposed(place | {"brottskod": "0356"}, place | {"brottskod": "7777"}).unmatched_categories == (("7777", 1),)


def test_a_known_source_is_read_as_before() -> None:
    row = {"typ": "Rån", "datum": "2026-03-05", "lon": 18.06, "lat": 59.33}
    earlier = replace(
        proposed(row).profile, categories={"rån": "HOT"}, time_zone="Europe/Helsinki", default_category="OVR"
    )
    again = proposed({"TYP": "Rån", "Datum": "2026-03-05", "lon": 18.06, "lat": 59.33}, earlier=earlier)
    renamed = earlier.columns | {Field.CATEGORY: ("TYP",), Field.OCCURRED_FROM: ("Datum",)}
    assert again.profile == replace(earlier, columns=renamed)
    assert codes(again) == {"as-before"}
    changed = proposed({"kategori": "Rån", "datum": "2026-03-05", "lon": 18.06, "lat": 59.33}, earlier=earlier)
    assert "columns-changed" in codes(changed)
    assert (changed.profile.categories, changed.profile.time_zone) == ({"rån": "HOT"}, "Europe/Helsinki")
    assert fields(changed)["category"] == ("kategori",)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"typ": "2026-03-05", "datum": "2026-03-05"}, None),
        ({"typ": 17, "datum": "2026-03-05"}, None),
        ({"description": "En lång beskrivning av allt som hände", "händelse": "Rån"}, ("händelse",)),
        ({"month": "maj", "typ": "Rån"}, ("typ",)),
    ],
)
def test_a_column_of_numbers_days_or_prose_is_no_category(
    row: dict[str, Any], expected: tuple[str, ...] | None
) -> None:
    assert fields(proposed(row)).get("category") == expected


def test_empty_and_broken_rows_say_nothing() -> None:
    columns, rows = table({"lon": "", "lat": "", "datum": ""})
    rows.append(rows[0]._replace(problem="too-many-cells"))
    suggestion = suggest(columns, rows, town(), source="x")
    assert suggestion.landings == ()
    assert suggest(columns, [], town(), source="x").profile == Profile(source="x")


def test_coordinates_that_land_nowhere_are_not_proposed() -> None:
    apart = [{"lon": 18.06, "lat": ""}, {"lon": "", "lat": 59.33}]
    assert proposed(*({"typ": "Rån", "datum": "2026-03-05"} | row for row in apart)).landings == ()
    assert proposed({"typ": "Rån", "datum": "2026-03-05", "x": 9e300, "y": 8e300}).landings == ()


def test_the_register_names_the_town_also_where_the_area_has_none() -> None:
    row = {"typ": "Rån", "datum": "2026-03-05", "lon": 18.06, "lat": 59.33}
    landing = proposed(row, knowing=known(area=TOWN)).landings[0]
    assert (landing.name, landing.inside) == ("Lindesta", 1)


def test_cells_of_a_sheet_are_dates_and_clocks_already() -> None:
    row = {
        "typ": "Rån",
        "namn": "Rån",
        "name": "Rån",
        "datum": date(2026, 3, 5),
        "tid": time(22, 15),
        "slut tid": date(2026, 3, 6),
    }
    found = fields(proposed(row | {"lon": 18.06, "lat": 59.33}))
    assert (found["occurred_from"], found["occurred_to"]) == (("datum", "tid"), ("slut tid",))


def test_a_month_alone_is_no_time() -> None:
    assert proposed({"month": "maj"}).missing == ("category", "position", "occurred_from")


def test_an_area_on_the_southern_half_has_its_own_zone() -> None:
    area = shapely.box(151.1, -34.0, 151.3, -33.8)
    x, y = Transformer.from_crs(4326, 32756, always_xy=True).transform(151.2, -33.9)
    row = {"type": "Robbery", "date": "2026-03-05", "x": x, "y": y}
    assert proposed(row, knowing=known(metric_srid=28356, area=area, places=())).landings[0].inside == 1
