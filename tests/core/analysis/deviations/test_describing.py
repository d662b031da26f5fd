"""What a deviation says of itself."""

import numpy as np
import pytest
import shapely

from app.core.analysis.deviations.calibrating import Basis, Calibration
from app.core.analysis.deviations.describing import Deviation, Doubt, SourceShare, find_deviations
from app.core.analysis.deviations.detecting import Raised
from app.core.analysis.deviations.rule import DeviationRule
from app.core.analysis.points import Points
from tests.core.analysis.deviations.towns import START_S, WEEK_S, burst, town

RULE = DeviationRule()
NOW_S = START_S + 100 * WEEK_S
CHOSEN = Calibration(
    threshold=1e-4,
    basis=Basis.HISTORY,
    weeks=88,
    reports_a_week=15,
    alarms_a_year=2,
    curve=((1e-6, 0.0), (1e-5, 0.5), (1e-3, 2.0)),
)
SOURCES = ("guards", "school", "staff")
GROUPS = {"BRA": "fire", "SKD": "damage"}


def points(
    source_of_burst: list[int],
    category: int = 0,
    swollen: int = 0,
    usual_source: int | None = None,
    *,
    noise: bool = False,
) -> Points:
    """A town reported by staff and a school in turn, and a burst of fires at (5000, 5000) where few were reported."""
    n = len(source_of_burst)
    parts = [
        (town(100), 1, np.tile([1, 2], 750)),
        (burst(5000, 5000, n, NOW_S - 4 * WEEK_S), category, np.array(source_of_burst)),
        (burst(0, 90_000, swollen, NOW_S - 4 * WEEK_S), 1, np.full(swollen, 2)),
    ]
    if noise:
        parts.append((burst(5000, 5000, 80, START_S, days=700), 1, np.tile([1, 2], 40)))
        parts.append((burst(-9000, 0, 300, START_S, days=700), 0, np.tile([1, 2], 150)))
    if usual_source is not None:
        parts.append((burst(5000, 5000, 2, NOW_S - 40 * WEEK_S), category, np.full(2, usual_source)))
    times = np.concatenate([part[0][1] for part in parts])
    return Points.ordered(
        xy=np.vstack([part[0][0] for part in parts]),
        occurred_s=times,
        category=np.concatenate([np.full(len(part[0][1]), part[1]) for part in parts]),
        categories=("BRA", "KLO"),
        source=np.concatenate([part[2] for part in parts]),
        sources=SOURCES,
        uncertainty_m=np.full(len(times), np.nan),
        sort_key=np.arange(len(times)),
    )


def found(given: Points, earlier: tuple[Raised, ...] = ()) -> list[Deviation]:
    everything = find_deviations(given, NOW_S, CHOSEN, RULE, GROUPS, earlier)
    return [one for one in everything if np.hypot(one.x - 5000, one.y - 5000) < 200]


def test_a_deviation_says_what_when_where_and_how_unusual() -> None:
    given = points([1, 2, 1, 2, 1, 2])
    (one,) = found(given)
    assert (one.group, one.observed, one.categories, one.doubts) == ("all", 6, (("BRA", 6),), ())
    assert (one.since_s, one.until_s) == (NOW_S - 4 * WEEK_S, NOW_S)
    assert one.sources == (
        SourceShare(source="school", observed=3, baseline=0), SourceShare(source="staff", observed=3, baseline=0),
    )  # fmt: skip
    assert shapely.covers(one.outline, shapely.points(given.xy[list(one.rows)])).all()
    assert one.expected < 1
    assert one.years_between in {None, 2.0, 0.5}


def test_fires_at_a_place_with_much_else_are_a_deviation_of_fires() -> None:
    (one,) = found(points([1, 2, 1, 2, 1, 2], noise=True))
    assert (one.group, one.observed, one.categories) == ("fire", 6, (("BRA", 6),))
    assert sum(share.baseline for share in one.sources) == 0


def test_a_category_without_a_group_counts_in_all_together() -> None:
    (one,) = found(points([1, 2, 1, 2, 1, 2, 1], category=1))
    assert (one.group, one.categories) == ("all", (("KLO", 7),))


@pytest.mark.parametrize(
    ("sources", "swollen", "usual", "doubts"),
    [
        ([1, 1, 1, 1, 1, 2], 0, None, (Doubt.ONE_SOURCE,)),
        ([1, 1, 1, 1, 1, 2], 0, 1, ()),  # always the school that reports here
        ([1, 1, 1, 1, 1, 2], 0, 2, (Doubt.ONE_SOURCE,)),
        ([0, 0, 0, 0, 1, 2], 0, None, (Doubt.NEW_SOURCE,)),
        ([0, 0, 0, 0, 0, 0], 0, None, (Doubt.ONE_SOURCE, Doubt.NEW_SOURCE)),
        ([2, 2, 2, 2, 1, 1], 60, None, (Doubt.CAMPAIGN,)),
    ],
)
def test_what_may_have_changed_instead_of_the_place_is_said(
    sources: list[int], swollen: int, usual: int | None, doubts: tuple[Doubt, ...]
) -> None:
    given = points(sources, swollen=swollen, usual_source=usual)
    (one,) = found(given)
    assert one.doubts == doubts


def test_an_earlier_alarm_keeps_it_silent_and_no_reports_say_nothing() -> None:
    given = points([1, 2, 1, 2, 1, 2])
    assert found(given, (Raised(NOW_S - WEEK_S, 5100, 5100),)) == []
    assert find_deviations(given.select(np.zeros(len(given), np.bool_)), NOW_S, CHOSEN, RULE, GROUPS) == ()
