"""Every row becomes an incident as claimed, is held back, or is told what is wrong: never two of these, never none."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.core.imports.figures import AreaFigure
from app.core.imports.problems import Held, RowErrors
from app.core.imports.profile import CoarsePoint, Doubled, Field, Kind, Profile
from app.core.imports.reader import Reader
from app.core.imports.source import SourceRow
from app.core.incidents import IncidentDraft, RawIncident
from tests.core.imports.rows import FIELDS, GOOD, PARKEN, known, numbered, profile, rules, table, text_table

IDENTITY = "19811228-9874"


def outcome(row: dict[str, Any], reading: Profile | None = None, **more: Any) -> Any:
    reading = reading or profile()
    named = {name: "" for names in reading.columns.values() for name in names}
    columns, rows = table(named | GOOD | row)
    return Reader(columns, reading, known(**more)).judge_chunk(rows, rules())[0]


def wrong(row: dict[str, Any], reading: Profile | None = None, **more: Any) -> list[tuple[str, str]]:
    found = outcome(row, reading, **more)
    assert isinstance(found, RowErrors), found
    assert found.number == 2
    for problem in found.problems:
        assert problem.message("sv") != problem.message("en")
    return [(problem.code, problem.column) for problem in found.problems]


def held(row: dict[str, Any], reading: Profile | None = None) -> tuple[tuple[str, str], ...]:
    found = outcome(row, reading)
    assert isinstance(found, Held), found
    return found.findings


def test_a_good_row_becomes_a_draft() -> None:
    assert outcome({}) == IncidentDraft(
        category="KLO",
        occurred_from=datetime(2026, 3, 5, 21, 15, tzinfo=UTC),
        occurred_to=None,
        lon=18.06,
        lat=59.33,
        location_uncertainty_m=None,
        source="vakter",
        source_ref=None,
        text=None,
    )


def test_one_row_is_a_chunk_of_one() -> None:
    columns, rows = table(GOOD, GOOD | {"typ": "smurf"})
    reader = Reader(columns, profile(), known())
    assert [reader.read(row) for row in rows] == reader.read_chunk(rows)
    assert isinstance(reader.read(rows[0]), RawIncident)
    assert reader.read_chunk([]) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"typ": ""}, [("missing", "typ")]),
        ({"typ": "smurf"}, [("unknown-category", "typ")]),
        ({"typ": "Sammanfattning natt"}, [("left-out", "typ")]),
        ({"datum": ""}, [("missing", "datum")]),
        ({"datum": "i går"}, [("unreadable-time", "datum")]),
        ({"datum": "2026-02-30"}, [("unknown-date", "datum")]),
        ({"datum": "2026-03-29 02:30"}, [("skipped-time", "datum")]),
        ({"datum": "2027-01-01"}, [("in-future", "datum"), ("in-future", "")]),
        ({"datum": "1980-01-01 12:00"}, [("too-early", "datum")]),
        ({"lon": "", "lat": ""}, [("missing-position", "lon")]),
        ({"lon": "öst"}, [("unreadable-number", "lon")]),
        ({"lon": "", "lat": "öst"}, [("unreadable-number", "lat")]),
        ({"lon": "0", "lat": "0,0"}, [("null-island", "lon")]),
        ({"lon": "-1", "lat": "-1"}, [("null-island", "lon")]),
        ({"lon": "200"}, [("out-of-range", "lon")]),
        ({"lon": "59.33", "lat": "18.06"}, [("swapped-axes", "lon")]),
        ({"lon": "2.06"}, [("outside-sweden", "lon")]),
        (
            {"typ": "", "datum": "", "lon": "x"},
            [("missing", "datum"), ("missing", "typ"), ("unreadable-number", "lon")],
        ),
    ],
)
def test_what_is_wrong_is_told_by_column(row: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(row) == expected


def test_what_the_files_reader_said_of_a_row_is_all_that_is_told() -> None:
    reader = Reader(list(GOOD), profile(), known())
    found = reader.judge_chunk([SourceRow(7, ("a", "b"), "too-many-cells")], rules())[0]
    assert found == reader.read(SourceRow(7, ("a", "b"), "too-many-cells"))
    assert isinstance(found, RowErrors)
    assert (found.number, [p.code for p in found.problems]) == (7, ["too-many-cells"])


def test_a_row_that_is_not_over_ends_now() -> None:
    today = outcome({"datum": "2026-06-01"})
    assert today.occurred_to == rules().now
    assert outcome({"datum": "2026-05-31"}).occurred_to == datetime(2026, 5, 31, 21, 59, tzinfo=UTC)


def test_references_uncertainties_and_reviews_are_read() -> None:
    fields = {
        Field.SOURCE_REF: ("nr",),
        Field.UNCERTAINTY: ("noggrannhet",),
        Field.TEXT: ("vad", "mer"),
        Field.TEXT_REVIEWED: ("granskad",),
        Field.ORGANISATION: ("organisation",),
    }
    row = {
        "nr": 17,
        "noggrannhet": "25,5",
        "vad": "Ring 070-123 45 67",
        "mer": "tack",
        "granskad": "Ja",
        "organisation": "lindesta",
    }
    reading = profile(fields, location_uncertainty_m=90.0)
    draft = outcome(row, reading, organisation="lindesta")
    assert (draft.source_ref, draft.location_uncertainty_m, draft.text) == ("17", 25.5, "Ring 070-123 45 67\ntack")
    assert outcome({**row, "noggrannhet": "", "mer": ""}, reading).location_uncertainty_m == 90
    assert outcome({**row, "granskad": None, "vad": "x"}, reading).text == "x\ntack"
    assert wrong({**row, "noggrannhet": "stor"}, reading) == [("unreadable-number", "noggrannhet")]
    assert wrong({**row, "noggrannhet": "-5"}, reading) == [("out-of-range", "noggrannhet")]
    assert wrong({**row, "granskad": "kanske", "vad": ""}, reading) == [("unreadable-flag", "granskad")]
    assert wrong(row, reading, organisation="hyttfors") == [("foreign-organisation", "organisation")]


def test_personal_data_in_any_text_holds_the_row_back_and_is_never_repeated() -> None:
    reading = profile({Field.TEXT: ("vad",), Field.SOURCE_REF: ("nr",)})
    pattern = "personal-identity-number"
    assert held({"vad": f"Såg {IDENTITY}"}, reading) == (("vad", pattern),)
    assert held({"anmälare": IDENTITY}, reading) == (("anmälare", pattern),)
    assert held({"anmälare": 198112289874}, reading) == (("anmälare", pattern),)
    assert held({"typ": IDENTITY}, reading) == (("typ", pattern),)
    assert held({"datum": IDENTITY}, reading) == (("datum", pattern),)
    assert held({"lon": f"a {IDENTITY}"}, reading) == (("lon", pattern),)
    assert held({"vad": IDENTITY, "lon": ""}, reading) == (("vad", pattern),)
    assert held({"vad": "Ring 070-123 45 67 eller ABC123"}, reading) == (
        ("vad", "phone-number"),
        ("vad", "registration-plate"),
    )
    assert IDENTITY not in repr(outcome({"vad": IDENTITY, "typ": IDENTITY}, reading))


def test_two_columns_together_may_say_what_neither_does() -> None:
    reading = profile({Field.TEXT: ("a", "b")})
    assert held({"a": "19811228", "b": "-9874"}, reading) == (("a + b", "personal-data"),)


def test_references_that_look_like_a_number_are_marked_not_held() -> None:
    draft = outcome({"nr": IDENTITY}, profile({Field.SOURCE_REF: ("nr",)}))
    assert draft.marks == ("reference-looks-like-personal-number",)
    assert isinstance(outcome({"ärendenummer": IDENTITY}), IncidentDraft)  # of another register, and not kept


def test_a_column_can_be_left_unsearched_when_somebody_says_so() -> None:
    assert isinstance(outcome({"anmälare": IDENTITY}, profile(unchecked=("anmälare",))), IncidentDraft)


def test_what_was_chosen_for_a_value_counts_before_what_it_seems_to_mean() -> None:
    reading = profile(categories={"KLOTTER ": "SKD", "smurf": "OVR"}, default_category="TIL")
    assert [outcome({"typ": t}, reading).category for t in ("klotter", "Smurf", "annat smurf", "")] == [
        "SKD",
        "OVR",
        "OVR",
        "TIL",
    ]
    assert wrong({"typ": "klotter"}, profile(categories={"klotter": "-"})) == [("left-out", "typ")]


def test_crime_codes_have_a_crosswalk_and_words_say_more_than_a_chapter() -> None:
    reading = profile({Field.CRIME_CODE: ("brottskod",)})
    own = {"0802": "BIL", "08*": "TIL"}
    row = {"typ": "", "brottskod": "0802"}
    assert outcome(row, reading, crime_codes=own).category == "BIL"
    assert outcome({"typ": "Butiksrån", "brottskod": 899}, reading, crime_codes=own).category == "RAN"
    assert outcome({"typ": "", "brottskod": 899}, reading, crime_codes=own).category == "TIL"
    assert wrong({"typ": "", "brottskod": "9999"}, reading, crime_codes=own) == [("unknown-category", "typ")]
    assert wrong({"typ": "", "brottskod": "x"}, reading, crime_codes={"08*": "borta"}) == [("unknown-category", "typ")]
    assert wrong({"typ": "", "brottskod": "0811"}, reading, crime_codes={"08*": "borta"})[0][0] == "unknown-category"


def test_a_file_without_categories_has_the_usual_one() -> None:
    fields = {target: names for target, names in FIELDS.items() if target is not Field.CATEGORY}
    reading = Profile(source="x", columns=fields, default_category="SAM")
    assert outcome({}, reading).category == "SAM"


def placed(**more: Any) -> Profile:
    fields = {
        Field.CATEGORY: ("typ",),
        Field.OCCURRED_FROM: ("datum",),
        Field.PLACE: ("plats",),
        Field.AREA: ("kommun",),
    }
    return Profile(source="x", columns=fields, **more)


def test_a_place_is_found_in_the_register_with_its_uncertainty() -> None:
    draft = outcome({"plats": "stadsparken"}, placed())
    assert (draft.lon, draft.lat, draft.location_uncertainty_m) == (PARKEN.lon, PARKEN.lat, 100)
    assert outcome({"plats": "Stadsparken 14 B"}, placed()).lon == PARKEN.lon
    assert outcome({"plats": "Torget", "kommun": "x"}, placed()).lat == 59.33
    assert outcome({"plats": "Stora torget", "kommun": "Hyttfors"}, placed()).lat == 59.3
    assert outcome({"plats": "Stadsparken"}, placed(location_uncertainty_m=20.0)).location_uncertainty_m == 20


def test_a_place_that_is_no_word_is_no_place() -> None:
    assert isinstance(outcome({"plats": "– – –"}, placed()), RowErrors)


def test_a_place_that_may_be_several_waits_for_a_choice() -> None:
    row = {"plats": "Stora torget"}
    found = outcome(row, placed())
    (problem,) = found.problems
    assert (problem.code, problem.column) == ("place-to-choose", "plats")
    assert problem.values == {"places": "Stora torget (Lindesta), Stora torget (Hyttfors)", "ids": "1 2"}
    columns, rows = table(GOOD | row | {"kommun": ""})
    reader = Reader(columns, placed(), known())
    assert reader.place_asked(rows[0]) == "Stora torget"
    assert outcome(row, placed(places={"Stora torget": "2"})).lat == 59.3
    assert wrong({"plats": "Stadsparkn"}, placed()) == [("place-to-choose", "plats")]
    assert wrong({"plats": "Månen"}, placed()) == [("unknown-place", "plats")]
    assert wrong({"plats": ""}, placed()) == [("missing-position", "plats")]


def test_coordinates_come_first_and_then_the_place() -> None:
    reading = replace(placed(), columns=placed().columns | {Field.X: ("lon",), Field.Y: ("lat",)})
    assert outcome({"plats": "Stadsparken"}, reading).lon == 18.06
    assert outcome({"plats": "Stadsparken", "lon": "0", "lat": "0"}, reading).lon == PARKEN.lon


def test_a_geometry_helps_where_numbers_are_missing() -> None:
    reading = profile({Field.GEOMETRY: ("geometri",)})
    row = {"lon": "", "lat": "", "geometri": shapely.Point(18.1, 59.3).wkb}
    assert (outcome(row, reading).lon, outcome(row, reading).lat) == (18.1, 59.3)
    assert wrong({**row, "geometri": "x"}, reading) == [("missing-position", "lon")]


def test_a_coarse_point_is_kept_with_a_large_uncertainty() -> None:
    point = CoarsePoint(lon=18.06, lat=59.33, uncertainty_m=5_000, reason="centroid")
    reading = profile(coarse_points=(point,), location_uncertainty_m=50.0)
    assert outcome({}, reading).location_uncertainty_m == 5_000
    assert outcome({"lon": "18.07"}, reading).location_uncertainty_m == 50


def test_the_doubled_hour_is_told_or_decided() -> None:
    row = {"datum": "2025-10-26 02:30"}
    assert wrong(row) == [("ambiguous-time", "datum")]
    assert outcome(row, profile(doubled_hour=Doubled.SECOND)).occurred_from == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "kind", "missing"),
    [
        ({Field.TEXT: ("borta",)}, Kind.INCIDENTS, "columns"),
        ({Field.OCCURRED_FROM: ()}, Kind.INCIDENTS, "columns.occurred_from"),
        ({Field.OCCURRED_FROM: (), Field.YEAR: ("lat",)}, Kind.INCIDENTS, "columns.month"),
        ({Field.OCCURRED_FROM: (), Field.TITLE: ("typ",)}, Kind.INCIDENTS, "columns.published"),
        ({Field.CATEGORY: ()}, Kind.INCIDENTS, "columns.category"),
        ({Field.X: ()}, Kind.INCIDENTS, "columns.position"),
        ({Field.AREA: ("typ",)}, Kind.FIGURES, "columns.count"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(fields: dict[Field, tuple[str, ...]], kind: Kind, missing: str) -> None:
    wanted = {target: names for target, names in (FIELDS | fields).items() if names}
    with pytest.raises(InvalidError) as caught:
        Reader(list(GOOD), Profile(source="x", columns=wanted, kind=kind), known())
    assert [problem.field for problem in caught.value.problems] == [missing]


FIGURES = {Field.AREA: ("region",), Field.COUNT: ("antal",), Field.YEAR: ("år",), Field.MONTH: ("månad",)}


def test_counts_become_figures_of_an_area_and_never_points() -> None:
    columns, rows = text_table(
        f"""region;brott;år;månad;antal
