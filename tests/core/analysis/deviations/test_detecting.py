"""More than usual for the place, and nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.analysis.deviations import detecting
from app.core.analysis.deviations.counting import Reports, places
from app.core.analysis.deviations.detecting import Raised, alarms, candidates, tail
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.points import DAY_S
from tests.core.analysis.deviations.towns import START_S, WEEK_S, burst, together, town

RULE = DeviationRule()
NOW_S = START_S + 100 * WEEK_S


def looked(reports: Reports, now_s: float = NOW_S, rule: DeviationRule = RULE) -> detecting.Candidates:
    return candidates(places(reports, rule.radius_m, rule.lattice_m), [now_s], rule)


def test_the_published_binomial_examples_come_out_to_the_printed_digits() -> None:
    # SciPy 1.x, binomtest: 3 of 15 cars are unsafe where 10 % were claimed, alternative "greater".
    assert float(tail(3, 12, 0.1)) == pytest.approx(0.18406106910639114, rel=1e-12)
    # Siegel (1956) p. 40, knots tied under stress: 16 of 18 as first learned, table D prints .001.
    assert round(float(tail(16, 2, 0.5)), 3) == 0.001


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_tail_is_the_sum_of_its_terms(successes: int, failures: int, share: float) -> None:
    n = successes + failures
    terms = (math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(successes, n + 1))
    assert float(tail(successes, failures, share)) == pytest.approx(math.fsum(terms), rel=1e-9, abs=1e-300)


def test_a_burst_at_a_calm_place_is_found_with_what_was_expected_there() -> None:
    history = town(100)
    planted = burst(5000, 5000, 6, NOW_S - 4 * WEEK_S)
    earlier = burst(5000, 5000, 2, NOW_S - 50 * WEEK_S)
    found = looked(together(history, planted, earlier))
    (alarm, *_) = alarms(found, [NOW_S], 1e-4, RULE)
    assert np.hypot(alarm.x - 5000, alarm.y - 5000) <= 150
    assert (found.observed[alarm.row], found.window_days[alarm.row], found.moment[alarm.row]) == (6, 28, 0)
    recent = int((history[1] >= NOW_S - 4 * WEEK_S).sum()) + 6
    base = int(((history[1] >= NOW_S - 56 * WEEK_S) & (history[1] < NOW_S - 4 * WEEK_S)).sum()) + 2
    assert found.expected[alarm.row] == pytest.approx(2 * recent / base)
    share = recent / (recent + base)
    assert found.p[alarm.row] == pytest.approx(float(tail(6, 2, share)))


def test_a_burst_of_two_weeks_is_found_by_the_short_window() -> None:
    found = looked(together(town(100), burst(5000, 5000, 5, NOW_S - 2 * WEEK_S, days=14)))
    first = alarms(found, [NOW_S], 1e-4, RULE)[0]
    assert found.window_days[first.row] == 14


def test_the_same_number_as_usual_is_no_deviation() -> None:
    steady = burst(5000, 5000, 100, START_S, days=700)
    found = looked(together(town(100), steady))
    assert not (np.hypot(*(found.xy - 5000).T) < 300).any()


def test_what_rose_everywhere_is_no_deviation() -> None:
    xy, times = town(100)
    dice = np.random.Generator(np.random.Philox(8))
    more = xy[dice.choice(len(xy), 240)], NOW_S - dice.uniform(0, 4 * WEEK_S, 240)  # five times as many as usual
    found = looked(together((xy, times), more))
    assert alarms(found, [NOW_S], 1e-4, RULE) == ()


def test_what_comes_later_changes_nothing() -> None:
    history, planted = town(100), burst(5000, 5000, 6, NOW_S - 4 * WEEK_S)
    later = burst(300, 300, 50, NOW_S)
    one, other = looked(together(history, planted)), looked(together(history, planted, later))
    assert one.p.tolist() == other.p.tolist()
    assert one.xy.tolist() == other.xy.tolist()


def test_a_group_has_deviations_of_its_own() -> None:
    xy, times = town(100)
    middle = burst(5000, 5000, 80, START_S, days=700)  # a busy place of one kind
    odd = burst(5000, 5000, 5, NOW_S - 4 * WEEK_S)  # where another kind begins
    spread = (xy[::10], times[::10])
    parts = [(xy, times), middle, odd, spread]
    kinds = np.repeat([0, 0, 1, 1], [len(part[1]) for part in parts]).astype(np.int32)
    reports = Reports.ordered(
        np.vstack([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), kinds, ("noise", "fire")
    )
    found = looked(reports)
    near = alarms(found, [NOW_S], 1e-4, RULE)
    assert [found.stratum[one.row] for one in near if one.x > 4000] == [2]


def test_too_short_a_history_says_nothing() -> None:
    planted = burst(0, 0, 20, START_S + 8 * WEEK_S)
    reports = together(town(20), planted)
    assert len(looked(reports, START_S + 11 * WEEK_S)) == 0
    assert len(looked(reports, START_S + 13 * WEEK_S)) > 0
    assert len(looked(Reports.ordered(np.empty((0, 2)), np.empty(0)))) == 0


def test_a_group_without_any_past_says_nothing() -> None:
    reports = together(town(100), burst(5000, 5000, 9, NOW_S - 4 * WEEK_S))
    new = np.where(reports.xy[:, 0] > 4000, 0, -1).astype(np.int32)
    found = looked(Reports.ordered(reports.xy, reports.occurred_s, new, ("new",)))
    assert set(found.stratum.tolist()) == {0}


def test_a_season_explains_itself_once_two_years_exist() -> None:
    history = town(170)
    now_s = START_S + 160 * WEEK_S
    summers = [burst(5000, 5000, 8, now_s - (4 + 52 * year) * WEEK_S) for year in range(3)]
    with_past = looked(together(history, *summers), now_s)
    alone = looked(together(history, summers[0]), now_s)
    assert not (with_past.xy[:, 0] > 4000).any()
    assert (alone.xy[:, 0] > 4000).any()


def test_a_season_cannot_explain_what_nobody_reported_then() -> None:
    reports = together(burst(0, 0, 60, START_S, days=150), burst(5000, 0, 6, START_S + 156 * WEEK_S))
    now_s = START_S + 160 * WEEK_S
    base = together((reports.xy, reports.occurred_s), burst(2000, 0, 40, now_s - 40 * WEEK_S, days=60))
    assert (looked(base, now_s).xy[:, 0] > 4000).any()


def test_neighbours_are_one_alarm_and_silent_afterwards() -> None:
    planted = [burst(5000 + dx, 5000, 6, NOW_S - 4 * WEEK_S) for dx in (0, 200, 900)]
    found = places(together(town(104), *planted), RULE.radius_m, RULE.lattice_m)
    moments = [NOW_S, NOW_S + WEEK_S]
    raised = [one for one in alarms(candidates(found, moments, RULE), moments, 1e-3, RULE) if one.x > 4000]
    assert len(raised) == 2
    assert {one.raised_s for one in raised} == {NOW_S}
    known = [Raised(NOW_S - WEEK_S, 5100, 5000)]
    left = [one for one in alarms(candidates(found, [NOW_S], RULE), [NOW_S], 1e-3, RULE, known) if one.x > 4000]
    assert [one.x > 5500 for one in left] == [True]
    long_ago = [Raised(NOW_S - RULE.silent_days * DAY_S, 5100, 5000)]
    again = [one for one in alarms(candidates(found, [NOW_S], RULE), [NOW_S], 1e-3, RULE, long_ago) if one.x > 4000]
    assert len(again) == 2


def test_only_what_is_unusual_enough_is_kept() -> None:
    found = looked(together(town(100), burst(5000, 5000, 6, NOW_S - 4 * WEEK_S)))
    strict = found.below(1e-6)
    assert 0 < len(strict) < len(found)
    assert strict.p.max() <= 1e-6


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"radius_m": 50.0}, "The radius must be at most 2000"),
        ({"windows_days": ()}, "Windows must be"),
        ({"windows_days": (35,)}, "Windows must be"),
        ({"baseline_days": 3}, "The baseline must be"),
        ({"min_reports": 1}, "at least two reports"),
        ({"silent_days": -1}, "cannot be negative"),
        ({"alarms_a_year": 0.0}, "Alarms a year must be"),
    ],
)
def test_a_rule_that_cannot_be_looked_for_is_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        DeviationRule(**wrong)
