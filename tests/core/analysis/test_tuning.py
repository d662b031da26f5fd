"""Towns that get the rule that fits them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis import ground, tuning
from app.core.analysis.dbscan import find_clusters
from app.core.analysis.params import ClusterRule
from app.core.analysis.points import Coordinates
from app.core.analysis.tuning import Reason
from app.core.errors import TooLargeError

TOWN = np.array([548_000.0, 6_612_000.0])


def town(incidents: int, seed: int = 1, *, places: int = 12) -> Coordinates:
    """Two in five incidents near a few places, the others anywhere in three by three kilometres."""
    dice = np.random.Generator(np.random.Philox(seed))
    centres = dice.uniform(0, 3000, (places, 2))
    near = centres[dice.integers(0, places, incidents * 2 // 5)] + dice.normal(0, 30, (incidents * 2 // 5, 2))
    return TOWN + np.r_[near, dice.uniform(0, 3000, (incidents - len(near), 2))]


@pytest.mark.parametrize("incidents", [300, 1500, 6000])
def test_hot_spots_fill_the_share_of_the_active_ground_at_every_volume(incidents: int) -> None:
    xy = town(incidents)
    tuned = tuning.tune(xy)
    found = tuning.hot_ground(xy, tuned.rule)
    assert 0.7 * tuned.area_share <= tuned.flagged_share <= tuned.area_share
    assert shapely.union_all(found.outlines).area == pytest.approx(tuned.flagged_share * tuned.active_m2, rel=0.1)
    assert tuned.active_m2 == ground.active_area_m2(xy)
    assert (tuned.incident_count, tuned.max_area_m2) == (incidents, 250_000.0)


def test_more_reports_ask_for_more_incidents_not_for_more_ground() -> None:
    few, many = tuning.tune(town(600)), tuning.tune(town(6000))
    assert many.rule.min_incidents > 2 * few.rule.min_incidents
    assert 50 <= many.rule.eps_m <= 75


def test_a_larger_share_flags_more_ground() -> None:
    xy = town(2000)
    assert tuning.tune(xy, area_share=0.04).flagged_share > 2 * tuning.tune(xy, area_share=0.01).flagged_share


def test_one_incident_less_or_one_metre_more_would_flag_too_much() -> None:
    xy = town(900)
    tuned = tuning.tune(xy)
    room_m2 = tuned.area_share * tuned.active_m2
    rule = tuned.rule
    assert tuned.reason is Reason.WIDENED
    nearer = ClusterRule(eps_m=50, min_incidents=rule.min_incidents - 1)
    wider = ClusterRule(eps_m=rule.eps_m + 1, min_incidents=rule.min_incidents)
    for other in (nearer, wider):
        assert sum(shape.area for shape in tuning.hot_ground(xy, other).outlines) > room_m2 * 0.98


def test_where_fifty_metres_fill_the_share_nothing_is_widened() -> None:
    tuned = tuning.tune(town(2000))
    assert (tuned.rule.eps_m, tuned.reason) == (50.0, Reason.FILLS_SHARE)


def test_a_village_has_room_for_a_few_hot_spots_however_small_its_share() -> None:
    addresses = np.repeat(TOWN + np.array([[0.0, 0.0], [300.0, 0.0], [0.0, 300.0]]), [9, 8, 2], axis=0)
    tuned = tuning.tune(addresses)
    assert tuned.area_share * tuned.active_m2 < 7_000
    assert tuned.flagged_share > tuned.area_share
    assert len(tuning.hot_ground(addresses, tuned.rule).outlines) == 2


def test_a_quiet_town_gets_the_smallest_number_and_is_told_that_there_is_too_little() -> None:
    lonely = TOWN + np.array([[i * 400.0, j * 400.0] for i in range(5) for j in range(5)])
    tuned = tuning.tune(lonely)
    assert (tuned.rule, tuned.reason) == (ClusterRule(eps_m=75, min_incidents=3), Reason.TOO_FEW)
    assert tuned.flagged_share == 0
    assert tuning.hot_ground(lonely, tuned.rule).outlines == ()
    assert (tuning.hot_ground(lonely, tuned.rule).labels == -1).all()


def test_no_incidents_have_no_hot_spots() -> None:
    nothing = np.empty((0, 2))
    tuned = tuning.tune(nothing)
    assert (tuned.reason, tuned.flagged_share, tuned.active_m2) == (Reason.TOO_FEW, 0.0, 0.0)
    found = tuning.hot_ground(nothing, tuned.rule)
    assert (found.outlines, found.labels.tolist(), found.core.tolist()) == ((), [], [])


@pytest.mark.parametrize("share", [0.0, 0.00009, 0.21, float("nan")])
def test_a_share_that_means_nothing_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="area_share must be between"):
        tuning.tune(town(100), area_share=share)


def test_more_incidents_than_memory_has_room_for_are_refused_before_it_runs_out() -> None:
    xy = town(40)
    with pytest.raises(TooLargeError, match=r"takes .* GiB is allowed: choose a shorter period or a smaller area"):
        tuning.tune(xy, memory_limit_bytes=len(xy) * tuning.BYTES_AN_INCIDENT - 1)
    assert tuning.tune(xy, memory_limit_bytes=len(xy) * tuning.BYTES_AN_INCIDENT).incident_count == len(xy)


def test_room_left_by_pieces_cut_to_size_goes_to_others() -> None:
    side = np.arange(0, 600, 10.0)
    centre = np.array([[x, y] for x in side for y in side])  # one piece of a third of a square kilometre
    dice = np.random.Generator(np.random.Philox(5))
    xy = TOWN + np.r_[np.repeat(centre, 2, axis=0), dice.uniform(-4000, 4000, (3000, 2))]
    tuned = tuning.tune(xy, area_share=0.01)
    assert max(shape.area for shape in tuning.hot_ground(xy, tuned.rule).outlines) <= 250_000


def test_members_are_the_incidents_inside_and_everywhere_inside_is_as_dense_as_asked() -> None:
    xy = town(1500)
    rule = tuning.tune(xy).rule
    found = tuning.hot_ground(xy, rule)
    assert len(found.outlines) > 3
    for label, shape in enumerate(found.outlines):
        members = xy[found.labels == label]
        assert shapely.intersects(shape.buffer(10), shapely.points(members)).all()
        assert found.core[found.labels == label].any()
        middle = shape.point_on_surface()
        near = np.hypot(*(xy - [middle.x, middle.y]).T) <= rule.eps_m + 10
        assert near.sum() >= rule.min_incidents
    assert found.core.tolist() == find_clusters(xy, rule).core.tolist()


def test_one_address_is_a_disc() -> None:
    found = tuning.hot_ground(np.repeat(TOWN[None], 9, axis=0), ClusterRule(eps_m=50, min_incidents=9))
    (disc,) = found.outlines
    assert disc.area == pytest.approx(np.pi * 50**2, rel=0.15)
    assert found.labels.tolist() == [0] * 9


def test_a_sliver_where_circles_meet_is_no_hot_spot() -> None:
    pair = np.array([[0.0, 0.0], [98.0, 0.0], [49.0, 0.0]])  # only the middle one is a core, on a strip
    assert find_clusters(TOWN + pair, ClusterRule(eps_m=50, min_incidents=3)).core.tolist() == [False, False, True]
    assert tuning.hot_ground(TOWN + pair, ClusterRule(eps_m=50, min_incidents=3)).outlines == ()


def test_a_ring_without_a_core_is_no_hot_spot() -> None:
    turn = np.linspace(0, 2 * np.pi, 3, endpoint=False)
    ring = TOWN + 40 * np.c_[np.cos(turn), np.sin(turn)]  # 69 m from each other, 40 m from the middle
    rule = ClusterRule(eps_m=60, min_incidents=3)
    assert not find_clusters(ring, rule).core.any()
    assert tuning.hot_ground(ring, rule).outlines == ()


def test_an_eps_smaller_than_the_squares_finds_nothing_rather_than_something_wrong() -> None:
    xy = np.repeat(TOWN[None], 5, axis=0) + 1.0
    assert tuning.hot_ground(xy, ClusterRule(eps_m=2, min_incidents=3)).labels.tolist() == [-1] * 5


@given(st.integers(0, 99), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_the_order_of_rows_changes_neither_the_rule_nor_the_outlines(seed: int, dice: object) -> None:
    xy = town(400, seed)
    order = np.arange(len(xy))
    dice.shuffle(order)  # type: ignore[attr-defined]
    tuned, again = tuning.tune(xy), tuning.tune(xy[order])
    assert tuned == again
    found, found_again = tuning.hot_ground(xy, tuned.rule), tuning.hot_ground(xy[order], tuned.rule)
    assert found.outlines == found_again.outlines
    assert found.labels[order].tolist() == found_again.labels.tolist()
