"""How unusual is unusual enough, and what can be seen then."""

import numpy as np
import pytest

from app.core.analysis.deviations.calibrating import Basis, Calibration, calibrate, weekly
from app.core.analysis.deviations.counting import Reports, places
from app.core.analysis.deviations.detecting import alarms, candidates
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.deviations.visibility import extra_needed, visibility
from tests.core.analysis.deviations.towns import START_S, WEEK_S, burst, together, town

RULE = DeviationRule()
CURVE = ((1e-6, 0.0), (1e-5, 0.5), (1e-4, 2.0))


def test_own_history_with_bursts_sets_a_stricter_threshold_than_chance() -> None:
    steady = town(130)
    calm = calibrate(together(steady), START_S + 130 * WEEK_S, RULE)
    spots = np.random.Generator(np.random.Philox(1)).uniform(0, 2000, (24, 2)).tolist()
    bursts = [burst(x, y, 8, START_S + (20 + 4.5 * i) * WEEK_S, days=20) for i, (x, y) in enumerate(spots)]
    lively = calibrate(together(steady, *bursts), START_S + 130 * WEEK_S, RULE)
    assert lively.basis is Basis.HISTORY
    assert lively.threshold < calm.threshold
    assert lively.alarms_a_year <= RULE.alarms_a_year
    assert (lively.weeks, lively.reports_a_week) == (pytest.approx(118, abs=0.2), pytest.approx(16.5, abs=0.1))


def test_at_the_threshold_the_own_history_calls_at_most_as_often_as_wanted() -> None:
    reports = together(town(150, 25, seed=5))
    found = places(reports, RULE.radius_m, RULE.lattice_m)
    chosen = calibrate(reports, START_S + 150 * WEEK_S, RULE)
    moments = weekly(START_S + 12 * WEEK_S, START_S + 150 * WEEK_S).tolist()
    raised = alarms(candidates(found, moments, RULE), moments, chosen.threshold, RULE)
    assert len(raised) / (138 / 52) < 2 * RULE.alarms_a_year
    wanted = calibrate(reports, START_S + 150 * WEEK_S, DeviationRule(alarms_a_year=20))
    assert wanted.threshold > chosen.threshold


def test_a_short_history_is_left_to_chance() -> None:
    chosen = calibrate(together(town(20)), START_S + 20 * WEEK_S, RULE)
    assert (chosen.basis, chosen.weeks) == (Basis.CHANCE, pytest.approx(8, abs=0.2))
    assert chosen == calibrate(together(town(20)), START_S + 20 * WEEK_S, RULE)


def test_what_came_after_is_not_looked_at() -> None:
    whole = together(town(60), burst(1000, 1000, 90, START_S + 40 * WEEK_S))
    cut = together(town(60))
    at = START_S + 40 * WEEK_S
    assert calibrate(whole, at, RULE) == calibrate(cut, at, RULE)


@pytest.mark.parametrize("weeks", [0, 11])
def test_too_little_history_is_said(weeks: int) -> None:
    reports = together(town(11)) if weeks else Reports.ordered(np.empty((0, 2)), np.empty(0))
    with pytest.raises(ValueError, match="the first look needs 13 weeks of reports"):
        calibrate(reports, START_S + weeks * WEEK_S, RULE)


def test_even_a_flood_has_a_threshold() -> None:
    busy = [burst(x * 1000.0, 0, 40, START_S + 20 * WEEK_S + x * WEEK_S, days=20) for x in range(30)]
    early = burst(-5000, 0, 400, START_S, days=400)
    chosen = calibrate(together(early, *busy), START_S + 55 * WEEK_S, DeviationRule(alarms_a_year=0.1))
    assert chosen.threshold == 1e-12


def test_how_rare_it_is_comes_from_the_replay() -> None:
    chosen = Calibration(
        threshold=1e-4, basis=Basis.HISTORY, weeks=104, reports_a_week=20, alarms_a_year=2, curve=CURVE
    )
    assert chosen.years_between(5e-5) == 0.5
    assert chosen.years_between(1e-5) == 2.0
    assert chosen.years_between(1e-9) is None
    assert chosen.years_between(0.5) is None


def test_moments_are_weekly_and_end_now() -> None:
    assert weekly(0, 15 * WEEK_S / 7).tolist() == [WEEK_S / 7, WEEK_S / 7 * 8, WEEK_S / 7 * 15]
    assert weekly(10, 0).tolist() == []


def test_more_extra_reports_are_needed_where_much_is_reported() -> None:
    assert extra_needed(0, 4 / 52, 1e-4, 4) == 4
    needed = [extra_needed(baseline, 4 / 52, 1e-4, 4) for baseline in (0, 10, 50, 200)]
    assert needed == sorted(needed)
    assert needed[-1] > 12


def test_what_can_be_seen_is_said_from_the_own_volume() -> None:
    reports = together(town(120))
    now_s = START_S + 120 * WEEK_S
    chosen = calibrate(reports, now_s, RULE)
    seen = visibility(reports, now_s, RULE, chosen)
    assert seen.calm <= seen.usual <= seen.busy
    assert seen.usual > 4
    assert (seen.baseline_weeks, round(seen.reports_a_week), seen.knows_seasons) == (52, 15, True)
    early = visibility(reports, START_S + 30 * WEEK_S, RULE, chosen)
    assert (early.baseline_weeks, early.knows_seasons) == (pytest.approx(26, abs=0.2), False)
    assert early.busy >= seen.calm
    with pytest.raises(ValueError, match="a baseline needs 56 days"):
        visibility(reports, START_S + 8 * WEEK_S, RULE, chosen)
    with pytest.raises(ValueError, match="a baseline needs 56 days"):
        visibility(Reports.ordered(np.empty((0, 2)), np.empty(0)), now_s, RULE, chosen)


def test_a_year_without_reports_lets_every_place_be_calm() -> None:
    reports = together(burst(0, 0, 5, START_S))
    chosen = Calibration(threshold=1e-4, basis=Basis.CHANCE, weeks=1, reports_a_week=1, alarms_a_year=0, curve=CURVE)
    seen = visibility(reports, START_S + 100 * WEEK_S, RULE, chosen)
    assert (seen.calm, seen.usual, seen.busy, seen.is_calibrated) == (4, 4, 4, False)
