"""Counts and rules for impact assessments, of the actor's organisation."""

from datetime import date
from typing import Any

from app.store.queries import load, records
from app.store.tx import ReadTx

SQL = load("privacy")


def figures(tx: ReadTx) -> dict[str, Any]:
    """Incidents (how many) and audit_keep_months."""
    row = tx.conn.execute(SQL.figures, {"organisation_id": tx.actor.organisation_id}).one()
    return {"incidents": row.incidents or 0, "audit_keep_months": row.audit_keep_months}


def sharing(tx: ReadTx, today: date) -> list[dict[str, Any]]:
    """giver, receiver, what, purpose, valid_until of the rules in force."""
    return records(tx.conn.execute(SQL.sharing, {"organisation_id": tx.actor.organisation_id, "today": today}))
