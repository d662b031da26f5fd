"""Sharing rules in the database. Row-level security reads them too: `shared_ranks`, `hotspot_ranks`, `joint_keys`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.sharing_rules import SharingRule
from app.store.queries import load, records
from app.store.tx import ReadTx, WriteTx

SQL = load("sharing_rules")


def add(tx: WriteTx, rule: SharingRule) -> UUID | None:
    """Store a rule; its id. None when there is no such giver or receiver."""
    rule_id: UUID | None = tx.conn.execute(
        SQL.add,
        {
            "giver": rule.giver,
            "receiver": rule.receiver,
            "what": rule.what,
            "precision": rule.precision,
            "categories": None if rule.categories is None else list(rule.categories),
            "purpose": rule.purpose,
            "valid_until": rule.valid_until,
        },
    ).scalar()
    return rule_id


def page(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """The rules in which the actor's organisation gives or receives, newest first; all of them for administrators."""
    reach = {"own": tx.actor.organisation_id, "administers": tx.scope.administers}
    return records(tx.conn.execute(SQL.page, {**reach, "limit": limit}))


def end(tx: WriteTx, rule_id: UUID, now: datetime) -> bool:
    """End a rule; False when there is none, or it has ended before."""
    return tx.conn.execute(SQL.end, {"id": rule_id, "now": now}).first() is not None
