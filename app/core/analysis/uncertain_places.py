"""How sure the place of a hot spot is, when some incidents are known to 5 metres and others to 83.

Every incident is moved about as far as its place is uncertain and the hot spots are sought again, some dozens of
times. One that is found again nearly always is where it is drawn; one that comes and goes hangs on a few doubtful
positions.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.core.analysis import ground
from app.core.analysis.points import Coordinates, Floats
from app.core.analysis.significance.procedures import Procedure, Regions

REPLICATES = 50
UNKNOWN_M = 25.0  # taken for a place that does not say
MEDIAN_RADIUS = float(np.sqrt(2 * np.log(2)))  # of a round bell, in standard deviations
ENOUGH_GROUND = 0.25  # of a hot spot's ground hot again is the hot spot found again
DECIMALS = 3
SURE, FAIRLY_SURE = 0.9, 0.5  # of the resamples


class Placing(StrEnum):
    """How sure it is where a hot spot is; pages turn it into a sentence."""

    SURE = "sure"
    FAIRLY_SURE = "fairly-sure"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, eq=False)
class PlaceCertainty:
    """How hot spots fare when incidents are moved as far as their places are uncertain.

    found_again: (k,) the share of resamples in which each hot spot is found again. member_share: (n,) the share in
    which each incident is in a hot spot.
    """

    found_again: Floats
    member_share: Floats


def placing(found_again: float) -> Placing:
    """In one word, from the share of resamples in which a hot spot is found again."""
    if found_again >= SURE:
        return Placing.SURE
    return Placing.FAIRLY_SURE if found_again >= FAIRLY_SURE else Placing.UNSURE


def place_certainty(
    xy: Coordinates,
    uncertainty_m: Floats,
    procedure: Procedure,
    *,
    seed: int,
    replicates: int = REPLICATES,
    workers: int = 1,
) -> PlaceCertainty:
    """How sure the places are of the hot spots that the procedure finds, in its order.

    xy: (n, 2) metres, in the order in which the procedure was run. uncertainty_m: (n,) the median distance between
    the stated and the true place, nan where unknown. A hot spot is found again where a quarter of its ground is hot
    again. Resample i draws from a Philox stream of its own, so the result depends on the seed alone, not on the
    number of threads (`workers`). Raises ValueError for uncertainties that are none or less than one resample, and
    what the procedure raises.
    """
    if uncertainty_m.shape != (len(xy),) or (uncertainty_m < 0).any() or np.isinf(uncertainty_m).any():
        raise ValueError(f"uncertainty_m must be zero or more, or nan, for each of the {len(xy)} incidents")
    if replicates < 1:
        raise ValueError(f"At least one resample is needed, got {replicates}.")
    if len(xy) == 0:
        return PlaceCertainty(np.empty(0), np.empty(0))
    found = procedure.regions(xy)
    spread_m = np.where(np.isnan(uncertainty_m), UNKNOWN_M, uncertainty_m) / MEDIAN_RADIUS
    one = partial(_resample, xy, spread_m, procedure, found, seed)
    again, member = np.zeros(len(found.counts)), np.zeros(len(xy))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for is_again, is_member in pool.map(one, range(replicates)):
            again += is_again
            member += is_member
    return PlaceCertainty(np.round(again / replicates, DECIMALS), np.round(member / replicates, DECIMALS))


def _resample(
    xy: Coordinates, spread_m: Floats, procedure: Procedure, found: Regions, seed: int, number: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which hot spots (k,) are found again, and which incidents (n,) are in one, when all have moved once."""
    dice = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(number,))))
    again = procedure.regions(xy + dice.standard_normal(xy.shape) * spread_m[:, None])
    hot = again.squares[np.lexsort((again.squares[:, 1], again.squares[:, 0]))]
    is_hot = ground.rows_of(found.squares, hot) >= 0
    size = np.bincount(found.region, minlength=len(found.counts))
    return np.bincount(found.region, is_hot, minlength=len(size)) >= ENOUGH_GROUND * size, again.labels >= 0
