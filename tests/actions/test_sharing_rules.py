"""Sharing rules are made and ended by administrators, and hold from the next request on."""

from datetime import timedelta

import pytest

from app.actions.accounts import credential_hash
from app.actions.sharing_rules import end_sharing, share
from app.core.disclosure import Precision
from app.core.errors import InvalidError, NotFoundError
from app.core.permissions import Actor
from app.store import sharing_rules as store
from app.store.tx import Database
from tests.actions.conftest import Recorded
from tests.factories import HOUSING, HYTTFORS, LINDESTA, NOW, POLICE, Acting, Actors, sharing

TODAY = NOW.date()


def signed_in(db: Database, token: str) -> Actor:
    found = db.signed_in(credential_hash(token), is_session=False)
    assert found is not None
    return found


def test_what_is_shared_is_seen_at_the_next_sign_in_and_no_more_when_it_is_ended(
    db: Database, actors: Actors, tokens: dict[str, str], recorded: Recorded
) -> None:
    own, giver = actors["map_client"].organisation_id, actors["other_coordinator"].organisation_id
    before = signed_in(db, tokens["map_client"])
    with db.write(actors["admin"]) as tx:
        rule_id = share(tx, sharing(HYTTFORS, LINDESTA, "hotspots"), TODAY)
    between = signed_in(db, tokens["map_client"])
    with db.write(actors["admin"]) as tx:
        end_sharing(tx, rule_id, NOW)
    after = signed_in(db, tokens["map_client"])
    assert [a.scope.hotspots for a in (before, between, after)] == [(own,), (own, giver), (own,)]
    assert between.scope.rules != before.scope.rules == after.scope.rules
    assert [(action, subject) for action, subject, _ in recorded()] == [
        ("sharing.changed", str(rule_id)),
        ("sharing.ended", str(rule_id)),
    ]


def test_incidents_are_given_to_those_who_work_with_others(
    db: Database, actors: Actors, tokens: dict[str, str]
) -> None:
    with db.write(actors["admin"]) as tx:
        share(tx, sharing(HYTTFORS, LINDESTA, "incidents", precision=Precision.SNAPPED), TODAY)
    given = {actors[key].organisation_id for key in ("police", "external_reporter", "other_coordinator")}
    assert set(signed_in(db, tokens["coordinator"]).scope.shared) == given
    for key in ("reporter", "analyst", "leadership", "map_client", "auditor", "admin", "other_coordinator"):
        assert signed_in(db, tokens[key]).scope.shared == ()


@pytest.mark.parametrize(("giver", "receiver"), [("nowhere", HOUSING), (HOUSING, "nowhere"), ("nowhere", None)])
def test_a_rule_names_known_organisations(acting: Acting, actors: Actors, giver: str, receiver: str | None) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        share(acting(actors["admin"]), sharing(giver, receiver, "incidents"), TODAY)


def test_a_rule_that_is_not_valid_is_not_made(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    before = store.page(tx, 100)
    with pytest.raises(InvalidError) as raised:
        share(tx, sharing(POLICE, HYTTFORS, "incidents", valid_until=TODAY - timedelta(days=1)), TODAY)
    assert [p.code for p in raised.value.problems] == ["past"]
    with pytest.raises(InvalidError):
        share(tx, sharing(POLICE, HYTTFORS, "incidents", categories=("XXX",)), TODAY)
    assert store.page(tx, 100) == before


def test_a_rule_is_ended_once_and_stays_known(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    rule_id = share(tx, sharing(POLICE, HYTTFORS, "incidents", categories=("SKD",)), TODAY)
    end_sharing(tx, rule_id, NOW)
    with pytest.raises(NotFoundError, match="has not ended"):
        end_sharing(tx, rule_id, NOW)
    [row] = [r for r in store.page(acting(actors["other_coordinator"]), 100) if r["id"] == rule_id]
    assert (row["giver"], row["receiver"], row["categories"]) == (POLICE, HYTTFORS, ["SKD"])
    assert (row["ended_at"], row["is_in_force"]) == (NOW, False)


def test_a_party_sees_its_own_rules_and_an_administrator_all(acting: Acting, actors: Actors) -> None:
    everything = store.page(acting(actors["admin"]), 100)
    of_housing = store.page(acting(actors["external_reporter"]), 100)
    assert len(everything) == 4
    assert {HOUSING} <= {r["giver"] for r in of_housing} | {r["receiver"] for r in of_housing}
    assert all(HOUSING in (r["giver"], r["receiver"]) for r in of_housing)
    assert len(of_housing) == 2
    assert store.page(acting(actors["other_coordinator"]), 100) == []
