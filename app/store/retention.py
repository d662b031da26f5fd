"""Rules of retention of the actor's organisation, and the purge: the database decides what is due."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.retention import Purged, RetentionRule
from app.store.queries import load, record, records
from app.store.tx import ReadTx, WriteTx

SQL = load("retention")


def rules(tx: ReadTx) -> list[RetentionRule]:
    """Those of the actor's organisation, the most general first."""
    rows = records(tx.conn.execute(SQL.rules, {"organisation_id": tx.actor.organisation_id}))
    return [RetentionRule(**{k: v for k, v in row.items() if k != "changed_at"}) for row in rows]


def set_rules(tx: WriteTx, wanted: Sequence[RetentionRule], now: datetime) -> None:
    """These, in place of all there were."""
    whose = {"organisation_id": tx.actor.organisation_id}
    tx.conn.execute(SQL.clear, whose)
    for rule in wanted:
        tx.conn.execute(SQL.add, asdict(rule) | whose | {"now": now, "changed_by": tx.actor.id})


def organisations(tx: ReadTx) -> list[tuple[UUID, str]]:
    """Id and slug of those that have rules and are within the scope."""
    return [(row.id, row.slug) for row in tx.conn.execute(SQL.organisations)]


def due(tx: ReadTx, moment: datetime) -> list[dict[str, Any]]:
    """How much each rule would take: source, category, texts, positions, incidents."""
    return records(tx.conn.execute(SQL.due, {"organisation_id": tx.actor.organisation_id, "moment": moment}))


def purge(tx: WriteTx, most: int) -> Purged:
    """Carry the rules out for at most so many incidents. It cannot be undone."""
    row = record(tx.conn.execute(SQL.purge, {"organisation_id": tx.actor.organisation_id, "most": most}))
    return Purged(**row or {})
