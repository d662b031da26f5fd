"""organisations: who takes part beside the municipality."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.factories import HOUSING, LINDESTA, POLICE_AREA

ADDED = (
    "SELECT o.kind, o.name, o.municipality, o.local_police_area, a.code, o.outside_area"
    " FROM organisations o LEFT JOIN areas a ON a.id = o.area_id WHERE o.slug = '{}'"
)


def test_a_school_works_where_its_municipality_does(lagesbild: Run, world: Any, ask: Callable[..., Any]) -> None:
    last = ask("SELECT max(id) FROM audit_lines")[0][0]
    said = lagesbild("organisations", "add", "--name", "Östra skolan", "--kind", "school", "--municipality", LINDESTA)
    assert (said.status, said.lines) == (0, ["Added: Östra skolan, school, as ostra-skolan"])
    assert ask(ADDED.format("ostra-skolan")) == [
        ("school", "Östra skolan", LINDESTA, POLICE_AREA, LINDESTA, "refuse"),
    ]
    assert ask(f"SELECT action FROM audit_lines WHERE id > {last}") == [("organisation.added",)]
    assert lagesbild(
        "users", "add", "--organisation", "ostra-skolan", "--name", "Rektor", "--role", "reporter"
    ).status == 0  # fmt: skip


def test_police_work_in_their_area_and_reports_from_outside_are_marked(
    lagesbild: Run, world: Any, ask: Callable[..., Any]
) -> None:
    said = lagesbild(
        "organisations", "add", "--name", "Polisen Två", "--kind", "police", "--police-area", POLICE_AREA
    )  # fmt: skip
    assert said.status == 0
    assert ask(ADDED.format("polisen-tva")) == [("police", "Polisen Två", None, POLICE_AREA, POLICE_AREA, "mark")]


def test_every_column_can_be_said(lagesbild: Run, world: Any, ask: Callable[..., Any]) -> None:
    said = lagesbild(
        "organisations", "add", "--name", "Räddningstjänsten", "--kind", "rescue_service", "--slug", "rtj",
        "--municipality", LINDESTA, "--police-area", POLICE_AREA, "--area", "lindesta-centrum", "--outside", "mark",
    )  # fmt: skip
    assert said.status == 0
    assert ask(ADDED.format("rtj")) == [
        ("rescue_service", "Räddningstjänsten", LINDESTA, POLICE_AREA, "lindesta-centrum", "mark")
    ]


def test_all_are_listed_in_swedish_order(lagesbild: Run, world: Any) -> None:
    said = lagesbild("organisations", "list")
    assert [line.split()[:2] for line in said.lines] == [
        ["hyttfors-kommun", "municipality"],
        [LINDESTA, "municipality"],
        [HOUSING, "housing_company"],
        ["polisen-lindadalen", "police"],
    ]
    assert said.lines[3].split(maxsplit=4)[2:] == ["-", POLICE_AREA, "Polisen Lindådalen: mark outside lpo-lindadalen"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--kind", "municipality"], "A municipality is set up with `lagesbild init`"),
        (["--kind", "school"], "Say which municipality it works in."),
        (["--kind", "police"], "Say which local police area the police work in."),
        (["--kind", "guards", "--municipality", HOUSING], "There is no municipality lindestahem"),
        (["--kind", "police", "--police-area", "lpo-nowhere"], "No municipality belongs to a local police area lpo-"),
        (["--kind", "school", "--municipality", LINDESTA, "--area", "nowhere"], "There is no area nowhere"),
        (["--kind", "school", "--municipality", LINDESTA, "--slug", "Ny By"], "Ny By will not do"),
        (["--kind", "school", "--municipality", LINDESTA, "--slug", HOUSING], "already an organisation with that slug"),
        (
            ["--kind", "school", "--municipality", LINDESTA, "--name", " ", "--slug", "x"],
            "Give the organisation a name",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    lagesbild: Run, world: Any, ask: Callable[..., Any], words: list[str], sentence: str
) -> None:
    said = lagesbild("organisations", "add", "--name", "Ny", *words)
    assert said.status == 2
    assert sentence in said.err
    assert ask("SELECT count(*) FROM organisations") == [(4,)]
