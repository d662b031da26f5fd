"""What the list and the legend say."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.analysis.params import Weighting
from app.web import i18n
from app.web.places import AdoptedRun, CategoryShare, Listing, Place, heat_classes, listing

counts = st.lists(st.integers(2, 200_000), min_size=1, max_size=60)


@given(counts)
def test_every_count_falls_in_exactly_one_class_and_no_class_is_empty(values: list[int]) -> None:
    classes = heat_classes(values)
    falls_in = [[c.step for c in classes if c.lowest <= value <= c.highest] for value in values]
    assert all(len(steps) == 1 for steps in falls_in)
    assert {step for steps in falls_in for step in steps} == {c.step for c in classes}


@given(counts)
def test_classes_join_up_and_grow_darker(values: list[int]) -> None:
    classes = heat_classes(values)
    assert (classes[0].lowest, classes[-1].highest) == (min(values), max(values))
    for paler, darker in pairwise(classes):
        assert paler.highest + 1 == darker.lowest
        assert paler.step < darker.step


def test_the_legend_has_round_limits() -> None:
    assert [c.label for c in heat_classes([8, 9, 11, 14, 18, 22, 31, 47, 60, 95])] == [
        "8–14", "15–19", "20–39", "40–59", "60–95",
    ]  # fmt: skip


def test_places_with_the_same_count_share_one_class_in_the_middle_of_the_ramp() -> None:
    (only,) = heat_classes([12, 12])
    assert (only.step, only.label) == (3, "12")


def test_without_places_there_are_no_classes() -> None:
    assert heat_classes([]) == ()


@pytest.mark.parametrize(("landmark", "name"), [("Järntorget", "Vid Järntorget"), (None, "Plats 4")])
def test_a_place_is_called_after_what_it_lies_by_or_its_number(
    make_place: Callable[..., Place], landmark: str | None, name: str
) -> None:
    assert make_place(4, landmark=landmark).name == name


def test_the_dominant_categories_are_said_in_words(make_place: Callable[..., Place]) -> None:
    place = make_place()
    swedish = place.dominant
    i18n.use_language("en")
    assert (swedish.replace("\N{NO-BREAK SPACE}", " "), place.dominant) == (
        "Skadegörelse 46 %, klotter 31 %",
        "Vandalism\N{NO-BREAK SPACE}46%, graffiti\N{NO-BREAK SPACE}31%",
    )


def test_a_place_of_many_small_categories_still_says_its_largest(make_place: Callable[..., Place]) -> None:
    parts = tuple(CategoryShare(sv=f"Sort {i}", en=f"Kind {i}", count=1, share=0.1) for i in range(10))
    assert make_place(categories=parts).dominant.replace("\N{NO-BREAK SPACE}", " ") == "Sort 0 10 %, sort 1 10 %"


def test_neighbours_in_the_list_are_found_and_end_at_its_ends(make_listing: Callable[..., Listing]) -> None:
    three = make_listing((30, 20, 10))
    first, second, third = three.places
    assert [three.before(p) for p in three.places] == [None, first, second]
    assert [three.after(p) for p in three.places] == [second, third, None]
    assert (three.find(second.id), three.find("nothing")) == (second, None)


@pytest.mark.parametrize(
    ("own_town", "other_town", "where"),
    [
        ("Lindesta", "Lindesta", "Centrum"),
        ("Lindesta", "Hyttfors", "Centrum, Lindesta"),
        (None, "Hyttfors", "Centrum"),
    ],
)
def test_the_town_is_named_only_where_the_list_holds_several(
    run: AdoptedRun, make_place: Callable[..., Place], own_town: str | None, other_town: str, where: str
) -> None:
    place = make_place(1, town=own_town)
    assert listing(run, [place, make_place(2, town=other_town)], 2).where(place) == where


def test_a_place_outside_every_district_is_placed_by_its_town(
    run: AdoptedRun, make_place: Callable[..., Place]
) -> None:
    place, nowhere = make_place(1, district=None), make_place(2, district=None, town=None)
    both = listing(run, [place, nowhere], 2)
    assert (both.where(place), both.where(nowhere)) == ("Lindesta", "")


@pytest.mark.parametrize("weighting", Weighting)
def test_every_weighting_is_explained(run: AdoptedRun, weighting: Weighting) -> None:
    assert replace(run, weighting=weighting).order.startswith("Rangen följer")
