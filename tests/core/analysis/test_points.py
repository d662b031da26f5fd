"""Points: the arrays fit together, shuffled rows come out the same, and the rule for what counts."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis.params import AnalysisParams
from app.core.analysis.points import Points, midpoints_s, which_count

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
PARAMS = AnalysisParams(
    since=SINCE, until=UNTIL, organisations=("lindesta-kommun",), now=UNTIL, categories=("KLO", "SKD")
)
DAY_S = 86_400.0
UNKNOWN = np.array([np.nan])

COLUMNS: dict[str, Any] = {
    "xy": np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]),
    "occurred_s": np.array([0.0, 0.0, 5.0, 4.0, 4.0]),
    "category": np.array([0, 1, 0, 1, 0]),
    "categories": ("KLO", "SKD"),
    "source": np.array([0, 0, 0, 0, 0]),
    "sources": ("skolan",),
    "uncertainty_m": np.array([1.0, 2.0, 3.0, np.nan, 5.0]),
    "sort_key": np.array(["a", "b", "c", "e", "d"]),
}


def test_points_are_ordered_by_x_then_y_then_time_then_key() -> None:
    points = Points.ordered(**COLUMNS)
    assert points.uncertainty_m.tolist()[:1] == [5.0]
    assert points.occurred_s.tolist() == [4.0, 4.0, 5.0, 0.0, 0.0]
    assert points.category.tolist() == [0, 1, 0, 1, 0]
    assert points.xy.tolist() == [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 2.0], [2.0, 1.0]]


@given(st.permutations(range(5)))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_shuffled_rows_come_out_in_the_same_order(order: list[int]) -> None:
    shuffled: dict[str, Any] = {
        name: column[order] if isinstance(column, np.ndarray) else column for name, column in COLUMNS.items()
    }
    expected, points = Points.ordered(**COLUMNS), Points.ordered(**shuffled)
    for name in ("xy", "occurred_s", "category", "source", "uncertainty_m"):
        np.testing.assert_array_equal(getattr(points, name), getattr(expected, name))


def test_keys_may_be_python_strings() -> None:
    keys = np.array(list("abcde"), dtype=object)
    assert Points.ordered(**COLUMNS | {"sort_key": keys}).category.tolist() == [1, 0, 0, 1, 0]


def test_ordered_points_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Points.ordered(**COLUMNS).xy[0, 0] = 9.0


def test_selecting_by_a_mask_keeps_the_columns_together() -> None:
    points = Points.ordered(**COLUMNS)
    late = points.select(points.occurred_s > 4)
    assert (len(late), late.xy.tolist(), late.uncertainty_m.tolist()) == (1, [[1.0, 1.0]], [3.0])
    assert (late.categories, late.sources, late.epsg) == (("KLO", "SKD"), ("skolan",), 3006)


def test_there_may_be_no_incidents_at_all() -> None:
    empty: dict[str, Any] = {
        name: column[:0] if isinstance(column, np.ndarray) else () for name, column in COLUMNS.items()
    }
    assert len(Points.ordered(**empty)) == 0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"xy": np.full((5, 2), np.nan)}, "finite place and time"),
        ({"xy": np.array([[np.inf, 0.0]] * 5)}, "finite place and time"),
        ({"occurred_s": np.full(5, np.nan)}, "finite place and time"),
        ({"occurred_s": np.zeros(4)}, "occurred_s must have one value for each of the 5 incidents"),
        ({"uncertainty_m": np.zeros((5, 1))}, "uncertainty_m must have one value for each"),
        ({"sort_key": np.array(["a"])}, "sort_key must have one value for each of the 5 incidents"),
        ({"category": np.array([0, 1, 2, 0, 0])}, "An incident has a category that is not in the list."),
        ({"category": np.array([0, 1, -1, 0, 0])}, "An incident has a category that is not in the list."),
        ({"sources": ()}, "An incident has a source that is not in the list."),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Points.ordered(**COLUMNS | wrong)


def test_coordinates_in_three_dimensions_are_refused() -> None:
    columns = {name: column for name, column in COLUMNS.items() if name != "sort_key"}
    with pytest.raises(ValueError, match=r"xy must have the shape \(n, 2\), got \(5, 3\)"):
        Points(**columns | {"xy": np.zeros((5, 3))})


def test_an_incident_is_counted_at_the_middle_of_its_interval() -> None:
    assert midpoints_s(np.array([0.0, 10.0]), np.array([0.0, 21.0])).tolist() == [0.0, 15.5]


@pytest.mark.parametrize(
    ("from_s", "to_s", "code", "expected"),
    [
        pytest.param(0.0, 0.0, "SKD", True, id="the first instant counts"),
        pytest.param(31 * DAY_S, 31 * DAY_S, "SKD", False, id="the end does not"),
        pytest.param(-DAY_S, DAY_S, "SKD", True, id="an interval whose middle is the first instant counts"),
        pytest.param(-DAY_S, DAY_S - 1, "SKD", False, id="a middle just before does not"),
        pytest.param(30 * DAY_S, 32 * DAY_S, "SKD", False, id="a middle at the end does not"),
        pytest.param(0.0, 28 * DAY_S, "SKD", True, id="28 days counts"),
        pytest.param(0.0, 28 * DAY_S + 1, "SKD", False, id="longer only counts in statistics"),
        pytest.param(0.0, 0.0, "BED", False, id="a category that was not asked for does not"),
    ],
)
def test_which_incidents_count(from_s: float, to_s: float, code: str, *, expected: bool) -> None:
    since_s = SINCE.timestamp()
    mask = which_count(np.array([from_s]) + since_s, np.array([to_s]) + since_s, np.array([code]), UNKNOWN, PARAMS)
    assert mask.tolist() == [expected]


def test_only_the_categories_asked_for_count() -> None:
    at_s = np.full(4, SINCE.timestamp())
    codes = np.array(["SKD", "VAL", "BED", "KLO"], dtype=object)
    assert which_count(at_s, at_s, codes, np.zeros(4), PARAMS).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("uncertainty_m", "expected"),
    [
        pytest.param(0.0, True, id="a sure place counts"),
        pytest.param(83.0, True, id="as unsure as the police usually are counts"),
        pytest.param(300.0, True, id="the limit itself counts"),
        pytest.param(300.1, False, id="just beyond does not"),
        pytest.param(100_000.0, False, id="somewhere in the county does not"),
        pytest.param(np.inf, False, id="anywhere does not"),
        pytest.param(np.nan, True, id="unknown is not uncertain"),
    ],
)
def test_an_incident_counts_when_its_place_is_sure_enough(uncertainty_m: float, *, expected: bool) -> None:
    at_s = np.full(1, SINCE.timestamp())
    mask = which_count(at_s, at_s, np.array(["SKD"]), np.array([uncertainty_m]), PARAMS)
    assert mask.tolist() == [expected]


def test_an_analysis_may_ask_for_surer_places() -> None:
    at_s = np.full(3, SINCE.timestamp())
    codes = np.array(["SKD"] * 3)
    strict = replace(PARAMS, max_uncertainty_m=50)
    assert which_count(at_s, at_s, codes, np.array([50.0, 51.0, np.nan]), strict).tolist() == [True, False, True]


def test_no_incidents_give_an_empty_mask() -> None:
    none = np.empty(0)
    assert which_count(none, none, np.empty(0, dtype=str), none, PARAMS).tolist() == []


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"An incident cannot end before it begins."):
        which_count(np.array([2.0]), np.array([1.0]), np.array(["SKD"]), UNKNOWN, PARAMS)
