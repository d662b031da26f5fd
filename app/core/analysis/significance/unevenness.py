"""How uneven ordinary ground is, when nobody has said where people live.

A block of flats and the field beside it look like a crowd and a calm. How much places differ in general is read from
the ordinary ones, and random towns are made as uneven: counts on equal squares vary more than chance alone allows,
as if each square had a rate of its own, drawn from a gamma distribution (so the counts are negative binomial).
"""

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Floats

ORDINARY = 0.9  # of the squares, as many incidents as these at most are ordinary; the rest is to be judged
LEAST, MOST = 1e-3, 20.0
ROUNDS = 8
STEPS = 40


def unevenness(counts: NDArray[np.int64], expected: Floats) -> float:
    """The squared relative spread of the rates of squares (s,), from their counts and what is expected of each.

    0 where counts vary no more than by chance. Most likely under the negative binomial distribution, given that a
    square is ordinary: crowded squares say nothing, or hot spots would hide themselves.
    """
    is_possible = expected > 0
    counts, expected = counts[is_possible], expected[is_possible]
    if len(counts) == 0:
        return 0.0
    spread = LEAST
    for _ in range(ROUNDS):
        limit = _ordinary(expected, spread)
        is_ordinary = counts <= limit
        before, spread = spread, _likeliest(counts[is_ordinary], expected[is_ordinary], limit[is_ordinary])
        if abs(spread - before) <= 0.01 * spread:
            break
    return 0.0 if spread <= 2 * LEAST else spread


def _ordinary(expected: Floats, spread: float) -> Floats:
    """The most incidents (s,) that an ordinary square has."""
    from scipy.stats import nbinom  # noqa: PLC0415 -- only an analysis needs it

    return np.asarray(nbinom.ppf(ORDINARY, 1 / spread, 1 / (1 + spread * expected)), dtype=np.float64)


def _likeliest(counts: NDArray[np.int64], expected: Floats, limit: Floats) -> float:
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 -- only an analysis needs it
    from scipy.stats import nbinom  # noqa: PLC0415

    def unlikely(log_spread: float) -> float:
        spread = np.exp(log_spread)
        shape, odds = 1 / spread, 1 / (1 + spread * expected)
        return float(-(nbinom.logpmf(counts, shape, odds) - nbinom.logcdf(limit, shape, odds)).sum())

    found = minimize_scalar(unlikely, bounds=(np.log(LEAST), np.log(MOST)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x))
