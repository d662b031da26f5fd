"""The others: what each flags on a map with one busy corner."""

import numpy as np
import pytest
import shapely

from app.core.analysis import baselines, ground

BUSY = np.repeat([[525.0, 525.0]], 20, axis=0)
XY = np.r_[BUSY, [[25.0, 25.0]] * 3, [[1925.0, 25.0]]]
ACTIVE, _ = ground.active_since(XY, np.zeros(len(XY)))


def test_fixed_dbscan_outlines_its_groups() -> None:
    (outline,) = baselines.fixed_dbscan(XY)
    assert outline.covers(shapely.Point(525, 525))
    assert baselines.fixed_dbscan(XY[20:]) == ()


def test_the_count_grid_takes_the_busiest_squares() -> None:
    first, second = baselines.count_grid(XY, 80_000)
    assert (first.bounds, second.bounds) == ((0, 0, 200, 200), (400, 400, 600, 600))
    (only,) = baselines.count_grid(XY, 40_000, offset_m=(100.0, 0.0))
    assert only.bounds == (500, 400, 700, 600)
    assert baselines.count_grid(XY, 1_000) == ()


def test_of_squares_just_as_busy_the_western_one_is_taken() -> None:
    (only,) = baselines.count_grid(np.array([[900.0, 0.0], [100.0, 0.0]]), 40_000)
    assert only.bounds == (0, 0, 200, 200)


def test_the_surface_is_highest_round_the_busy_corner_and_fills_the_share() -> None:
    (top,) = baselines.density_surface(XY, ACTIVE, 5 * 50**2, 50.0)
    assert top.area == 5 * 50**2
    assert (top.centroid.x, top.centroid.y) == (pytest.approx(525), pytest.approx(525))


def test_the_surface_flags_active_ground_only() -> None:
    areas = baselines.density_surface(XY, ACTIVE, 1e9, 100.0)
    assert sum(area.area for area in areas) == len(ACTIVE) * 50**2
