"""Categories: the shipped ones in their order, an edited one left alone, an organisation's own weight beside."""

import sqlalchemy as sa

from app.core.categories import SHIPPED
from app.store import categories
from tests.factories import Acting, Actors


def test_the_shipped_categories_come_in_their_order(acting: Acting, actors: Actors) -> None:
    assert categories.page(acting(actors["reporter"])) == [
        {
            "code": c.code,
            "sv": c.sv,
            "en": c.en,
            "harm_weight": c.harm_weight,
            "own_weight": None,
            "is_clustered": c.is_clustered,
        }
        for c in SHIPPED
    ]


def test_loading_again_adds_what_is_missing_and_leaves_what_was_edited(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["admin"])
    tx.conn.execute(sa.text("UPDATE categories SET harm_weight = 9.5 WHERE code = 'SKD'"))
    before = len(categories.page(tx))
    categories.add_shipped(tx)
    after = {c["code"]: c["harm_weight"] for c in categories.page(tx)}
    assert (len(after), after["SKD"]) == (before, 9.5)


def test_an_organisations_own_weight_is_its_own(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    values = {"organisation": tx.actor.organisation_id}
    tx.conn.execute(sa.text("INSERT INTO category_weights VALUES (:organisation, 'KLO', 7.5)"), values)

    def weights(key: str) -> dict[str, float]:
        return {c["code"]: c["own_weight"] for c in categories.page(acting(actors[key])) if c["own_weight"] is not None}

    assert weights("coordinator") == {"KLO": 7.5}
    assert weights("leadership") == {"KLO": 7.5}
    assert weights("other_coordinator") == {}
