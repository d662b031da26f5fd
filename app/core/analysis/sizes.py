"""How large a hot spot may be: larger ones are split where they are thinnest.

Chained groups can cover a third of a town, and nobody can act on a third of a town. Inside a piece that is too
large the demand is raised one incident at a time until it falls apart or shrinks enough.
"""

import numpy as np
from numpy.typing import NDArray

from app.core.analysis import ground
from app.core.analysis.ground import CELL_M, LIKE, Cells
from app.core.analysis.params import MAX_AREA_M2


def limited(
    cells: Cells, counts: NDArray[np.int64], min_incidents: int, max_area_m2: float = MAX_AREA_M2
) -> NDArray[np.int32]:
    """The piece (c,) that each square belongs to, numbered from 0 by first square; -1 is in no hot spot.

    cells: (c, 2) ascending; counts: (c,) incidents around each. A square counts from min_incidents up, and from
    more where its outline would be larger than max_area_m2.
    """
    crowded = np.flatnonzero(counts >= min_incidents)
    pieces = ground.pieces(cells[crowded])
    is_small = _are_small(cells[crowded], pieces, max_area_m2)
    labels = np.full(len(cells), -1, dtype=np.int32)
    labels[crowded] = pieces
    for number in np.flatnonzero(~is_small).tolist():
        rows = crowded[pieces == number]
        labels[rows] = -1
        for piece in _split(cells, counts, rows, max_area_m2):
            labels[piece] = len(cells) + int(piece[0])  # above all others, and not twice
    is_hot = labels >= 0
    _, first, inverse = np.unique(labels[is_hot], return_index=True, return_inverse=True)
    labels[is_hot] = np.argsort(np.argsort(first))[inverse]
    return labels


def _are_small(cells: Cells, pieces: NDArray[np.int32], max_area_m2: float) -> NDArray[np.bool_]:
    """Which pieces (k,) of squares (c, 2) are small enough because the rectangles round them are."""
    order = np.argsort(pieces, kind="stable")
    starts = np.flatnonzero(np.diff(pieces[order], prepend=-1))
    if len(starts) == 0:
        return np.empty(0, dtype=np.bool_)
    sorted_cells = cells[order]
    spread = np.maximum.reduceat(sorted_cells, starts) - np.minimum.reduceat(sorted_cells, starts) + 1
    return np.asarray(spread.prod(axis=1) * CELL_M**2 <= max_area_m2, dtype=np.bool_)


def _split(
    cells: Cells, counts: NDArray[np.int64], rows: NDArray[np.intp], max_area_m2: float
) -> list[NDArray[np.intp]]:
    """The parts of one piece that are small enough, after as many splits as it takes."""
    waiting = [rows]
    small: list[NDArray[np.intp]] = []
    while waiting:
        for piece in _pieces(cells, waiting.pop()):
            thinnest = counts[piece].min()
            if len(piece) == 1 or _fits(cells[piece], max_area_m2):
                small.append(piece)
            elif counts[piece].max() > thinnest:
                waiting.append(piece[counts[piece] > thinnest])
            else:
                waiting += _halves(cells, piece)
    return small


def _fits(cells: Cells, max_area_m2: float) -> bool:
    """Whether the outline round a piece is small enough; its squares or the rectangle round it mostly say so."""
    if len(cells) * CELL_M**2 * (1 - LIKE) > max_area_m2:
        return False
    if np.prod(np.ptp(cells, axis=0) + 1) * CELL_M**2 <= max_area_m2:
        return True
    outline = ground.outlines(cells, np.zeros(len(cells), dtype=np.int32))[0]
    return bool(outline.area <= max_area_m2)


def _pieces(cells: Cells, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The connected pieces of some squares, each as ascending rows."""
    if len(rows) == 0:
        return []
    labels = ground.pieces(cells[rows])
    order = np.argsort(labels, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(labels[order])) + 1)


def _halves(cells: Cells, piece: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Equally thick all over: cut across the longer way, west from east or south from north."""
    spread = np.ptp(cells[piece], axis=0)
    along = cells[piece, int(spread[1] > spread[0])]
    is_first = along <= (along.min() + along.max()) // 2
    return piece[is_first], piece[~is_first]
