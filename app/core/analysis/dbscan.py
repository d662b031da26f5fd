"""Find dense groups of incidents with DBSCAN, in metres, without any I/O.

Labels are those of plain scikit-learn, but many incidents share one address, so equal coordinates are
grouped once and weighed: merging must keep the order of first appearance, or the numbering changes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates, Mask
from app.core.errors import TooLargeError

NOISE = -1
GIB = 1024**3
MEMORY_LIMIT_BYTES = 4 * GIB
BYTES_A_NEIGHBOUR = 16  # measured at 144 million neighbours: 15.5, the answer and its copy
BYTES_A_PLACE = 160  # measured at 400 000 lonely places: 130 besides their neighbours

if TYPE_CHECKING:
    from sklearn.neighbors import KDTree

Border = Literal["nearest", "sklearn"]


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """The group of every incident.

    labels: (n,) int32, 0 for the group whose first core incident comes first in the rows, and so on; -1 is
    noise. core: (n,) bool, incidents with enough others around them.
    """

    labels: NDArray[np.int32]
    core: Mask

    @property
    def cluster_count(self) -> int:
        """How many groups there are."""
        return int(self.labels.max(initial=NOISE)) + 1


def find_clusters(
    xy: Coordinates,
    rule: ClusterRule,
    *,
    border: Border = "nearest",
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> Clustering:
    """Group incidents that lie densely together.

    xy: (n, 2) float64 metres. Exact DBSCAN (Ester et al. 1996); a distance of exactly eps_m is near. A border
    incident (near a core, but no core itself) goes to its nearest core, ties to the core furthest west and
    then south, so the groups do not depend on row order; border="sklearn" gives it to the group with the
    lowest number, as scikit-learn does. A group can hold fewer than min_incidents where another took some of
    its border. Raises ValueError for non-finite coordinates, TooLargeError when the neighbour lists would not
    fit in memory_limit_bytes.
    """
    if not np.isfinite(xy).all():
        raise ValueError("Every incident needs a finite place.")
    if len(xy) == 0:
        return Clustering(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.bool_))
    from sklearn.cluster import dbscan  # noqa: PLC0415 -- two seconds that a web process need not wait
    from sklearn.neighbors import KDTree  # noqa: PLC0415

    places, place_of_row, incidents_at = _merged(xy)
    tree = KDTree(places)
    _check_memory(tree, places, rule, memory_limit_bytes)
    core_places, found = dbscan(
        places,
        eps=rule.eps_m,
        min_samples=rule.min_incidents,
        sample_weight=incidents_at,
        algorithm="kd_tree",  # the brute-force way rounds distances
    )
    core = np.zeros(len(places), dtype=np.bool_)
    core[core_places] = True
    labels = found.astype(np.int32)
    if border == "nearest":
        labels = _border_to_nearest_core(tree, places, labels, core, rule.eps_m)
    return Clustering(labels[place_of_row], core[place_of_row])


def _merged(xy: Coordinates) -> tuple[Coordinates, NDArray[np.intp], NDArray[np.intp]]:
    """Distinct places (m, 2) by first appearance, the place of each row (n,), incidents at each (m,)."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))  # stable: the first row of a place leads its run
    sorted_xy = xy[order]
    starts = np.r_[True, (sorted_xy[1:] != sorted_xy[:-1]).any(axis=1)]
    first_row = order[starts]
    appearance = np.argsort(first_row)
    rank = np.empty_like(appearance)
    rank[appearance] = np.arange(len(appearance))
    place_of_row = np.empty_like(order)
    place_of_row[order] = rank[np.cumsum(starts) - 1]
    return xy[first_row[appearance]], place_of_row, np.bincount(place_of_row)


def _check_memory(tree: "KDTree", places: Coordinates, rule: ClusterRule, limit_bytes: int) -> None:
    """Every neighbour list is held at once: count before asking for them."""
    neighbours = int(tree.query_radius(places, rule.eps_m, count_only=True).sum())
    needed_bytes = neighbours * BYTES_A_NEIGHBOUR + len(places) * BYTES_A_PLACE
    if needed_bytes > limit_bytes:
        raise TooLargeError(
            f"With {rule.eps_m:g} m, {len(places)} places have {neighbours} neighbours, which takes "
            f"{needed_bytes / GIB:.1f} GiB of memory and {limit_bytes / GIB:.1f} GiB is allowed: choose a "
            "shorter period, a smaller area or a smaller distance."
        )


def _border_to_nearest_core(
    tree: "KDTree", places: Coordinates, labels: NDArray[np.int32], core: Mask, eps_m: float
) -> NDArray[np.int32]:
    """Labels (m,) where each border place has its nearest core's. A border place has few neighbours."""
    border = np.flatnonzero(~core & (labels != NOISE))
    if len(border) == 0:
        return labels
    near = tree.query_radius(places[border], eps_m)
    border_of = np.repeat(border, [len(found) for found in near])
    core_of = np.concatenate(near)
    is_core = core[core_of]
    border_of, core_of = border_of[is_core], core_of[is_core]
    squared_m2 = ((places[border_of] - places[core_of]) ** 2).sum(axis=1)
    order = np.lexsort((places[core_of, 1], places[core_of, 0], squared_m2, border_of))
    owners, first = np.unique(border_of[order], return_index=True)
    assigned = labels.copy()
    assigned[owners] = labels[core_of[order[first]]]
    return assigned
