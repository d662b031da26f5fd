"""Links between reports of one incident: proposed by a look at place, time and category, decided by a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.imports.doubles import OPEN
from app.store.queries import load, record, records
from app.store.tx import ReadTx, WriteTx

SQL = load("incident_links")
NEAR_M = 100.0
NEAR_H = 3
SURE_M = 300.0  # a place that is less sure than this is near everything


def has_other_sources(tx: ReadTx, source: str) -> bool:
    """Whether the organisation has reports that do not come from this source."""
    values = {"organisation_id": tx.actor.organisation_id, "source": source}
    return bool(tx.conn.execute(SQL.has_other_sources, values).scalar())


def propose(tx: WriteTx, incident_ids: Sequence[UUID], now: datetime) -> int:
    """Propose links between these incidents and others of the organisation; how many are new."""
    values = {
        "organisation_id": tx.actor.organisation_id,
        "ids": list(incident_ids),
        "open": [s.value for s in OPEN],
        "near_m": NEAR_M,
        "near_h": NEAR_H,
        "sure_m": SURE_M,
        "now": now,
    }
    return tx.conn.execute(SQL.propose, values).rowcount


def page(tx: ReadTx, state: str, limit: int, incident_id: UUID | None = None) -> list[dict[str, Any]]:
    """Links in a state, newest first; of one incident, if it is named."""
    values = {
        "organisations": list(tx.scope.incidents),
        "state": state,
        "incident_id": incident_id,
        "limit": limit,
    }
    return records(tx.conn.execute(SQL.page, values))


def one(tx: ReadTx, link_id: UUID) -> dict[str, Any] | None:
    """One link."""
    return record(tx.conn.execute(SQL.one, {"id": link_id, "organisations": list(tx.scope.incidents)}))


def add(tx: WriteTx, first_id: UUID, second_id: UUID, now: datetime) -> UUID | None:
    """Link two reports; None when the organisation has no such two."""
    values = {
        "organisation_id": tx.actor.organisation_id,
        "first_id": first_id,
        "second_id": second_id,
        "now": now,
        "actor_id": tx.actor.id,
    }
    link_id: UUID | None = tx.conn.execute(SQL.add, values).scalar()
    return link_id


def decide(tx: WriteTx, link_id: UUID, state: str, now: datetime) -> bool:
    """Confirm or dismiss; False when there is no such link."""
    values = {
        "id": link_id,
        "organisations": list(tx.scope.writes),
        "state": state,
        "now": now,
        "actor_id": tx.actor.id,
    }
    return tx.conn.execute(SQL.decide, values).first() is not None
