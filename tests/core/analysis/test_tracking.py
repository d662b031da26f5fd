"""Which hot spot is which from one adopted run to the next: one readable example for every change."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest

from app.core.analysis import tracking
from app.core.analysis.core_places import CorePlaces, core_places
from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.tracking import Change, Found, Known, Ruler, Step, follow

USUAL = Ruler(eps_m=75.0, min_incidents=8, weeks=52.0)
KEYS = UUID(int=7)


def street(start: int, end: int, cores: int = 2) -> CorePlaces:
    """Cores along a street, from square to square, both ends included."""
    return tuple((column, 0, cores) for column in range(start, end + 1))


def found(name: str, cores: CorePlaces, count: int = 20) -> Found:
    """A hot spot of a run."""
    return Found(key=uuid5(KEYS, name), cores=cores, count=count)


class History:
    """Adoptions one after the other, as the store remembers them."""

    def __init__(self) -> None:
        self.known: dict[UUID, Known] = {}

    def adopt(self, *hotspots: Found, ruler: Ruler = USUAL) -> list[Step]:
        """What the adoption says."""
        steps = follow(hotspots, list(self.known.values()), profile="p", ruler=ruler)
        cores = {f.key: f.cores for f in hotspots}
        self.known = {i: dataclasses.replace(k, is_current=False) for i, k in self.known.items()}
        for step in steps:
            if step.key:
                self.known[step.id] = Known(id=step.id, cores=cores[step.key], is_current=True, mark=step.mark)
        return list(steps)


def told(steps: Sequence[Step]) -> list[tuple[str, bool]]:
    """Change, and whether the hot spot is there."""
    return [(step.change.value, step.key is not None) for step in steps]


def by_name(steps: Sequence[Step]) -> dict[UUID | None, Step]:
    """The steps by the key in the run."""
    return {step.key: step for step in steps}


@pytest.fixture
def history() -> History:
    """Nothing was adopted yet."""
    return History()


def test_what_nobody_knew_is_new(history: History) -> None:
    steps = history.adopt(found("a", street(0, 4)), found("b", street(100, 104)))
    assert told(steps) == [("new", True), ("new", True)]
    assert len({step.id for step in steps}) == 2


def test_what_lies_where_it_lay_persists_under_the_same_id(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 4)))
    [second] = history.adopt(found("b", street(1, 5), count=21))
    assert (second.id, second.change) == (first.id, Change.PERSISTING)
    assert second.key != first.key


def test_what_is_not_found_is_gone_and_said_so_once(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 4)))
    [gone] = history.adopt()
    assert (gone.id, gone.change, gone.key) == (first.id, Change.GONE, None)
    assert history.adopt() == []


def test_what_comes_back_recurs_under_its_old_id(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 4)))
    history.adopt()
    history.adopt()
    [back] = history.adopt(found("b", street(0, 3)))
    assert (back.id, back.change) == (first.id, Change.RECURRING)
    assert told(history.adopt(found("c", street(0, 3)))) == [("persisting", True)]


@pytest.mark.parametrize(
    ("counts", "changes"),
    [
        ((20, 24, 25), ["persisting", "growing"]),
        ((20, 17, 16), ["persisting", "persisting"]),  # a fifth fewer, but only four incidents
        ((40, 33, 32), ["persisting", "shrinking"]),
        ((8, 12), ["persisting"]),
        ((8, 13), ["growing"]),
        ((40, 50, 60, 63), ["growing", "persisting", "growing"]),  # measured from 50 when growing was last said
        ((40, 44, 48, 52), ["persisting", "persisting", "growing"]),  # slowly is growing too
    ],
)
def test_growing_and_shrinking_are_measured_from_when_a_change_was_last_said(
    history: History, counts: tuple[int, ...], changes: list[str]
) -> None:
    steps = [history.adopt(found(str(i), street(0, 4), count)) for i, count in enumerate(counts)]
    assert [each.change for [each] in steps[1:]] == changes


def test_half_the_period_with_half_the_incidents_is_no_change(history: History) -> None:
    half = Ruler(eps_m=75.0, min_incidents=4, weeks=26.0)
    history.adopt(found("a", street(0, 4), 40))
    [step] = history.adopt(found("b", street(0, 4), 20), ruler=half)
    assert step.change is Change.PERSISTING


@pytest.mark.parametrize(
    "other",
    [
        Ruler(eps_m=50.0, min_incidents=8, weeks=52.0),
        Ruler(eps_m=75.0, min_incidents=20, weeks=52.0),
        Ruler(eps_m=75.0, min_incidents=8, weeks=26.0),
    ],
)
def test_another_rule_keeps_the_id_and_says_nothing_of_size_or_place(history: History, other: Ruler) -> None:
    [first] = history.adopt(found("a", street(0, 9), 40))
    [second] = history.adopt(found("b", street(0, 3), 10), ruler=other)
    assert (second.id, second.change) == (first.id, Change.PERSISTING)
    [third] = history.adopt(found("c", street(0, 3), 15), ruler=other)
    assert third.change is Change.GROWING  # from 10: measured with the same ruler


def test_a_middle_that_wanders_off_has_moved(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 9)))
    assert told(history.adopt(found("b", street(1, 10)))) == [("persisting", True)]
    [moved] = history.adopt(found("c", street(2, 11)))
    assert (moved.id, moved.change) == (first.id, Change.MOVED)


def test_what_turns_up_round_the_corner_when_another_is_gone_is_the_same_and_has_moved(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 1)))
    [moved] = history.adopt(found("b", street(6, 7)))
    assert (moved.id, moved.change) == (first.id, Change.MOVED)


def test_what_turns_up_further_off_is_another(history: History) -> None:
    history.adopt(found("a", street(0, 1)))
    assert told(history.adopt(found("b", street(7, 8)))) == [("new", True), ("gone", False)]


def test_with_another_rule_nothing_comes_from_round_the_corner(history: History) -> None:
    history.adopt(found("a", street(0, 1)))
    other = dataclasses.replace(USUAL, eps_m=50.0)
    assert told(history.adopt(found("b", street(6, 7)), ruler=other)) == [("new", True), ("gone", False)]


def test_round_the_corner_the_nearest_is_the_same_and_each_only_once(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 0)))
    steps = by_name(history.adopt(found("near", street(4, 4)), found("far", street(-5, -5))))
    assert (steps[uuid5(KEYS, "near")].id, steps[uuid5(KEYS, "near")].change) == (first.id, Change.MOVED)
    assert steps[uuid5(KEYS, "far")].change is Change.NEW


def test_a_split_goes_on_in_its_larger_part_and_the_other_is_split_from_it(history: History) -> None:
    [whole] = history.adopt(found("whole", street(0, 19)))
    steps = by_name(history.adopt(found("large", street(0, 11)), found("small", street(15, 19))))
    large, small = steps[uuid5(KEYS, "large")], steps[uuid5(KEYS, "small")]
    assert (large.id, large.change, large.related) == (whole.id, Change.SPLIT, (small.id,))
    assert (small.change, small.related) == (Change.SPLIT, (whole.id,))
    assert small.id != whole.id
    again = history.adopt(found("l2", street(0, 11)), found("s2", street(15, 19)))
    assert told(again) == [("persisting", True)] * 2
    assert {step.id for step in again} == {large.id, small.id}


def test_a_merger_goes_on_under_the_id_of_the_larger_and_the_other_is_merged_into_it(history: History) -> None:
    before = by_name(history.adopt(found("large", street(0, 11)), found("small", street(15, 19))))
    large, small = before[uuid5(KEYS, "large")].id, before[uuid5(KEYS, "small")].id
    both, lost = history.adopt(found("both", street(0, 19)))
    assert (both.id, both.change, both.related) == (large, Change.MERGED, (small,))
    assert (lost.id, lost.change, lost.related, lost.key) == (small, Change.MERGED, (large,), None)


def test_what_merged_and_parts_again_has_its_two_ids_back(history: History) -> None:
    before = by_name(history.adopt(found("large", street(0, 11)), found("small", street(15, 19))))
    for turn in range(3):  # a wider rule and a narrower one by turns
        history.adopt(found(f"both{turn}", street(0, 19)))
        after = by_name(history.adopt(found("large", street(0, 11)), found("small", street(15, 19))))
        assert {key: step.id for key, step in after.items()} == {key: step.id for key, step in before.items()}
        assert {step.change for step in after.values()} == {Change.SPLIT}
    assert len(history.known) == 2


def test_two_that_part_keep_their_ids_also_when_the_smaller_has_become_the_larger(history: History) -> None:
    before = by_name(history.adopt(found("west", street(0, 11)), found("east", street(15, 19))))
    history.adopt(found("both", (*street(0, 11), *street(12, 19, cores=9))))
    after = by_name(history.adopt(found("west", street(0, 11)), found("east", street(15, 19, cores=9))))
    assert {key: step.id for key, step in after.items()} == {key: step.id for key, step in before.items()}


def test_one_that_swallows_the_whole_town_gives_every_id_back(history: History) -> None:
    town = [found(str(i), street(10 * i, 10 * i + 5)) for i in range(20)]
    before = {step.key: step.id for step in history.adopt(*town)}
    swallowed = history.adopt(found("all", street(0, 200)), ruler=dataclasses.replace(USUAL, eps_m=300.0))
    assert tracking.figures(swallowed) == {"gone": 19, "merged": 1}
    assert {step.key: step.id for step in history.adopt(*town)} == before


def test_what_lies_mostly_elsewhere_is_gone_and_not_merged(history: History) -> None:
    before = by_name(history.adopt(found("long", street(0, 9)), found("short", street(9, 12))))
    here, lost = history.adopt(found("between", street(8, 11)))
    assert (here.id, here.change) == (before[uuid5(KEYS, "short")].id, Change.PERSISTING)
    assert (lost.id, lost.change) == (before[uuid5(KEYS, "long")].id, Change.GONE)


def test_one_goes_on_with_the_run_before_rather_than_with_an_older_place(history: History) -> None:
    [old] = history.adopt(found("old", street(0, 5)))
    history.adopt(found("new", street(20, 27)))
    history.known |= {old.id: dataclasses.replace(history.known[old.id], cores=street(20, 26))}
    [step] = history.adopt(found("next", street(20, 26)))
    assert step.id != old.id


def test_a_new_one_never_takes_the_id_of_one_that_began_in_the_same_cores(history: History) -> None:
    [first] = history.adopt(found("a", street(0, 5)))
    for shift in range(1, 30):
        history.adopt(found(f"step {shift}", street(shift, shift + 5)))
    steps = history.adopt(found("a", street(0, 5)), found("there", street(30, 35)))
    assert {step.key: step.change.value for step in steps} == {
        uuid5(KEYS, "a"): "new",
        uuid5(KEYS, "there"): "moved",
    }
    assert len({step.id for step in steps}) == 2
    assert first.id in {step.id for step in steps}


def test_the_same_adoption_is_named_the_same_and_another_profile_otherwise() -> None:
    one = [found("a", street(0, 5))]
    first, again, other = (follow(one, [], profile=p, ruler=USUAL)[0].id for p in ("p", "p", "q"))
    assert first == again != other


OWNER = UUID(int=1)
SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def params(**changes: object) -> AnalysisParams:
    usual: dict[str, object] = {
        "since": SINCE,
        "until": SINCE + timedelta(weeks=26),
        "now": SINCE,
        "organisations": ("lindesta-kommun",),
        "categories": ("KLO", "SKD"),
    }
    return AnalysisParams(**usual | changes)  # type: ignore[arg-type]


def test_a_profile_outlives_changes_of_rule_and_period_and_categories_to_come() -> None:
    shipped = {"KLO", "SKD"}
    usual = tracking.profile_of(OWNER, params(), shipped)
    for same in (
        params(rule=ClusterRule(eps_m=50, min_incidents=5)),
        params(until=SINCE + timedelta(weeks=8)),
    ):
        assert tracking.profile_of(OWNER, same, shipped) == usual
    assert tracking.profile_of(OWNER, params(categories=("KLO", "NEW", "SKD")), {*shipped, "NEW"}) == usual


@pytest.mark.parametrize(
    "changes", [{"categories": ("KLO",)}, {"area": "centrum"}, {"organisations": ("lindesta-kommun", "polisen")}]
)
def test_hot_spots_of_something_else_are_of_another_profile(changes: dict[str, object]) -> None:
    shipped = {"KLO", "SKD"}
    usual = tracking.profile_of(OWNER, params(), shipped)
    assert tracking.profile_of(OWNER, params(**changes), shipped) != usual
    assert tracking.profile_of(UUID(int=2), params(), shipped) != usual


def test_the_ruler_of_a_run_is_its_rule_and_the_length_of_its_period() -> None:
    assert Ruler.of(params(), ClusterRule()) == Ruler(eps_m=75.0, min_incidents=8, weeks=26.0)


def test_cores_known_by_their_squares_are_found_again_in_a_later_year() -> None:
    """Two years without one incident in common: the places are still the same."""
    rng = np.random.default_rng(3)
    places = rng.uniform(0, 5_000, (12, 2))
    years = [
        [core_places(place + rng.normal(0, 40, (30, 2))) for place in places],
        [core_places(place + rng.normal(0, 40, (18, 2))) for place in places],
    ]
    first = [found(f"1-{i}", cores) for i, cores in enumerate(years[0])]
    second = [found(f"2-{i}", cores) for i, cores in enumerate(years[1])]
    history = History()
    ids = by_name(history.adopt(*first))
    later = by_name(history.adopt(*second))
    assert [later[s.key].id for s in second] == [ids[f.key].id for f in first]
