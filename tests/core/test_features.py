"""The registry of collections: whole, consistent, and open to whom the roles say."""

import pytest

from app.core.features import AREAS, COLLECTIONS, HOTSPOTS, INCIDENTS, SORTABLE, Collection, Kind


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=lambda collection: collection.id)
def test_a_collection_is_consistent(collection: Collection) -> None:
    names = [p.name for p in collection.properties]
    assert len(names) == len(set(names)) > 3
    assert set(collection.time or ()) <= set(names)
    assert collection.heavy <= set(names)
    assert all(p.title.sv and p.title.en for p in collection.properties)
    for words in (collection.title, collection.description):
        assert (words.in_language("sv"), words.in_language("en")) == (words.sv, words.en)


def test_only_incidents_are_logged() -> None:
    assert [c.id for c in COLLECTIONS.values() if c.is_audited] == ["incidents"]
    assert not AREAS.may


def test_lists_are_filtered_but_not_sorted_by() -> None:
    assert HOTSPOTS.queryables.keys() == {p.name for p in HOTSPOTS.properties}
    assert HOTSPOTS.queryables["category_codes"].kind not in SORTABLE


def test_a_property_is_found_by_name() -> None:
    found = INCIDENTS.named("category")
    assert found is not None
    assert found.kind is Kind.TEXT
    assert INCIDENTS.named("geom_metric") is None
