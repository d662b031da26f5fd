"""Sources: an organisation knows its own."""

import pytest
from sqlalchemy.exc import DBAPIError

from app.store import sources
from tests.factories import HYTTFORS, LINDESTA, Acting, Actors, source


def test_known_sources_are_found_with_their_trust_and_their_sureness(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    assert sources.named(tx, {"est-rapport", "medborgartips", "okänd"}) == {
        "est-rapport": {"name": "est-rapport", "is_trusted": True, "location_uncertainty_m": 15.0},
        "medborgartips": {"name": "medborgartips", "is_trusted": False, "location_uncertainty_m": 150.0},
    }
    assert sources.named(tx, set()) == {}


def test_a_source_of_another_organisation_is_not_known(acting: Acting, actors: Actors) -> None:
    assert sources.named(acting(actors["coordinator"]), {"rar"}) == {}
    assert set(sources.named(acting(actors["police"]), {"rar", "medborgartips"})) == {"rar"}


def test_a_source_is_added_to_the_organisation_it_names(acting: Acting, actors: Actors) -> None:
    sources.add(acting(actors["admin"]), source(HYTTFORS, "ny", "Ny källa", location_uncertainty_m=40.0))
    assert sources.named(acting(actors["other_coordinator"]), {"ny"})["ny"]["location_uncertainty_m"] == 40.0
    assert sources.named(acting(actors["coordinator"]), {"ny"}) == {}


def test_a_source_has_one_row(acting: Acting, actors: Actors) -> None:
    with pytest.raises(DBAPIError, match="sources_pkey"):
        sources.add(acting(actors["admin"]), source(LINDESTA, "est-rapport", "En gång till"))


def test_a_source_of_an_unknown_organisation_is_not_added(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    assert sources.add(tx, source(LINDESTA, "ny", "Ny källa"))
    assert not sources.add(tx, source("nowhere", "ny", "Ny källa"))
