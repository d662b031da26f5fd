"""The rules of thumb that deviations are measured against. They look at the same places and are as silent after.

What they share: they do not know how far a few reports swing by chance.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from app.core.analysis.deviations.counting import Places
from app.core.analysis.deviations.detecting import Candidates, candidates, no_columns
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.points import DAY_S

LEAST = 3
NOMINAL_P = 0.01
WINDOW_DAYS = 28

Naive = Callable[[Places, Sequence[float], DeviationRule], Candidates]


def nominal(found: Places, moments_s: Sequence[float], rule: DeviationRule) -> Candidates:
    """The exact test at p <= .01, as if one place were looked at once."""
    return candidates(found, moments_s, rule).below(NOMINAL_P)


def more_by(share: float) -> Naive:
    """At least three reports in four weeks, and so much more than the mean of the year before them."""

    def looked(found: Places, moments_s: Sequence[float], rule: DeviationRule) -> Candidates:
        stratum = found.strata[0]
        columns = [no_columns()]
        for number, now_s in enumerate(moments_s):
            since_s = now_s - WINDOW_DAYS * DAY_S
            observed = stratum.count(since_s, now_s)
            before = stratum.count(since_s - rule.baseline_days * DAY_S, since_s)
            expected = before * (WINDOW_DAYS / rule.baseline_days)
            place = np.flatnonzero((observed >= LEAST) & (observed >= (1 + share) * expected))
            place = place[np.argsort(expected[place] / observed[place], kind="stable")]
            n = len(place)
            columns.append(
                (
                    np.full(n, number),
                    found.xy[place],
                    np.zeros(n, np.int64),
                    np.full(n, WINDOW_DAYS),
                    observed[place],
                    expected[place],
                    expected[place] / observed[place],
                )
            )
        return Candidates(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    return looked


NAIVE: Final[dict[str, Naive]] = {
    "at_least_3_and_50_percent_more": more_by(0.5),
    "at_least_3_and_twice_as_many": more_by(1.0),
    "nominal_p_01": nominal,
}
