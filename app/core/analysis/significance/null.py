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
from app.core.analysis.dbscan import decimetres, has_kernel
from app.core.analysis.ground import ACTIVE_CELL_M, CELL_M, Cells
from app.core.analysis.points import Coordinates, Floats, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SPREAD_M = 1000.0  # standard deviation of the surface
REACH_M = 125.0  # from an incident, another could have happened
FADED = 3.0  # spreads away, an incident no longer raises the surface
BLOCK_M = 250.0  # the surface is one height within a block: 5 by 5 active squares
CLUMP_M = 100.0  # ground of this size has a rate of its own: a block of flats, a park
UNEVENNESS = 0.1  # squared relative spread of those rates, where nobody has said where incidents can happen
USUAL = 0.95  # of the sites are no busier than usual
AT_PLACE_M = 50.0  # an incident this near a given place happened at it
SQUARES_A_SIDE = round(ACTIVE_CELL_M / CELL_M)
SQUARES_A_CELL = SQUARES_A_SIDE**2


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

    cells: (c, 2) ascending 50 m squares; on_cell: (c,) the share of the incidents on each. squares: (q, 2) ascending
    12.5 m squares with places; on_square: (q,) the share at the places on each. All shares together are one.
    """

    n: int
    cells: Cells
    on_cell: Floats
    squares: Cells
    on_square: Floats
    _corners: Coordinates  # (c + p, 2) south-west of cells, then places
    _side_m: Floats  # (c + p,) of cells; 0 for places
    _shares: Floats  # (c + p,)
    _clump: NDArray[np.int64]  # (c + p,) number of the clump that each is in
    unevenness: float  # of the clumps: squared relative spread of their rates

    @classmethod
    def of(cls, xy: Coordinates, at_risk: AtRisk | None = None) -> Self:
        """The town without hot spots in which incidents (n, 2) happened, n >= 1."""
        cells = ground.squares_within(xy, ACTIVE_CELL_M, REACH_M)
        sites, counts = _sites(xy)
        if at_risk is None:
            at_site = _usual(counts)
            places = sites[at_site > 0]
            weight: Floats = np.ones(len(places), dtype=np.float64)
        else:
            at_site = np.where(_is_near(sites, at_risk.xy), counts, 0)
            places, weight = at_risk.xy, at_risk.weight
        elsewhere = counts - at_site
        on_cell = _spread(
            sites, elsewhere, ((cells + 0.5) * ACTIVE_CELL_M).astype(np.float64), np.ones(len(cells))
        ) / len(xy)
        at_place = _spread(sites, at_site, places, weight) / len(xy)
        squares, of_place = np.unique(np.floor(places / CELL_M).astype(np.int64), axis=0, return_inverse=True)
        shares = np.append(on_cell, at_place)
        middles = np.concatenate([(cells + 0.5) * ACTIVE_CELL_M, places])
        _, clump = np.unique(np.floor(middles / CLUMP_M).astype(np.int64), axis=0, return_inverse=True)
        return cls(
            n=len(xy),
            cells=cells,
            on_cell=on_cell,
            squares=squares,
            on_square=np.bincount(of_place, at_place, minlength=len(squares)).astype(np.float64),
            _corners=np.concatenate([cells * ACTIVE_CELL_M, places]),
            _side_m=np.repeat([ACTIVE_CELL_M, 0.0], [len(cells), len(places)]),
            _shares=shares,
            _clump=clump,
            unevenness=UNEVENNESS if at_risk is None else 0.0,
        )

    def draw(self, dice: np.random.Generator) -> Coordinates:
        """Draw the n incidents (n, 2) of such a town, as uneven as ordinary ground is."""
        shares = self._shares
        if self.unevenness:
            rates = dice.gamma(1 / self.unevenness, self.unevenness, size=int(self._clump.max()) + 1)
            shares = shares * rates[self._clump]
        odds = np.cumsum(shares)
        thrown = dice.random((self.n, 3))
        if not has_kernel():
            at = _first_above(odds, thrown[:, 0])
            return self._corners[at] + thrown[:, 1:] * self._side_m[at, None]
        from app.core.analysis.kernel import squares  # noqa: PLC0415 -- numba takes a second

        parts = 1 << len(odds).bit_length()  # a power of two: parts of one are exact
        guide = _first_above(odds, np.arange(parts + 1) / parts)
        xy = np.empty((self.n, 2))
        squares.draw(odds, guide, thrown, self._corners, self._side_m, xy)
        return xy

    def expected(self, squares: Cells, scale: int = 1) -> Floats:
        """How many of the n incidents (s,) would be on each of these squares (s, 2).

        scale: how many times 12.5 m they are wide; 1, or a multiple of 4, so that they hold whole cells.
        """
        if scale > 1:
            cells, on_cell = _together(self.cells // (scale // SQUARES_A_SIDE), self.on_cell)
            places, at_place = _together(self.squares // scale, self.on_square)
            return self.n * (_at(cells, on_cell, squares) + _at(places, at_place, squares))
        return self.n * (
            _at(self.cells, self.on_cell / SQUARES_A_CELL, squares // SQUARES_A_SIDE)
            + _at(self.squares, self.on_square, squares)
        )


def _first_above(odds: Floats, level: Floats) -> NDArray[np.int64]:
    """The first of the added-up shares (c,) above each level (l,), which is a part of the whole."""
    first: NDArray[np.int64] = np.minimum(np.searchsorted(odds, level * odds[-1], side="right"), len(odds) - 1)
    return first


def _sites(xy: Coordinates) -> tuple[Coordinates, NDArray[np.int64]]:
    """Positions (s, 2) that differ by a decimetre or more, and how many incidents (s,) each has."""
    _, first, counts = np.unique(decimetres(xy), axis=0, return_index=True, return_counts=True)
    return xy[first], counts


def _usual(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the incidents (s,) at each site a town without hot spots may have there; 0 for a single one.

    All of them at most sites: only the few sites with most are levelled down to what is usual.
    """
    most = int(np.quantile(counts, USUAL, method="higher"))
    return np.where((counts > 1) & (most > 1), np.minimum(counts, most), 0)


