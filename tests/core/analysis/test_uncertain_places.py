"""A hot spot of exact positions is found again wherever dice put it; one of doubtful positions comes and goes."""

import numpy as np
import pytest

from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates, Floats
from app.core.analysis.significance.procedures import Groups, HotGround, Procedure
from app.core.analysis.uncertain_places import place_certainty

TOWN = np.array([548_000.0, 6_612_000.0])
RULE = ClusterRule(eps_m=60, min_incidents=10)
WAYS = (HotGround(rule=RULE), Groups(rule=RULE))


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def two_spots(uncertain_m: float) -> tuple[Coordinates, Floats]:
    """Fourteen exact incidents, fourteen uncertain ones a kilometre east, and thirty anywhere."""
    spots = [TOWN + dice(1).normal(0, 15, (14, 2)), TOWN + np.array([1000.0, 0.0]) + dice(2).normal(0, 15, (14, 2))]
    xy = np.concatenate([*spots, TOWN + dice(3).uniform(-3000, 3000, (30, 2))])
    return xy, np.repeat([5.0, uncertain_m, np.nan], [14, 14, 30])


@pytest.mark.parametrize("way", WAYS, ids=["hot ground", "groups"])
def test_an_exact_place_is_surer_than_an_uncertain_one(way: Procedure) -> None:
    xy, uncertainty_m = two_spots(83.0)
    sure = place_certainty(xy, uncertainty_m, way, seed=1)
    first = way.regions(xy).labels[0]
    assert sure.found_again[first] == 1
    assert sure.found_again[1 - first] < 0.3
    assert sure.member_share[:14].mean() > 0.95
    assert sure.member_share[14:28].mean() < 0.3
    assert sure.member_share[28:].mean() < 0.05


def test_exact_places_are_all_found_again() -> None:
    xy, _ = two_spots(0)
    sure = place_certainty(xy, np.zeros(len(xy)), WAYS[0], seed=1, replicates=3)
    assert sure.found_again.tolist() == [1, 1]
    assert sure.member_share.tolist() == (WAYS[0].regions(xy).labels >= 0).tolist()


def test_more_uncertain_is_less_sure() -> None:
    sure = []
    for uncertain_m in (10.0, 40.0, 83.0, 200.0):
        xy, uncertainty_m = two_spots(uncertain_m)
        way = WAYS[0]
        sure.append(place_certainty(xy, uncertainty_m, way, seed=1).found_again[1 - way.regions(xy).labels[0]])
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > 0.9
    assert sure[-1] < 0.1


def test_the_seed_alone_decides_whatever_the_threads() -> None:
    xy, uncertainty_m = two_spots(40.0)
    once, again, other = (
        place_certainty(xy, uncertainty_m, WAYS[0], seed=seed, replicates=20, workers=workers)
        for seed, workers in ((4, 1), (4, 3), (5, 1))
    )
    assert once.found_again.tolist() == again.found_again.tolist()
    assert once.member_share.tolist() == again.member_share.tolist() != other.member_share.tolist()


def test_no_incidents_have_no_places() -> None:
    sure = place_certainty(np.empty((0, 2)), np.empty(0), WAYS[0], seed=1)
    assert (len(sure.found_again), len(sure.member_share)) == (0, 0)
    far_apart = TOWN + np.array([[0.0, 0.0], [5000.0, 0.0]])
    for way in WAYS:
        sure = place_certainty(far_apart, np.full(2, 83.0), way, seed=1)
        assert (sure.found_again.tolist(), sure.member_share.tolist()) == ([], [0, 0])


@pytest.mark.parametrize("wrong", [[5.0], [5.0, -1.0], [5.0, np.inf]], ids=["too few", "negative", "infinite"])
def test_uncertainties_that_are_none_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="uncertainty_m must be zero or more"):
        place_certainty(np.zeros((2, 2)), np.array(wrong), WAYS[0], seed=1)


def test_no_resamples_are_refused() -> None:
    with pytest.raises(ValueError, match="At least one resample"):
        place_certainty(np.zeros((2, 2)), np.zeros(2), WAYS[0], seed=1, replicates=0)
