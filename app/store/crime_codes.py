"""The organisation's own changes to the crosswalk from the police's crime codes to categories."""

from app.store.queries import load
from app.store.tx import ReadTx, WriteTx

SQL = load("crime_codes")
MOST = 10_000


def own(tx: ReadTx) -> dict[str, str]:
    """Category by code, or by the beginning of codes ("03*")."""
    rows = tx.conn.execute(SQL.all, {"organisation_id": tx.actor.organisation_id, "limit": MOST})
    return {r.code: r.category for r in rows}


def put(tx: WriteTx, code: str, category: str) -> None:
    """Say what category a code is."""
    values = {"organisation_id": tx.actor.organisation_id, "code": code, "category": category}
    tx.conn.execute(SQL.put, values)


def remove(tx: WriteTx, code: str) -> bool:
    """Go back to what is shipped; False when nothing else was said."""
    values = {"organisation_id": tx.actor.organisation_id, "code": code}
    return tx.conn.execute(SQL.remove, values).rowcount == 1
