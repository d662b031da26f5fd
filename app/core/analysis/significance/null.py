"""A town without hot spots: as many incidents, at places where incidents can happen, and none hotter than its part.

A random scatter over a box calls everything significant, because towns are no boxes. Here an incident at an
address where others happened too goes to one of those addresses, and any other to anywhere on the active ground;
how many go to which part of town is told by a surface over the incidents, a kilometre wide, in which single
hot spots drown.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from app.core.analysis import ground
from app.core.analysis.dbscan import decimetres
from app.core.analysis.ground import ACTIVE_CELL_M, CELL_M, Cells
from app.core.analysis.points import Coordinates, Floats, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SPREAD_M = 1000.0  # standard deviation of the surface
REACH = 3.0  # spreads away, an incident no longer raises the surface
BLOCK_M = 250.0  # the surface is one height within a block: 5 by 5 active squares
AT_PLACE_M = 50.0  # an incident this near a given place happened at it
SQUARES_A_CELL = round(ACTIVE_CELL_M / CELL_M) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class AtRisk:
    """Places where incidents can happen, and how much each has at stake: address points, people who live there.

    xy: (p, 2) metres; weight: (p,) more than zero. Raises ValueError for anything else.
    """

    xy: Coordinates
    weight: Floats

    def __post_init__(self) -> None:
        """Refuse places that are nowhere or that nothing can happen at."""
        if self.xy.shape != (len(self.weight), 2) or self.weight.ndim != 1:
            raise ValueError("Every place needs a position and a weight.")
        if not (np.isfinite(self.xy).all() and np.isfinite(self.weight).all() and (self.weight > 0).all()):
            raise ValueError("Places need a finite position and a weight above zero.")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Null:
    """Where n incidents would be without hot spots: shares on squares of active ground, and at places.

    cells: (c, 2) ascending 50 m squares; on_cell: (c,) the share of the incidents on each. places: (p, 2) metres;
    at_place: (p,). All shares together are one.
    """

    n: int
    cells: Cells
    on_cell: Floats
    places: Coordinates
    at_place: Floats
    _odds: Floats  # (c + p,) shares added up
    _place_squares: Cells  # (q, 2) ascending 12.5 m squares with places
    _on_place_square: Floats  # (q,)

    @classmethod
    def of(cls, xy: Coordinates, at_risk: AtRisk | None = None) -> Self:
        """The town without hot spots in which incidents (n, 2) happened, n >= 1."""
        cells, _ = ground.active_since(xy, np.zeros(len(xy)))
        if at_risk is None:
            places, is_at_place = _repeated(xy)
            weight = np.ones(len(places))
        else:
            places, weight = at_risk.xy, at_risk.weight
            is_at_place = _is_near(xy, places)
        elsewhere = xy[~is_at_place]
        on_cell = _spread(elsewhere, (cells + 0.5) * ACTIVE_CELL_M, np.ones(len(cells))) / len(xy)
        at_place = _spread(xy[is_at_place], places, weight) / len(xy)
        squares, of_place = np.unique(np.floor(places / CELL_M).astype(np.int64), axis=0, return_inverse=True)
        return cls(
            n=len(xy),
            cells=cells,
            on_cell=on_cell,
            places=places,
            at_place=at_place,
            _odds=np.cumsum(np.r_[on_cell, at_place]),
            _place_squares=squares,
            _on_place_square=np.bincount(of_place, at_place, minlength=len(squares)),
        )

    def draw(self, dice: np.random.Generator) -> Coordinates:
        """n incidents (n, 2) of such a town."""
        where = np.searchsorted(self._odds, dice.random(self.n) * self._odds[-1], side="right")
        where = np.minimum(where, len(self._odds) - 1)
        off = dice.random((self.n, 2))
        on_cell = where < len(self.cells)
        xy = np.empty((self.n, 2))
        xy[on_cell] = (self.cells[where[on_cell]] + off[on_cell]) * ACTIVE_CELL_M
        xy[~on_cell] = self.places[where[~on_cell] - len(self.cells)]
        return xy

    def expected(self, squares: Cells) -> Floats:
        """How many of the n incidents (s,) would be on each of these 12.5 m squares (s, 2)."""
        return self.n * (
            _at(self.cells, self.on_cell / SQUARES_A_CELL, squares // round(ACTIVE_CELL_M / CELL_M))
            + _at(self._place_squares, self._on_place_square, squares)
        )


def _repeated(xy: Coordinates) -> tuple[Coordinates, Mask]:
    """Places (p, 2) with more than one incident to the decimetre, and which incidents (n,) are at one."""
    _, first, of_row, counts = np.unique(
        decimetres(xy), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return xy[first[counts > 1]], counts[of_row] > 1


def _is_near(xy: Coordinates, places: Coordinates) -> Mask:
    from scipy.spatial import cKDTree  # noqa: PLC0415 -- only an analysis needs it

    far_m, _ = cKDTree(places).query(xy, distance_upper_bound=AT_PLACE_M)
    return np.asarray(np.isfinite(far_m), dtype=np.bool_)


def _spread(xy: Coordinates, targets: Coordinates, weight: Floats) -> Floats:
    """How many of the incidents (n, 2) each target (t, 2) gets: as many as any near it of the same weight (t,).

    "Near" fades with the distance. Together they get n.
    """
    if len(xy) == 0 or len(targets) == 0:
        return np.zeros(len(targets))
    blocks, of_target = np.unique(np.floor(targets / BLOCK_M).astype(np.int64), axis=0, return_inverse=True)
    stake = np.bincount(of_target, weight, minlength=len(blocks))
    occupied, counts = np.unique(np.floor(xy / BLOCK_M).astype(np.int64), axis=0, return_counts=True)
    rate = _smoothed(occupied, counts.astype(np.float64), blocks) / _smoothed(blocks, stake, blocks)
    shares = weight * rate[of_target]
    return np.asarray(shares * (len(xy) / shares.sum()))


def _smoothed(blocks: Cells, values: Floats, wanted: Cells) -> Floats:
    """The sum (w,) of values (b,) at blocks (b, 2) as seen from blocks (w, 2): less with distance."""
    from scipy.sparse import csr_array  # noqa: PLC0415 -- only an analysis needs it

    columns, column = np.unique(blocks[:, 0], return_inverse=True)
    rows, row = np.unique(blocks[:, 1], return_inverse=True)
    wanted_columns, wanted_column = np.unique(wanted[:, 0], return_inverse=True)
    wanted_rows, wanted_row = np.unique(wanted[:, 1], return_inverse=True)
    at = csr_array((values, (column, row)), shape=(len(columns), len(rows)))
    seen = _weights(wanted_columns, columns) @ at @ _weights(wanted_rows, rows).T
    return np.asarray(seen[wanted_column, wanted_row])


def _weights(wanted: NDArray[np.int64], known: NDArray[np.int64]) -> "csr_array":
    """How much one line (k,) of blocks counts for another (w,): a bell over their distance. Both ascending."""
    from scipy.sparse import csr_array  # noqa: PLC0415 -- only an analysis needs it

    reach = int(REACH * SPREAD_M / BLOCK_M)
    first = np.searchsorted(known, wanted - reach)
    count = np.searchsorted(known, wanted + reach, side="right") - first
    starts = np.r_[0, np.cumsum(count)]
    column = np.arange(starts[-1]) - np.repeat(starts[:-1] - first, count)
    off_m = (known[column] - np.repeat(wanted, count)) * BLOCK_M
    return csr_array((np.exp(-((off_m / SPREAD_M) ** 2) / 2), column, starts), shape=(len(wanted), len(known)))


def _at(cells: Cells, values: Floats, wanted: Cells) -> Floats:
    """The values (c,) of cells (c, 2), ascending, at the wanted ones (w, 2); zero elsewhere."""
    row = ground.rows_of(wanted, cells)
    return np.where(row >= 0, np.append(values, 0.0)[row], 0.0)
