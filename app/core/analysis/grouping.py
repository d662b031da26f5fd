"""Which incidents belong together, and round what ground: by a rule that is given, or by one chosen from them.

A given rule gives the groups of plain DBSCAN in hulls, so that another tool finds the same; only groups larger than
a hot spot may be are split. A chosen rule gives the ground that is dense everywhere, which foretells better.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES, NOISE, Clustering, find_clusters
from app.core.analysis.outlines import outline, outlines
from app.core.analysis.params import MAX_AREA_M2, AnalysisParams, ClusterRule
from app.core.analysis.points import Coordinates, Mask
from app.core.analysis.tuning import Tuning, hot_ground, tune

ROUNDING_M = 1.0  # an outline is its members and half of eps around them, give or take the simplifying
RAISED_BY = 10  # a tenth more incidents are demanded at each try to split a group

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grouping:
    """The hot spot of every incident, and the outline of every hot spot.

    labels: (n,) index into outlines, -1 for incidents in none. core: (n,) bool; every hot spot has one. outlines:
    (k,) in metres, each covering its members. tuning: why the rule is as it is; None where it was given.
    """

    labels: NDArray[np.int32]
    core: Mask
    outlines: tuple[Polygon, ...]
    rule: ClusterRule
    tuning: Tuning | None = None


def group(xy: Coordinates, params: AnalysisParams, *, memory_limit_bytes: int) -> Grouping:
    """Group incidents (n, 2) in metres as the parameters ask. Raises as `find_clusters` and `tune` do."""
    if params.rule is not None:
        return _by_rule(xy, params.rule, params.max_area_m2, memory_limit_bytes)
    tuning = tune(
        xy, area_share=params.area_share, max_area_m2=params.max_area_m2, memory_limit_bytes=memory_limit_bytes
    )
    hot = hot_ground(xy, tuning.rule, max_area_m2=params.max_area_m2, memory_limit_bytes=memory_limit_bytes)
    return Grouping(labels=hot.labels, core=hot.core, outlines=hot.outlines, rule=tuning.rule, tuning=tuning)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Part of a group that was too large: its rows, those of them that are cores, and the demand they met."""

    rows: Rows
    core_rows: Rows
    demand: int


def _by_rule(xy: Coordinates, rule: ClusterRule, max_area_m2: float, memory_limit_bytes: int) -> Grouping:
    found = small_groups(xy, rule, max_area_m2=max_area_m2, memory_limit_bytes=memory_limit_bytes)
    shapes = outlines(xy, found.labels, rule.eps_m) if found.cluster_count else ()
    return Grouping(labels=found.labels, core=found.core, outlines=shapes, rule=rule)


def small_groups(
    xy: Coordinates,
    rule: ClusterRule,
    *,
    max_area_m2: float = MAX_AREA_M2,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> Clustering:
    """Groups of incidents (n, 2) as DBSCAN finds them, split where the outline would be larger than max_area_m2.

    Raises as `find_clusters` does.
    """
    found = find_clusters(xy, rule, memory_limit_bytes=memory_limit_bytes)
    too_large = _too_large(xy, found, rule.eps_m, max_area_m2)
    return _split(xy, found, too_large, rule, max_area_m2) if too_large.any() else found


def _too_large(xy: Coordinates, found: Clustering, eps_m: float, max_area_m2: float) -> Mask:
    """Which groups (k,) have too large an outline. It needs drawing only where the box round it is too large."""
    member = np.flatnonzero(found.labels >= 0)
    rows = member[np.argsort(found.labels[member], kind="stable")]
    if len(rows) == 0:
        return np.zeros(0, dtype=np.bool_)
    starts = np.flatnonzero(np.diff(found.labels[rows], prepend=-1))
    sides_m = np.maximum.reduceat(xy[rows], starts) - np.minimum.reduceat(xy[rows], starts) + eps_m + ROUNDING_M
    too_large: Mask = sides_m.prod(axis=1) > max_area_m2
    ends = np.append(starts[1:], len(rows))
    for label in np.flatnonzero(too_large).tolist():
        too_large[label] = outline(xy[rows[starts[label] : ends[label]]], eps_m).area > max_area_m2
    return too_large


def _split(xy: Coordinates, found: Clustering, too_large: Mask, rule: ClusterRule, max_area_m2: float) -> Clustering:
    """The same groups, but the too large ones (k,) in pieces; numbered by first core row, as DBSCAN does."""
    pieces: list[_Piece] = []
    for label, is_too_large in enumerate(too_large.tolist()):
        whole = _piece(found, label, np.arange(len(xy)), rule.min_incidents)
        pieces += _small_pieces(xy, whole, rule.eps_m, max_area_m2) if is_too_large else [whole]
    labels = np.full(len(xy), NOISE, dtype=np.int32)
    core = np.zeros(len(xy), dtype=np.bool_)
    for label, piece in enumerate(sorted(pieces, key=lambda piece: int(piece.core_rows[0]))):
        labels[piece.rows] = label
        core[piece.core_rows] = True
    return Clustering(labels, core)


def _small_pieces(xy: Coordinates, whole: _Piece, eps_m: float, max_area_m2: float) -> Iterator[_Piece]:
    """Raise the demand until a group falls apart or shrinks; what it loses is too thin to be hot."""
    waiting = [whole]
    while waiting:
        piece = waiting.pop()
        if outline(xy[piece.rows], eps_m).area <= max_area_m2:
            yield piece
            continue
        demand = piece.demand + max(1, piece.demand // RAISED_BY)
        found = find_clusters(xy[piece.rows], ClusterRule(eps_m=eps_m, min_incidents=demand))
        denser = [_piece(found, label, piece.rows, demand) for label in range(found.cluster_count)]
        waiting += denser or _halves(xy, piece)


def _piece(found: Clustering, label: int, rows: Rows, demand: int) -> _Piece:
    """One group of a clustering of some rows."""
    is_member = found.labels == label
    return _Piece(rows[is_member], rows[is_member & found.core], demand)


def _halves(xy: Coordinates, piece: _Piece) -> list[_Piece]:
    """Equally dense all over: cut across the longer way. A half without a core is no hot spot."""
    places = xy[piece.rows]
    axis = int(np.argmax(np.ptp(places, axis=0)))
    middle = (places[:, axis].min() + places[:, axis].max()) / 2
    is_first, is_first_core = xy[piece.rows, axis] <= middle, xy[piece.core_rows, axis] <= middle
    halves = (
        _Piece(piece.rows[is_first], piece.core_rows[is_first_core], piece.demand),
        _Piece(piece.rows[~is_first], piece.core_rows[~is_first_core], piece.demand),
    )
    return [half for half in halves if len(half.core_rows)]
