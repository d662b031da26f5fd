"""The incidents of one analysis run as arrays, and the rule for which incidents count.

Row order matters to DBSCAN, so `Points.ordered` is the way in: rows that arrive shuffled come out the same.
"""

from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.params import AnalysisParams

Coordinates = NDArray[np.float64]  # (n, 2) metres, x east and y north
Floats = NDArray[np.float64]
Indices = NDArray[np.int32]
Mask = NDArray[np.bool_]

Kind = TypeVar("Kind", bound=np.generic)

SWEREF99_TM = 3006
DAY_S = 86_400.0
FURTHEST_M = 5e7  # 50 000 km: once round the Earth, and squares of decimetres stay whole in 64 bits


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Points:
    """n incidents that count, one row each.

    xy: (n, 2) metres in the projection `epsg`. occurred_s: (n,) epoch seconds of the middle of the interval.
    category: (n,) index into `categories`; source: (n,) index into `sources`. uncertainty_m: (n,) metres,
    nan where unknown. Raises ValueError when the arrays do not fit together or a place or time is not finite.
    """

    xy: Coordinates
    occurred_s: Floats
    category: Indices
    categories: tuple[str, ...]
    source: Indices
    sources: tuple[str, ...]
    uncertainty_m: Floats
    epsg: int = SWEREF99_TM

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same n incidents."""
        n = len(self.xy)
        if self.xy.shape != (n, 2):
            raise ValueError(f"xy must have the shape (n, 2), got {self.xy.shape}")
        for name in ("occurred_s", "category", "source", "uncertainty_m"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} must have one value for each of the {n} incidents")
        if not (np.isfinite(self.xy).all() and np.isfinite(self.occurred_s).all()):
            raise ValueError("Every incident needs a finite place and time.")
        _check_index("category", self.category, self.categories)
        _check_index("source", self.source, self.sources)

    @classmethod
    def ordered(  # noqa: PLR0913 -- the columns of one table
        cls,
        *,
        xy: Coordinates,
        occurred_s: Floats,
        category: Indices,
        categories: tuple[str, ...],
        source: Indices,
        sources: tuple[str, ...],
        uncertainty_m: Floats,
        sort_key: NDArray[Any],
        epsg: int = SWEREF99_TM,
    ) -> Self:
        """Points in their one order: by x, y, time, and then `sort_key`.

        sort_key: (n,) strings or numbers that tell incidents at one place and time apart, for instance source
        and source reference. The arrays are copied and made read-only.
        """
        given = cls(
            xy=np.asarray(xy, dtype=np.float64).reshape(-1, 2),
            occurred_s=np.asarray(occurred_s, dtype=np.float64),
            category=np.asarray(category, dtype=np.int32),
            categories=categories,
            source=np.asarray(source, dtype=np.int32),
            sources=sources,
            uncertainty_m=np.asarray(uncertainty_m, dtype=np.float64),
            epsg=epsg,
        )
        if np.shape(sort_key) != (len(given),):
            raise ValueError(f"sort_key must have one value for each of the {len(given)} incidents")
        key_rank = np.unique(sort_key, return_inverse=True)[1]  # any sortable kind, also Python strings
        return given.select(np.lexsort((key_rank, given.occurred_s, given.xy[:, 1], given.xy[:, 0])))

    def __len__(self) -> int:
        """The number of incidents."""
        return len(self.xy)

    def select(self, rows: Mask | NDArray[np.intp]) -> Self:
        """The incidents of a mask (n,) or of row numbers, in that order, as read-only copies."""
        return type(self)(
            xy=_frozen(self.xy[rows]),
            occurred_s=_frozen(self.occurred_s[rows]),
            category=_frozen(self.category[rows]),
            categories=self.categories,
            source=_frozen(self.source[rows]),
            sources=self.sources,
            uncertainty_m=_frozen(self.uncertainty_m[rows]),
            epsg=self.epsg,
        )


def midpoints_s(occurred_from_s: Floats, occurred_to_s: Floats) -> Floats:
    """Epoch seconds (n,) of the middle of each interval: the moment an incident is counted at."""
    return occurred_from_s + (occurred_to_s - occurred_from_s) / 2


def which_count(
    occurred_from_s: Floats,
    occurred_to_s: Floats,
    codes: NDArray[Any],
    uncertainty_m: Floats,
    params: AnalysisParams,
) -> Mask:
    """Which of n incidents (n,) an analysis counts.

    occurred_from_s, occurred_to_s: (n,) epoch seconds. codes: (n,) category codes. uncertainty_m: (n,) metres,
    nan where unknown. An incident counts when the middle of its interval is in the period, the interval is not
    too long to say when, its place not too uncertain to say where, and its category was asked for. Raises
    ValueError when an interval ends before it begins.
    """
    if (occurred_to_s < occurred_from_s).any():
        raise ValueError("An incident cannot end before it begins.")
    middle_s = midpoints_s(occurred_from_s, occurred_to_s)
    in_period = (middle_s >= params.since.timestamp()) & (middle_s < params.until.timestamp())
    is_short = occurred_to_s - occurred_from_s <= params.max_interval_days * DAY_S
    is_placed = ~(uncertainty_m > params.max_uncertainty_m)  # unknown is not uncertain
    is_wanted = np.isin(codes, params.categories)
    counts: Mask = in_period & is_short & is_placed & is_wanted
    return counts


def _check_index(what: str, index: Indices, names: tuple[str, ...]) -> None:
    if len(index) and not (index.min() >= 0 and index.max() < len(names)):
        raise ValueError(f"An incident has a {what} that is not in the list.")


def _frozen(values: NDArray[Kind]) -> NDArray[Kind]:
    values.setflags(write=False)
    return values
