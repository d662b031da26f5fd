"""Following hot spots: what holds whatever the towns and their changes are."""

import dataclasses
import random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis.core_places import CorePlaces
from app.core.analysis.tracking import Change, Found, Known, Ruler, Step, follow

RULERS = st.sampled_from(
    [
        Ruler(eps_m=eps_m, min_incidents=n, weeks=weeks)
        for eps_m in (50.0, 75.0)
        for n in (5, 8)
        for weeks in (26.0, 52.0)
    ]
)
SQUARES = st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 9)), st.integers(1, 9), min_size=1, max_size=12)


@st.composite
def runs(draw: st.DrawFn) -> list[Found]:
    """Up to six hot spots in a small town: whether they overlap is left to chance, keys included."""
    places: list[CorePlaces] = draw(
        st.lists(SQUARES.map(lambda s: tuple((c, r, n) for (c, r), n in sorted(s.items()))), max_size=6, unique=True)
    )
    keys = draw(
        st.lists(st.integers(0, 9).map(lambda i: UUID(int=i)), min_size=len(places), max_size=len(places), unique=True)
    )
    return [
        Found(key=key, cores=cores, count=draw(st.integers(1, 60))) for key, cores in zip(keys, places, strict=True)
    ]


ADOPTIONS = st.lists(st.tuples(runs(), RULERS), min_size=1, max_size=6)


def known_after(known: dict[UUID, Known], found: list[Found], steps: tuple[Step, ...]) -> dict[UUID, Known]:
    """What is known when the adoption is through."""
    cores = {f.key: f.cores for f in found}
    here = {s.id: Known(id=s.id, cores=cores[s.key], is_current=True, mark=s.mark) for s in steps if s.key is not None}
    return {i: dataclasses.replace(k, is_current=False) for i, k in known.items()} | here


@settings(max_examples=40)
@given(ADOPTIONS, st.randoms(use_true_random=False))
def test_every_hot_spot_has_one_step_and_order_means_nothing(
    adoptions: list[tuple[list[Found], Ruler]], chance: random.Random
) -> None:
    known: dict[UUID, Known] = {}
    for found, ruler in adoptions:
        steps = follow(found, list(known.values()), profile="p", ruler=ruler)
        shuffled = chance.sample(found, len(found)), chance.sample(list(known.values()), len(known))
        assert follow(*shuffled, profile="p", ruler=ruler) == steps
        here = [s for s in steps if s.key is not None]
        lost = [s for s in steps if s.key is None]
        assert sorted(s.key for s in here if s.key) == sorted(f.key for f in found)
        assert len({s.id for s in steps}) == len(steps)
        current = {i for i, k in known.items() if k.is_current}
        assert {s.id for s in lost} == current - {s.id for s in here}
        assert {s.change for s in lost} <= {Change.GONE, Change.MERGED}
        for step in here:
            assert (step.id in known) or step.change in {Change.NEW, Change.SPLIT}
            assert step.change is not Change.RECURRING or step.id not in current
        known = known_after(known, found, steps)
        assert all(set(s.related) <= set(known) for s in steps)


@settings(max_examples=40)
@given(ADOPTIONS)
def test_the_same_run_adopted_again_changes_nothing(adoptions: list[tuple[list[Found], Ruler]]) -> None:
    known: dict[UUID, Known] = {}
    for found, ruler in adoptions:
        once = follow(found, list(known.values()), profile="p", ruler=ruler)
        known = known_after(known, found, once)
    again = follow(found, list(known.values()), profile="p", ruler=ruler)
    assert {s.key: s.id for s in again} == {s.key: s.id for s in once if s.key}
    assert {s.change for s in again} <= {Change.PERSISTING}
