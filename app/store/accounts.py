"""Accounts, tokens and sessions. Only hashes of secrets come here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
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
    collections: Sequence[str] = (),
    precision: str | None = None,
) -> UUID:
    """Store a token's hash and what it is narrowed to."""
    values = {
        "organisation_id": organisation_id,
        "account_id": account_id,
        "name": name,
        "token_hash": token_hash,
        "expires_at": expires_at,
        "collections": list(collections),
        "precision": precision,
    }
    token_id: UUID = tx.conn.execute(SQL.add_token, values).scalar_one()
    return token_id


def tokens(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """All tokens without their hashes."""
    return records(tx.conn.execute(SQL.tokens, {"limit": limit}))


def revoke_token(tx: WriteTx, token_id: UUID, now: datetime) -> bool:
    """Make a token useless at once. False when it was not in force."""
    return tx.conn.execute(SQL.revoke_token, {"id": token_id, "now": now}).first() is not None


def open_session(
    tx: WriteTx,
    session_hash: bytes,
    expires_at: datetime,
    *,
    idle: timedelta = timedelta(hours=1),
    provider_hint: str | None = None,
) -> None:
    """Store a session of the actor, and forget those of the organisation that are over."""
    tx.conn.execute(SQL.forget_old_sessions, {"organisation_id": tx.actor.organisation_id})
    tx.conn.execute(
        SQL.open_session,
        {
            "session_hash": session_hash,
            "organisation_id": tx.actor.organisation_id,
            "account_id": tx.actor.id,
            "token_id": tx.actor.token_id,
            "expires_at": expires_at,
            "idle_s": int(idle.total_seconds()),
            "provider_hint": provider_hint,
        },
    )


def close_session(tx: WriteTx, session_hash: bytes) -> str | None:
    """End a session; what the identity provider must be told to end its own."""
    values = {"session_hash": session_hash, "organisation_id": tx.actor.organisation_id}
    hint: str | None = tx.conn.execute(SQL.close_session, values).scalar()
    return hint


def close_sessions(tx: WriteTx, account_id: UUID, but: bytes | None = None) -> None:
    """End all sessions of an account, except one."""
    tx.conn.execute(SQL.close_sessions, {"account_id": account_id, "but": but})
