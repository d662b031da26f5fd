"""What may be told to whom: precisions, small numbers, joint figures."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.disclosure import (
    FIELDS,
    SMALLEST_COUNT,
    Precision,
    coarser,
    finer,
    rounded_down,
    suppressed,
    tellable,
    told_together,
)

E, S, A = Precision


def test_precisions_are_ordered_from_exact_to_area() -> None:
    assert [coarser(one, other) for one, other in product(Precision, repeat=2)] == [E, S, A, S, S, A, A, A, A]
    assert [finer(one, other) for one, other in product(Precision, repeat=2)] == [E, E, E, E, S, S, E, S, A]


def test_every_precision_says_what_goes_with_it_and_coarser_is_never_more() -> None:
    assert set(FIELDS) == set(Precision)
    assert FIELDS[E] >= FIELDS[S] >= FIELDS[A]
    assert "text" not in FIELDS[E]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], []),
        ([0, 0], [0, 0]),
        ([5, 17, 0], [5, 17, 0]),
        ([4, 3, 20], [None, None, 20]),  # seven are left out: nobody can tell how they divide
        ([4, 9, 20], [None, None, 20]),  # one gap alone would be the sum less the rest
        ([1, 1, 9, 20], [None, None, None, 20]),  # two are fewer than five: the next goes too
        ([3, 0, 0], [None, None, None]),  # nothing to hide behind
        ([1, 2, 0], [None, None, None]),
        ([2, 2, 2, 0], [None, None, None, 0]),
    ],
)
def test_small_counts_are_left_out_so_that_the_sum_does_not_tell_them(
    counts: list[int], told: list[int | None]
) -> None:
    assert suppressed(counts) == told


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(2, 8))
def test_a_sum_never_gives_a_small_count_away(counts: list[int], k: int) -> None:
    told = suppressed(counts, k)
    assert len(told) == len(counts)
    assert all(n is None or n == counts[i] for i, n in enumerate(told))
    assert not any(n is not None and 0 < n < k for n in told)
    hidden = [counts[i] for i, n in enumerate(told) if n is None]
    if hidden and len(hidden) < len(counts):
        assert len(hidden) >= 2
        assert sum(hidden) >= k


def test_counts_are_rounded_down_to_whole_k() -> None:
    assert [rounded_down(n) for n in (0, 4, 5, 9, 10, 23)] == [0, 0, 5, 5, 10, 20]


@pytest.mark.parametrize(
    ("counts", "parties", "expected"),
    [
        ({"a": 5, "b": 5}, {"a", "b"}, True),
        ({"a": 50, "b": 4}, {"a", "b"}, False),  # a takes its own away and sees four
        ({"a": 50}, {"a", "b"}, False),  # a learns that nobody else reported
        ({"a": 50}, {"b"}, False),  # a gave, so a is a party whether it is named or not
        ({"a": 5, "b": 5, "c": 1}, {"a", "b", "c", "d"}, True),
        ({}, {"a"}, False),
    ],
)
def test_a_joint_figure_is_told_when_it_leaves_enough_of_others(
    counts: dict[str, int], parties: set[str], *, expected: bool
) -> None:
    assert tellable(counts, parties) is expected


members = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abc")), max_size=80)


@given(members, st.integers(2, 6))
def test_joint_minus_own_is_never_a_small_number(found: list[tuple[str, str]], k: int) -> None:
    told = told_together(found, {"a", "b", "c", "d"}, k)
    for cell, shown in told.items():
        assert shown % k == 0
        for party in "abcd":
            others = [1 for where, whose in found if where == cell and whose != party]
            assert len(others) >= k
    for cell in {where for where, _ in found} - set(told):
        counts = {party: sum(1 for m in found if m == (cell, party)) for party in "abcd"}
        assert min(sum(counts.values()) - n for n in counts.values()) < k


@given(members, st.randoms())
def test_the_order_of_members_tells_nothing(found: list[tuple[str, str]], chance: object) -> None:
    assert told_together(sorted(found), "abc") == told_together(found, "abc") == told_together(found[::-1], "cba")


def test_the_usual_smallest_count_is_five() -> None:
    assert SMALLEST_COUNT == 5
