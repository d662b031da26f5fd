"""Is a hot spot more than chance? Towns without hot spots go through the same procedure, many times.

Each random town is asked for the one hot spot that stands out most. A real one is held against those: its p-value
is how often chance alone makes something at least as outstanding anywhere in town (Kulldorff's likelihood ratio,
the largest of each replicate), so however many hot spots there are, a town without any is called hot in one case
of twenty, not more.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Coordinates, Floats
from app.core.analysis.significance.null import AtRisk, Null
from app.core.analysis.significance.procedures import Groups, HotGround, Procedure, Regions

__all__ = ["AtRisk", "Certainty", "Groups", "HotGround", "Significance", "assess"]

REPLICATES = 999
SIGNIFICANT = 0.05
CERTAIN = 0.01
CONFIDENCE = 0.95  # of the interval round a p-value
BATCH = 25  # replicates between two words of progress
DECIMALS = 4

Progress = Callable[[int, int], None]  # replicates done, replicates in all; raises to stop


class Certainty(StrEnum):
    """How sure it is that a hot spot is more than chance; pages turn it into a sentence."""

    CERTAIN = "certain"  # at most one random town in a hundred has its like, and the replicates suffice to say so
    LIKELY = "likely"  # at most one in twenty
    COULD_BE_CHANCE = "could-be-chance"  # more than one in twenty


@dataclass(frozen=True, slots=True, kw_only=True)
class Significance:
    """How a hot spot compares with chance.

    p_value: the share of random towns with something at least as outstanding, the real town counted among them;
    p_low, p_high: what that share would be with endless replicates, in 95 cases of 100. expected_count: incidents
    there if no place were hotter than its part of town; excess_ratio: how many times more there were.
    """

    p_value: float
    p_low: float
    p_high: float
    count: int
    expected_count: float
    excess_ratio: float
    replicates: int

    @property
    def is_significant(self) -> bool:
        """Whether it is called a hot spot, and not just an outline."""
        return self.p_value <= SIGNIFICANT

    @property
    def certainty(self) -> Certainty:
        """In one word."""
        if self.p_high <= CERTAIN:
            return Certainty.CERTAIN
        return Certainty.LIKELY if self.is_significant else Certainty.COULD_BE_CHANCE


def assess(
    xy: Coordinates,
    procedure: Procedure,
    *,
    seed: int,
    replicates: int = REPLICATES,
    at_risk: AtRisk | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> tuple[Significance, ...]:
    """Compare every hot spot that the procedure finds with chance, in the procedure's order.

    xy: (n, 2) metres, in the order in which the procedure was run. at_risk: where incidents can happen, if that is
    known better than from the incidents themselves. Replicate i draws from a Philox stream of its own, so the
    result depends on the seed alone, not on the number of threads (`workers`). progress: called in the caller's
    thread now and then; what it raises ends the work and is raised here. Raises ValueError for less than one
    replicate, and what the procedure raises.
    """
    if replicates < 1:
        raise ValueError(f"At least one replicate is needed, got {replicates}.")
    if len(xy) == 0:
        return ()
    found = procedure.regions(xy)
    if len(found.counts) == 0:
        return ()
    null = Null.of(xy, at_risk)
    expected = _expected(found, null)
    observed = _outstanding(found.counts, expected, null.n)
    chance = np.sort(list(_largest_by_chance(null, procedure, seed, replicates, workers, progress)))
    at_least = replicates - np.searchsorted(chance, observed)
    low, high = _interval(at_least, replicates)
    return tuple(
        Significance(
            p_value=round((int(at_least[k]) + 1) / (replicates + 1), DECIMALS),
            p_low=round(float(low[k]), DECIMALS),
            p_high=round(float(high[k]), DECIMALS),
            count=int(found.counts[k]),
            expected_count=round(float(expected[k]), 2),
            excess_ratio=round(float(found.counts[k] / expected[k]), 2),
            replicates=replicates,
        )
        for k in range(len(found.counts))
    )


def _largest_by_chance(
    null: Null, procedure: Procedure, seed: int, replicates: int, workers: int, progress: Progress | None
) -> Iterator[float]:
    """The most outstanding of each random town, in order of replicates."""
    one = partial(_replicate, null, procedure, seed)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for start in range(0, replicates, BATCH):
            end = min(start + BATCH, replicates)
            yield from pool.map(one, range(start, end))
            if progress is not None:
                progress(end, replicates)


def _replicate(null: Null, procedure: Procedure, seed: int, number: int) -> float:
    """One random town; 0 where nothing was found in it."""
    dice = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(number,))))
    found = procedure.regions(null.draw(dice))
    return float(_outstanding(found.counts, _expected(found, null), null.n).max(initial=0.0))


def _expected(found: Regions, null: Null) -> Floats:
    """How many incidents (k,) chance would put on each region."""
    on_square = null.expected(found.squares, found.scale)
    return np.bincount(found.region, on_square, minlength=len(found.counts)).astype(np.float64)


def _outstanding(counts: NDArray[np.int64], expected: Floats, n: int) -> Floats:
    """The log likelihood ratio (k,) of so many incidents inside, of n in all, against the expected; 0 where fewer."""
    inside = counts * np.log(np.maximum(counts, 1) / expected)
    outside = (n - counts) * np.log(np.maximum(n - counts, 1) / np.maximum(n - expected, 1e-9))
    return np.where(counts > expected, inside + outside, 0.0)


def _interval(at_least: NDArray[np.intp], replicates: int) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval for the share of random towns, from how many there were (k,)."""
    from scipy.stats import beta  # noqa: PLC0415 -- only an analysis needs it

    tail = (1 - CONFIDENCE) / 2
    low = np.where(at_least == 0, 0.0, beta.ppf(tail, at_least, replicates - at_least + 1))
    high = np.where(at_least == replicates, 1.0, beta.ppf(1 - tail, at_least + 1, replicates - at_least))
    return low, high
