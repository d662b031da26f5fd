"""150 generated maps: our groups are those of plain scikit-learn and of PostGIS.

Coordinates are whole decimetres, and other engines get them as such, so a tie at exactly eps is a tie for all.
Border incidents may lawfully differ between engines; cores, noise and the grouping of cores may not.
"""

from collections.abc import Callable, Iterator

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN

from app.core.analysis.dbscan import Engine, decimetres, eps_dm, find_clusters
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates

Shape = Callable[[np.random.Generator, int], Coordinates]
SEEDS = range(15)
TOWN = (540_000.0, 6_580_000.0)


def lattice(rng: np.random.Generator, n: int) -> Coordinates:
    """Few whole metres: duplicates, and ties at exactly eps everywhere."""
    return rng.integers(0, int(rng.integers(2, 60)), (n, 2)).astype(np.float64)


def addresses(rng: np.random.Generator, n: int) -> Coordinates:
    """Geocoded reports: a few addresses named again and again."""
    houses = rng.integers(0, 1_500, (max(n // 8, 1), 2)) / 10
    return houses[rng.integers(0, len(houses), n)]


def blobs(rng: np.random.Generator, n: int) -> Coordinates:
    """Round crowds of different width."""
    centres, widths = rng.uniform(0, 300, (4, 2)), rng.uniform(2, 30, 4)
    which = rng.integers(0, 4, n)
    return np.add(centres[which], rng.normal(0, 1, (n, 2)) * widths[which, None])


def street(rng: np.random.Generator, n: int) -> Coordinates:
    """Everything on one line."""
    return np.column_stack((rng.integers(0, 800, n), np.zeros(n)))


def ring(rng: np.random.Generator, n: int) -> Coordinates:
    """Round a lake."""
    turn = rng.uniform(0, 2 * np.pi, n)
    shore = rng.uniform(50, 150) * np.column_stack((np.cos(turn), np.sin(turn)))
    return shore + rng.normal(0, 2, (n, 2))


def touching(rng: np.random.Generator, n: int) -> Coordinates:
    """Two crowds with a thin bridge: border incidents between them."""
    side = rng.choice([-1.0, 1.0], n) * rng.uniform(8, 16)
    return np.column_stack((side, np.zeros(n))) + rng.normal(0, 4, (n, 2))


def one_address(rng: np.random.Generator, n: int) -> Coordinates:
    """Every report from the police station's own address, and one other."""
    return np.where(np.arange(n)[:, None] == 0, rng.uniform(0, 20, (n, 2)), 5.0)


def uniform(rng: np.random.Generator, n: int) -> Coordinates:
    """No pattern at all."""
    return rng.uniform(0, 200, (n, 2))


def crossing(rng: np.random.Generator, n: int) -> Coordinates:
    """Two crossing streets of houses 18 m apart, with some open ground."""
    along = rng.integers(-15, 15, n) * 18.0
    on_first = rng.random(n) < 0.5
    first, second = np.column_stack((along, np.full(n, 12.0))), np.column_stack((np.full(n, -12.0), along))
    return np.where(on_first[:, None], first, second)


def few(rng: np.random.Generator, n: int) -> Coordinates:
    """None, one, or a handful."""
    return rng.integers(0, 12, (n % 5, 2)).astype(np.float64)


SHAPES: tuple[Shape, ...] = (
    lattice, addresses, blobs, street, ring, touching, one_address, uniform, crossing, few,
)  # fmt: skip


def maps(shape: Shape) -> Iterator[tuple[Coordinates, ClusterRule]]:
    """Fifteen maps of one shape, some at SWEREF 99 TM coordinates, with rules that matter on them."""
    for seed in SEEDS:
        rng = np.random.default_rng([SHAPES.index(shape), seed])
        xy = np.round(shape(rng, int(rng.integers(2, 300)) if shape is not few else seed) * 10) / 10
        rule = ClusterRule(
            eps_m=float(rng.choice([1, 2, 2.5, 5, 10, 13, 18, 25])), min_incidents=int(rng.integers(2, 15))
        )
        yield xy + (TOWN if seed % 2 else (0.0, 0.0)), rule


def plain_dbscan(xy: Coordinates, rule: ClusterRule) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels and cores (n,) of scikit-learn on the rows as they are, nothing merged."""
    core = np.zeros(len(xy), dtype=bool)
    if len(xy) == 0:
        return np.empty(0, dtype=np.int64), core
    fitted = DBSCAN(eps=eps_dm(rule), min_samples=rule.min_incidents, algorithm="kd_tree").fit(decimetres(xy))
    core[fitted.core_sample_indices_] = True
    return fitted.labels_, core


def renumbered(labels: NDArray[np.integer]) -> list[int]:
    """The same groups, numbered by first appearance."""
    return [list(dict.fromkeys(labels.tolist())).index(label) for label in labels.tolist()]


@pytest.mark.parametrize("engine", ["kernel", "scikit-learn"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_labels_and_cores_are_those_of_plain_scikit_learn(shape: Shape, engine: Engine) -> None:
    for xy, rule in maps(shape):
        labels, core = plain_dbscan(xy, rule)
        found = find_clusters(xy, rule, border="sklearn", engine=engine)
        np.testing.assert_array_equal(found.labels, labels)
        np.testing.assert_array_equal(found.core, core)


@pytest.mark.parametrize("engine", ["kernel", "scikit-learn"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_nearest_core_rule_moves_border_incidents_only_and_to_the_nearest(shape: Shape, engine: Engine) -> None:
    for xy, rule in maps(shape):
        labels, core = plain_dbscan(xy, rule)
        found = find_clusters(xy, rule, engine=engine)
        np.testing.assert_array_equal(found.core, core)
        np.testing.assert_array_equal(found.labels == -1, labels == -1)
        np.testing.assert_array_equal(found.labels[core], labels[core])
        cores = sorted(zip(decimetres(xy[core]).tolist(), labels[core].tolist(), strict=True))
        for row in np.flatnonzero(~core & (labels >= 0)):
            nearest = min(cores, key=lambda c: (((decimetres(xy[row]) - c[0]) ** 2).sum(), c[0]))
            assert found.labels[row] == nearest[1]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_noise_and_the_grouping_of_cores_are_those_of_postgis(shape: Shape, postgis: psycopg.Connection) -> None:
    for xy, rule in maps(shape):
        found = find_clusters(xy, rule)
        rows = postgis.execute(
            "SELECT ST_ClusterDBSCAN(ST_MakePoint(x, y), %s, %s) OVER ()"
            "  FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS places (x, y, n) ORDER BY n",
            (eps_dm(rule), rule.min_incidents, *decimetres(xy).T.tolist()),
        ).fetchall()
        labels = np.array([-1 if cluster is None else cluster for (cluster,) in rows], dtype=np.int64)
        np.testing.assert_array_equal(found.labels == -1, labels == -1)
        assert renumbered(found.labels[found.core]) == renumbered(labels[found.core])


def test_the_generated_maps_are_worth_comparing() -> None:
    """Ties at exactly eps, duplicates, noise, several groups and disputed border incidents all occur."""
    seen = dict.fromkeys(("tie", "duplicate", "noise", "several", "disputed", "empty", "single"), 0)
    for shape in SHAPES:
        for xy, rule in maps(shape):
            labels, core = plain_dbscan(xy, rule)
            places = decimetres(xy)
            gaps = ((places[:, None] - places[None]) ** 2).sum(axis=2)
            near = gaps <= eps_dm(rule) ** 2
            groups_near = [len(set(labels[core & row])) for row in near[~core]]
            seen["tie"] += bool((gaps == eps_dm(rule) ** 2).any())
            seen["duplicate"] += len(np.unique(xy, axis=0)) < len(xy)
            seen["noise"] += bool((labels == -1).any())
            seen["several"] += int(labels.max(initial=-1)) > 0
            seen["disputed"] += max(groups_near, default=0) > 1
            seen["empty"] += len(xy) == 0
            seen["single"] += len(xy) == 1
    assert sum(1 for shape in SHAPES for _ in maps(shape)) == 150
    assert all(seen.values()), seen
