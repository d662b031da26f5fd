"""Ten thousand generated maps, a few hundred in the usual run: the kernel agrees with every oracle."""

from collections.abc import Callable

import dbscan as theoretically_efficient
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN

from app.core.analysis import kernel

Places = NDArray[np.int64]  # (n, 2) decimetres
Shape = Callable[[np.random.Generator, int], Places]
FEW, MANY = 300, 10_000


def lattice(rng: np.random.Generator, n: int) -> Places:
    """Ties at exactly eps, and duplicates, everywhere."""
    return rng.integers(0, int(rng.integers(2, 40)), (n, 2))


def blob(rng: np.random.Generator, n: int) -> Places:
    """One round crowd."""
    return np.rint(rng.normal(0, 30, (n, 2))).astype(np.int64)


def spread(rng: np.random.Generator, n: int) -> Places:
    """Nothing in particular."""
    return rng.integers(0, 100, (n, 2))


def addresses(rng: np.random.Generator, n: int) -> Places:
    """A few addresses named again and again."""
    return np.repeat(rng.integers(0, 60, (n // 8 + 1, 2)), 8, axis=0)[:n]


def street(rng: np.random.Generator, n: int) -> Places:
    """All on one line."""
    return np.column_stack((rng.integers(0, 500, n), np.zeros(n, np.int64)))


def crowd(rng: np.random.Generator, n: int) -> Places:
    """A crowd of distinct places and its surroundings: trees grow here."""
    return np.concatenate((rng.integers(0, 30, (2 * n, 2)), rng.integers(20, 90, (n, 2))))


def handful(rng: np.random.Generator, n: int) -> Places:
    """None to four."""
    return rng.integers(0, 12, (n % 5, 2))


SHAPES: tuple[Shape, ...] = (lattice, blob, spread, addresses, street, crowd, handful)


def case(number: int) -> tuple[Places, int, int, NDArray[np.int32]]:
    """Places in random order, eps_dm, min_weight, and weights for every third case."""
    rng = np.random.default_rng([7, number])
    places = SHAPES[number % len(SHAPES)](rng, int(rng.integers(1, 400)))
    places = rng.permutation(places) + rng.choice([0, -65_800_000, 499_000_000], 2)
    weights = rng.integers(0, 6, len(places)).astype(np.int32) if number % 3 == 0 else kernel.NO_WEIGHTS
    return (
        places,
        int(rng.choice([1, 2, 3, 5, 10, 13, 25, 40])),
        int(rng.choice([1, 2, 3, 5, 10, 14, 50, 200])),
        weights,
    )


def oracle(
    places: Places, eps_dm: int, min_weight: int, weights: NDArray[np.int32]
) -> tuple[Places, NDArray[np.bool_]]:
    """Labels and cores (n,) of scikit-learn."""
    core = np.zeros(len(places), bool)
    if len(places) == 0 or (len(weights) and not weights.any()):  # both refused there
        return np.full(len(places), -1), core
    fitted = DBSCAN(eps=eps_dm, min_samples=min_weight, algorithm="kd_tree").fit(
        places.astype(np.float64), sample_weight=weights if len(weights) else None
    )
    core[fitted.core_sample_indices_] = True
    return fitted.labels_, core


def check(number: int) -> None:
    places, eps_dm, min_weight, weights = case(number)
    labels, core = oracle(places, eps_dm, min_weight, weights)
    found, is_core = kernel.cluster(
        places / 10, eps_dm=eps_dm, min_weight=min_weight, weights=weights, border="sklearn"
    )
    np.testing.assert_array_equal(found, labels, err_msg=f"case {number}")
    np.testing.assert_array_equal(is_core, core, err_msg=f"case {number}")
    check_nearest(number, labels, core)


def check_nearest(number: int, labels: Places, core: NDArray[np.bool_]) -> None:
    """With the nearest core's label a border incident has that of the first of the cores nearest to it."""
    places, eps_dm, min_weight, weights = case(number)
    found, is_core = kernel.cluster(places / 10, eps_dm=eps_dm, min_weight=min_weight, weights=weights)
    cores = np.flatnonzero(core)
    cores = cores[np.lexsort((places[cores, 1], places[cores, 0]))]
    wanted = labels.copy()
    for row in np.flatnonzero(~core & (labels >= 0)):
        wanted[row] = labels[cores[((places[cores] - places[row]) ** 2).sum(axis=1).argmin()]]
    np.testing.assert_array_equal(found, wanted, err_msg=f"case {number}")
    np.testing.assert_array_equal(is_core, core, err_msg=f"case {number}")


@pytest.mark.parametrize("start", range(0, FEW, 50))
def test_labels_numbers_borders_and_cores_are_those_of_scikit_learn(start: int) -> None:
    for number in range(start, start + 50):
        check(number)


@pytest.mark.long
@pytest.mark.parametrize("start", range(FEW, MANY, 100))
def test_they_are_on_ten_thousand_maps(start: int) -> None:
    for number in range(start, start + 100):
        check(number)


def test_the_cases_are_worth_comparing() -> None:
    """Ties at exactly eps, duplicates, weights, noise, several groups, borders, none and one all occur."""
    names = ("tie", "duplicate", "weights", "noise", "several", "border", "none", "one", "tree")
    seen = dict.fromkeys(names, 0)
    for number in range(FEW):
        places, eps_dm, min_weight, weights = case(number)
        labels, core = oracle(places, eps_dm, min_weight, weights)
        distinct = np.unique(places, axis=0)
        some = distinct[:200]
        seen["tie"] += bool((((some[:, None] - some[None]) ** 2).sum(axis=2) == eps_dm**2).any())
        seen["duplicate"] += len(distinct) < len(places)
        seen["weights"] += len(weights) > 0
        seen["noise"] += bool((labels < 0).any())
        seen["several"] += int(labels.max(initial=-1)) > 0
        seen["border"] += bool((~core & (labels >= 0)).any())
        seen["none"] += len(places) == 0
        seen["one"] += len(places) == 1
        seen["tree"] += bool(len(distinct)) and len(distinct) > 64 and eps_dm >= 25
    assert min(seen.values()) > 3, seen


def test_row_order_does_not_change_who_belongs_together() -> None:
    for number in range(0, FEW, 3):
        places, eps_dm, min_weight, weights = case(number)
        order = np.random.default_rng(number).permutation(len(places))
        labels, core = kernel.cluster(places / 10, eps_dm=eps_dm, min_weight=min_weight, weights=weights)
        again, core_again = kernel.cluster(
            places[order] / 10, eps_dm=eps_dm, min_weight=min_weight, weights=weights[order]
        )
        np.testing.assert_array_equal(core_again, core[order])
        pairs = set(zip(labels[order].tolist(), again.tolist(), strict=True))
        assert len(pairs) == len(set(labels.tolist())) == len(set(again.tolist())), f"case {number}"
        assert all((mine < 0) == (theirs < 0) for mine, theirs in pairs)


def test_cores_noise_and_groups_are_those_of_the_parallel_algorithm() -> None:
    """The package `dbscan`; it takes no weights, and its numbers and borders are its own."""
    compared = 0
    for number in range(FEW):
        places, eps_dm, min_weight, weights = case(number)
        if len(weights) or len(places) == 0:
            continue
        labels, core = kernel.cluster(places / 10, eps_dm=eps_dm, min_weight=min_weight)
        near = places - places.min(axis=0)
        theirs, their_core = theoretically_efficient.DBSCAN(near.astype(np.float64), eps=eps_dm, min_samples=min_weight)
        np.testing.assert_array_equal(core, their_core, err_msg=f"case {number}")
        np.testing.assert_array_equal(labels < 0, theirs < 0, err_msg=f"case {number}")
        pairs = set(zip(labels[core].tolist(), theirs[core].tolist(), strict=True))
        assert len(pairs) == len(set(labels[core].tolist())) == len(set(theirs[core].tolist())), f"case {number}"
        compared += 1
    assert compared > 150
