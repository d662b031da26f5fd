"""The kernel, as machine code and as the Python it is made from, on maps that reach each of its ways."""

import importlib
import runpy
import sys
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN

from app.core.analysis.points import Coordinates
from app.core.errors import TooLargeError

KERNEL = "app.core.analysis.kernel"


def loaded(*, as_python: bool) -> ModuleType:
    """A fresh kernel; numba's own switch leaves it Python, so that each line of it can be followed."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(KERNEL)}
    before = numba.config.DISABLE_JIT
    numba.config.DISABLE_JIT = as_python or before
    try:
        return importlib.import_module(KERNEL)
    finally:
        numba.config.DISABLE_JIT = before
        for name in [name for name in sys.modules if name.startswith(KERNEL)]:
            del sys.modules[name]
        sys.modules.update(kept)


@pytest.fixture(scope="module", params=["machine code", "Python"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return loaded(as_python=request.param == "Python")


def check(kernel: ModuleType, places: NDArray[np.int64], eps_dm: int, min_weight: int, **options: Any) -> None:
    """Labels and cores are scikit-learn's; with the other border rule, those of the nearest core. places in dm."""
    xy: Coordinates = places / 10
    weights = options.get("weights")
    fitted = DBSCAN(eps=eps_dm, min_samples=min_weight, algorithm="kd_tree").fit(
        places.astype(np.float64), sample_weight=weights
    )
    core = np.zeros(len(xy), bool)
    core[fitted.core_sample_indices_] = True
    labels, is_core = kernel.cluster(xy, eps_dm=eps_dm, min_weight=min_weight, border="sklearn", **options)
    np.testing.assert_array_equal(labels, fitted.labels_)
    np.testing.assert_array_equal(is_core, core)
    wanted = fitted.labels_.copy()
    cores = sorted(zip(places[core].tolist(), fitted.labels_[core].tolist(), strict=True))
    for row in np.flatnonzero(~core & (wanted >= 0)):
        wanted[row] = min(cores, key=lambda c: (((places[row] - c[0]) ** 2).sum(), c[0]))[1]
    labels, is_core = kernel.cluster(xy, eps_dm=eps_dm, min_weight=min_weight, **options)
    np.testing.assert_array_equal(labels, wanted)
    np.testing.assert_array_equal(is_core, core)
    assert (labels.dtype, is_core.dtype) == (np.int32, np.bool_)


