"""Accounts, tokens and sessions. Only hashes of secrets come here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.store.queries import load, records
from app.store.tx import ReadTx, WriteTx

SQL = load("accounts")


def add(tx: WriteTx, *, organisation: str, name: str, role: str) -> tuple[UUID, UUID] | None:
    """Add an account; its id and its organisation's. None when there is no such organisation."""
    row = tx.conn.execute(SQL.add, {"organisation": organisation, "name": name, "role": role}).first()
    return None if row is None else (row.id, row.organisation_id)


def page(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """All accounts, by organisation and name."""
    return records(tx.conn.execute(SQL.page, {"limit": limit}))


def by_name(tx: ReadTx, organisation: str, name: str) -> tuple[UUID, UUID] | None:
    """An open account's id and its organisation's."""
    row = tx.conn.execute(SQL.by_name, {"organisation": organisation, "name": name}).first()
    return None if row is None else (row.id, row.organisation_id)


def close(tx: WriteTx, account_id: UUID, now: datetime) -> bool:
    """Close an account: its tokens and sessions stop working. False when it was not open."""
    return tx.conn.execute(SQL.close, {"id": account_id, "now": now}).first() is not None


def add_token(
    tx: WriteTx,
    *,
    organisation_id: UUID,
    account_id: UUID,
    name: str,
    token_hash: bytes,
    expires_at: datetime | None,
) -> UUID:
    """Store a token's hash."""
    values = {
        "organisation_id": organisation_id,
        "account_id": account_id,
        "name": name,
        "token_hash": token_hash,
        "expires_at": expires_at,
    }
    token_id: UUID = tx.conn.execute(SQL.add_token, values).scalar_one()
    return token_id


def tokens(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """All tokens without their hashes."""
    return records(tx.conn.execute(SQL.tokens, {"limit": limit}))


def revoke_token(tx: WriteTx, token_id: UUID, now: datetime) -> bool:
    """Make a token useless at once. False when it was not in force."""
    return tx.conn.execute(SQL.revoke_token, {"id": token_id, "now": now}).first() is not None


def open_session(tx: WriteTx, session_hash: bytes, expires_at: datetime) -> None:
    """Store a session of the actor's token."""
    tx.conn.execute(
        SQL.open_session,
        {
            "session_hash": session_hash,
            "organisation_id": tx.actor.organisation_id,
            "token_id": tx.actor.token_id,
            "expires_at": expires_at,
        },
    )


def close_session(tx: WriteTx, session_hash: bytes) -> None:
    """End a session."""
    values = {"session_hash": session_hash, "organisation_id": tx.actor.organisation_id}
    tx.conn.execute(SQL.close_session, values)
