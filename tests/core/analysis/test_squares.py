"""Crowded squares are those that counting around every square finds, as machine code and as Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis import ground
from app.core.analysis.dbscan import find_clusters
from app.core.analysis.ground import CELL_M, Ground
from app.core.analysis.kernel import squares as machine_code
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates
from tests.core.analysis.test_kernel import loaded

python = loaded(as_python=True).squares


def town(seed: int, incidents: int, width_m: float = 900.0, west: float = -400.0) -> Coordinates:
    """Half of them in a few streets, on both sides of the origin."""
    dice = np.random.Generator(np.random.Philox(seed))
    anywhere = dice.uniform(0, width_m, (incidents // 2, 2))
    street = np.column_stack((np.linspace(100, 350, incidents // 2), np.full(incidents // 2, 300.0)))
    return np.concatenate([anywhere, street + dice.normal(0, 8, street.shape)]) + west


def check(xy: Coordinates, eps_m: float, fewest: int) -> None:
    """All squares of pieces with a core are there, no square that is not crowded, and every count is right."""
    core = find_clusters(xy, ClusterRule(eps_m=eps_m, min_incidents=fewest)).core
    seeds = np.unique(np.floor(xy[core] / CELL_M).astype(np.int64), axis=0)
    around = Ground.around(xy, eps_m)
    is_crowded = around.counts(eps_m) >= fewest
    counts = dict(zip(map(tuple, around.cells[is_crowded].tolist()), around.counts(eps_m)[is_crowded], strict=True))
    piece = ground.pieces(around.cells[is_crowded])
    seeded = ground.rows_of(seeds, around.cells[is_crowded])
    with_core = np.isin(piece, piece[seeded[seeded >= 0]])
    for module in (machine_code, python):
        found, how_many = module.crowded(xy, seeds, side_m=CELL_M, reach_m=eps_m, fewest=fewest)
        pairs = list(zip(map(tuple, found.tolist()), how_many.tolist(), strict=True))
        assert pairs == sorted(set(pairs))
        assert {square for square, _ in pairs} >= set(map(tuple, around.cells[is_crowded][with_core].tolist()))
        assert all(counts[square] == count for square, count in pairs)


@pytest.mark.parametrize(("eps_m", "fewest"), [(50.0, 5), (75.0, 7), (62.3, 3), (12.5, 2), (3.0, 2), (200.0, 15)])
def test_crowded_squares_are_those_of_counting_everywhere(eps_m: float, fewest: int) -> None:
    check(town(1, 90, 450.0), eps_m, fewest)


@given(st.integers(0, 10_000), st.sampled_from([20.0, 50.0, 73.0]), st.integers(2, 8))
@settings(derandomize=True, deadline=None, max_examples=8)
def test_that_holds_in_any_town(seed: int, eps_m: float, fewest: int) -> None:
    check(town(seed, 40, 300.0), eps_m, fewest)


def test_a_long_street_is_followed_to_its_end() -> None:
    street = np.column_stack((np.arange(0.0, 4000.0, 5.0), np.zeros(800)))
    found, _ = machine_code.crowded(street, np.zeros((1, 2), np.int64), side_m=CELL_M, reach_m=50.0, fewest=10)
    assert (found[:, 0].min() * CELL_M, found[:, 0].max() * CELL_M) == (0.0, 3987.5)


def test_without_a_core_nothing_is_looked_at() -> None:
    xy = town(3, 40)
    cells, counts = ground.crowded(xy, ClusterRule(eps_m=50, min_incidents=30), np.zeros(40, dtype=np.bool_))
    assert (cells.shape, counts.shape) == ((0, 2), (0,))


def test_drawing_is_a_look_up_in_the_added_up_shares() -> None:
    odds = np.array([0.1, 0.1, 0.4, 1.0])
    guide = np.searchsorted(odds, np.arange(9) / 8, side="right").clip(max=3)
    corners, side_m = np.array([[0.0, 0.0], [9.0, 9.0], [50.0, 0.0], [7.0, 8.0]]), np.array([50.0, 50.0, 50.0, 0.0])
    dice = np.array([[0.05, 0.5, 0.25], [0.1, 0.0, 0.5], [0.39, 0.5, 0.5], [0.4, 0.9, 0.9], [0.999, 0.1, 0.1]])
    for module in (machine_code, python):
        xy = np.empty((5, 2))
        module.draw(odds, guide, dice, corners, side_m, xy)
        assert xy.tolist() == [[25.0, 12.5], [50.0, 25.0], [75.0, 25.0], [7.0, 8.0], [7.0, 8.0]]
