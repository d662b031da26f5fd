"""What hot spots are worth, and which comes first.

A weighting changes values and ranks, never the groups: a harm weight must not move an outline.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.params import BY_CATEGORY, AnalysisParams
from app.core.analysis.points import DAY_S, Floats

VALUE_DECIMALS = 3
HALF_LIFE_WEEKS = 8  # with it, the first ten places caught most of the next four weeks


def weight_of_categories(categories: tuple[str, ...], params: AnalysisParams) -> Floats:
    """What one incident of each category (c,) is worth. Raises ValueError for a category without a weight."""
    if params.weighting not in BY_CATEGORY:
        return np.ones(len(categories))
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
