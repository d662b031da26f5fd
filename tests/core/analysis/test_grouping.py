"""Groups by a given rule are DBSCAN's, unless they are too large; a chosen rule explains itself."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from app.core.analysis import tuning
from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES, find_clusters
from app.core.analysis.grouping import Grouping, group
from app.core.analysis.outlines import outlines
from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.points import Coordinates

RULE = ClusterRule(eps_m=75, min_incidents=5)
DENSE_M, THIN_M = 20.0, 60.0


def grouped(xy: Coordinates, rule: ClusterRule | None = RULE, max_area_m2: float = 250_000) -> Grouping:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    params = AnalysisParams(
        since=datetime(2025, 1, 1, tzinfo=UTC),
        until=now,
        organisations=("o",),
        now=now,
        categories=("SKD",),
        rule=rule,
        max_area_m2=max_area_m2,
    )
    return group(xy, params, memory_limit_bytes=MEMORY_LIMIT_BYTES)


def town(seed: int = 1, n: int = 3_000) -> Coordinates:
    dice = np.random.default_rng(seed)
    middles = dice.uniform(0, 4_000, (60, 2))
    return np.round(middles[dice.integers(0, 60, n)] + dice.normal(0, 60, (n, 2)), 1)


def chain(links: int, step_m: float, each: int) -> Coordinates:
    """A street: `each` incidents at every step."""
    return np.repeat(np.column_stack((np.arange(links) * step_m, np.zeros(links))), each, axis=0)


def test_a_given_rule_gives_the_groups_of_dbscan() -> None:
    xy = town()
    found, wanted = grouped(xy, max_area_m2=1e9), find_clusters(xy, RULE)
    assert np.array_equal(found.labels, wanted.labels)
    assert np.array_equal(found.core, wanted.core)
    assert found.outlines == outlines(xy, wanted.labels, 75)
    assert (found.rule, found.tuning) == (RULE, None)


def test_a_street_that_is_too_long_for_one_hot_spot_is_cut() -> None:
    xy = chain(links=200, step_m=DENSE_M, each=3)
    assert grouped(xy, max_area_m2=1e9).labels.max() == 0
    found = grouped(xy)
    assert [shape.area <= 250_000 for shape in found.outlines] == [True] * len(found.outlines)
    assert len(found.outlines) == 2
    assert (found.labels >= 0).all()  # equally dense all over: nothing is too thin


def test_two_crowds_on_a_thin_street_become_two_hot_spots() -> None:
    thin = chain(links=60, step_m=THIN_M, each=2)
    crowd = chain(8, DENSE_M, 10)
    crowds = np.concatenate([crowd + np.array([0.0, 30.0]), crowd + np.array([3_400.0, 30.0])])
    found = grouped(np.concatenate((thin, crowds)), ClusterRule(eps_m=75, min_incidents=4), 80_000)
    assert len(found.outlines) == 2
    assert set(found.labels[len(thin) :].tolist()) == {0, 1}
    assert (found.labels[: len(thin)] == -1).sum() > 80  # the street between is too thin


@pytest.mark.parametrize("eps_m", [75.0, 300.0, 2_000.0, 10_000.0])
def test_no_hot_spot_is_larger_than_it_may_be(eps_m: float) -> None:
    xy = town(seed=2)
    found = grouped(xy, ClusterRule(eps_m=eps_m, min_incidents=4), 50_000)
    assert len(found.outlines) > 10
    assert max(shape.area for shape in found.outlines) <= 50_000
    for label, shape in enumerate(found.outlines):
        assert shapely.covers(shape, shapely.points(xy[found.labels == label])).all()
        assert found.core[found.labels == label].any()
    first_cores = [np.flatnonzero(found.core & (found.labels == label))[0] for label in range(len(found.outlines))]
    assert first_cores == sorted(first_cores)


def test_without_a_rule_one_is_chosen_and_explained() -> None:
    xy = town(seed=3)
    found = grouped(xy, rule=None)
    assert found.tuning == tuning.tune(xy)
    assert found.rule == found.tuning.rule
    assert 0.008 < found.tuning.flagged_share <= 0.01
    members = np.bincount(found.labels[found.labels >= 0])
    assert members.min() >= found.rule.min_incidents
    assert len(members) == len(found.outlines)


@pytest.mark.parametrize("rule", [RULE, None])
def test_nobody_makes_no_group(rule: ClusterRule | None) -> None:
    found = grouped(np.empty((0, 2)), rule)
    assert (len(found.labels), found.outlines) == (0, ())