def _is_near(xy: Coordinates, places: Coordinates) -> Mask:
    from scipy.spatial import cKDTree  # noqa: PLC0415 -- only an analysis needs it

    far_m, _ = cKDTree(places).query(xy, distance_upper_bound=AT_PLACE_M)
    return np.asarray(np.isfinite(far_m), dtype=np.bool_)


def _spread(sites: Coordinates, counts: NDArray[np.int64], targets: Coordinates, weight: Floats) -> Floats:
    """How many of the incidents (s,) at sites (s, 2) each target (t, 2) gets: as many as any near of its weight (t,).

    "Near" fades with the distance. Together they get all of them.
    """
    if counts.sum() == 0 or len(targets) == 0:
        return np.zeros(len(targets))
    blocks, of_target = np.unique(np.floor(targets / BLOCK_M).astype(np.int64), axis=0, return_inverse=True)
    stake = np.bincount(of_target, weight, minlength=len(blocks)).astype(np.float64)
    occupied, of_site = np.unique(np.floor(sites / BLOCK_M).astype(np.int64), axis=0, return_inverse=True)
    rate = _smoothed(occupied, np.bincount(of_site, counts).astype(np.float64), blocks) / _smoothed(
        blocks, stake, blocks
    )
    shares = weight * rate[of_target]
    return np.asarray(shares * (counts.sum() / shares.sum()))


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

    reach = int(FADED * SPREAD_M / BLOCK_M)
    first = np.searchsorted(known, wanted - reach)
    count = np.searchsorted(known, wanted + reach, side="right") - first
    starts = np.r_[0, np.cumsum(count)]
    column = np.arange(starts[-1]) - np.repeat(starts[:-1] - first, count)
    off_m = (known[column] - np.repeat(wanted, count)) * BLOCK_M
    return csr_array((np.exp(-((off_m / SPREAD_M) ** 2) / 2), column, starts), shape=(len(wanted), len(known)))


def _together(cells: Cells, values: Floats) -> tuple[Cells, Floats]:
    """Cells (c, 2) that are the same now, ascending, with their values (c,) added up."""
    distinct, which = np.unique(cells, axis=0, return_inverse=True)
    return distinct, np.bincount(which, values, minlength=len(distinct)).astype(np.float64)


def _at(cells: Cells, values: Floats, wanted: Cells) -> Floats:
    """The values (c,) of cells (c, 2), ascending, at the wanted ones (w, 2); zero elsewhere."""
    row = ground.rows_of(wanted, cells)
    return np.where(row >= 0, np.append(values, 0.0)[row], 0.0)
