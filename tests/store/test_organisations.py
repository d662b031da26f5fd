"""Organisations: who they are, where they work, what they share until when."""

from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import shapely

from app.core.errors import ConflictError
from app.store import organisations, sharing_rules
from app.store.tx import Database
from tests.factories import HOUSING, HYTTFORS, LINDESTA, POLICE, POLICE_AREA, Acting, Actors, organisation, sharing


def test_organisations_are_listed_in_swedish_order(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    for slug, name in (("o", "Öby"), ("a", "Åby"), ("ae", "Äby"), ("z", "Zinkgruvan")):
        organisations.add(tx, organisation(slug, name, "school", area=None, municipality=None))
    names = [o["name"] for o in organisations.page(tx, 100)]
    assert names == [
        "Hyttfors kommun", "Lindesta kommun", "Lindestahem AB", "Polisen Lindådalen", "Zinkgruvan", "Åby", "Äby", "Öby"
    ]  # fmt: skip
    assert organisations.page(tx, 1)[0] == {
        "slug": HYTTFORS,
        "name": "Hyttfors kommun",
        "kind": "municipality",
        "municipality": HYTTFORS,
        "local_police_area": POLICE_AREA,
        "area": HYTTFORS,
        "outside_area": "refuse",
    }


def test_an_organisation_works_in_its_area(acting: Acting, actors: Actors) -> None:
    area, outside = organisations.area_of(acting(actors["coordinator"]), actors["coordinator"].organisation_id)
    assert area is not None
    assert area.equals(shapely.box(15.75, 59.55, 15.95, 59.75))
    assert outside == "refuse"


def test_an_organisation_without_an_area_works_anywhere(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    added = organisations.add(tx, organisation("skola", "Skolan", "school", area=None, outside_area="mark"))
    assert organisations.area_of(tx, added) == (None, "mark")


def test_an_organisation_is_found_by_its_slug(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    found = organisations.by_slug(tx, LINDESTA)
    assert found == {"id": tx.actor.organisation_id, "slug": LINDESTA, "name": "Lindesta kommun"}
    assert organisations.by_slug(tx, "nowhere") is None


def test_slugs_are_told_for_those_that_exist(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    ids = [actors[key].organisation_id for key in ("coordinator", "police")]
    assert organisations.slugs_of(tx, [*ids, uuid4()]) == {ids[0]: LINDESTA, ids[1]: POLICE}
    assert organisations.slugs_of(tx, []) == {}


def test_two_organisations_cannot_share_a_slug(db: Database, actors: Actors) -> None:
    with pytest.raises(ConflictError, match="already an organisation with that slug"), db.write(actors["admin"]) as tx:
        organisations.add(tx, organisation(LINDESTA, "En till", "municipality"))


def test_incidents_are_given_by_those_who_share_them(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    givers = {actors["police"].organisation_id, actors["external_reporter"].organisation_id}
    assert set(organisations.incident_givers(tx, tx.actor.organisation_id)) == givers
    assert organisations.incident_givers(tx, actors["police"].organisation_id) == ()


TODAY = datetime.now(ZoneInfo("Europe/Stockholm")).date()  # of the database's clock, which decides


@pytest.mark.parametrize(
    ("valid_until", "is_in_force"),
    [(TODAY + timedelta(days=2), True), (TODAY - timedelta(days=2), False), (date(2000, 1, 1), False)],
)
def test_a_sharing_rule_ends_with_its_last_day(
    acting: Acting, actors: Actors, valid_until: date, *, is_in_force: bool
) -> None:
    tx = acting(actors["admin"])
    sharing_rules.add(tx, sharing(HYTTFORS, HOUSING, "incidents", valid_until=valid_until))
    givers = organisations.incident_givers(tx, actors["external_reporter"].organisation_id)
    assert (actors["other_coordinator"].organisation_id in givers) == is_in_force


def test_a_rule_said_twice_gives_once(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    for _ in range(2):
        sharing_rules.add(tx, sharing(HYTTFORS, HOUSING, "incidents"))
    assert len(organisations.incident_givers(tx, actors["external_reporter"].organisation_id)) == 1


def test_the_metric_system_was_fixed_at_the_first_migration(acting: Acting, actors: Actors) -> None:
    assert organisations.metric_srid(acting(actors["coordinator"])) == 3006


@pytest.mark.parametrize(("giver", "receiver"), [("nowhere", HOUSING), (HYTTFORS, "nowhere")])
def test_nothing_is_shared_with_or_by_an_unknown_organisation(
    acting: Acting, actors: Actors, giver: str, receiver: str
) -> None:
    assert sharing_rules.add(acting(actors["admin"]), sharing(giver, receiver, "incidents")) is None
