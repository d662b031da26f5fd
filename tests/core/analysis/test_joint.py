"""A joint picture: found exactly, told so that no party can take its own away and see the others'."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis.joint import JointHotSpot, joint_picture
from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.points import Points

NOW = datetime(2026, 11, 16, tzinfo=UTC)
PARTIES = ("kommun", "polis", "bolag")
Row = tuple[float, float, str, str]  # x, y, controller, category


def params(min_incidents: int = 8) -> AnalysisParams:
    rule = ClusterRule(eps_m=75, min_incidents=min_incidents)
    return AnalysisParams(
        since=NOW - timedelta(weeks=52), until=NOW, organisations=PARTIES, now=NOW, categories=("KLO", "SKD"), rule=rule
    )


def cell(x: float, y: float) -> str:
    """Catchments of 100 m."""
    return f"{int(x // 100)}/{int(y // 100)}"


def picture(rows: Sequence[Row], k: int = 5, parties: Sequence[str] = PARTIES) -> list[JointHotSpot]:
    codes = ("KLO", "SKD")
    points = Points(
        xy=np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2),
        occurred_s=np.full(len(rows), (NOW - timedelta(days=1)).timestamp()),
        category=np.array([codes.index(row[3]) for row in rows], dtype=np.int32),
        categories=codes,
        source=np.zeros(len(rows), dtype=np.int32),
        sources=("",),
        uncertainty_m=np.full(len(rows), np.nan),
        epsg=3006,
    )
    controllers, cells = [row[2] for row in rows], [cell(row[0], row[1]) for row in rows]
    return joint_picture(points, controllers, cells, params(), parties, k)


def crowd(x: float, y: float, controller: str, n: int, category: str = "SKD") -> list[Row]:
    return [(x + i % 5, y + i // 5, controller, category) for i in range(n)]


def test_what_several_report_is_found_and_told_in_whole_cells() -> None:
    rows = [*crowd(40, 40, "kommun", 9), *crowd(50, 50, "polis", 8, "KLO"), *crowd(60, 60, "bolag", 1)]
    [found] = picture(rows)
    assert found == JointHotSpot(rank=1, cells=("0/0",), count=15, categories=())
    [found] = picture([*rows, *crowd(45, 45, "bolag", 6)])
    assert (found.count, found.categories) == (20, ("SKD",))  # of vandalism enough is others' to each; not of graffiti


@pytest.mark.parametrize(
    "rows",
    [
        [],
        crowd(40, 40, "kommun", 60),  # it would learn that nobody else reported
        [*crowd(40, 40, "kommun", 60), *crowd(42, 42, "polis", 4)],  # it would see four
        [*crowd(40, 40, "kommun", 3), *crowd(4000, 4000, "polis", 3)],
    ],
)
def test_what_one_alone_reports_is_not_told(rows: list[Row]) -> None:
    assert picture(rows) == []


def test_places_without_a_catchment_are_not_told() -> None:
    rows = [*crowd(40, 40, "kommun", 9), *crowd(50, 50, "polis", 9)]
    points_of = picture(rows)
    assert len(points_of) == 1
    none: list[str | None] = [None] * len(rows)
    xy = np.array([row[:2] for row in rows], dtype=np.float64)
    points = Points(
        xy=xy, occurred_s=np.zeros(len(rows)), category=np.zeros(len(rows), np.int32), categories=("SKD",),
        source=np.zeros(len(rows), np.int32), sources=("",), uncertainty_m=np.zeros(len(rows)), epsg=3006,
    )  # fmt: skip
    assert joint_picture(points, [row[2] for row in rows], none, params(), PARTIES, 5) == []


def towns(seed: int) -> list[Row]:
    """Crowds of several, and scattered reports."""
    chance = random.Random(seed)  # noqa: S311
    rows: list[Row] = []
    for _ in range(chance.randint(1, 6)):
        x, y = chance.uniform(0, 600), chance.uniform(0, 600)
        for _ in range(chance.randint(5, 60)):
            whose = chance.choices(PARTIES, weights=[chance.random() for _ in PARTIES])[0]
            rows.append((x + chance.gauss(0, 40), y + chance.gauss(0, 40), whose, chance.choice(("SKD", "KLO"))))
    return rows


@given(st.integers(0, 10_000), st.integers(2, 7))
@settings(max_examples=60, deadline=None)
def test_joint_less_own_leaves_every_party_at_least_k_in_every_cell(seed: int, k: int) -> None:
    rows = towns(seed)
    counts = Counter((cell(x, y), whose) for x, y, whose, _ in rows)
    for hotspot in picture(rows, k):
        assert hotspot.count % k == 0
        for where in hotspot.cells:
            total = sum(counts[where, whose] for whose in PARTIES)
            for whose in PARTIES:
                assert total - counts[where, whose] >= k


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_moving_others_within_their_cells_shows_nothing_while_the_same_belong_together(seed: int) -> None:
    rows = towns(seed)
    chance = random.Random(seed + 1)  # noqa: S311
    near = [  # nudged by centimetres inside the cell: the exact points differ, the groups do not
        (x // 100 * 100 + min(max(x % 100 + chance.uniform(-0.01, 0.01), 0), 99.99),
         y // 100 * 100 + min(max(y % 100 + chance.uniform(-0.01, 0.01), 0), 99.99), whose, code)
        for x, y, whose, code in rows
    ]  # fmt: skip
    before, after = picture(rows), picture(near)
    if [h.cells for h in before] == [h.cells for h in after]:
        assert before == after
    swapped = [(x, y, {"polis": "bolag", "bolag": "polis"}.get(whose, whose), code) for x, y, whose, code in rows]
    assert picture(swapped) == before  # who of the others reported is not told


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [
        *crowd(40, 40, "kommun", 9),
        *crowd(50, 50, "polis", 9),
        *crowd(300, 300, "bolag", 9),
        *crowd(305, 305, "polis", 30),
    ]
    assert picture(rows[::-1]) == picture(rows)
    assert [h.rank for h in picture(rows)] == [1, 2]
