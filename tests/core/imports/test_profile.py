"""A profile survives being stored, and a changed one is checked field by field."""

import json
from typing import Any

import pytest

from app.core.errors import InvalidError
from app.core.imports.problems import RowProblem, problem_from_json
from app.core.imports.profile import CoarsePoint, DayOrder, Doubled, Field, Kind, Profile, Span, changed, from_json

FULL = Profile(
    source="vakter",
    kind=Kind.FIGURES,
    columns={Field.OCCURRED_FROM: ("datum", "tid"), Field.X: ("öst",)},
    srid=3011,
    is_latitude_first=True,
    day_order=DayOrder.MONTH_FIRST,
    span=Span.MONTH,
    is_midnight_unknown=True,
    is_clock_compact=True,
    time_zone="America/New_York",
    is_offset_wrong=True,
    doubled_hour=Doubled.SECOND,
    categories={"Klotter": "KLO", "natt": "-"},
    default_category="OVR",
    location_uncertainty_m=50.0,
    is_text_reviewed=True,
    unchecked=("anmälare",),
    places={"Torget": "17"},
    coarse_points=(CoarsePoint(lon=18.0, lat=59.0, uncertainty_m=5_000.0, reason="centroid"),),
)


@pytest.mark.parametrize("profile", [FULL, Profile(source="x")])
def test_a_profile_survives_json(profile: Profile) -> None:
    assert from_json(json.loads(json.dumps(profile.as_json()))) == profile


def test_what_is_not_said_is_as_usual() -> None:
    assert from_json({"source": " x ", "columns": {"x": []}}) == Profile(source="x")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"smurf": 1}, "smurf"),
        ({"source": ""}, "source"),
        ({"source": 5}, "source"),
        ({"kind": "x"}, "kind"),
        ({"columns": {"smurf": ["a"]}}, "columns"),
        ({"columns": {"x": "a"}}, "columns"),
        ({"columns": 5}, "columns"),
        ({"srid": 1}, "srid"),
        ({"srid": True}, "srid"),
        ({"srid": "3006"}, "srid"),
        ({"is_midnight_unknown": 1}, "is_midnight_unknown"),
        ({"time_zone": "Europe/Smurf"}, "time_zone"),
        ({"time_zone": "../etc"}, "time_zone"),
        ({"categories": {"a": 1}}, "categories"),
        ({"location_uncertainty_m": -1}, "location_uncertainty_m"),
        ({"location_uncertainty_m": True}, "location_uncertainty_m"),
        ({"coarse_points": [{"lon": 200, "lat": 0, "uncertainty_m": 1, "reason": "x"}]}, "coarse_points"),
        ({"coarse_points": [{"lon": 2}]}, "coarse_points"),
        ({"default_category": 5}, "default_category"),
    ],
)
def test_each_wrong_field_is_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        from_json({"source": "x"} | changed)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_profile_belongs_to_a_source() -> None:
    with pytest.raises(InvalidError) as caught:
        from_json({})
    assert caught.value.problems[0].code == "missing"


def test_a_rows_problem_survives_json_and_speaks_both_languages() -> None:
    problem = RowProblem(code="place-to-choose", column="plats", target="position", values={"places": "A, B"})
    assert problem_from_json(problem.as_json()) == problem
    assert (problem.message("sv"), problem.message("en")) == (
        "Platsen kan vara någon av: A, B. Välj vilken.",
        "The place may be one of: A, B. Choose which.",
    )
    assert RowProblem(code="newer-than-these-words").message("sv").startswith("Raden kan inte läsas in")


def test_what_a_person_says_changes_single_columns_and_meanings() -> None:
    stored = Profile(source="x", columns={Field.X: ("a",), Field.TEXT: ("b",)}, categories={"Klotter": "KLO"}).as_json()
    said = {"columns": {"text": [], "y": ["c"]}, "categories": {"Bus": "SKD"}, "kind": "figures"}
    assert from_json(changed(stored, said)) == Profile(
        source="x",
        kind=Kind.FIGURES,
        columns={Field.X: ("a",), Field.Y: ("c",)},
        categories={"Klotter": "KLO", "Bus": "SKD"},
    )
    for wrong in (7, None, ["a"]):
        with pytest.raises(InvalidError):
            from_json(changed(stored, {"columns": wrong}))
