"""Groups of incidents on maps small enough to check with a ruler."""

import subprocess
import sys
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis.dbscan import Border, Engine, decimetres, find_clusters, has_kernel, is_prepared, prepare
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates
from app.core.errors import TooLargeError

ENGINES: Final[tuple[Engine, ...]] = ("kernel", "scikit-learn")
NINE_FIVE = ClusterRule(eps_m=9.0, min_incidents=5)
# Two streets whose end houses (x = 0 and x = 17) are the only cores; the incident between is near both.
WEST, EAST = [[-5.0, 0.0]] * 3 + [[0.0, 0.0]], [[17.0, 0.0]] + [[22.0, 0.0]] * 3


def places(max_size: int = 60) -> st.SearchStrategy[Coordinates]:
    """Places on a lattice, so that ties are real."""
    step_m = st.integers(0, 40).map(lambda step: step * 2.5)
    return st.lists(st.tuples(step_m, step_m), max_size=max_size).map(
        lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 2)
    )


rules = st.builds(ClusterRule, eps_m=st.sampled_from([2.5, 5.0, 7.5, 12.5]), min_incidents=st.integers(2, 6))
generated = settings(derandomize=True, deadline=None, max_examples=60)


def groups(xy: Coordinates, rule: ClusterRule) -> set[tuple[tuple[float, float, bool], ...]]:
    """The groups as sets of places, whatever their numbers."""
    found = find_clusters(xy, rule)
    return {
        tuple(sorted((*place, is_core) for place, is_core in zip(xy[mine].tolist(), found.core[mine], strict=True)))
        for mine in (found.labels == label for label in range(found.cluster_count))
    }


def test_no_incidents_give_no_groups() -> None:
    found = find_clusters(np.empty((0, 2)), ClusterRule())
    assert (found.labels.tolist(), found.core.tolist(), found.cluster_count) == ([], [], 0)


def test_one_incident_is_noise() -> None:
    found = find_clusters(np.array([[1.0, 2.0]]), ClusterRule())
    assert (found.labels.tolist(), found.core.tolist(), found.cluster_count) == ([-1], [False], 0)


def test_a_distance_of_exactly_eps_is_near_and_the_middle_one_is_the_core() -> None:
    found = find_clusters(
        np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.1, 0.0]]),
        ClusterRule(eps_m=10, min_incidents=3),
    )
    assert found.labels.tolist() == [0, 0, 0, -1]
    assert found.core.tolist() == [False, True, False, False]
    assert found.labels.dtype == np.int32


def test_many_incidents_at_one_address_are_a_group_of_cores() -> None:
    found = find_clusters(np.array([[5.0, 5.0]] * 8 + [[500.0, 5.0]] * 7), ClusterRule())
    assert found.labels.tolist() == [0] * 8 + [-1] * 7
    assert found.core.tolist() == [True] * 8 + [False] * 7


def test_groups_are_numbered_by_their_first_core_in_the_rows_not_by_place() -> None:
    far, near = [[900.0, 0.0]] * 3, [[0.0, 0.0]] * 3
    xy = np.array([near[0], far[0], far[1], near[1], far[2], near[2]])
    found = find_clusters(xy[1:], ClusterRule(eps_m=10, min_incidents=2))
    assert found.labels.tolist() == [0, 0, 1, 0, 1]


@pytest.mark.parametrize("xy", [[*WEST, [9.0, 0.0], *EAST], [*EAST, [9.0, 0.0], *WEST]])
def test_a_border_incident_goes_to_its_nearest_core(xy: list[list[float]]) -> None:
    found = find_clusters(np.array(xy), NINE_FIVE)
    assert found.core.sum() == 2
    assert found.labels[4] == found.labels[xy.index([17.0, 0.0])]


@pytest.mark.parametrize("xy", [[*WEST, [8.5, 0.0], *EAST], [*EAST, [8.5, 0.0], *WEST]])
def test_between_two_cores_just_as_near_the_western_one_wins(xy: list[list[float]]) -> None:
    found = find_clusters(np.array(xy), NINE_FIVE)
    assert found.labels[4] == found.labels[xy.index([0.0, 0.0])]


@pytest.mark.parametrize("xy", [[*WEST, [9.0, 0.0], *EAST], [*EAST, [9.0, 0.0], *WEST]])
def test_as_in_scikit_learn_a_border_incident_goes_to_the_first_group(xy: list[list[float]]) -> None:
    assert find_clusters(np.array(xy), NINE_FIVE, border="sklearn").labels[4] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 5.1e7])
def test_a_place_that_is_nowhere_is_refused(bad: float, engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"Every incident needs a finite place on Earth."):
        find_clusters(np.array([[0.0, 0.0], [bad, 0.0]]), ClusterRule(), engine=engine)


def test_too_many_neighbours_for_the_memory_are_refused_before_they_are_made() -> None:
    side = np.arange(40) * 0.5
    xy = np.array([[x, y] for x in side for y in side])
    neighbours_bytes = 1600 * 1600 * 16
    with pytest.raises(TooLargeError, match="With 75 m, 1600 places have 2560000 neighbours") as refusal:
        find_clusters(xy, ClusterRule(), engine="scikit-learn", memory_limit_bytes=neighbours_bytes)
    assert "choose a shorter period, a smaller area or a smaller distance" in refusal.value.message
    enough_bytes = neighbours_bytes + 1600 * 160
    assert find_clusters(xy, ClusterRule(), engine="scikit-learn", memory_limit_bytes=enough_bytes).core.all()


