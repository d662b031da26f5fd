"""Analysis runs and their adoption."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.analysis.params import AnalysisParams
from app.store.queries import load, record, records
from app.store.tx import ReadTx, WriteTx

SQL = load("analyses")


def request(tx: WriteTx, params: AnalysisParams, code_version: str) -> UUID:
    """Make a queued run of the actor's organisation."""
    run_id: UUID = tx.conn.execute(
        SQL.request,
        {
            "organisation_id": tx.actor.organisation_id,
            "params": params.as_json(),
            "fingerprint": params.fingerprint(),
            "requested_at": params.now,
            "requested_by": tx.actor.id,
            "code_version": code_version,
        },
    ).scalar_one()
    return run_id


def one(tx: ReadTx, run_id: UUID) -> dict[str, Any] | None:
    """A run within reach: an own one, or an adopted one that another organisation shares."""
    reach = {"id": run_id, "organisations": list(tx.scope.hotspots), "own": tx.actor.organisation_id}
    return record(tx.conn.execute(SQL.one, reach))


def page(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """The organisation's own runs, newest first."""
    own = tx.actor.organisation_id if tx.actor.organisation_id in tx.scope.hotspots else None
    return records(tx.conn.execute(SQL.page, {"own": own, "limit": limit}))


def findings_of(run: Mapping[str, Any], params: AnalysisParams) -> dict[str, Any]:
    """What a run says of itself: eps_m, min_incidents, tuning, doubtful_places, significant_count.

    The two numbers are None until they are chosen; runs older than the question say what was asked for.
    """
    rule = params.rule
    usual: dict[str, Any] = {
        "eps_m": None if rule is None else rule.eps_m,
        "min_incidents": None if rule is None else rule.min_incidents,
        "tuning": None,
        "doubtful_places": [],
        "significant_count": None,
    }
    return usual | (run["findings"] or {})


def start(tx: WriteTx, run_id: UUID, now: datetime) -> AnalysisParams | None:
    """Mark the run as running; None when it was cancelled or is finished."""
    text = tx.conn.execute(SQL.start, _mine(tx, run_id, now)).scalar()
    return None if text is None else AnalysisParams.from_json(text)


def finish(tx: WriteTx, run_id: UUID, now: datetime, figures: Mapping[str, Any]) -> bool:
    """Mark the run as done with its figures; False when it was cancelled meanwhile."""
    return tx.conn.execute(SQL.finish, {**_mine(tx, run_id, now), **figures}).first() is not None


def fail(tx: WriteTx, run_id: UUID, now: datetime, failure: str) -> bool:
    """Mark the run as failed, with one plain sentence; False when it was no longer open."""
    return tx.conn.execute(SQL.fail, {**_mine(tx, run_id, now), "failure": failure}).first() is not None


def cancel(tx: WriteTx, run_id: UUID, now: datetime) -> bool:
    """Mark a queued or running run as cancelled; False when it was no longer open."""
    return tx.conn.execute(SQL.cancel, _mine(tx, run_id, now)).first() is not None


def is_running(tx: ReadTx, run_id: UUID) -> bool:
    """Whether the run of the actor's organisation still is to be worked out."""
    wanted = {"id": run_id, "organisation_id": tx.actor.organisation_id}
    return bool(tx.conn.execute(SQL.is_running, wanted).scalar())


def adopt(tx: WriteTx, run_id: UUID, now: datetime, profile: str | None = None) -> int:
    """Make the run the organisation's current one; the number of the adoption.

    Another adoption of the organisation at the same moment waits until this one is through. profile: what the hot
    spots are of; None when they are not followed. Raises ConflictError when the run already is adopted.
    """
    tx.conn.execute(SQL.take_turns, {"organisation_id": tx.actor.organisation_id})
    adoption_id: int = tx.conn.execute(
        SQL.adopt,
        {
            "organisation_id": tx.actor.organisation_id,
            "run_id": run_id,
            "adopted_at": now,
            "adopted_by": tx.actor.id,
            "profile": profile,
        },
    ).scalar_one()
    return adoption_id


def take_back(tx: WriteTx, run_id: UUID, now: datetime) -> bool:
    """Undo the adoption: the one before it is current again. False when the run was not adopted."""
    values = {
        "run_id": run_id,
        "organisation_id": tx.actor.organisation_id,
        "now": now,
        "actor_id": tx.actor.id,
    }
    return tx.conn.execute(SQL.take_back, values).first() is not None


def _mine(tx: WriteTx, run_id: UUID, now: datetime) -> dict[str, Any]:
    return {"id": run_id, "organisation_id": tx.actor.organisation_id, "now": now}
