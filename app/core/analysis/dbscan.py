"""Find dense groups of incidents with DBSCAN, in metres, without any I/O.

Places and eps are rounded to whole decimetres first, whatever the engine: then distances are whole numbers, a
tie at exactly eps is a tie everywhere, and the engines agree to the last incident. The web must not wait for
an engine to load, so none is imported before the first call.
"""

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.params import ClusterRule
from app.core.analysis.points import FURTHEST_M, Coordinates, Mask
from app.core.errors import TooLargeError

NOISE = -1
DECIMETRES_A_METRE = 10
GIB = 1024**3
MEMORY_LIMIT_BYTES = 4 * GIB
BYTES_A_NEIGHBOUR = 16  # measured at 144 million neighbours: 15.5, the answer and its copy
BYTES_A_PLACE = 160  # measured at 400 000 lonely places: 130 besides their neighbours
KERNEL_BYTES_AN_INCIDENT = 64
MOST_WEIGHT = 2**30 - 1  # of all incidents together

if TYPE_CHECKING:
    from sklearn.neighbors import KDTree

Border = Literal["nearest", "sklearn"]
Engine = Literal["auto", "kernel", "scikit-learn"]
Weights = NDArray[np.integer]


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
    weights: Weights | None = None,
    border: Border = "nearest",
    engine: Engine = "auto",
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
) -> Clustering:
    """Group incidents that lie densely together.

    xy: (n, 2) float64 metres, rounded to decimetres as eps_m is. weights: (n,) whole numbers from zero up, how
    many incidents a row stands for; None means one each. Exact DBSCAN (Ester et al. 1996); a distance of exactly
    eps_m is near. A border incident (near a core, but no core itself) goes to its nearest core, ties to the core
    furthest west and then south, so the groups do not depend on row order; border="sklearn" gives it to the
    group with the lowest number, as scikit-learn does. A group can hold fewer than min_incidents where another
    took some of its border.

    engine: "auto" is our own kernel where numba is installed, else scikit-learn, which gives the same answer but
    holds every neighbour list. Raises ValueError for places that are nowhere and for weights that do not fit,
    TooLargeError when the work would not fit in memory_limit_bytes.
    """
    xy = np.asarray(xy, dtype=np.float64)
    counts = None if weights is None else _checked(weights, len(xy))
    if len(xy) == 0:
        return Clustering(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.bool_))
    if engine == "kernel" or (engine == "auto" and has_kernel()):
        return _by_kernel(xy, rule, counts, border, memory_limit_bytes)
    return _by_scikit_learn(xy, rule, counts, border, memory_limit_bytes)


def has_kernel() -> bool:
    """Whether numba, which our own kernel needs, is installed. Does not import it."""
    return find_spec("numba") is not None


def prepare() -> None:
    """Load what the engine "auto" needs, and compile it where that was not done at installation."""
    if has_kernel():
        from app.core.analysis import kernel  # noqa: PLC0415 -- see the module

        kernel.warm_up()
    else:
        import sklearn.cluster  # noqa: F401, PLC0415


def is_prepared() -> bool:
    """Whether an analysis would start at once: without numba it does, with it when its machine code is kept."""
    if not has_kernel():
        return True
    from app.core.analysis import kernel  # noqa: PLC0415 -- see the module

    return kernel.is_warm()


def decimetres(xy: Coordinates) -> Coordinates:
    """Metres (n, 2) as whole decimetres, halves to even: the places that are grouped."""
    rounded: Coordinates = np.rint(xy * DECIMETRES_A_METRE)
    return rounded + 0.0  # no -0.0: it is another number to who compares bytes


def eps_dm(rule: ClusterRule) -> int:
    """The rule's distance in whole decimetres."""
    return round(rule.eps_m * DECIMETRES_A_METRE)


def _checked(weights: Weights, n: int) -> NDArray[np.int32]:
    """The weights, when they are n whole numbers that can be added up."""
    if weights.shape != (n,) or not np.issubdtype(weights.dtype, np.integer):
        raise ValueError(f"weights must be one whole number for each of the {n} incidents")
    if n and not (weights.min() >= 0 and math.fsum(weights.tolist()) <= MOST_WEIGHT):
        raise ValueError(f"weights must be zero or more, and at most {MOST_WEIGHT} together")
    return weights.astype(np.int32)


