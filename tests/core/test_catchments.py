"""Catchments cover their municipality, never leave it, and hold enough each."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import catchments
from app.core.catchments import CELL_M, Catchment, Cells, cells_of, divide
from app.core.geo import to_wgs84

EAST, NORTH = 547_000.0, 6_612_000.0  # EPSG:3006
SRID = 3006
SIDE_M = 3_000.0


def town(*, hole: bool = False) -> shapely.Polygon:
    """A slanted town in WGS84."""
    xy = np.array([[0, 0], [SIDE_M, 300], [SIDE_M - 200, SIDE_M], [150, SIDE_M - 400]]) + np.array([EAST, NORTH])
    ring = np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], SRID))
    inner = np.array([[900, 900], [1900, 950], [1500, 1800]]) + np.array([EAST, NORTH])
    rings = [np.column_stack(to_wgs84(inner[:, 0], inner[:, 1], SRID))] if hole else []
    return shapely.Polygon(ring, rings)


def metric(polygon: shapely.Polygon) -> shapely.Polygon:
    return catchments._metric(polygon, SRID)


def scattered(n: int, seed: int, whole: shapely.Polygon) -> tuple[np.ndarray, Cells]:
    """Addresses inside, most of them close together."""
    chance = np.random.default_rng(seed)
    middle = chance.uniform(500, 2500, (3, 2))
    xy = np.concatenate([chance.uniform(0, SIDE_M, (20 * n, 2)), chance.normal(middle[0], 200, (20 * n, 2))])
    xy = chance.permutation(xy + np.array([EAST, NORTH]))
    inside = xy[shapely.contains_xy(whole, xy[:, 0], xy[:, 1])][:n]
    return inside, cells_of(inside[:, 0], inside[:, 1])


@given(n=st.integers(5, 400), k=st.integers(2, 12), seed=st.integers(0, 10_000), hole=st.booleans())
@settings(max_examples=25, deadline=None)
def test_catchments_cover_the_municipality_once_and_hold_enough(n: int, k: int, seed: int, *, hole: bool) -> None:
    outline = town(hole=hole)
    whole = metric(outline)
    xy, cells = scattered(n, seed, whole)
    found = divide(outline, cells, k, SRID)
    if len(xy) < k:
        assert found == []
        return
    assert sum(c.outline.area for c in found) == pytest.approx(whole.area, rel=1e-9)
    assert shapely.union_all([c.outline for c in found]).symmetric_difference(whole).area < 1e-3
    for catchment in found:
        holds = shapely.intersects_xy(catchment.outline, xy[:, 0], xy[:, 1]).sum()
        assert holds >= k or len(found) == 1
        _check(catchment, outline)


def _check(catchment: Catchment, outline: shapely.Polygon) -> None:
    """The point lies in it and in the municipality, and nothing of it is farther away than it says."""
    assert shapely.contains(outline, catchment.point_wgs84)
    assert shapely.distance(catchment.outline_wgs84, catchment.point_wgs84) == 0
    assert shapely.is_valid(catchment.outline_wgs84)
    assert catchment.radius_m > 0


def test_borders_lie_on_the_grid_and_tell_nothing_finer() -> None:
    outline = town()
    whole = metric(outline)
    xy, cells = scattered(200, 1, whole)
    nudged = (np.floor(xy / CELL_M) + 0.5) * CELL_M  # every address in the middle of its square
    one = divide(outline, cells, 5, SRID)
    other = divide(outline, cells_of(nudged[:, 0], nudged[:, 1]), 5, SRID)
    assert len(one) > 10
    assert [c.outline_wgs84.wkb for c in one] == [c.outline_wgs84.wkb for c in other]
    assert [c.point_wgs84.wkb for c in one] == [c.point_wgs84.wkb for c in other]


def test_the_same_addresses_in_another_order_give_the_same_catchments() -> None:
    outline = town()
    _, cells = scattered(150, 3, metric(outline))
    one, other = divide(outline, cells, 5, SRID), divide(outline, cells[::-1], 5, SRID)
    assert [c.outline.wkb for c in one] == [c.outline.wkb for c in other]


def test_addresses_in_one_square_cannot_be_parted() -> None:
    outline = town()
    cells = np.array([[(EAST + 1500) // CELL_M, (NORTH + 1500) // CELL_M, 400]], dtype=np.int64)
    assert len(divide(outline, cells, 5, SRID)) == 1


def test_fewer_than_k_in_all_make_no_catchment() -> None:
    assert divide(town(), np.empty((0, 3), dtype=np.int64), 5, SRID) == []
    with pytest.raises(ValueError, match="at least 1"):
        divide(town(), np.empty((0, 3), dtype=np.int64), 0, SRID)


def test_squares_count_their_addresses() -> None:
    assert cells_of(np.array([0.0, 99.9, 100.0, -0.1]), np.array([0.0, 0.0, 0.0, 0.0])).tolist() == [
        [-1, 0, 1],
        [0, 0, 2],
        [1, 0, 1],
    ]
