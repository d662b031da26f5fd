"""Runs and their adoption in the database: which moves are possible, and who sees what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app.core.errors import ConflictError
from app.store import analyses
from app.store import tx as store
from app.store.tx import WriteTx
from tests.factories import CODE_VERSION, HYTTFORS, LINDESTA, NOW, Acting, Actors, params

FIGURES = {
    "data_cut_off": NOW - timedelta(hours=1),
    "incident_count": 40,
    "noise_count": 30,
    "hotspot_count": 1,
    "findings": "{}",
}


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The coordinator of Lindesta, writing."""
    return acting(actors["coordinator"])


def requested(tx: WriteTx, **changes: Any) -> UUID:
    """A queued run."""
    return analyses.request(tx, params(**changes), CODE_VERSION)


def finished(tx: WriteTx, **changes: Any) -> UUID:
    """A run that is done."""
    run_id = requested(tx, **changes)
    analyses.start(tx, run_id, NOW)
    assert analyses.finish(tx, run_id, NOW, FIGURES)
    return run_id


def test_a_requested_run_is_queued_with_all_its_parameters(tx: WriteTx) -> None:
    wanted = params(area="lindesta-centrum", organisations=(LINDESTA, HYTTFORS))
    run_id = analyses.request(tx, wanted, "1.2.3")
    assert analyses.one(tx, run_id) == {
        "id": run_id,
        "organisation_id": tx.actor.organisation_id,
        "organisation": LINDESTA,
        "params": wanted.as_json(),
        "fingerprint": wanted.fingerprint(),
        "state": "queued",
        "requested_at": NOW,
        "started_at": None,
        "finished_at": None,
        "data_cut_off": None,
        "code_version": "1.2.3",
        "incident_count": None,
        "noise_count": None,
        "hotspot_count": None,
        "failure": None,
        "findings": None,
        "adopted_at": None,
    }


def test_a_finished_run_has_its_figures(tx: WriteTx) -> None:
    run = analyses.one(tx, finished(tx))
    assert run is not None
    assert {name: run[name] for name in FIGURES} == {**FIGURES, "findings": {}}
    assert (run["state"], run["started_at"], run["finished_at"]) == ("done", NOW, NOW)


def test_starting_gives_back_the_parameters_also_after_a_worker_died(tx: WriteTx) -> None:
    run_id = requested(tx)
    assert analyses.start(tx, run_id, NOW) == params()
    assert analyses.start(tx, run_id, NOW) == params()


MOVES: dict[str, Callable[[WriteTx, UUID], bool]] = {
    "start": lambda tx, run_id: analyses.start(tx, run_id, NOW) is not None,
    "finish": lambda tx, run_id: analyses.finish(tx, run_id, NOW, FIGURES),
    "fail": lambda tx, run_id: analyses.fail(tx, run_id, NOW, "Det gick inte."),
    "cancel": lambda tx, run_id: analyses.cancel(tx, run_id, NOW),
}
POSSIBLE = {
    "queued": {"start": "running", "fail": "failed", "cancel": "cancelled"},
    "running": {"start": "running", "finish": "done", "fail": "failed", "cancel": "cancelled"},
    "done": {},
    "failed": {},
    "cancelled": {},
}


@pytest.mark.parametrize("state", POSSIBLE)
@pytest.mark.parametrize("move", MOVES)
def test_a_run_moves_only_as_the_table_says(tx: WriteTx, state: str, move: str) -> None:
    run_id = requested(tx)
    tx.conn.execute(sa.text("UPDATE analysis_runs SET state = :state WHERE id = :id"), {"state": state, "id": run_id})
    assert MOVES[move](tx, run_id) == (move in POSSIBLE[state])
    run = analyses.one(tx, run_id)
    assert run is not None
    assert run["state"] == POSSIBLE[state].get(move, state)


@pytest.mark.parametrize("move", MOVES)
def test_another_organisations_run_cannot_be_moved(acting: Acting, actors: Actors, move: str) -> None:
    tx = acting(actors["coordinator"])
    run_id = requested(tx)
    analyses.start(tx, run_id, NOW)
    assert not MOVES[move](acting(actors["other_coordinator"]), run_id)


def test_runs_are_listed_newest_first_and_only_the_own_ones(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    ids = [requested(tx, now=NOW + timedelta(minutes=m)) for m in (1, 3, 2)]
    adopted = finished(acting(actors["other_coordinator"]))
    tx = acting(actors["coordinator"])
    assert [run["id"] for run in analyses.page(tx, 10)] == [ids[1], ids[2], ids[0]]
    assert [run["id"] for run in analyses.page(tx, 2)] == [ids[1], ids[2]]
    assert [run["id"] for run in analyses.page(acting(actors["other_coordinator"]), 10)] == [adopted]
    assert analyses.page(acting(actors["auditor"]), 10) == []


def test_a_shared_run_is_seen_only_once_it_is_adopted(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    run_id = finished(tx)
    assert analyses.one(acting(actors["police"]), run_id) is None
    analyses.adopt(acting(actors["coordinator"]), run_id, NOW)
    seen = analyses.one(acting(actors["police"]), run_id)
    assert seen is not None
    assert (seen["organisation"], seen["adopted_at"]) == (LINDESTA, NOW)
    assert analyses.one(acting(actors["other_coordinator"]), run_id) is None


def test_an_adoption_is_taken_back_once(tx: WriteTx) -> None:
    run_id = finished(tx)
    assert not analyses.take_back(tx, run_id, NOW)
    analyses.adopt(tx, run_id, NOW)
    assert analyses.take_back(tx, run_id, NOW)
    assert not analyses.take_back(tx, run_id, NOW)
    run = analyses.one(tx, run_id)
    assert run is not None
    assert run["adopted_at"] is None


def test_a_run_may_be_adopted_again_after_it_was_taken_back(tx: WriteTx) -> None:
    run_id = finished(tx)
    for _ in range(3):
        analyses.adopt(tx, run_id, NOW)
        assert analyses.take_back(tx, run_id, NOW)
    kept = tx.conn.scalar(sa.text("SELECT count(*) FROM adoptions WHERE taken_back_at IS NOT NULL"))
    assert kept == 3


def test_adopting_an_adopted_run_is_a_conflict(db: store.Database, actors: Actors) -> None:
    with pytest.raises(ConflictError, match="already adopted"), db.write(actors["coordinator"]) as tx:
        run_id = finished(tx)
        analyses.adopt(tx, run_id, NOW)
        analyses.adopt(tx, run_id, NOW)


def test_an_unknown_run_is_no_run(tx: WriteTx) -> None:
    assert analyses.one(tx, uuid4()) is None
    assert analyses.start(tx, uuid4(), NOW) is None