def _by_kernel(
    xy: Coordinates, rule: ClusterRule, weights: NDArray[np.int32] | None, border: Border, memory_limit_bytes: int
) -> Clustering:
    from app.core.analysis import kernel  # noqa: PLC0415 -- numba takes a second that a web process need not wait

    needed_bytes = len(xy) * KERNEL_BYTES_AN_INCIDENT
    if needed_bytes > memory_limit_bytes:
        raise TooLargeError(
            f"{len(xy)} incidents take {needed_bytes / GIB:.1f} GiB of memory and {memory_limit_bytes / GIB:.1f} GiB "
            "is allowed: choose a shorter period or a smaller area."
        )
    counts = kernel.NO_WEIGHTS if weights is None else weights
    labels, core = kernel.cluster(xy, eps_dm=eps_dm(rule), min_weight=rule.min_incidents, weights=counts, border=border)
    return Clustering(labels, core)


def _by_scikit_learn(
    xy: Coordinates, rule: ClusterRule, weights: NDArray[np.int32] | None, border: Border, memory_limit_bytes: int
) -> Clustering:
    """The fallback and the oracle. Equal places are grouped once and weighed."""
    if not (np.abs(xy) <= FURTHEST_M).all():  # nan is never <=
        raise ValueError("Every incident needs a finite place on Earth.")
    from sklearn.cluster import dbscan  # noqa: PLC0415 -- two seconds that a web process need not wait
    from sklearn.neighbors import KDTree  # noqa: PLC0415

    if weights is not None and not weights.any():  # scikit-learn takes no weights that are all zero
        return Clustering(np.full(len(xy), NOISE, dtype=np.int32), np.zeros(len(xy), dtype=np.bool_))
    places, place_of_row = _merged(decimetres(xy))
    tree = KDTree(places)
    reach_dm = eps_dm(rule)
    _check_memory(tree, places, rule, memory_limit_bytes)
    core_places, found = dbscan(
        places,
        eps=reach_dm,
        min_samples=rule.min_incidents,
        sample_weight=np.bincount(place_of_row, weights),
        algorithm="kd_tree",  # the brute-force way rounds distances
    )
    core = np.zeros(len(places), dtype=np.bool_)
    core[core_places] = True
    labels = found.astype(np.int32)
    if border == "nearest":
        labels = _border_to_nearest_core(tree, places, labels, core, reach_dm)
    return Clustering(labels[place_of_row], core[place_of_row])


def _merged(xy: Coordinates) -> tuple[Coordinates, NDArray[np.intp]]:
    """Distinct places (m, 2) by first appearance, as the numbering of groups needs, and the place of each row (n,)."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))  # stable: the first row of a place leads its run
    sorted_xy = xy[order]
    starts = np.r_[True, (sorted_xy[1:] != sorted_xy[:-1]).any(axis=1)]
    first_row = order[starts]
    appearance = np.argsort(first_row)
    rank = np.empty_like(appearance)
    rank[appearance] = np.arange(len(appearance))
    place_of_row = np.empty_like(order)
    place_of_row[order] = rank[np.cumsum(starts) - 1]
    return xy[first_row[appearance]], place_of_row


def _check_memory(tree: "KDTree", places: Coordinates, rule: ClusterRule, limit_bytes: int) -> None:
    """Every neighbour list is held at once: count before asking for them."""
    neighbours = int(tree.query_radius(places, eps_dm(rule), count_only=True).sum())
    needed_bytes = neighbours * BYTES_A_NEIGHBOUR + len(places) * BYTES_A_PLACE
    if needed_bytes > limit_bytes:
        raise TooLargeError(
            f"With {rule.eps_m:g} m, {len(places)} places have {neighbours} neighbours, which takes "
            f"{needed_bytes / GIB:.1f} GiB of memory and {limit_bytes / GIB:.1f} GiB is allowed: choose a "
            "shorter period, a smaller area or a smaller distance."
        )


def _border_to_nearest_core(
    tree: "KDTree", places: Coordinates, labels: NDArray[np.int32], core: Mask, reach: int
) -> NDArray[np.int32]:
    """Labels (m,) where each border place has its nearest core's. A border place has few neighbours."""
    border = np.flatnonzero(~core & (labels != NOISE))
    if len(border) == 0:
        return labels
    near = tree.query_radius(places[border], reach)
    border_of = np.repeat(border, [len(found) for found in near])
    core_of = np.concatenate(near)
    is_core = core[core_of]
    border_of, core_of = border_of[is_core], core_of[is_core]
    squared = ((places[border_of] - places[core_of]) ** 2).sum(axis=1)
    order = np.lexsort((places[core_of, 1], places[core_of, 0], squared, border_of))
    owners, first = np.unique(border_of[order], return_index=True)
    assigned = labels.copy()
    assigned[owners] = labels[core_of[order[first]]]
    return assigned
