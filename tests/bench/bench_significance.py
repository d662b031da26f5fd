"""A hot spot held against 999 random towns, and its place against resamples: ours against scikit-learn, CPU time.

Both draw the same towns and take the same figure from each; only the search differs. scikit-learn's time for 999
is that of a few, multiplied. Towns: `mix` of tests/bench/towns.py, where half the reports share an address.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from app.core.analysis import tuning
from app.core.analysis.dbscan import decimetres, eps_dm
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates
from app.core.analysis.significance import REPLICATES, AtRisk, Groups, HotGround, assess
from app.core.analysis.significance.null import Null
from app.core.analysis.uncertain_places import place_certainty
from tests.bench import towns

N = 20_000
RULE = ClusterRule(eps_m=75, min_incidents=20)
FEW = 4
ROUNDS = 3
Act = Callable[[], Any]


def dice(number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(number))


def say(line: str) -> None:
    """A line of the table."""
    sys.stdout.write(f"{line}\n")


def scikit_learn(null: Null, rule: ClusterRule) -> None:
    """One random town searched by scikit-learn, and its largest group: less than ours does with each."""
    for number in range(FEW):
        xy = null.draw(dice(number))
        fitted = DBSCAN(eps=eps_dm(rule), min_samples=rule.min_incidents, algorithm="kd_tree").fit(decimetres(xy))
        np.bincount(fitted.labels_ + 1).max(initial=0)


def cpu_s(acts: dict[str, Act]) -> dict[str, float]:
    """The median CPU seconds of some acts that take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            start = time.process_time()
            act()
            seconds[name].append(time.process_time() - start)
    return {name: median(values) for name, values in seconds.items()}


def places_of(xy: Coordinates) -> AtRisk:
    """Every address with two reports or more, each with as many people as it likes."""
    addresses, counts = np.unique(xy, axis=0, return_counts=True)
    addresses = addresses[counts > 1]
    return AtRisk(addresses, dice(0).gamma(2.0, 1.0, len(addresses)) + 0.01)


@pytest.mark.bench
def test_999_random_towns_against_scikit_learn() -> None:
    xy = towns.mix(N)
    tuned = HotGround(rule=tuning.tune(xy).rule)
    say(f"\n{N} incidents, {REPLICATES} random towns; times as long as ours, one thread; tuned: {tuned.rule}")
    for what, at_risk in (("places given", places_of(xy)), ("own places", None)):
        null = Null.of(xy, at_risk)
        for way, procedure in (("groups 75 m / 20", Groups(rule=RULE)), ("tuned hot ground", tuned)):
            ours = partial(assess, xy, procedure, seed=1, replicates=FEW, at_risk=at_risk)
            once = partial(assess, xy, procedure, seed=1, replicates=1, at_risk=at_risk)
            theirs = partial(scikit_learn, null, procedure.rule)
            ours()
            seconds = cpu_s({"ours": ours, "once": once, "theirs": theirs})
            each = (seconds["ours"] - seconds["once"]) / (FEW - 1)
            whole = seconds["once"] + (REPLICATES - 1) * each
            ratio = seconds["theirs"] / FEW * REPLICATES / whole
            say(f"{what:14} {way:18} scikit-learn {ratio:6.1f}")
            assert ratio > 0


@pytest.mark.bench
def test_fifty_resamples_against_one_search() -> None:
    xy = towns.mix(N)
    for way, procedure in (("groups", Groups(rule=RULE)), ("tuned hot ground", HotGround(rule=tuning.tune(xy).rule))):
        resampled = partial(place_certainty, xy, np.full(N, 83.0), procedure, seed=1)
        resampled()
        seconds = cpu_s({"resampled": resampled, "search": partial(procedure.regions, xy)})
        ratio = seconds["resampled"] / seconds["search"]
        say(f"{way}: fifty resamples take as long as {ratio:.0f} searches")
        assert ratio > 0