Ale;Våldsbrott;2016 prel.;Maj;1 226
Ale;Smurfbrott;2016;Maj;0
;Våldsbrott;2016;Maj;..
Ale;Våldsbrott;2016;Smurf;1,5
Ale {IDENTITY};Våldsbrott;2016;Maj;4
"""
    )
    rows.append(SourceRow(7, ("",) * 5, "too-many-cells"))
    reading = Profile(source="x", kind=Kind.FIGURES, columns=FIGURES | {Field.CATEGORY: ("brott",)})
    figures = Reader(columns, reading, known()).figures(rows)
    since, until = datetime(2016, 4, 30, 22, tzinfo=UTC), datetime(2016, 5, 31, 21, 59, tzinfo=UTC)
    assert figures[:2] == [
        AreaFigure(number=2, area="Ale", category="VAL", since=since, until=until, count=1226),
        AreaFigure(number=3, area="Ale", category="Smurfbrott", since=since, until=until, count=0),
    ]
    assert [[p.code for p in f.problems] for f in figures if isinstance(f, RowErrors)] == [
        ["missing", "missing"],
        ["unreadable-time", "unreadable-number"],
        ["too-many-cells"],
    ]
    assert figures[4] == Held(number=6, findings=(("region", "personal-identity-number"),))


def test_counts_without_a_category_have_the_usual() -> None:
    columns, rows = text_table("region;år;månad;antal\nAle;2016;5;7\nAle;2016;5;x")
    reading = Profile(source="x", kind=Kind.FIGURES, columns=FIGURES, default_category="SAM")
    first, second = Reader(columns, reading, known()).figures(rows)
    assert isinstance(first, AreaFigure)
    assert (first.category, isinstance(second, RowErrors)) == ("SAM", True)


def test_many_kinds_and_texts_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kinds._REMEMBERED", "searching._REMEMBERED", "places._REMEMBERED"):
        monkeypatch.setattr(f"app.core.imports.{name}", 2)
    rows = [GOOD | {"typ": f"Klotter {i}", "plats": f"Gatan {i}", "lon": ""} for i in range(9)]
    columns, made = table(*rows)
    outcomes = Reader(columns, profile({Field.PLACE: ("plats",)}), known()).judge_chunk(made, rules())
    assert all(isinstance(found, RowErrors) for found in outcomes)


CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "Klotter", "Rån", "2026-03-05 22:15", "59,33", "18.06", "0", "i går", IDENTITY, "POINT (18 59)"]
    ),
    st.integers(-(10**15), 10**15),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.binary(max_size=30),
)
ALL_FIELDS = {
    Field.CATEGORY: ("a",),
    Field.OCCURRED_FROM: ("b", "c"),
    Field.OCCURRED_TO: ("d", "e"),
    Field.X: ("f",),
    Field.Y: ("g",),
    Field.GEOMETRY: ("h",),
    Field.PLACE: ("i",),
    Field.UNCERTAINTY: ("j",),
    Field.SOURCE_REF: ("k",),
    Field.TEXT: ("l",),
    Field.TEXT_REVIEWED: ("m",),
}


@given(st.lists(st.tuples(*[CELLS] * 14), max_size=8))
def test_every_row_of_any_table_is_accounted_for(cells: list[tuple[Any, ...]]) -> None:
    rows = numbered(cells)
    columns = list("abcdefghijklmn")
    reader = Reader(columns, Profile(source="x", columns=ALL_FIELDS), known())
    outcomes = reader.judge_chunk(rows, rules())
    assert len(outcomes) == len(rows)
    assert [o.number for o in outcomes if not isinstance(o, IncidentDraft)] == [
        row.number for row, o in zip(rows, outcomes, strict=True) if not isinstance(o, IncidentDraft)
    ]
    figures = {Field.AREA: ("a",), Field.COUNT: ("f",), Field.OCCURRED_FROM: ("b",)}
    counted = Reader(columns, Profile(source="x", kind=Kind.FIGURES, columns=figures), known()).figures(rows)
    assert len(counted) == len(rows)
    parts = ALL_FIELDS | {
        Field.YEAR: ("b",),
        Field.MONTH: ("c",),
        Field.DAY: ("n",),
        Field.HOUR: ("d",),
        Field.MINUTE: ("e",),
    }
    del parts[Field.OCCURRED_FROM]
    assert len(Reader(columns, Profile(source="x", columns=parts), known()).read_chunk(rows)) == len(rows)
    titles = ALL_FIELDS | {Field.TITLE: ("b",), Field.PUBLISHED: ("c",)}
    del titles[Field.OCCURRED_FROM]
    assert len(Reader(columns, Profile(source="x", columns=titles), known()).read_chunk(rows)) == len(rows)
