"""The joint picture: hot spots of several controllers' incidents, told so that nobody learns of anybody's points.

A reader knows the own points and can take them away. So a cell is told only where at least k incidents of others are
left to every party, counts are rounded down, and who reported how much is not told at all.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from app.core.analysis.dbscan import find_clusters
from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.points import Points
from app.core.disclosure import tellable, told_together


@dataclass(frozen=True, slots=True, kw_only=True)
class JointHotSpot:
    """One dense group of incidents, as the members of a local police area may know it."""

    rank: int  # 1 is first
    cells: tuple[str, ...]  # catchments; together they are the outline
    count: int  # of the incidents in these cells, rounded down
    categories: tuple[str, ...]  # those of which enough are others', most first


def joint_picture(
    points: Points,
    controllers: Sequence[str],
    cells: Sequence[str | None],
    params: AnalysisParams,
    parties: Collection[str],
    k: int,
) -> list[JointHotSpot]:
    """Find hot spots exactly, and tell what may be told of them, ranked by count.

    controllers, cells: (n,) aligned with points; who reported each incident, and the catchment it lies in, if any.
    parties: everybody who may read the picture.
    """
    rule = params.rule or ClusterRule()  # never chosen from the incidents: the choice would tell of others'
    labels = find_clusters(points.xy, rule).labels
    found = []
    for label in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == label).tolist()
        members = [(cells[row], controllers[row]) for row in rows]
        told = told_together([(cell, whose) for cell, whose in members if cell is not None], parties, k)
        if told:
            inside = [row for row in rows if cells[row] in told]
            codes = _categories(points, inside, controllers, parties, k)
            found.append((tuple(told), sum(told.values()), codes))
    found.sort(key=lambda each: (-each[1], each[0]))
    return [
        JointHotSpot(rank=rank, cells=cells_, count=count, categories=codes)
        for rank, (cells_, count, codes) in enumerate(found, start=1)
    ]


def _categories(
    points: Points, rows: Sequence[int], controllers: Sequence[str], parties: Collection[str], k: int
) -> tuple[str, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[points.categories[points.category[row]]][controllers[row]] += 1
    enough = [code for code, by_controller in counts.items() if tellable(by_controller, parties, k)]
    return tuple(sorted(enough, key=lambda code: (-counts[code].total() // k, code)))
