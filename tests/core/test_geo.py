"""Positions: what is accepted, what is refused and how it is said."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import geo
from app.core.errors import SetupError
from app.core.geo import Position, locate, to_metric, to_wgs84

STOCKHOLM = (18.0686, 59.3293)
STOCKHOLM_M = (674_571.6, 6_580_825.9)


def problem_of(position: Position, srid: int = 3006, *, is_area_given: bool = False) -> tuple[str, str] | None:
    problem = locate([position], srid, is_area_given=is_area_given).problems.get(0)
    return None if problem is None else (problem.field, problem.code)


def test_sweref_99_tm_has_its_false_origin_on_the_fifteenth_meridian() -> None:
    x, y = to_metric(np.array([15.0]), np.array([0.0]))
    assert (x[0], y[0]) == pytest.approx((500_000, 0), abs=1e-6)


@given(st.floats(10, 25), st.floats(55, 70))
def test_metres_and_back_is_the_same_place(lon: float, lat: float) -> None:
    back = to_wgs84(*to_metric(np.array([lon]), np.array([lat])))
    assert (back[0][0], back[1][0]) == pytest.approx((lon, lat), abs=1e-8)


def test_the_same_place_in_degrees_and_in_metres_is_located_alike() -> None:
    located = locate([Position(*STOCKHOLM), Position(*STOCKHOLM_M, "EPSG:3006")])
    assert located.problems == {}
    assert located.lon[0] == STOCKHOLM[0]
    assert located.lon[1] == pytest.approx(STOCKHOLM[0], abs=1e-3)
    assert located.lat[1] == pytest.approx(STOCKHOLM[1], abs=1e-3)


def test_coordinates_are_rounded_to_seven_decimals() -> None:
    located = locate([Position(18.123456789, 59.987654321)])
    assert (located.lon[0], located.lat[0]) == (18.1234568, 59.9876543)


def test_a_longitude_just_west_of_greenwich_is_not_a_negative_zero() -> None:
    located = locate([Position(-1e-9, 51.5)], is_area_given=True)
    assert math.copysign(1, located.lon[0]) == 1


def test_no_positions_give_no_places() -> None:
    assert len(locate([]).lon) == 0


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position(math.nan, 59.3), ("position.lon", "not-finite")),
        (Position(18.1, math.inf), ("position.lat", "not-finite")),
        (Position(math.nan, -math.inf), ("position", "not-finite")),
        (Position(math.nan, 6_580_000, "EPSG:3006"), ("position", "not-finite")),
        (Position(0, 0), ("position", "null-island")),
        (Position(0, 0, "EPSG:3006"), ("position", "null-island")),
        (Position(59.3, 18.1), ("position", "swapped-axes")),
        (Position(6_580_000, 674_000, "EPSG:3006"), ("position", "swapped-axes")),
        (Position(181, 59.3), ("position.lon", "out-of-range")),
        (Position(18.1, -90.5), ("position.lat", "out-of-range")),
        (Position(674_000, 6_580_000), ("position", "out-of-range")),
        (Position(1e9, 6_580_000, "EPSG:3006"), ("position", "out-of-range")),
        (Position(1e300, 1e300, "EPSG:3006"), ("position", "out-of-range")),
        (Position(18.1, 59.3, "EPSG:4326"), ("position", "unknown-crs")),
        (Position(math.nan, 59.3, "EPSG:3857"), ("position", "unknown-crs")),
        (Position(2.35, 48.86), ("position", "outside-sweden")),
        (Position(18.1, 54.9), ("position", "outside-sweden")),
        (Position(18.1, 59.3), None),
        (Position(25, 70), None),
    ],
)
def test_a_position_that_cannot_be_right_is_named(position: Position, expected: tuple[str, str] | None) -> None:
    assert problem_of(position) == expected


def test_an_area_of_ones_own_decides_instead_of_the_bounds_of_sweden() -> None:
    assert problem_of(Position(2.35, 48.86), is_area_given=True) is None


def test_a_deployment_in_another_metric_system_asks_nothing_about_sweden() -> None:
    assert problem_of(Position(24.94, 60.17), 3067) is None
    assert problem_of(Position(59.3, 18.1), 3067) is None
    assert problem_of(Position(385_000, 6_672_000, "EPSG:3067"), 3067) is None
    assert problem_of(Position(674_000, 6_580_000, "EPSG:3006"), 3067) == ("position", "unknown-crs")
    assert problem_of(Position(0, 0), 3067) == ("position", "null-island")


def test_a_position_with_a_problem_has_no_coordinates_and_spoils_no_neighbour() -> None:
    located = locate([Position(*STOCKHOLM), Position(59.3, 18.1), Position(15, 59)])
    assert np.isnan(located.lon).tolist() == np.isnan(located.lat).tolist() == [False, True, False]
    assert list(located.problems) == [1]


@pytest.mark.parametrize("srid", [4326, 2222, 1])
def test_a_system_that_is_not_in_metres_is_refused_as_a_setup_error(srid: int) -> None:
    with pytest.raises(SetupError, match=f"EPSG:{srid}"):
        to_metric(np.array([15.0]), np.array([59.0]), srid)


def test_threads_may_transform_side_by_side() -> None:
    lon, lat = np.full(1000, STOCKHOLM[0]), np.full(1000, STOCKHOLM[1])
    with ThreadPoolExecutor(4) as pool:
        eastings = list(pool.map(lambda _: to_metric(lon, lat)[0], range(20)))
    assert all((easting == eastings[0]).all() for easting in eastings)


@given(st.lists(st.builds(Position, st.floats(), st.floats(), st.sampled_from(["CRS84", "EPSG:3006", "?"]))))
def test_every_position_has_coordinates_or_one_problem(positions: list[Position]) -> None:
    located = locate(positions)
    for row in range(len(positions)):
        assert math.isfinite(located.lon[row]) == math.isfinite(located.lat[row]) == (row not in located.problems)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.sampled_from(["CRS84", "EPSG:3006", "GEHEIM"]))
def test_no_message_repeats_what_was_sent(x: float, y: float, crs: str) -> None:
    problem = locate([Position(x, y, crs)]).problems.get(0)
    assert problem is None or "GEHEIM" not in problem.message
    assert problem is None or abs(x) < 1000 or f"{x:.0f}" not in problem.message


def test_the_metric_system_is_named_by_its_number() -> None:
    assert geo.metric_crs(3006) == "EPSG:3006"
