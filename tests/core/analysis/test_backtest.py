"""Walking through the past of a small town."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from app.core.analysis import backtest
from app.core.analysis.backtest import Fold, History, Protocol
from app.core.analysis.points import DAY_S, Coordinates, Floats

START_S = 1_700_000_000 // DAY_S * DAY_S
PROTOCOL = Protocol(window_weeks=20, jitter_m=10.0)


def town(days: int = 280, a_day: int = 6) -> tuple[Coordinates, Floats]:
    """Half of the incidents at five busy corners, the others anywhere in two by two kilometres."""
    dice = np.random.Generator(np.random.Philox(2))
    n = days * a_day
    corners = dice.uniform(200, 1800, (5, 2))
    xy = np.where(dice.random((n, 1)) < 0.5, corners[dice.integers(0, 5, n)], dice.uniform(0, 2000, (n, 2)))
    return xy, START_S + np.sort(dice.uniform(0, days * DAY_S, n))


def walked(xy: Coordinates, occurred_s: Floats, protocol: Protocol = PROTOCOL) -> tuple[Fold, ...]:
    return tuple(backtest.walk(History.displaced(xy, occurred_s, protocol), protocol))


def test_every_method_is_scored_in_every_run() -> None:
    folds = walked(*town())
    found = backtest.summary(folds)
    assert [fold.cut.number for fold in folds] == [1, 2, 3, 4, 5]
    assert list(found) == ["ours", "dbscan_100_10", "grid_200", "kde_100", "kde_50"]
    for summary in found.values():
        assert summary is not None
        assert 0 < summary.pei <= 1
        assert 0 < summary.jaccard <= 1
        assert 0 < summary.caught_share <= 1
        assert summary.pai_standard_error > 0
    assert found["ours"].pai > found["kde_100"].pai
    assert found["ours"].area_share == pytest.approx(0.01, abs=0.003)
    assert found["ours"].largest_km2 <= 0.25


def test_pai_is_the_share_caught_over_the_share_flagged() -> None:
    xy, occurred_s = town()
    history = History.displaced(xy, occurred_s, PROTOCOL)
    fold = next(backtest.walk(history, PROTOCOL))
    later = history.xy[(history.occurred_s >= fold.cut.cut_off_s) & (history.occurred_s < fold.cut.until_s)]
    for name, score in fold.scores.items():
        if name not in fold.flagged:
            continue
        area = shapely.union_all(fold.flagged[name])
        caught = int(shapely.intersects(area, shapely.points(later)).sum())
        assert (score.caught, score.flagged_m2) == (caught, area.area)
        assert score.pai == pytest.approx(caught / len(later) * fold.active_m2 / area.area)
        assert score.largest_m2 == max(shape.area for shape in fold.flagged[name])
    assert (fold.later_count, fold.jaccard) == (len(later), {})


def test_shuffling_the_future_changes_nothing_that_was_flagged_before_it() -> None:
    xy, occurred_s = town()
    third = backtest.cuts(np.sort(occurred_s), PROTOCOL)[2]
    later = np.flatnonzero(occurred_s >= third.cut_off_s)
    dice = np.random.Generator(np.random.Philox(9))
    shuffled, moved = xy.copy(), occurred_s.copy()
    shuffled[later] = dice.uniform(-500, 2500, (len(later), 2))
    moved[later[:-1]] = dice.permutation(occurred_s[later[:-1]])  # the last one says how long the data are
    known, other = walked(xy, occurred_s), walked(shuffled, moved)
    for before, after in zip(known[:3], other[:3], strict=True):
        assert before.flagged == after.flagged
        assert (before.rule, before.active_m2, before.earlier_count) == (
            after.rule,
            after.active_m2,
            after.earlier_count,
        )
    assert known[:2] == other[:2]
    assert known[2].scores != other[2].scores
    assert known[3].flagged != other[3].flagged


def test_the_order_of_rows_changes_nothing() -> None:
    xy, occurred_s = town(120)
    order = np.random.Generator(np.random.Philox(1)).permutation(len(xy))
    assert walked(xy, occurred_s) == walked(xy[order], occurred_s[order])


def test_the_same_seed_displaces_the_same_way_and_another_does_not() -> None:
    xy, occurred_s = town(120)
    one, same = (History.displaced(xy, occurred_s, PROTOCOL).xy for _ in range(2))
    other = History.displaced(xy, occurred_s, replace(PROTOCOL, seed=2)).xy
    assert one.tolist() == same.tolist()
    assert (one != other).all()
    assert (one - xy).std() == pytest.approx(10, rel=0.1)
    assert History.displaced(xy, occurred_s, replace(PROTOCOL, jitter_m=0)).xy.tolist() == xy.tolist()


def test_the_first_run_waits_for_a_year_a_whole_window_or_half_of_what_there_is() -> None:
    times = START_S + np.arange(400) * DAY_S + 60
    first, *_, last = backtest.cuts(times, Protocol(window_weeks=20))
    assert first == backtest.Cut(
        number=1, since_s=START_S, cut_off_s=START_S + 140 * DAY_S, until_s=START_S + 168 * DAY_S
    )
    assert (last.number, last.since_s) == (9, START_S + (8 * 28) * DAY_S)
    assert last.until_s <= START_S + 400 * DAY_S
    half, *_ = backtest.cuts(times, Protocol())
    assert half.cut_off_s == START_S + 200 * DAY_S
    year, *_ = backtest.cuts(START_S + np.arange(900) * DAY_S + 60, Protocol())
    assert year.cut_off_s == START_S + 364 * DAY_S


@pytest.mark.parametrize("days", [1, 2, 54])
def test_too_short_a_past_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match=f"The incidents cover {days} days; a horizon of 28 days needs"):
        backtest.cuts(START_S + np.array([60.0, days * DAY_S - 60]), Protocol())


def test_no_incidents_are_refused() -> None:
    with pytest.raises(ValueError, match=r"There are no incidents."):
        backtest.cuts(np.empty(0), Protocol())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"horizon_days": 0}, "The horizon must be at least one day"),
        ({"window_weeks": 0}, "the window at least one week"),
        ({"area_share": 0.5}, "The share must be between 0.0001 and 0.2"),
        ({"jitter_m": -1.0}, "The displacement must be 0 to 1000 metres"),
        ({"seed": -1}, "the seed zero or more"),
    ],
)
def test_a_protocol_that_cannot_be_walked_is_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Protocol(**wrong)


def test_a_month_without_incidents_is_left_out() -> None:
    xy, occurred_s = town(280)
    silent = (occurred_s >= START_S + 168 * DAY_S) & (occurred_s < START_S + 196 * DAY_S)
    folds = walked(xy[~silent], occurred_s[~silent])
    assert [fold.cut.number for fold in folds] == [1, 3, 4, 5]


def test_one_run_has_neither_stability_nor_an_error_of_the_mean() -> None:
    summary = backtest.summary(walked(*town(60, 4), Protocol(window_weeks=52)))["ours"]
    assert (summary.pai_standard_error, summary.jaccard) == (None, None)


def test_where_nothing_was_flagged_nothing_is_caught() -> None:
    lonely = np.array([[i * 700.0, 0.0] for i in range(80)])
    folds = walked(lonely, START_S + np.arange(80) * DAY_S, Protocol())
    ours = folds[0].scores["ours"]
    assert (ours.caught, ours.pai, ours.pei, ours.largest_m2) == (0, 0.0, 0.0, 0.0)


def test_two_runs_that_flag_nothing_agree() -> None:
    lonely = np.array([[i * 700.0, 0.0] for i in range(150)])
    folds = walked(lonely, START_S + np.arange(150) * DAY_S, Protocol())
    assert folds[1].jaccard["ours"] == 1.0


def test_a_method_that_needs_too_much_memory_is_left_open() -> None:
    history = History.displaced(*town(120), PROTOCOL)
    folds = tuple(backtest.walk(history, PROTOCOL, memory_limit_bytes=10_000))
    assert folds[0].flagged["dbscan_100_10"] is None
    found = backtest.summary(folds)
    assert found["dbscan_100_10"] is None
    assert found["ours"] is not None


def test_polygons_can_be_let_go() -> None:
    fold = walked(*town(120))[0]
    light = fold.without_areas()
    assert set(light.flagged) == set(fold.flagged)
    assert not any(light.flagged.values())
    assert light.scores == fold.scores