def test_the_kernel_takes_the_same_memory_however_densely_incidents_lie() -> None:
    side = np.arange(40) * 0.5
    xy = np.array([[x, y] for x in side for y in side])
    assert find_clusters(xy, ClusterRule(), engine="kernel", memory_limit_bytes=1600 * 64).core.all()
    with pytest.raises(TooLargeError, match=r"1600 incidents take .* choose a shorter period or a smaller area"):
        find_clusters(xy, ClusterRule(), engine="kernel", memory_limit_bytes=1600 * 64 - 1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("border", ["nearest", "sklearn"])
def test_a_row_that_stands_for_three_is_as_good_as_three_rows(engine: Engine, border: Border) -> None:
    rng = np.random.default_rng(5)
    xy, weights = rng.integers(0, 60, (80, 2)).astype(np.float64), rng.integers(0, 4, 80)
    rule = ClusterRule(eps_m=6, min_incidents=7)
    once = find_clusters(xy, rule, weights=weights, border=border, engine=engine)
    often = find_clusters(np.repeat(xy, weights, axis=0), rule, border=border, engine=engine)
    np.testing.assert_array_equal(often.core, np.repeat(once.core, weights))
    np.testing.assert_array_equal(often.labels == -1, np.repeat(once.labels, weights) == -1)
    same = set(
        zip(np.repeat(once.labels, weights)[often.core].tolist(), often.labels[often.core].tolist(), strict=True)
    )
    assert len(same) == often.cluster_count > 1


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_stand_for_nothing_are_noise(engine: Engine) -> None:
    found = find_clusters(np.zeros((9, 2)), ClusterRule(), weights=np.zeros(9, np.int64), engine=engine)
    assert (found.labels.tolist(), found.core.any()) == ([-1] * 9, False)


@pytest.mark.parametrize(
    "weights", [[1, 2], [1, 2, -1], [1.0, 2.0, 3.0], [2**29, 2**29, 1]], ids=["few", "negative", "parts", "too much"]
)
def test_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        find_clusters(np.zeros((3, 2)), ClusterRule(), weights=np.array(weights))


def test_places_and_eps_are_rounded_to_decimetres_halves_to_even() -> None:
    xy = np.array([[0.0, 0.0], [10.04, 0.0], [20.15, 0.0], [-0.04, 50.25], [0.0, 60.25]])
    assert decimetres(xy).tolist() == [[0, 0], [100, 0], [202, 0], [0, 502], [0, 602]]
    for engine in ENGINES:
        found = find_clusters(xy, ClusterRule(eps_m=10.04, min_incidents=2), engine=engine)
        assert found.labels.tolist() == [0, 0, -1, 1, 1]


def test_without_numba_scikit_learn_does_the_work() -> None:
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from app.core.analysis.dbscan import find_clusters, has_kernel, is_prepared, prepare\n"
        "from app.core.analysis.params import ClusterRule\n"
        "prepare()\n"
        "print(has_kernel(), is_prepared(), find_clusters(np.zeros((8, 2)), ClusterRule()).labels.tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"False True {[0] * 8}\n"


def test_once_prepared_an_analysis_starts_at_once() -> None:
    prepare()
    assert has_kernel()
    assert is_prepared()


def test_asking_for_groups_is_all_that_loads_an_engine() -> None:
    program = (
        "import sys\n"
        "import app.core.analysis.run, app.main\n"
        "print(sorted({'numba', 'llvmlite', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_one_crowded_address_takes_no_memory() -> None:
    crowd = np.full((20_000, 2), 7.0)
    assert find_clusters(crowd, ClusterRule(), engine="scikit-learn", memory_limit_bytes=1_000).cluster_count == 1


@given(places(), rules, st.randoms(use_true_random=False))
@generated
def test_the_order_of_rows_does_not_change_the_groups(xy: Coordinates, rule: ClusterRule, dice: object) -> None:
    order = np.arange(len(xy))
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert groups(xy[order], rule) == groups(xy, rule)


@given(places(), rules, st.integers(-50_000, 50_000), st.integers(-50_000, 50_000))
@generated
def test_moving_the_whole_town_changes_nothing(xy: Coordinates, rule: ClusterRule, dx: int, dy: int) -> None:
    here, there = find_clusters(xy, rule), find_clusters(xy + np.array([dx, dy]) * 12.5, rule)
    np.testing.assert_array_equal(here.labels, there.labels)
    np.testing.assert_array_equal(here.core, there.core)


@given(places(), rules, st.integers(2, 4))
@generated
def test_reporting_everything_k_times_with_k_times_the_threshold_changes_nothing(
    xy: Coordinates, rule: ClusterRule, k: int
) -> None:
    once = find_clusters(xy, rule)
    often = find_clusters(np.repeat(xy, k, axis=0), ClusterRule(eps_m=rule.eps_m, min_incidents=rule.min_incidents * k))
    np.testing.assert_array_equal(often.labels, np.repeat(once.labels, k))
    np.testing.assert_array_equal(often.core, np.repeat(once.core, k))


@given(places(), rules)
@generated
def test_one_more_report_from_a_core_never_turns_others_into_noise(xy: Coordinates, rule: ClusterRule) -> None:
    found = find_clusters(xy, rule)
    cores = np.flatnonzero(found.core)[:1]
    again = find_clusters(np.r_[xy, xy[cores]], rule)
    assert set(np.flatnonzero(found.labels >= 0)) <= set(np.flatnonzero(again.labels >= 0))
    assert again.core[len(xy) :].all()
    np.testing.assert_array_equal(again.labels[len(xy) :], again.labels[cores])
