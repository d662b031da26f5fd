"""Whole areas against earlier years and the last 52 weeks."""

import numpy as np
import pytest

from app.core.analysis.deviations.areas import area_deviations, weekly_counts

WEEK_S = 7 * 86_400.0


def test_weeks_are_counted_back_from_now() -> None:
    times = np.array([0.0, 0.5, 1.5, 2.9, 3.0, 3.2]) * WEEK_S
    counts = weekly_counts(times, np.array([0, 1, 0, 1, 1, 1]), 2, 3 * WEEK_S)
    assert counts.tolist() == [[1, 1, 0], [1, 0, 1]]
    assert weekly_counts(times, np.zeros(6, np.int64), 1, 2.9 * WEEK_S).tolist() == [[1, 0]]  # whole weeks only
    assert weekly_counts(np.empty(0), np.empty(0, np.int64), 2, 0.0).shape == (2, 0)


def test_fraud_that_doubled_deviates_and_what_is_steady_does_not() -> None:
    fraud, steady = [3] * 52 + [7] * 4, [3] * 56
    (found,) = area_deviations(np.array([steady, fraud]))
    assert (found.series, found.observed, found.expected, found.expected_in_season) == (1, 28, 12.0, None)
    assert found.years_between > 10


def test_what_comes_every_summer_is_no_deviation_once_two_years_exist() -> None:
    year = [2] * 48 + [9] * 4
    seasonal = np.array([year * 3])
    once = np.array([[2] * 152 + [9] * 4])
    assert area_deviations(seasonal) == ()
    (found,) = area_deviations(once)
    assert found.expected_in_season == 8.0


def test_bursts_need_more_than_steady_counts_do() -> None:
    bursts = [15, *[0] * 11] * 4 + [0] * 4
    steady = [1, 1, 1, 2] * 13
    rise = [3] * 4
    assert [len(area_deviations(np.array([[*row, *rise]]))) for row in (steady, bursts)] == [1, 0]


def test_chance_raises_no_more_than_wanted() -> None:
    dice = np.random.Generator(np.random.Philox(3))
    rows = dice.negative_binomial(2, 0.4, (30, 52 * 8))  # dispersion 2.5
    raised = sum(len(area_deviations(rows[:, :end])) for end in range(160, rows.shape[1], 4))
    years = (rows.shape[1] - 160) / 52
    assert 0 < raised / years <= 6


def test_what_never_happened_before_is_beyond_chance() -> None:
    (found,) = area_deviations(np.array([[0] * 52 + [2] * 4]))
    assert (found.p, found.years_between) == (0.0, np.inf)


@pytest.mark.parametrize("weeks", [0, 5, 11])
def test_too_little_history_says_nothing(weeks: int) -> None:
    assert area_deviations(np.full((2, weeks), 9)) == ()
