"""Outlines: one plain polygon round every group, in metres and on the map."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from app.core.analysis import outlines
from app.core.analysis.points import Coordinates

TOWN = np.array([548_000.0, 6_612_000.0])

eighth = st.integers(0, 4_000).map(lambda step: step / 8)
groups = st.lists(st.tuples(eighth, eighth), min_size=1, max_size=40).map(
    lambda rows: np.array(rows, dtype=np.float64) + TOWN
)
distances = st.sampled_from([1.0, 10.0, 75.0, 300.0])


def check_is_plain(polygon: shapely.Polygon) -> None:
    """Valid, in one piece, without holes, counter-clockwise, no point twice in a row."""
    ring = shapely.get_coordinates(polygon)
    assert polygon.geom_type == "Polygon"
    assert polygon.is_valid
    assert polygon.area > 0
    assert not polygon.interiors
    assert polygon.exterior.is_ccw
    assert (ring[1:] != ring[:-1]).any(axis=1).all()


def test_one_place_gets_a_disc_of_half_the_distance() -> None:
    disc = outlines.outline(np.array([[10.0, 20.0]] * 8), 75.0)
    check_is_plain(disc)
    assert disc.area == pytest.approx(np.pi * 37.5**2, rel=0.03)
    assert (disc.centroid.x, disc.centroid.y) == (pytest.approx(10), pytest.approx(20))


def test_places_along_a_street_get_a_band() -> None:
    band = outlines.outline(np.array([[0.0, 0.0], [100.0, 0.0], [50.0, 0.0]]), 50.0)
    check_is_plain(band)
    assert band.bounds == pytest.approx((-25, -25, 125, 25), abs=0.01)
    assert band.area == pytest.approx(100 * 50 + np.pi * 25**2, rel=0.01)


def test_a_square_of_places_is_widened_by_half_the_distance() -> None:
    square = outlines.outline(np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]]), 20.0)
    check_is_plain(square)
    assert square.area == pytest.approx(100**2 + 4 * 100 * 10 + np.pi * 10**2, rel=0.01)


def test_a_bend_in_the_street_is_followed() -> None:
    leg = np.arange(0.0, 400.0, 20.0)
    one_side = np.r_[np.c_[leg, np.zeros(20)], np.c_[np.zeros(20), leg]]
    bend = np.r_[one_side, one_side + 12]  # houses on both sides
    bent, filled = outlines.outline(bend, 40.0), shapely.convex_hull(shapely.multipoints(bend)).buffer(20)
    assert bent.area < 0.6 * filled.area


def test_a_block_of_incidents_round_an_empty_court_has_no_hole() -> None:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    court = outlines.outline(200 * np.c_[np.cos(turn), np.sin(turn)], 30.0)
    check_is_plain(court)
    assert court.covers(shapely.Point(0, 0))


def test_every_label_gets_its_own_outline_and_noise_none() -> None:
    xy = np.array([[0.0, 0.0], [500.0, 0.0], [90.0, 90.0], [505.0, 0.0]])
    first, second = outlines.outlines(xy, np.array([1, 0, -1, 0], dtype=np.int32), 10.0)
    assert shapely.covers(first, shapely.points(xy[[1, 3]])).all()
    assert shapely.covers(second, shapely.Point(0, 0))
    assert not shapely.intersects(shapely.union(first, second), shapely.Point(90, 90))


@pytest.mark.parametrize("xy", [np.empty((0, 2)), np.array([[0.0, np.nan]])])
def test_nothing_and_nowhere_have_no_outline(xy: Coordinates) -> None:
    with pytest.raises(ValueError, match=r"An outline needs at least one finite place."):
        outlines.outline(xy, 75.0)


@given(groups, distances)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_an_outline_covers_its_members_and_is_plain_in_metres_and_degrees(xy: Coordinates, eps_m: float) -> None:
    polygon = outlines.outline(xy, eps_m)
    on_the_map = outlines.to_wgs84(polygon)
    for shape, members in ((polygon, xy), (on_the_map, outlines.lonlat(xy))):
        check_is_plain(shape)
        assert shapely.covers(shape, shapely.points(members)).all()


@given(groups, st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_order_and_number_of_reports_do_not_change_an_outline(xy: Coordinates, dice: object) -> None:
    order = np.arange(2 * len(xy))
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert outlines.outline(np.repeat(xy, 2, axis=0)[order], 75.0) == outlines.outline(xy, 75.0)


def test_on_the_map_an_outline_is_lon_lat_with_six_decimals() -> None:
    polygon = outlines.to_wgs84(outlines.outline(TOWN[None, :], 75.0))
    lon, lat = Transformer.from_crs(3006, 4326, always_xy=True).transform(*TOWN)
    assert (polygon.centroid.x, polygon.centroid.y) == (
        pytest.approx(lon, abs=1e-5),
        pytest.approx(lat, abs=1e-5),
    )
    for position in json.loads(shapely.to_geojson(polygon))["coordinates"][0]:
        assert position == [round(number, 6) for number in position]


def test_a_shape_whose_arms_touch_after_rounding_stays_one_plain_polygon() -> None:
    arms = TOWN + np.array([[0, 0], [100, 0], [100, 100], [50.01, 100], [50.01, 50], [50, 50], [50, 100], [0, 100]])
    check_is_plain(outlines.to_wgs84(shapely.Polygon(arms)))


def test_another_projection_gives_another_place() -> None:
    shape = shapely.Polygon([[150_000, 6_580_000], [150_100, 6_580_000], [150_100, 6_580_100]])
    (moved,) = outlines.outlines_to_wgs84((shape,), 3011)  # SWEREF 99 18 00
    assert moved.centroid.x == pytest.approx(18.0, abs=0.01)


def test_a_mark_is_the_centre_or_a_point_inside() -> None:
    corner = shapely.Polygon([[0, 0], [100, 0], [100, 10], [10, 10], [10, 100], [0, 100]])
    centres = np.array([[5.0, 5.0], [60.0, 60.0]])
    inside, moved = outlines.marks((corner, corner), centres)
    assert inside.tolist() == [5.0, 5.0]
    assert corner.covers(shapely.Point(moved))
