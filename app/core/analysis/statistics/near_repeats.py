"""Does one incident bring another soon and nearby? The Knox table, against the same incidents with times shuffled."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import DAY_S, Coordinates, Floats
from app.core.errors import TooLargeError

DISTANCES_M = (0.0, 1.0, 100.0, 200.0, 400.0)  # the first band is the same place
DAYS = (0.0, 7.0, 14.0, 28.0)
PERMUTATIONS = 199
MOST_PAIRS = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnoxCell:
    """Pairs at a distance [from, to) and a time apart [from, to): as found, and as shuffled times would have it.

    p: share of the shuffles (and what was found) with at least as many pairs.
    """

    distance_m: tuple[float, float]
    days: tuple[float, float]
    observed: int
    expected: float
    p: float

    @property
    def ratio(self) -> float | None:
        """Times as many as expected; None where none was expected."""
        return self.observed / self.expected if self.expected else None


def expected_pairs(near: int, soon: int, pairs: int) -> float:
    """How many of all pairs should be both near and soon if the one said nothing of the other (Knox 1964)."""
    return near * soon / pairs if pairs else 0.0


def knox(
    xy: Coordinates,
    occurred_s: Floats,
    seed: int,
    *,
    distances_m: tuple[float, ...] = DISTANCES_M,
    days: tuple[float, ...] = DAYS,
    permutations: int = PERMUTATIONS,
) -> tuple[KnoxCell, ...]:
    """The Knox table of incidents (n, 2) at (n,) epoch seconds, by distance and then by time.

    distances_m, days: the ends of the bands, ascending. Raises TooLargeError where more pairs lie near each other
    than can be shuffled, ValueError for bands that do not ascend.
    """
    if not all(low < high for ends in (distances_m, days) for low, high in pairwise(ends)):
        raise ValueError("The ends of the bands must ascend.")
    first, second, band = _near_pairs(xy, np.asarray(distances_m))
    ends_s = np.asarray(days) * DAY_S
    shape = (len(distances_m) - 1, len(days) - 1)

    def table(times_s: Floats) -> NDArray[np.int64]:
        apart = np.searchsorted(ends_s, np.abs(times_s[first] - times_s[second]), side="right") - 1
        inside = (apart >= 0) & (apart < shape[1])
        return np.bincount(band[inside] * shape[1] + apart[inside], minlength=shape[0] * shape[1])

    observed = table(occurred_s)
    total, as_many = np.zeros(len(observed)), np.ones(len(observed))
    for number in range(permutations):
        dice = np.random.Generator(np.random.Philox(key=[seed, number]))
        shuffled = table(dice.permutation(occurred_s))
        total += shuffled
        as_many += shuffled >= observed
    return tuple(
        KnoxCell(
            distance_m=(distances_m[row], distances_m[row + 1]),
            days=(days[column], days[column + 1]),
            observed=int(observed[i]),
            expected=float(total[i] / permutations),
            p=float(as_many[i] / (permutations + 1)),
        )
        for i, (row, column) in enumerate(np.ndindex(shape))
    )


def _near_pairs(xy: Coordinates, ends_m: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The pairs within the bands: both rows, and which band."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 -- only this statistic needs it

    tree = cKDTree(xy)
    count = (int(tree.count_neighbors(tree, float(ends_m[-1]))) - len(xy)) // 2
    if count > MOST_PAIRS:
        raise TooLargeError(
            f"{count:,} pairs lie near each other; the near-repeat table takes {MOST_PAIRS:,}. Choose a shorter period "
            "or fewer categories."
        )
    pairs = tree.query_pairs(float(ends_m[-1]), output_type="ndarray")
    far_m = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    band = np.searchsorted(ends_m, far_m, side="right") - 1
    inside = (band >= 0) & (band < len(ends_m) - 1)
    return pairs[inside, 0], pairs[inside, 1], band[inside]
