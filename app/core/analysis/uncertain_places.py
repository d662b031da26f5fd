"""How sure the place of a hot spot is, when incidents are known to 5 metres here and to 83 there.

Every incident is moved about as far as its place is uncertain and hot spots are sought again, some dozens of times.
A hot spot that is found again nearly always is where it is drawn; one that comes and goes hangs on a few doubtful
positions.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis import ground
from app.core.analysis.points import Coordinates, Floats
from app.core.analysis.significance.procedures import Procedure

REPLICATES = 50
UNKNOWN_M = 25.0  # taken for places that say nothing
MEDIAN_RADIUS = float(np.sqrt(2 * np.log(2)))  # of a round bell, in standard deviations
DECIMALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCertainty:
    """How a hot spot fares when its incidents are moved as far as they are uncertain.

    found_again: the share of resamples with a hot spot on the middle of this one's ground; same_ground: the share of
    its ground that is hot in a resample, on average.
    """

    found_again: float
    same_ground: float


def place_certainty(  # noqa: PLR0913 -- what to move, how, and how often
    xy: Coordinates,
    uncertainty_m: Floats,
    procedure: Procedure,
    outlines: tuple[Polygon, ...],
    *,
    seed: int,
    replicates: int = REPLICATES,
    workers: int = 1,
) -> tuple[tuple[PlaceCertainty, ...], Floats]:
    """How sure the place of each outline (k,) is, and how often (n,) each incident is in a hot spot, 0 to 1.

    xy: (n, 2) metres, in the order in which the procedure was run. uncertainty_m: (n,) the median distance between
    the stated and the true place, nan where unknown.
    """
    raise NotImplementedError
