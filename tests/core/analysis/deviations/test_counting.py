"""Counting reports near places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.analysis.deviations.counting import Reports, places

coordinate = st.integers(-2000, 2000).map(lambda tenths: tenths / 10)


@given(
    st.lists(st.tuples(coordinate, coordinate, st.integers(0, 9), st.integers(-1, 1)), max_size=30),
    st.sampled_from([(150.0, 100.0), (100.0, 100.0), (70.0, 50.0)]),
)
def test_every_place_counts_what_lies_within_the_radius(
    rows: list[tuple[float, float, int, int]], sizes: tuple[float, float]
) -> None:
    radius_m, lattice_m = sizes
    xy = np.array([row[:2] for row in rows]).reshape(-1, 2)
    reports = Reports.ordered(
        xy, np.array([row[2] for row in rows], float), np.array([row[3] for row in rows], np.int32), ("a", "b")
    )
    found = places(reports, radius_m, lattice_m)
    lattice = [(x * lattice_m, y * lattice_m) for x in range(-9, 10) for y in range(-9, 10)]
    far = np.hypot(*(np.array(lattice)[:, None] - reports.xy).transpose(2, 0, 1))
    expected = {place for place, row in zip(lattice, far, strict=True) if (row <= radius_m).any()}
    assert {tuple(place) for place in found.xy.tolist()} == expected
    for name, stratum in zip(("all", "a", "b"), found.strata, strict=True):
        is_in = np.full(len(reports), True) if name == "all" else reports.group == "ab".index(name)
        is_in &= (reports.occurred_s >= 2) & (reports.occurred_s < 7)
        near = np.hypot(*(found.xy[:, None] - reports.xy).transpose(2, 0, 1)) <= radius_m
        assert stratum.name == name
        assert stratum.count(2, 7).tolist() == (near & is_in).sum(axis=1).tolist()
        assert stratum.total(2, 7) == is_in.sum()


def test_far_reports_count_in_totals_only() -> None:
    xy = np.array([[0.0, 0.0], [5000.0, 0.0]])
    found = places(Reports.ordered(xy, np.array([1.0, 2.0])), 150, 100, np.array([True, False]))
    assert found.xy[:, 0].max() <= 150
    assert found.strata[0].total(0, 9) == 2
    assert found.strata[0].count(0, 9).max() == 1


def test_extra_reports_take_their_place_in_time() -> None:
    reports = Reports.ordered(np.zeros((2, 2)), np.array([1.0, 3.0]), np.array([0, -1], np.int32), ("a",))
    more = reports.with_extra(np.ones((1, 2)), np.array([2.0]), 0)
    assert (more.occurred_s.tolist(), more.xy[:, 0].tolist(), more.group.tolist()) == (
        [1, 2, 3], [0, 1, 0], [0, 0, -1],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("xy", "times", "group", "sentence"),
    [
        ([[0.0, 0.0]], [1.0, 2.0], [0], "a place, a time and a group"),
        ([[0.0, np.nan]], [1.0], [0], "finite place and time"),
        ([[0.0, 0.0]], [np.inf], [0], "finite place and time"),
        ([[0.0, 0.0]], [1.0], [1], "a group that is not in the list"),
        ([[0.0, 0.0]], [1.0], [-2], "a group that is not in the list"),
    ],
)
def test_rows_that_say_nothing_are_refused(
    xy: list[list[float]], times: list[float], group: list[int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Reports.ordered(np.array(xy), np.array(times), np.array(group, np.int32), ("a",))
