"""Pieces that are too large fall apart where they are thinnest."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis import ground, sizes
from app.core.analysis.ground import CELL_M

SQUARE_M2 = CELL_M**2


def row(counts: list[int]) -> tuple[ground.Cells, np.ndarray]:
    """Squares side by side along a street."""
    return np.array([[i, 0] for i in range(len(counts))]), np.array(counts)


def test_small_pieces_are_left_as_they_are() -> None:
    cells, counts = row([3, 3, 0, 5, 2])
    assert sizes.limited(cells, counts, 3).tolist() == [0, 0, -1, 1, -1]


def test_nothing_dense_is_nothing() -> None:
    cells, counts = row([1, 2])
    assert sizes.limited(cells, counts, 3).tolist() == [-1, -1]
    assert sizes.limited(cells[:0], counts[:0], 3).tolist() == []


def test_a_chain_breaks_at_its_thinnest_link() -> None:
    cells, counts = row([9, 9, 3, 7, 7])
    assert sizes.limited(cells, counts, 3, 3 * SQUARE_M2).tolist() == [0, 0, -1, 1, 1]


def test_what_is_still_too_large_is_broken_again_and_the_rest_left() -> None:
    cells, counts = row([4, 4, 3, 9, 9, 5, 8, 8])
    assert sizes.limited(cells, counts, 3, 3 * SQUARE_M2).tolist() == [0, 0, -1, 1, 1, -1, 2, 2]


def test_a_piece_as_thick_everywhere_is_cut_across() -> None:
    cells, counts = row([5] * 8)
    assert sizes.limited(cells, counts, 5, 3 * SQUARE_M2).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    north = cells[:, ::-1]
    assert sizes.limited(north, counts, 5, 4 * SQUARE_M2).tolist() == [0] * 4 + [1] * 4


def test_a_limit_smaller_than_a_square_still_ends() -> None:
    cells, counts = row([5, 5])
    assert sizes.limited(cells, counts, 5, 1.0).tolist() == [0, 1]


def test_a_ring_counts_with_the_court_inside_its_outline() -> None:
    ring = np.array([[i, j] for i in range(5) for j in range(5) if not (0 < i < 4 and 0 < j < 4)])
    counts = np.full(16, 5)
    assert sizes.limited(ring, counts, 5, 25 * SQUARE_M2).max() == 0
    assert sizes.limited(ring, counts, 5, 24 * SQUARE_M2).max() > 0


def test_a_bend_is_measured_by_its_outline_not_by_the_rectangle_round_it() -> None:
    bend = np.array([[0, j] for j in range(9)] + [[i, 0] for i in range(1, 9)])
    order = np.lexsort((bend[:, 1], bend[:, 0]))
    assert sizes.limited(bend[order], np.full(17, 5), 5, 18 * SQUARE_M2).max() == 0


@given(st.lists(st.integers(0, 12), min_size=36, max_size=36), st.integers(1, 20))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_no_outline_is_larger_than_the_limit_and_none_is_thinner_than_asked(counts: list[int], most: int) -> None:
    cells = np.array([[i, j] for i in range(6) for j in range(6)])
    labels = sizes.limited(cells, np.array(counts), 3, most * SQUARE_M2)
    hot = labels >= 0
    assert all(shape.area <= most * SQUARE_M2 for shape in ground.outlines(cells[hot], labels[hot]))
    assert (np.array(counts)[hot] >= 3).all()
    assert sorted(set(labels[hot].tolist())) == list(range(labels.max() + 1))
