"""Short names of organisations."""

import pytest

from app.core.errors import InvalidError
from app.core.organisations import SLUG_MAX_CHARS, checked_slug, slugified


@pytest.mark.parametrize("slug", ["lindesta-kommun", "a", "lpo-7", "x" * SLUG_MAX_CHARS])
def test_what_can_stand_in_an_address_is_a_slug(slug: str) -> None:
    assert checked_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-", "a--b", "-a", "a-", "Åmål", "A", "a b", "a/b", "a\n", "x" * 61])
def test_anything_else_is_not(slug: str) -> None:
    with pytest.raises(InvalidError, match="will not do"):
        checked_slug(slug)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Lindesta kommun", "lindesta-kommun"), ("Åre – Östersund", "are-ostersund"), ("  Håbo ", "habo"), ("–", "")],
)
def test_a_short_name_is_made_of_the_name(name: str, slug: str) -> None:
    assert slugified(name) == slug
