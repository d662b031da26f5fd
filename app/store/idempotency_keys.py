"""Idempotency-Key: which requests of an account were already answered, and with which incidents."""

from collections.abc import Sequence
from uuid import UUID

from app.store.queries import load
from app.store.tx import WriteTx

SQL = load("idempotency_keys")


def find(tx: WriteTx, key: str) -> tuple[bytes, list[UUID | None]] | None:
    """The hash of the request that used this key and the ids it got; waits for one that is under way."""
    mine = {"account_id": tx.actor.id, "key": key}
    tx.conn.execute(SQL.hold, mine)
    row = tx.conn.execute(SQL.find, {**mine, "organisation_id": tx.actor.organisation_id}).first()
    return None if row is None else (bytes(row.request_hash), list(row.incident_ids))


def keep(tx: WriteTx, key: str, request_hash: bytes, incident_ids: Sequence[UUID | None]) -> None:
    """Remember the answer to this request: an id for each report, None for one that was refused."""
    tx.conn.execute(
        SQL.keep,
        {
            "account_id": tx.actor.id,
            "key": key,
            "organisation_id": tx.actor.organisation_id,
            "request_hash": request_hash,
            "incident_ids": list(incident_ids),
        },
    )
