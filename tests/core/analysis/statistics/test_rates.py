"""Rates and counts with what is left open, against published figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from app.core.analysis.statistics import dispersion
from app.core.analysis.statistics.rates import Interval, rate_ratio, share

counts = st.integers(0, 200)


def test_the_published_interval_of_a_share_comes_out_to_the_printed_digits() -> None:
    # R, ?binom.test: Mendelian inheritance (Conover 1971, p. 97 f.), 682 giant of 925: prints .7076683 .7654066
    found = share(682, 925)
    assert (round(found.low, 7), round(found.high, 7)) == (0.7076683, 0.7654066)
    assert round(found.estimate, 7) == 0.7372973


def test_the_published_ratio_of_two_rates_comes_out_to_the_printed_digits() -> None:
    # R, ?poisson.test: lung cancer in Fredericia and three other towns, ages 55-59 (Andersen 1977, ISwR eba1977):
    # prints the ratio 1.971488 and the interval .8584264 4.2772659
    found = rate_ratio(11, 6 + 8 + 7, length=800, earlier_length=1083 + 1050 + 878)
    assert round(found.estimate, 6) == 1.971488
    assert (round(found.low, 7), round(found.high, 7)) == (0.8584264, 4.2772659)


def test_ten_after_twenty_may_be_no_change() -> None:
    halved = rate_ratio(10, 20)
    assert halved.estimate == 0.5
    assert halved.low < 0.25
    assert halved.high > 1


def test_the_ends_are_open_where_nothing_was_counted() -> None:
    assert rate_ratio(0, 0) == Interval(estimate=None, low=0.0, high=None)
    assert (rate_ratio(0, 5).low, rate_ratio(5, 0).high) == (0.0, None)
    assert share(0, 0) == Interval(estimate=None, low=0.0, high=1.0)


@given(counts, counts)
def test_the_ratio_the_other_way_round_is_the_inverse(count: int, earlier: int) -> None:
    one, other = rate_ratio(count, earlier), rate_ratio(earlier, count)
    assert one.estimate is None or one.low <= one.estimate
    if one.high is not None and other.low > 0:
        assert one.high == pytest.approx(1 / other.low, rel=1e-6)


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (6, 5)])
def test_a_share_of_more_than_all_is_refused(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="A share needs"):
        share(count, of)


def test_a_rate_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="Counts cannot be negative"):
        rate_ratio(1, 1, length=0)
    with pytest.raises(ValueError, match="The confidence must be"):
        rate_ratio(1, 1, confidence=1.0)


@given(st.integers(0, 60), st.floats(0.1, 40), st.floats(1.01, 6))
def test_counts_that_swing_are_negative_binomial(observed: int, mean: float, excess: float) -> None:
    expected = nbinom.sf(observed - 1, mean / (excess - 1), 1 / excess)
    assert dispersion.tail(observed, mean, excess) == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert dispersion.tail(observed, mean, 1.0) == pytest.approx(poisson.sf(observed - 1, mean), rel=1e-6, abs=1e-12)


def test_nothing_is_expected_where_nothing_ever_was() -> None:
    assert dispersion.tail(1, 0.0, 2.0) == 0.0
    assert dispersion.predicted(np.empty(0, np.int64), 4) == (0.0, 1.0)


@given(st.floats(0, 60), st.floats(1, 4))
def test_the_band_holds_what_is_normal_and_leaves_out_the_rest(mean: float, excess: float) -> None:
    low, high = dispersion.band(mean, excess)
    assert low <= mean <= high
    assert dispersion.tail(high + 1, mean, excess) <= 0.025 or mean == 0
    assert low == 0 or 1 - dispersion.tail(low, mean, excess) <= 0.025


def test_bursts_raise_the_dispersion_and_a_steady_count_is_poisson() -> None:
    assert dispersion.dispersion(np.array([5, 5, 5, 5, 5])) == 1.0
    assert dispersion.dispersion(np.array([0, 0, 12, 0, 0])) == pytest.approx(12.0)
    assert dispersion.dispersion(np.array([0, 9])) == 1.0
    mean, excess = dispersion.predicted(np.tile([0, 0, 0, 8], 10), 4)
    assert (mean, excess) == (8.0, pytest.approx(1.1))
