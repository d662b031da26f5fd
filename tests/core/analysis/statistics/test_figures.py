"""Trend, clock, season, concentration, repeat places, near repeats, reporting volumes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.analysis.points import DAY_S
from app.core.analysis.statistics.clock import months, weekday_hours
from app.core.analysis.statistics.near_repeats import expected_pairs, knox
from app.core.analysis.statistics.places import concentration, repeat_places
from app.core.analysis.statistics.trend import trend
from app.core.analysis.statistics.volumes import volumes
from app.core.errors import TooLargeError

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def epoch(*parts: int) -> float:
    return datetime(*parts, tzinfo=STOCKHOLM).timestamp()


def test_a_week_outside_the_band_is_told_from_one_inside() -> None:
    weeks = trend(np.array([10, 11, 9, 10, 12, 8, 10, 10, 11, 9, 30, 1]))
    assert [week.is_normal for week in weeks] == [None] * 8 + [True, True, False, False]
    assert weeks[8].expected == 10.0
    assert (weeks[8].low, weeks[8].high) == (4, 17)


def test_the_published_aoristic_weights_come_out() -> None:
    # Ratcliffe, jratcliffe.net/aoristic-analysis, event A: home left at 8, found broken into at 16: .125 an hour
    table = weekday_hours(np.array([epoch(2026, 3, 3, 8)]), np.array([epoch(2026, 3, 3, 16)]))  # a Tuesday
    assert table[1, 8:16].tolist() == [0.125] * 8
    assert table.sum() == 1


def test_an_incident_whose_time_is_known_is_whole() -> None:
    at = np.array([epoch(2026, 7, 6, 0), epoch(2026, 7, 12, 23, 59)])
    table = weekday_hours(at, at)
    assert (table[0, 0], table[6, 23], table.sum()) == (1, 1, 2)


def test_a_night_between_sunday_and_monday_is_on_both_ends_of_the_week() -> None:
    table = weekday_hours(np.array([epoch(2026, 3, 1, 22, 30)]), np.array([epoch(2026, 3, 2, 2, 30)]))
    assert [table[6, 22], table[6, 23], table[0, 0], table[0, 1], table[0, 2]] == [0.125, 0.25, 0.25, 0.25, 0.125]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**7)), max_size=8))
def test_every_incident_weighs_one(rows: list[tuple[int, int]]) -> None:
    start = np.array([row[0] for row in rows], float)
    assert weekday_hours(start, start + [row[1] for row in rows]).sum() == pytest.approx(len(rows))


def test_an_incident_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot end before"):
        weekday_hours(np.array([2.0]), np.array([1.0]))


def test_months_are_those_of_swedish_clocks() -> None:
    first, table = months(np.array([epoch(2025, 12, 31, 23, 59), epoch(2026, 1, 1, 0, 1), epoch(2026, 12, 5)]))
    assert first == 2025
    assert table[:, [0, 11]].tolist() == [[0, 1], [1, 1]]
    assert months(np.empty(0))[1].shape == (0, 12)


def test_few_cells_hold_much() -> None:
    busy = np.tile([[100.0, 100.0]], (50, 1))
    others = np.array([[1000.0 * i, 5000.0] for i in range(50)])
    found = concentration(np.vstack((busy, others)))
    assert (found.active, found.incidents) == (51, 100)
    assert dict(found.shares) == {0.25: 1 / 51, 0.5: 1 / 51, 0.8: 31 / 51}
    assert dict(concentration(busy, active=200).shares)[0.8] == 1 / 200
    assert concentration(np.empty((0, 2))).shares == ()
    with pytest.raises(ValueError, match="fewer active cells"):
        concentration(others, active=3)


def test_places_that_come_again_are_told_most_first() -> None:
    found = repeat_places(np.array([[10.0, 10], [40, 40], [60, 10], [1010, 10], [1020, 20], [1030, 20]]))
    assert (found.places, found.share) == (2, 5 / 6)
    assert found.busiest == ((1025.0, 25.0, 3), (25.0, 25.0, 2))
    assert repeat_places(np.empty((0, 2))).busiest == ()


def test_the_published_knox_table_comes_out_to_the_printed_digits() -> None:
    # Knox (1964), childhood leukaemia in Northumberland and Durham: 96 cases, 4560 pairs, 25 within 1 km, 152
    # within 60 days; expects .83 pairs that are both, and finds 5
    assert 96 * 95 // 2 == 4560
    assert round(expected_pairs(25, 152, 4560), 2) == 0.83
    assert expected_pairs(0, 0, 0) == 0


def test_the_shuffled_table_agrees_with_the_expected_pairs() -> None:
    dice = np.random.Generator(np.random.Philox(4))
    xy, times = dice.uniform(0, 3000, (120, 2)), dice.uniform(0, 300 * DAY_S, 120)
    (cell,) = knox(xy, times, 1, distances_m=(0, 500), days=(0, 20), permutations=400)
    far = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))[np.triu_indices(120, 1)]
    apart = np.abs(times[:, None] - times)[np.triu_indices(120, 1)]
    near, soon = far < 500, apart < 20 * DAY_S
    assert cell.observed == (near & soon).sum()
    assert cell.expected == pytest.approx(expected_pairs(near.sum(), soon.sum(), len(far)), rel=0.05)
    assert cell.p > 0.01


def test_repeats_that_follow_each_other_are_found_with_the_same_figures_every_time() -> None:
    dice = np.random.Generator(np.random.Philox(4))
    xy, times = dice.uniform(0, 20_000, (150, 2)), dice.uniform(0, 700 * DAY_S, 150)
    again = np.vstack((xy, xy[:40] + np.array([30.0, 0]))), np.concatenate((times, times[:40] + 3 * DAY_S))
    table = knox(*again, 1)
    cell = next(one for one in table if one.distance_m == (1.0, 100.0) and one.days == (0.0, 7.0))
    assert (cell.observed >= 40, cell.p, cell.ratio > 5) == (True, 1 / 200, True)
    assert table == knox(*again, 1)
    assert table != knox(*again, 2)
    assert len(table) == 12


def test_nothing_near_leaves_the_ratio_open() -> None:
    xy = np.array([[i * 9000.0, 0.0] for i in range(5)])
    assert {(one.observed, one.ratio, one.p) for one in knox(xy, np.arange(5) * DAY_S, 0)} == {(0, None, 1.0)}


def test_a_default_address_is_too_much_for_the_table() -> None:
    with pytest.raises(TooLargeError, match="pairs lie near each other"):
        knox(np.zeros((3200, 2)), np.arange(3200.0), 0)
    with pytest.raises(ValueError, match="must ascend"):
        knox(np.zeros((3, 2)), np.arange(3.0), 0, days=(0, 0))


def test_a_source_that_fell_silent_is_missing_and_a_rare_one_is_not() -> None:
    steady = [3] * 20
    fallen = [3] * 16 + [0] * 4
    rare = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1] + [0] * 9
    new = [0] * 18 + [4, 0]
    never = [0] * 20
    found = volumes(np.array([steady, fallen, rare, new, never]))
    assert [one.is_missing for one in found] == [False, True, False, False, False]
    assert [one.silent_weeks for one in found] == [0, 4, 9, 1, 20]
    assert [one.first_week for one in found] == [0, 0, 2, 18, None]
    assert (found[1].a_week, found[1].total, found[4].a_week) == (3.0, 48, 0.0)
