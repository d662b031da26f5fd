"""What hot spots are worth, and which comes first.

A weighting changes values and ranks, never the groups: a harm weight must not move an outline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.params import AnalysisParams, Weighting
from app.core.analysis.points import DAY_S, Floats, Points

VALUE_DECIMALS = 3
HALF_LIFE_WEEKS = 8  # with it, the first ten places caught most of the next four weeks


RECENT_WEEKS = 4
USUAL_WEEKS = 52  # before the recent ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What each group (k,) is worth in every way; `weighted` is the one of them that ranks."""

    weighted: Floats
    count: NDArray[np.int64]
    recency: Floats
    harm: Floats | None  # None where the categories have no weights
    recent: NDArray[np.int64]  # incidents in the last four weeks
    usual: Floats  # incidents in four weeks, over the year before those or what there is of it


def scores(points: Points, labels: NDArray[np.int32], by_category: NDArray[np.int64], params: AnalysisParams) -> Scores:
    """Score the groups of labels (n,), -1 is left out; by_category: (k, c) counts."""
    counts = by_category.sum(axis=1)
    recency = faded_counts(labels, points.occurred_s, params, len(counts))
    harm = weighted_values(by_category, weight_of_categories(points.categories, params)) if params.weights else None
    by_weighting = {Weighting.COUNT: counts.astype(np.float64), Weighting.RECENCY: recency}
    recent, usual = _recent_and_usual(labels, points.occurred_s, params, len(counts))
    return Scores(
        weighted=by_weighting[params.weighting] if harm is None else by_weighting.get(params.weighting, harm),
        count=counts,
        recency=recency,
        harm=harm,
        recent=recent,
        usual=usual,
    )


def weight_of_categories(categories: tuple[str, ...], params: AnalysisParams) -> Floats:
    """What one incident of each category (c,) is worth. Raises ValueError for a category without a weight."""
    weights = dict(params.weights)
    if missing := sorted(set(categories) - set(weights)):
        raise ValueError(f"There is no weight for the category {missing[0]}.")
    return np.array([weights[code] for code in categories])


def weighted_values(counts: NDArray[np.int64], weights: Floats) -> Floats:
    """The worth (k,) of groups from their counts by category (k, c) and the weights (c,)."""
    values: Floats = np.round((counts * weights).sum(axis=1), VALUE_DECIMALS)
    return values


def faded_counts(labels: NDArray[np.int32], occurred_s: Floats, params: AnalysisParams, group_count: int) -> Floats:
    """The worth (k,) of groups 0..k-1 by recency; labels (n,), -1 is left out; occurred_s (n,) epoch seconds.

    The end of the period is the present, so asking again later changes nothing.
    """
    grouped = labels >= 0
    ages_s = params.until.timestamp() - occurred_s[grouped]
    worth = 0.5 ** (ages_s / (HALF_LIFE_WEEKS * 7 * DAY_S))
    values: Floats = np.round(np.bincount(labels[grouped], worth, minlength=group_count), VALUE_DECIMALS)
    return values


def _recent_and_usual(
    labels: NDArray[np.int32], occurred_s: Floats, params: AnalysisParams, group_count: int
) -> tuple[NDArray[np.int64], Floats]:
    """Incidents (k,) in the last four weeks, and (k,) in four weeks over the year before them."""
    recent_s = params.until.timestamp() - RECENT_WEEKS * 7 * DAY_S
    usual_s = max(params.since.timestamp(), recent_s - USUAL_WEEKS * 7 * DAY_S)
    grouped = labels >= 0
    is_recent = grouped & (occurred_s >= recent_s)
    is_usual = grouped & (occurred_s >= usual_s) & ~is_recent
    spans = max((recent_s - usual_s) / (RECENT_WEEKS * 7 * DAY_S), 1.0)
    usual: Floats = np.round(np.bincount(labels[is_usual], minlength=group_count) / spans, VALUE_DECIMALS)
    return np.bincount(labels[is_recent], minlength=group_count), usual


def counts_by(
    labels: NDArray[np.int32], kind: NDArray[np.integer[Any]], group_count: int, kind_count: int
) -> NDArray[np.int64]:
    """How many incidents (k, c) each group 0..k-1 has of each kind 0..c-1; labels (n,), -1 is left out."""
    grouped = labels >= 0
    cells = labels[grouped].astype(np.int64) * kind_count + kind[grouped]
    return np.bincount(cells, minlength=group_count * kind_count).reshape(group_count, kind_count)


def ranking(values: Floats, counts: NDArray[np.int64], keys: Sequence[UUID]) -> tuple[int, ...]:
    """Groups in order of rank: most worth, then most incidents, then by key."""
    return tuple(sorted(range(len(keys)), key=lambda k: (-values[k], -counts[k], keys[k])))
