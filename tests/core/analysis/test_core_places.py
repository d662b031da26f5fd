"""Where cores lie, on 25 m squares, and what two hot spots have in common."""

import numpy as np
import pytest

from app.core.analysis.core_places import Link, core_places, links, middle

ROW_OF_FOUR = core_places(np.array([[12.5 + 25 * i, 12.5] for i in range(4)]))
FAR = core_places(np.array([[1_000.0, 1_000.0]]))


def test_cores_are_counted_by_square() -> None:
    xy = np.array([[25.0, 0.0], [24.9, 24.9], [0.0, 0.0], [-0.1, 0.0], [49.9, 0.1]])
    assert core_places(xy) == ((-1, 0, 1), (0, 0, 2), (1, 0, 2))


def test_neither_order_nor_where_in_its_square_a_core_lies_tells() -> None:
    xy = np.random.default_rng(1).uniform(540_000, 540_200, (50, 2))
    elsewhere = np.floor(xy / 25) * 25 + 7.0
    assert core_places(xy[::-1]) == core_places(xy) == core_places(elsewhere)


def test_the_middle_is_that_of_the_cores() -> None:
    assert middle(((0, 0, 3), (4, 0, 1))) == (37.5, 12.5)


def test_what_lies_in_each_other_is_alike() -> None:
    assert links([ROW_OF_FOUR], [FAR, ROW_OF_FOUR]) == [Link(0, 1, 1.0, 1.0)]


def test_a_part_lies_wholly_in_the_whole_and_the_whole_only_partly_in_the_part() -> None:
    [link] = links([ROW_OF_FOUR[:1]], [ROW_OF_FOUR])
    assert link == Link(0, 0, 1.0, 0.5)  # the square itself and the one beside it
    assert link.likeness == 0.5


def test_shares_are_of_cores_not_of_squares() -> None:
    [link] = links([((0, 0, 9), (9, 9, 1))], [((1, 1, 5),)])
    assert (link.of_one, link.of_other) == (0.9, 1.0)


def test_squares_that_touch_by_a_corner_are_common_ground_and_further_ones_are_not() -> None:
    assert links([((0, 0, 1),)], [((1, 1, 1),), ((2, 0, 1),)]) == [Link(0, 0, 1.0, 1.0)]


@pytest.mark.parametrize("lists", [([], []), ([ROW_OF_FOUR], []), ([], [ROW_OF_FOUR]), ([ROW_OF_FOUR], [FAR])])
def test_where_nothing_is_common_there_are_no_links(lists: tuple[list[object], list[object]]) -> None:
    assert links(*lists) == []  # type: ignore[arg-type]
