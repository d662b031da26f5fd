"""The drawn map."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.web import basemap, overview
from app.web.places import Listing


def test_every_place_lies_on_the_sheet_with_its_number_in_its_outline(
    make_listing: Callable[..., Listing],
) -> None:
    drawing = overview.draw(make_listing(), basemap.NOTHING)
    assert drawing
    for drawn in drawing.places:
        numbers = [int(n) for n in re.findall(r"-?\d+", drawn.path)]
        xs, ys = numbers[::2], numbers[1::2]
        assert 0 <= min(xs) < drawn.x < max(xs) <= drawing.width
        assert 0 <= min(ys) < drawn.y < max(ys) <= drawing.height


def test_the_first_rank_is_drawn_last_so_that_it_lies_on_top(make_listing: Callable[..., Listing]) -> None:
    drawing = overview.draw(make_listing(), basemap.NOTHING)
    assert drawing
    assert [drawn.place.rank for drawn in drawing.places] == [5, 4, 3, 2, 1]


def test_north_is_up_and_a_kilometre_is_as_long_both_ways() -> None:
    sheet = overview.sheet_for((15.80, 59.60, 15.90, 59.66))
    (left, top), (right, bottom) = sheet.pixel(15.80, 59.66), sheet.pixel(15.90, 59.60)
    km_wide, km_high = 0.1 * 111.2 * 0.5058, 0.06 * 111.2
    assert left < right
    assert top < bottom
    assert (right - left) / (bottom - top) == pytest.approx(km_wide / km_high, rel=0.01)


def test_a_single_small_place_is_shown_in_its_surroundings(make_listing: Callable[..., Listing]) -> None:
    drawing = overview.draw(make_listing((9,)), basemap.NOTHING)
    assert drawing
    (only,) = drawing.places
    xs = [int(n) for n in re.findall(r"-?\d+", only.path)][::2]
    assert (max(xs) - min(xs)) / drawing.width < 0.5


def test_without_places_the_town_is_drawn(make_listing: Callable[..., Listing], basemap_file: Path) -> None:
    drawing = overview.draw(make_listing(()), basemap.background(basemap_file))
    assert drawing
    assert ({shape.look for shape in drawing.background}, drawing.places) == ({"water", "primary"}, ())


def test_with_neither_places_nor_town_nothing_is_drawn(make_listing: Callable[..., Listing]) -> None:
    assert overview.draw(make_listing(()), basemap.NOTHING) is None
