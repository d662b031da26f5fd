"""Filling a deployment: all of it or a plain sentence, never half."""

from datetime import date
from typing import Any

import pytest

from app.actions import deployments
from app.actions.accounts import credential_hash
from app.actions.deployments import Partner
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.organisations import Kind
from app.store import areas, organisations
from app.store.tx import Database, WriteTx
from tests.factories import (
    HOUSING,
    HYTTFORS,
    LINDESTA,
    POLICE_AREA,
    Acting,
    Actors,
    area,
    organisation,
    source,
    square,
)

BOX = square(15.8, 59.6, 15.9, 59.7)


@pytest.fixture
def tx(acting: Acting) -> WriteTx:
    """The person at the machine, writing."""
    return acting(deployments.installer())


def test_areas_may_name_a_parent_that_comes_before_them(tx: WriteTx) -> None:
    features = [area("a", "A", "municipality", None, BOX), area("b", "B", "district", "a", BOX)]
    assert deployments.load_areas(tx, features) == 2
    assert areas.exists(tx, "b")


def test_no_areas_are_no_fault(tx: WriteTx) -> None:
    assert deployments.load_areas(tx, []) == 0


def test_a_parent_that_is_not_there_is_refused(tx: WriteTx) -> None:
    with pytest.raises(InvalidError, match="no area nowhere") as raised:
        deployments.load_areas(tx, [area("b", "B", "district", "nowhere", BOX)])
    assert [(p.field, p.code) for p in raised.value.problems] == [("parent", "unknown-area")]


@pytest.mark.parametrize("geometry", [None, {}, {"type": "Point", "coordinates": [15, 59]}])
def test_an_area_without_a_polygon_is_refused(tx: WriteTx, geometry: Any) -> None:
    with pytest.raises(InvalidError, match="The area a has no polygon"):
        deployments.load_areas(tx, [area("a", "A", "district", None, geometry)])


def test_nothing_is_kept_of_areas_of_which_one_is_refused(db: Database) -> None:
    features = [area("a", "A", "district", None, BOX), area("a", "A", "district", None, BOX)]
    with pytest.raises(ConflictError), db.write(deployments.installer()) as tx:
        deployments.load_areas(tx, features)
    with db.read(deployments.installer()) as reading:
        assert not areas.exists(reading, "a")


def test_an_organisation_must_work_in_a_known_area_or_say_that_it_works_anywhere(tx: WriteTx) -> None:
    with pytest.raises(InvalidError, match="no area nowhere"):
        deployments.add_organisation(tx, organisation("skola", "Skola", "school", area="nowhere"))
    added = deployments.add_organisation(tx, organisation("skola", "Skola", "school", area=None))
    assert organisations.area_of(tx, added)[0] is None


def test_sources_and_sharing_name_known_organisations(tx: WriteTx) -> None:
    with pytest.raises(NotFoundError, match="no organisation nowhere"):
        deployments.load_sources(tx, [source(LINDESTA, "ny", "x"), source("nowhere", "ny", "x")])
    for giver, receiver in (("nowhere", HOUSING), (HOUSING, "nowhere")):
        with pytest.raises(NotFoundError, match="nowhere"):
            deployments.share(
                tx, giver=giver, receiver=receiver, what="hotspots", purpose="x", valid_until=date(2099, 1, 1)
            )


def test_what_is_shared_is_seen_at_the_next_sign_in(db: Database, actors: Actors, tokens: dict[str, str]) -> None:
    with db.write(actors["admin"]) as tx:
        deployments.share(
            tx, giver=HYTTFORS, receiver=LINDESTA, what="hotspots", purpose="x", valid_until=date(2099, 1, 1)
        )
    again = db.signed_in(credential_hash(tokens["map_client"]), is_session=False)
    assert again is not None
    assert set(again.scope.hotspots) == {
        actors["map_client"].organisation_id,
        actors["other_coordinator"].organisation_id,
    }


def test_a_partner_needs_the_municipality_it_joins(tx: WriteTx) -> None:
    joined = deployments.add_partner(
        tx, Partner(slug="vakt", name=" Vakten AB ", kind=Kind.GUARDS, municipality=LINDESTA)
    )
    assert organisations.area_of(tx, joined)[1] == "refuse"
    found = next(o for o in organisations.page(tx, 100) if o["slug"] == "vakt")
    assert (found["name"], found["municipality"], found["local_police_area"], found["area"]) == (
        "Vakten AB", LINDESTA, POLICE_AREA, LINDESTA
    )  # fmt: skip
    with pytest.raises(NotFoundError, match="no municipality nowhere"):
        deployments.add_partner(tx, Partner(slug="b", name="B", kind=Kind.SCHOOL, municipality="nowhere"))


def test_police_of_an_area_without_an_outline_report_from_anywhere(tx: WriteTx) -> None:
    deployments.add_organisation(
        tx, organisation("nyby", "Nyby", "municipality", area=None, local_police_area="lpo-ny")
    )
    joined = deployments.add_partner(tx, Partner(slug="p", name="P", kind=Kind.POLICE, police_area="lpo-ny"))
    assert organisations.area_of(tx, joined) == (None, "mark")


@pytest.mark.parametrize(
    ("partner", "sentence"),
    [
        (Partner(slug="a", name="A", kind=Kind.MUNICIPALITY), "lagesbild init"),
        (Partner(slug="a", name="A", kind=Kind.SCHOOL), "which municipality"),
        (Partner(slug="a", name="A", kind=Kind.POLICE), "which local police area"),
        (Partner(slug="a", name=" ", kind=Kind.SCHOOL, municipality=LINDESTA), "a name"),
        (Partner(slug="A!", name="A", kind=Kind.SCHOOL, municipality=LINDESTA), "will not do"),
    ],
)
def test_what_a_partner_lacks_is_said(tx: WriteTx, partner: Partner, sentence: str) -> None:
    with pytest.raises(InvalidError, match=sentence):
        deployments.add_partner(tx, partner)


def test_a_police_area_that_no_municipality_belongs_to_is_refused(tx: WriteTx) -> None:
    with pytest.raises(NotFoundError, match="local police area nowhere"):
        deployments.add_partner(tx, Partner(slug="p", name="P", kind=Kind.POLICE, police_area="nowhere"))
