"""Squares of ground: small enough to count by hand."""

import numpy as np
import pytest
import shapely

from app.core.analysis import ground
from app.core.analysis.ground import CELL_M, Ground

MIDDLE = np.array([[6.25, 6.25]])  # of the square 0, 0


def test_ground_around_one_incident_is_every_square_whose_middle_is_near() -> None:
    around = Ground.around(MIDDLE, CELL_M)
    assert around.cells.tolist() == [[-1, 0], [0, -1], [0, 0], [0, 1], [1, 0]]
    assert around.counts(CELL_M).tolist() == [1, 1, 1, 1, 1]
    assert around.counts(CELL_M / 2).tolist() == [0, 0, 1, 0, 0]


def test_incidents_at_one_address_count_each() -> None:
    around = Ground.around(np.repeat(MIDDLE, 3, axis=0), 5.0)
    assert (around.cells.tolist(), around.counts(5.0).tolist()) == ([[0, 0]], [3])


def test_some_incidents_at_a_time_are_the_same_pairs() -> None:
    xy = np.random.default_rng(3).uniform(-200, 200, (40, 2))
    (whole,) = ground.near_squares(xy, 50.0, 120.0)
    parts = list(ground.near_squares(xy, 50.0, 120.0, points_at_a_time=7))
    assert len(parts) == 6
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    pairs = [sorted(zip(*(column.tolist() for column in some), strict=True)) for some in (whole, joined)]
    assert pairs[0] == pairs[1]


def test_counts_are_those_of_a_ruler() -> None:
    xy = np.random.default_rng(3).uniform(-200, 200, (40, 2))
    around = Ground.around(xy, 75.0)
    middles = (around.cells + 0.5) * CELL_M
    for eps_m in (50.0, 75.0):
        near = ((middles[:, None] - xy[None]) ** 2).sum(axis=2) <= eps_m**2
        assert around.counts(eps_m).tolist() == near.sum(axis=1).tolist()
    assert around.counts(75.0).min() == 1


def test_the_order_of_incidents_does_not_change_the_ground() -> None:
    xy = np.random.default_rng(4).uniform(0, 300, (50, 2))
    one, other = Ground.around(xy, 60.0), Ground.around(xy[::-1], 60.0)
    assert one.cells.tolist() == other.cells.tolist()
    assert one.counts(60.0).tolist() == other.counts(60.0).tolist()


def test_no_incidents_have_no_ground() -> None:
    around = Ground.around(np.empty((0, 2)), 75.0)
    assert (len(around.cells), len(around.counts(50.0)), ground.active_area_m2(np.empty((0, 2)))) == (0, 0, 0.0)
    assert ground.outlines(around.cells, np.empty(0, dtype=np.int32)) == ()
    assert len(ground.merged(around.cells, CELL_M, np.empty(0, dtype=np.int32))) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_place_that_is_nowhere_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"Every incident needs a finite place."):
        Ground.around(np.array([[0.0, bad]]), 75.0)


def test_active_ground_is_the_squares_within_250_metres() -> None:
    assert ground.active_area_m2(np.array([[25.0, 25.0]])) == 81 * 50.0**2  # a disc of five squares' radius
    assert ground.active_area_m2(np.array([[25.0, 25.0]] * 5)) == 81 * 50.0**2


def test_ground_is_active_since_the_first_incident_near_it() -> None:
    xy = np.array([[25.0, 25.0], [25.0, 25.0], [525.0, 25.0]])
    cells, first_s = ground.active_since(xy, np.array([9.0, 3.0, 1.0]))
    since = dict(zip(map(tuple, cells.tolist()), first_s.tolist(), strict=True))
    assert (since[0, 0], since[5, 0], since[10, 0], since[-5, 0]) == (3.0, 1.0, 1.0, 3.0)


def test_squares_that_share_a_side_are_one_piece_and_corners_do_not_join() -> None:
    cells = np.array([[5, 5], [0, 0], [0, 1], [1, 2], [1, 1], [-3, -3]])
    assert ground.pieces(cells).tolist() == [2, 1, 1, 1, 1, 0]


def test_an_outline_follows_its_squares_without_holes() -> None:
    ring = np.array([[i, j] for i in range(3) for j in range(3) if (i, j) != (1, 1)])
    cells = np.r_[ring, [[9, 9]]]
    court, single = ground.outlines(cells, ground.pieces(cells))
    assert (court.area, single.area) == (9 * CELL_M**2, CELL_M**2)
    for shape in (court, single):
        assert shape.is_valid
        assert shape.exterior.is_ccw
        assert not shape.interiors


def test_the_steps_of_a_slanting_edge_become_the_slant() -> None:
    steps = np.array([[i, j] for i in range(40) for j in (i, i + 1)])
    (band,) = ground.outlines(steps, ground.pieces(steps))
    assert shapely.get_num_coordinates(band) < 10
    assert band.area == pytest.approx(80 * CELL_M**2, rel=0.05)


def test_a_place_is_in_the_square_it_lies_in() -> None:
    cells = np.array([[0, 0], [1, 0]])
    xy = np.array([[12.5, 0.0], [0.0, 12.4], [-0.1, 0.0], [99.0, 0.0]])
    assert ground.squares_of(xy, cells).tolist() == [1, 0, -1, -1]
    assert ground.squares_of(xy[:2], cells[:0]).tolist() == [-1, -1]
