"""sharing, catchments, joint: what organisations give each other, and how exactly, from the command line."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.factories import LINDESTA, POLICE_AREA, addresses

GIVE = ("sharing", "add", "--from", "hyttfors-kommun", "--what", "incidents", "--purpose", "gemensam lägesbild")
END = ("--until", "2099-12-31")


def test_a_rule_is_made_listed_and_ended(lagesbild: Run, world: Any) -> None:
    said = lagesbild(*GIVE, "--to", LINDESTA, "--precision", "snapped", "--category", "SKD", *END).out
    rule_id = said.removeprefix("Shared: ").strip()
    (line,) = [line for line in lagesbild("sharing", "list").lines if line.startswith(rule_id)]
    assert line.endswith(
        "hyttfors-kommun -> lindesta-kommun: incidents (SKD), snapped, until 2099-12-31: gemensam lägesbild"
    )
    assert lagesbild("sharing", "end", rule_id).out == "Ended.\n"
    (line,) = [line for line in lagesbild("sharing", "list").lines if line.startswith(rule_id)]
    assert ", ended: " in line
    joint = lagesbild(*GIVE, "--to", "joint", "--precision", "exact", *END).out
    (line,) = [line for line in lagesbild("sharing", "list").lines if line.startswith(joint.split()[1])]
    assert "-> joint: incidents (all), exact" in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--to", "atlantis", "--precision", "exact", *END], "atlantis"),
        (["--to", LINDESTA, "--precision", "fine", *END], "--precision"),
        (["--to", LINDESTA, "--precision", "exact", "--until", "nyår"], "Write --until like"),
        (["--to", LINDESTA, "--precision", "exact", "--until", "2000-01-01"], "must not be over"),
        (["--to", "joint", "--precision", "area", *END], "exactly or not at all"),
    ],
)
def test_a_rule_that_cannot_be_made_is_refused_in_a_sentence(
    lagesbild: Run, world: Any, words: list[str], sentence: str
) -> None:
    said = lagesbild(*GIVE, *words)
    assert said.status == 2
    assert sentence in said.err


def test_catchments_are_made_of_a_file_of_addresses_or_not_at_all(
    lagesbild: Run, world: Any, geojson: Callable[..., Any]
) -> None:
    points = [{"type": "Point", "coordinates": list(place)} for place in addresses()[:100]]
    file = geojson("adresser.geojson", *points)
    said = lagesbild("catchments", "make", "--year", 2026, "--municipality", LINDESTA, "--addresses", file)
    assert said.out.startswith(f"{LINDESTA} 2026: ")
    assert said.out.endswith(" catchments of at least 5\n")
    again = lagesbild("catchments", "make", "--year", 2026, "--municipality", LINDESTA, "--addresses", file)
    assert (again.status, "they are fixed" in again.err) == (2, True)
    none = lagesbild("catchments", "make", "--year", 2026, "--municipality", "hyttfors-kommun")
    assert none.out == "hyttfors-kommun 2026: fewer than 5 in all, so none were made\n"
    assert lagesbild("catchments", "make", "--year", 2027, "--addresses", "finns-inte.geojson").status == 2


def test_the_joint_picture_needs_a_login_of_its_own(
    lagesbild: Run, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = lagesbild("joint")
    assert (said.status, "LAGESBILD_JOINT_DATABASE_URL" in said.err) == (2, True)
    lagesbild(*GIVE, "--to", "joint", "--precision", "exact", *END)
    monkeypatch.setenv("LAGESBILD_JOINT_DATABASE_URL", world.url())
    assert lagesbild("joint").out == f"{POLICE_AREA}: 0 joint hot spots\n"
