"""Adopting a run advances the hot spots' history; taking it back undoes that, to the last byte."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions import analyses as actions
from app.core.errors import ConflictError
from app.core.permissions import Actor
from app.store import hotspots, known_hotspots
from app.store.hotspots import Filter
from app.store.tx import Database
from tests.actions.conftest import Recorded
from tests.actions.test_analyses import STRONG, USUAL, WEAK, adopted, coordinator, features, worked_out
from tests.factories import NOW, Group, raws_of, reported

__all__ = ["coordinator"]


def adopt(db: Database, actor: Actor, run_id: UUID) -> None:
    """Adopt a finished run."""
    with db.write(actor) as tx:
        actions.adopt_analysis(tx, run_id, NOW)


def take_back(db: Database, actor: Actor, run_id: UUID) -> None:
    """Take its adoption back."""
    with db.write(actor) as tx:
        actions.take_back_adoption(tx, run_id, NOW)


def told(db: Database, actor: Actor, run_id: UUID) -> dict[str, tuple[str, str]]:
    """Dominant category: id and change of each hot spot of the run."""
    with db.read(actor) as tx:
        found = json.loads(f"[{hotspots.features(tx, run_id, Filter())[0]}]")
    return {f["properties"]["dominant_category"]: (f["id"], f["properties"]["change"]) for f in found}


def everything(db: Database, actor: Actor, run_id: UUID) -> tuple[Any, ...]:
    """All that readers are told."""
    with db.read(actor) as tx:
        current = hotspots.current_run(tx, None, may_read_runs=False)
        assert current is not None
        changes = known_hotspots.changes(tx, run_id)
        histories = [known_hotspots.history(tx, c["id"], 100) for c in changes]
    return features(db, actor, run_id), current["id"], changes, histories


@pytest.fixture
def first(db: Database, coordinator: Actor) -> UUID:
    """An adopted run with two hot spots."""
    reported(db, coordinator, raws_of(WEAK, STRONG))
    return adopted(db, coordinator)


def test_the_first_adoption_finds_everything_new(db: Database, coordinator: Actor, first: UUID) -> None:
    assert [change for _, change in told(db, coordinator, first).values()] == ["new", "new"]


def test_the_same_reports_adopted_again_have_the_same_ids(db: Database, coordinator: Actor, first: UUID) -> None:
    before = told(db, coordinator, first)
    after = told(db, coordinator, adopted(db, coordinator))
    assert {k: i for k, (i, _) in after.items()} == {k: i for k, (i, _) in before.items()}
    assert {change for _, change in after.values()} == {"persisting"}


def test_another_rule_keeps_the_ids(db: Database, coordinator: Actor, first: UUID) -> None:
    before = told(db, coordinator, first)
    for wanted in (replace(USUAL, eps_m=40.0, min_incidents=5), replace(USUAL, since=NOW - timedelta(days=16))):
        after = told(db, coordinator, adopted(db, coordinator, wanted))
        assert {k: i for k, (i, _) in after.items()} == {k: i for k, (i, _) in before.items()}


def test_what_came_and_went_is_told_and_audited(
    db: Database, coordinator: Actor, first: UUID, recorded: Recorded
) -> None:
    reported(db, coordinator, raws_of(Group(count=12, category="NED", east_m=2_000)))
    run_id = adopted(db, coordinator, replace(USUAL, min_incidents=10))
    assert recorded()[-1] == ("analysis.adopted", str(run_id), {"gone": 1, "new": 1, "persisting": 1})
    with db.read(coordinator) as tx:
        lost = [c for c in known_hotspots.changes(tx, run_id) if not c["is_there"]]
    assert [(str(c["id"]), c["change"]) for c in lost] == [(told(db, coordinator, first)["VAL"][0], "gone")]


def test_taking_back_undoes_the_history_and_adopting_again_redoes_it(
    db: Database, coordinator: Actor, first: UUID
) -> None:
    before = everything(db, coordinator, first)
    reported(db, coordinator, raws_of(Group(count=9, category="NED", east_m=2_000)))
    second = adopted(db, coordinator)
    after = everything(db, coordinator, second)
    assert told(db, coordinator, second)["NED"][1] == "new"
    for _ in range(2):
        take_back(db, coordinator, second)
        assert everything(db, coordinator, first) == before
        adopt(db, coordinator, second)
        assert everything(db, coordinator, second) == after


def test_a_middle_adoption_taken_back_leaves_ids_and_words_of_the_later_one(
    db: Database, coordinator: Actor, first: UUID
) -> None:
    reported(db, coordinator, raws_of(Group(count=9, category="NED", east_m=2_000)))
    second = adopted(db, coordinator)
    third = adopted(db, coordinator)
    before = features(db, coordinator, third)
    take_back(db, coordinator, second)
    assert features(db, coordinator, third) == before
    with db.read(coordinator) as tx:
        history = known_hotspots.history(tx, UUID(told(db, coordinator, third)["NED"][0]), 10)
    assert [step["run_id"] for step in history] == [third]


def test_the_history_follows_the_order_of_adoptions_whatever_the_periods(
    db: Database, coordinator: Actor, first: UUID
) -> None:
    older = worked_out(db, coordinator, replace(USUAL, until=NOW - timedelta(days=7)))
    newer = worked_out(db, coordinator)
    ids = {i for i, _ in told(db, coordinator, first).values()}
    for run_id in (newer, older):
        adopt(db, coordinator, run_id)
        assert {i for i, _ in told(db, coordinator, run_id).values()} == ids
    with db.read(coordinator) as tx:
        history = known_hotspots.history(tx, UUID(min(map(str, ids))), 10)
    assert [step["run_id"] for step in history] == [older, newer, first]


def test_a_list_of_one_category_has_a_history_of_its_own(db: Database, coordinator: Actor, first: UUID) -> None:
    vandalism = adopted(db, coordinator, replace(USUAL, categories=("KLO",)))
    [(own_id, change)] = told(db, coordinator, vandalism).values()
    assert change == "new"
    assert own_id not in {i for i, _ in told(db, coordinator, first).values()}
    again = told(db, coordinator, adopted(db, coordinator))
    assert {change for _, change in again.values()} == {"persisting"}  # nothing is gone because of the other list


def test_two_adoptions_at_the_same_moment_go_one_after_the_other(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK, STRONG))
    runs = [worked_out(db, coordinator) for _ in range(4)]
    with ThreadPoolExecutor(4) as people:
        for done in [people.submit(adopt, db, coordinator, run_id) for run_id in runs]:
            done.result()
    changes = [sorted(change for _, change in told(db, coordinator, run_id).values()) for run_id in runs]
    assert sorted(changes) == [["new", "new"], *[["persisting", "persisting"]] * 3]


def test_a_run_cannot_be_adopted_twice_and_nothing_is_said_twice(db: Database, coordinator: Actor, first: UUID) -> None:
    before = everything(db, coordinator, first)
    with pytest.raises(ConflictError, match="already adopted"):
        adopt(db, coordinator, first)
    assert everything(db, coordinator, first) == before
