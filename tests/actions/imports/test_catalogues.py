"""The place register as a file, and crime codes."""

import pytest

from app.actions.imports import catalogues
from app.core.errors import InvalidError
from app.store import crime_codes, places
from tests.factories import LINDESTA, Acting, Actors

HEADER = "name;aliases;lon;lat;location_uncertainty_m;municipality"


def test_a_register_takes_the_place_of_the_one_before(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    first = catalogues.read_places([HEADER, "Torget;;15.85;59.65;50;", "Kyrkan;;15.86;59.65;;"], LINDESTA)
    assert catalogues.load_places(tx, first) == 2
    lines = [HEADER, "Torget;Stora torget| Salutorget |;15.85;59.65;50;", "Torget;;15.85;59.65;50;lindesta-kommun"]
    assert catalogues.load_places(tx, catalogues.read_places(lines, LINDESTA)) == 2
    found = places.all_of(tx)
    assert [(p.name, p.aliases, p.within) for p in found] == [
        ("Torget", ("Stora torget", "Salutorget"), ""),
        ("Torget", (), "lindesta-kommun"),
    ]
    assert found[0].id == first[0].id  # choices that name it still hold
    assert first[1].location_uncertainty_m == catalogues.USUAL_UNCERTAINTY_M
    assert catalogues.load_places(tx, []) == 0


@pytest.mark.parametrize(
    "line", [";;15.85;59.65;50;", "Torget;;x;59.65;50;", "Torget;;15.85;99;50;", "Torget;;15.85;59.65;-1;",
             "Torget;;15.85;59.65;inf;", "Torget;;15.85", "To\x00rget;;15.85;59.65;50;"]
)  # fmt: skip
def test_an_entry_that_is_no_place_is_named(line: str) -> None:
    with pytest.raises(InvalidError) as refused:
        catalogues.read_places([HEADER, "Torget;;15.85;59.65;50;", line], LINDESTA)
    assert [p.field for p in refused.value.problems] == ["row 3"]


def test_a_register_needs_its_columns() -> None:
    with pytest.raises(InvalidError, match="it lacks lon, lat"):
        catalogues.read_places(["name;aliases", "Torget;"], LINDESTA)


def test_a_crime_code_is_changed_and_changed_back(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    catalogues.put_crime_code(tx, "08*", "INB")
    catalogues.put_crime_code(tx, "08*", "BIL")
    assert crime_codes.own(tx) == {"08*": "BIL"}
    catalogues.reset_crime_code(tx, "08*")
    catalogues.reset_crime_code(tx, "08*")
    assert crime_codes.own(tx) == {}
    for code in ("*", "8x", "0" * 11, "٠٨"):
        with pytest.raises(InvalidError, match="Give a crime code"):
            catalogues.put_crime_code(tx, code, "SKD")
    with pytest.raises(InvalidError, match="category codes"):
        catalogues.put_crime_code(tx, "0801", "RYMD")
