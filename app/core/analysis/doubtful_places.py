"""Positions that may not be where it happened: default addresses and coarse positions, for somebody to be asked.

A register that does not know the place often gives the police station's or the town's middle. Such a place looks
like the hottest spot of all. It is never dropped here: a busy railway station looks much the same.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Coordinates, Mask, Points

LEAST_COUNT = 20
LEAST_SHARE = 0.02  # of all incidents
LEAST_LEAD = 3.0  # times the count of the twentieth busiest place
LEAST_MIX = 0.6  # of the mixture of categories in all incidents
USUAL_RANK = 20
NEAR_KNOWN_M = 25.0
COARSE_DECIMALS = 3  # of a degree: about a hundred metres
DEGREE_DECIMALS = 7  # as stored


class Doubt(StrEnum):
    """Why somebody should be asked about a place."""

    REPEATED = "repeated"  # the same position to the digit, far more often than other busy places
    MIXED = "mixed"  # nearly everything that is reported anywhere is reported here
    KNOWN = "known"  # at a station or an office that the organisation has named


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulPlace:
    """One position, in metres, and what speaks against it; mixture is 1 where categories are mixed as everywhere."""

    x: float
    y: float
    count: int
    share: float
    mixture: float
    doubts: tuple[Doubt, ...]


def doubtful_places(points: Points, known: Coordinates | None = None) -> tuple[DoubtfulPlace, ...]:
    """Places to ask the coordinator about, most incidents first, then from the west and the south.

    known: (k, 2) metres, addresses that stand for "somewhere". A place is asked about when it is repeated, or
    when it is known and holds at least a few incidents.
    """
    if len(points) == 0:
        return ()
    places, place_of_row, counts = np.unique(points.xy, axis=0, return_inverse=True, return_counts=True)
    usual = np.sort(counts)[::-1][min(USUAL_RANK, len(counts)) - 1]
    is_repeated = (counts >= LEAST_SHARE * len(points)) & (counts >= LEAST_LEAD * usual)
    is_asked = (counts >= LEAST_COUNT) & (is_repeated | _is_near(places, known))
    everywhere = _mixture(points.category)
    found = []
    for place in sorted(np.flatnonzero(is_asked).tolist(), key=lambda i: (-counts[i], *places[i])):
        mixture = _mixture(points.category[place_of_row == place]) / everywhere if everywhere else 0.0
        reasons = (
            (Doubt.REPEATED, is_repeated[place]),
            (Doubt.MIXED, mixture >= LEAST_MIX),
            (Doubt.KNOWN, _is_near(places[place : place + 1], known)[0]),
        )
        found.append(
            DoubtfulPlace(
                x=float(places[place, 0]),
                y=float(places[place, 1]),
                count=int(counts[place]),
                share=round(int(counts[place]) / len(points), 4),
                mixture=round(mixture, 3),
                doubts=tuple(doubt for doubt, is_so in reasons if is_so),
            )
        )
    return tuple(found)


def is_coarse(lonlat: Coordinates) -> Mask:
    """Which positions (n, 2) in degrees were written with at most three decimals: a block, not an address."""
    fine = np.round(lonlat, DEGREE_DECIMALS)
    off = np.abs(fine - np.round(fine, COARSE_DECIMALS))
    return np.asarray((off < 10.0**-DEGREE_DECIMALS / 2).all(axis=1), dtype=np.bool_)


def _is_near(places: Coordinates, known: Coordinates | None) -> Mask:
    if known is None:
        return np.zeros(len(places), dtype=np.bool_)
    far_m = np.hypot(places[:, 0, None] - known[:, 0], places[:, 1, None] - known[:, 1])
    return np.asarray((far_m <= NEAR_KNOWN_M).any(axis=1), dtype=np.bool_)


def _mixture(category: NDArray[np.int32]) -> float:
    """How many different things are reported: the entropy of the categories, in nats."""
    shares = np.unique(category, return_counts=True)[1] / len(category)
    return float(-(shares * np.log(shares)).sum())
