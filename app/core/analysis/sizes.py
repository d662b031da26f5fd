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
    labels = np.full(len(cells), -1, dtype=np.int32)
    waiting = [np.flatnonzero(counts >= min_incidents)]
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
    for label, piece in enumerate(sorted(small, key=lambda rows: int(rows[0]))):
        labels[piece] = label
    return labels


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
