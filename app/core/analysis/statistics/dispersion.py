"""Counts that swing more than chance: reports come in bursts, so a plain Poisson band calls too often.

A count is taken as negative binomial with a variance of `dispersion` times its mean; 1 is Poisson.
"""

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Floats

POISSON = 1.0
LEAST_BLOCKS = 4  # fewer say nothing of how much counts swing
SMALLEST_EXCESS = 1e-6


def dispersion(counts: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Variance over mean of counts (b,) from periods of one length, at least 1."""
    if len(counts) < LEAST_BLOCKS or not counts.sum() > 0:
        return POISSON
    return max(POISSON, float(np.var(counts, ddof=1) / np.mean(counts)))


def tail(observed: int, mean: float, excess: float) -> float:
    """P(count >= observed) for a mean and a dispersion."""
    from scipy.special import betainc, gammainc  # noqa: PLC0415 -- only statistics need it

    if observed <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if excess - POISSON < SMALLEST_EXCESS:
        return float(gammainc(observed, mean))
    return float(betainc(observed, mean / (excess - POISSON), 1 - POISSON / excess))


def band(mean: float, excess: float, confidence: float = 0.95) -> tuple[int, int]:
    """The smallest and the largest count that are still normal: each side leaves out at most half of the rest."""
    rest = (1 - confidence) / 2
    high = int(np.ceil(mean))
    while tail(high + 1, mean, excess) > rest:
        high += 1
    low = int(np.floor(mean))
    while low > 0 and 1 - tail(low, mean, excess) > rest:
        low -= 1
    return low, high


def predicted(counts: Floats | NDArray[np.int64], weeks: int) -> tuple[float, float]:
    """What the next stretch of so many weeks should hold, by weekly counts (w,): its mean and its dispersion.

    That the mean itself is only estimated adds to the dispersion.
    """
    blocks = len(counts) // weeks
    mean = float(np.mean(counts)) * weeks if len(counts) else 0.0
    if blocks == 0:
        return mean, POISSON
    summed = np.asarray(counts[len(counts) - blocks * weeks :]).reshape(blocks, weeks).sum(axis=1)
    return mean, dispersion(summed) * (1 + weeks / len(counts))
