"""Playing a town's past."""

import numpy as np
import pytest

from app.core.analysis.deviations.backtest import Trial, Where, play, thinned
from app.core.analysis.deviations.counting import Reports
from app.core.analysis.deviations.rule import DeviationRule
from tests.core.analysis.deviations.towns import START_S, WEEK_S, burst, together, town

RULE = DeviationRule()


def test_large_outbreaks_are_found_and_rules_of_thumb_call_more_often() -> None:
    played = play(together(town(120)), RULE, Trial(outbreaks=6, extra=(3, 14)))
    ours = played.outcomes["ours"]
    for found in ours.found.values():
        assert found[14] > found[3]
        assert found[14] == 1
    naive = played.outcomes["at_least_3_and_50_percent_more"]
    assert naive.alarms_a_year > 5 * ours.alarms_a_year
    assert (round(played.reports_a_week), played.later_years) == (15, pytest.approx(59 * 7 / 365.25))
    assert played.calibrated_until_s == pytest.approx(START_S + 60 * WEEK_S, abs=WEEK_S)
    assert set(ours.found) == {Where.SQUARES, Where.REPORTS}


def test_the_same_seed_plays_the_same() -> None:
    reports, trial = together(town(80)), Trial(outbreaks=2, weekly_reports=8)
    assert play(reports, RULE, trial) == play(reports, RULE, trial)


def test_thinning_keeps_so_many_a_week_and_never_adds() -> None:
    reports = together(town(100))
    few = thinned(reports, Trial(weekly_reports=5))
    assert len(few) == pytest.approx(500, abs=2)
    assert (np.diff(few.occurred_s) >= 0).all()
    assert len(thinned(reports, Trial(weekly_reports=5000))) == len(reports)
    assert thinned(reports, Trial()) is reports


def test_where_every_place_calls_nothing_can_be_planted() -> None:
    start = burst(0, 0, 30, START_S, days=200)
    calls = [burst(0, 0, 10 * 2**i, START_S + (40 + 5 * i) * WEEK_S, days=20) for i in range(6)]
    elsewhere = burst(90_000, 0, 3000, START_S, days=490)
    reports = together(start, *calls)
    kept = Reports.ordered(
        np.vstack((reports.xy, elsewhere[0] + np.arange(3000)[:, None] * [1000.0, 0])),
        np.concatenate((reports.occurred_s, elsewhere[1])),
    )
    played = play(kept, RULE, Trial(outbreaks=1, extra=(4,)))
    assert set(played.outcomes["ours"].found[Where.REPORTS]) == {4}


def test_too_short_a_past_is_refused() -> None:
    with pytest.raises(ValueError, match="too little history after the first share"):
        play(together(town(40)), RULE, Trial(first_share=0.9))
    with pytest.raises(ValueError, match="There is too little history"):
        play(together(town(20)), RULE, Trial())
    with pytest.raises(ValueError, match="There are no reports"):
        play(Reports.ordered(np.empty((0, 2)), np.empty(0)), RULE, Trial(weekly_reports=3))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"weekly_reports": 0.0}, "reports a week must be more than zero"),
        ({"first_share": 1.0}, "between 0 and 1"),
        ({"outbreaks": 0}, "There must be outbreaks"),
        ({"extra": ()}, "There must be outbreaks"),
        ({"spread_m": -1.0}, "The spread must be"),
        ({"seed": -1}, "the seed zero or more"),
    ],
)
def test_a_trial_that_cannot_be_played_is_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Trial(**wrong)
