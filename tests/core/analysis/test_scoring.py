"""Weights, values and ranks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from app.core.analysis import scoring
from app.core.analysis.params import AnalysisParams, Weighting
from app.core.analysis.points import Points

CODES = ("KLO", "SKD", "VAL")
HARM = (("KLO", 2.0), ("SKD", 3.0), ("VAL", 8.0))


UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
WEEK_S = 7 * 86_400.0


def params(since: datetime = datetime(2026, 1, 1, tzinfo=UTC), **values: Any) -> AnalysisParams:
    return AnalysisParams(since=since, until=UNTIL, organisations=("o",), now=UNTIL, categories=("KLO",), **values)


def points(occurred_s: list[float]) -> Points:
    n = len(occurred_s)
    return Points(
        xy=np.zeros((n, 2)),
        occurred_s=np.array(occurred_s),
        category=np.zeros(n, dtype=np.int32),
        categories=CODES,
        source=np.zeros(n, dtype=np.int32),
        sources=("a",),
        uncertainty_m=np.full(n, np.nan),
    )


@pytest.mark.parametrize(
    ("weighting", "worth"), [(Weighting.COUNT, [2.0]), (Weighting.RECENCY, [1.5]), (Weighting.HARM, [6.0])]
)
def test_the_weighting_says_which_of_the_scores_ranks(weighting: Weighting, worth: list[float]) -> None:
    now_s = UNTIL.timestamp()
    counts = np.array([[0, 2, 0]])
    asked = params(weighting=weighting, weights=HARM)
    found = scoring.scores(points([now_s, now_s - 8 * WEEK_S]), np.zeros(2, dtype=np.int32), counts, asked)
    assert found.weighted.tolist() == worth
    assert (found.count.tolist(), found.recency.tolist()) == ([2], [1.5])
    assert found.harm is not None
    assert found.harm.tolist() == [6.0]


def test_recent_incidents_stand_beside_what_is_usual() -> None:
    now_s = UNTIL.timestamp()
    ages_w = [0.5, 3.9, 4.1, 20, 30, 55.9, 56.1, 1]  # the last one is in no group, the one before too old
    labels = np.array([0, 0, 0, 0, 0, 0, 0, -1], dtype=np.int32)
    asked = params(since=UNTIL - timedelta(weeks=104))
    found = scoring.scores(points([now_s - age * WEEK_S for age in ages_w]), labels, np.array([[7, 0, 0]]), asked)
    assert (found.recent.tolist(), found.usual.tolist()) == ([2], [0.308])
    assert found.harm is None


def test_an_incident_is_worth_half_as_much_for_every_eight_weeks_it_is_old() -> None:
    week_s = 7 * 86_400.0
    occurred_s = UNTIL.timestamp() - np.array([0.0, 8 * week_s, 16 * week_s, 24 * week_s, 8 * week_s])
    labels = np.array([1, 1, 1, -1, 0], dtype=np.int32)
    values = scoring.faded_counts(labels, occurred_s, params(weighting=Weighting.RECENCY), 3)
    assert values.tolist() == [0.5, 1.75, 0.0]


@pytest.mark.parametrize("weighting", [Weighting.HARM, Weighting.OWN])
def test_other_weightings_use_the_weights_given(weighting: Weighting) -> None:
    weighted = params(weighting=weighting, weights=HARM)
    assert scoring.weight_of_categories(CODES, weighted).tolist() == [2.0, 3.0, 8.0]


def test_a_category_without_a_weight_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"There is no weight for the category VAL."):
        scoring.weight_of_categories(CODES, params(weighting=Weighting.HARM, weights=HARM[:2]))


def test_values_are_counts_times_weights_without_rounding_noise() -> None:
    counts = np.array([[3, 0, 1], [0, 0, 0]])
    assert scoring.weighted_values(counts, np.array([0.1, 5.0, 2.0])).tolist() == [2.3, 0.0]
    assert scoring.weighted_values(counts, np.array([0.1, 5.0, 0.0])).tolist() == [0.3, 0.0]


def test_counts_by_kind_leave_noise_out() -> None:
    labels = np.array([1, -1, 0, 1, 1], dtype=np.int32)
    counts = scoring.counts_by(labels, np.array([2, 0, 1, 2, 0]), 3, 3)
    assert counts.tolist() == [[0, 1, 0], [1, 0, 2], [0, 0, 0]]


def test_rank_is_by_worth_then_by_number_then_by_key() -> None:
    values = np.array([5.0, 9.0, 5.0, 5.0])
    counts = np.array([4, 1, 5, 4])
    keys = [UUID(int=7), UUID(int=1), UUID(int=9), UUID(int=3)]
    assert scoring.ranking(values, counts, keys) == (1, 2, 3, 0)