def shuffled(*parts: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    together = np.concatenate(parts)
    return together[np.random.default_rng(seed).permutation(len(together))]


def square(west: int, south: int, side: int, step: int = 1) -> NDArray[np.int64]:
    """A full square of distinct places."""
    line = np.arange(0, side * step, step)
    return np.array([[west + x, south + y] for x in line for y in line])


def test_none_and_one(kernel: ModuleType) -> None:
    labels, core = kernel.cluster(np.empty((0, 2)), eps_dm=10, min_weight=2)
    assert (labels.tolist(), core.tolist()) == ([], [])
    check(kernel, np.array([[3, 4]]), 10, 2)
    check(kernel, np.array([[3, 4]]), 10, 1)


def test_a_square_diagonal_of_exactly_eps_is_near_and_one_more_is_not(kernel: ModuleType) -> None:
    check(kernel, np.array([[0, 0], [3, 4], [6, 8], [9, 13]]), 5, 2)
    check(kernel, np.array([[0, 0], [5, 0], [0, 5], [-5, 0], [0, -5], [4, 3], [4, 4]]), 5, 6)


@pytest.mark.parametrize("eps_dm", [1, 2, 3, 7, 750])
def test_cells_hold_only_what_is_near_at_any_eps(kernel: ModuleType, eps_dm: int) -> None:
    rng = np.random.default_rng(eps_dm)
    check(kernel, rng.integers(0, 6 * eps_dm, (250, 2)) - 3 * eps_dm, eps_dm, 5)


@pytest.mark.parametrize("corner", [(-65_800_000, 5_400_000), (499_000_000, -499_000_000)])
def test_it_does_not_matter_where_the_town_lies(kernel: ModuleType, corner: tuple[int, int]) -> None:
    places = np.random.default_rng(1).integers(0, 200, (200, 2)) + np.array(corner)
    check(kernel, places, 15, 6)


def test_the_town_and_the_far_end_of_the_world(kernel: ModuleType) -> None:
    town = np.random.default_rng(2).integers(0, 100, (60, 2))
    check(kernel, shuffled(town - 499_999_000, town + 499_999_000), 13, 4)


def test_more_cells_than_can_be_numbered_are_refused(kernel: ModuleType) -> None:
    xy = np.zeros((1_000_000, 2))
    xy[0], xy[1] = -5e7, 5e7
    with pytest.raises(TooLargeError, match="too far apart for a distance of 1 m: choose a smaller area or a greater"):
        kernel.cluster(xy, eps_dm=10, min_weight=2)


@pytest.mark.parametrize("place", [np.nan, np.inf, -np.inf, 5.1e7])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_place_that_is_nowhere_is_refused(kernel: ModuleType, place: float, axis: int) -> None:
    xy = np.zeros((5, 2))
    xy[3, axis] = place
    with pytest.raises(ValueError, match=r"Every incident needs a finite place on Earth\."):
        kernel.cluster(xy, eps_dm=10, min_weight=2)


def test_what_is_handed_in_is_not_changed_and_may_be_read_only(kernel: ModuleType) -> None:
    xy = np.random.default_rng(3).uniform(0, 100, (50, 2))
    before = xy.copy()
    xy.setflags(write=False)
    fresh = kernel.cluster(xy[:, ::-1], eps_dm=100, min_weight=3)  # not in C order either
    np.testing.assert_array_equal(xy, before)
    np.testing.assert_array_equal(fresh[0], kernel.cluster(xy[:, ::-1].copy(), eps_dm=100, min_weight=3)[0])


@pytest.mark.parametrize("min_weight", [2, 9, 30])
def test_many_incidents_at_few_addresses(kernel: ModuleType, min_weight: int) -> None:
    rng = np.random.default_rng(4)
    houses = rng.integers(0, 100, (30, 2))
    check(kernel, houses[rng.integers(0, 30, 300)], 12, min_weight)


@pytest.mark.parametrize("min_weight", [1, 8, 40])
def test_weights_count_and_zero_counts_nothing(kernel: ModuleType, min_weight: int) -> None:
    rng = np.random.default_rng(5)
    places = shuffled(rng.integers(0, 100, (150, 2)), rng.integers(0, 9, (60, 2)))
    check(kernel, places, 9, min_weight, weights=rng.integers(0, 5, len(places)).astype(np.int32))


@pytest.mark.parametrize("min_weight", [10, 90, 120, 160, 260])
def test_lonely_incidents_beside_a_crowd_are_counted_through_its_tree(kernel: ModuleType, min_weight: int) -> None:
    ring = np.random.default_rng(6).integers(-90, 110, (60, 2))
    check(kernel, shuffled(square(0, 0, 15), ring), 71, min_weight)


def test_border_incidents_beside_crowds_find_their_core(kernel: ModuleType) -> None:
    lonely = np.array([[x, y] for x in range(-40, 140, 9) for y in (-44, -33, 40, 62)])
    check(kernel, shuffled(square(0, 0, 15), square(60, 4, 15), lonely), 50, 120)


def test_two_crowds_whose_boxes_touch_and_whose_places_do_not(kernel: ModuleType) -> None:
    """Cells of eps 75 m are 53.1 m wide; the crowds stand in opposite corners, as in a corner of a block."""
    anchor = np.array([[-1062, -1062]])  # fixes where cells begin
    low, high = square(0, 0, 9), square(515, 515, 9)
    check(kernel, shuffled(anchor, low, high, square(-160, 1150, 13)), 750, 10)
    check(kernel, shuffled(anchor, low, high, square(-160, 1150, 13), np.array([[-90, 760]])), 750, 10)


@pytest.mark.parametrize("gap", [749, 750, 751])
def test_two_crowds_with_one_pair_of_places_at_about_eps(kernel: ModuleType, gap: int) -> None:
    """A quarter of a ring round a crowd: every box comes near, only one pair may."""
    turn = np.linspace(0.0, np.pi / 2, 150)
    ring = np.unique(np.rint(np.column_stack((np.cos(turn), np.sin(turn))) * 765).astype(np.int64), axis=0)
    check(kernel, shuffled(-square(0, 0, 12), ring, np.array([[gap, 0]])), 750, 9)


def test_partly_core_crowds_meet_at_their_cores_only(kernel: ModuleType) -> None:
    rng = np.random.default_rng(8)
    for min_weight in (100, 140, 180):
        check(kernel, shuffled(rng.integers(0, 34, (260, 2)), rng.integers(30, 80, (260, 2))), 24, min_weight)


@pytest.mark.parametrize("min_weight", [10, 220])
@pytest.mark.parametrize("lonely", [[], [[500, 1240]]], ids=["alone", "with a border incident"])
def test_crowds_that_meet_where_their_last_rows_are(kernel: ModuleType, min_weight: int, lonely: list[Any]) -> None:
    """Far places come first in each cell; with 220 the near ones alone are cores."""
    far, near = (square(0, 0, 13), square(1046, 1046, 13)), (square(500, 500, 6), square(545, 545, 6))
    beside = np.array(lonely, dtype=np.int64).reshape(-1, 2)
    check(kernel, np.concatenate((*far, *near, beside)), 750, min_weight)


@pytest.mark.parametrize("seed", [13, 22])
@pytest.mark.parametrize("min_weight", [110, 130])
def test_loose_crowds_with_a_cell_between_them(kernel: ModuleType, min_weight: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    west, east = rng.integers(0, 530, (100, 2)), rng.integers([1062, 0], [1592, 530], (100, 2))
    check(kernel, np.concatenate((np.array([[0, 0]]), west, east)), 750, min_weight)


def test_small_groups_near_each_other_in_two_cells(kernel: ModuleType) -> None:
    check(kernel, shuffled(np.array([[0, 0]]), square(520, 0, 4), square(531, 0, 4)), 750, 12)


def test_a_crowd_on_one_line(kernel: ModuleType) -> None:
    line = np.column_stack((np.zeros(400, np.int64), np.arange(400)))
    check(kernel, shuffled(line), 150, 140)
    check(kernel, shuffled(line[:, ::-1]), 150, 200)


def test_the_machine_code_is_kept_and_found_again() -> None:
    runpy.run_module(KERNEL, run_name="__main__")
    assert loaded(as_python=False).is_warm()
    assert loaded(as_python=True).is_warm()  # there is nothing to compile


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same() -> None:
    homeless: dict[str, Any] = {}
    exec("def twice(x):\n    return 2 * x", homeless)  # noqa: S102 -- a function without a file
    compiling = importlib.import_module(f"{KERNEL}.compiling")
    twice = compiling.compiled(homeless["twice"])
    assert not compiling.is_kept(twice)
    assert twice(21) == 42
    assert compiling.is_kept(twice)


def test_other_threads_run_meanwhile() -> None:
    kernel = loaded(as_python=False)
    assert all(entrance.targetoptions["nogil"] for entrance in kernel.ENTRANCES)
