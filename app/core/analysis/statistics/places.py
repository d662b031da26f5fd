"""How few places hold how much: concentration, and places that come again."""

from dataclasses import dataclass

import numpy as np

from app.core.analysis.points import Coordinates

CELL_M = 250.0
SHARES = (0.25, 0.5, 0.8)
PLACE_M = 50.0
MOST_PLACES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """The share of the active cells that holds each share of the incidents. active: cells with any incident."""

    active: int
    incidents: int
    shares: tuple[tuple[float, float], ...]  # (of incidents, of active cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPlaces:
    """Squares of 50 m where it happened more than once: how many, what share of all, and the busiest by middle."""

    places: int
    share: float
    busiest: tuple[tuple[float, float, int], ...]  # x, y, incidents; most first, then from the west and the south


def concentration(xy: Coordinates, active: int | None = None) -> Concentration:
    """How concentrated incidents (n, 2) are.

    active: how many cells count as active, when more than those with an incident in the period (for instance any
    incident ever). Raises ValueError when that is fewer.
    """
    counts = _counts(xy, CELL_M)[1]
    cells = len(counts) if active is None else active
    if cells < len(counts):
        raise ValueError("There cannot be fewer active cells than cells with incidents.")
    held = np.cumsum(np.sort(counts)[::-1])
    needed = [int(np.searchsorted(held, wanted * len(xy) - 1e-9)) + 1 for wanted in SHARES]
    return Concentration(
        active=cells,
        incidents=len(xy),
        shares=tuple(zip(SHARES, (count / cells for count in needed), strict=True)) if len(xy) else (),
    )


def repeat_places(xy: Coordinates) -> RepeatPlaces:
    """Where incidents (n, 2) came again."""
    cells, counts = _counts(xy, PLACE_M)
    again = np.flatnonzero(counts > 1)
    order = again[np.lexsort((cells[again, 1], cells[again, 0], -counts[again]))][:MOST_PLACES]
    middles = (cells[order] + 0.5) * PLACE_M
    return RepeatPlaces(
        places=len(again),
        share=float(counts[again].sum() / len(xy)) if len(xy) else 0.0,
        busiest=tuple((x, y, n) for (x, y), n in zip(middles.tolist(), counts[order].tolist(), strict=True)),
    )


def _counts(xy: Coordinates, cell_m: float) -> tuple[Coordinates, "np.typing.NDArray[np.int64]"]:
    cells, counts = np.unique(np.floor(xy / cell_m), axis=0, return_counts=True)
    return cells, counts
