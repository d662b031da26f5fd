"""Whom the identity provider sends, and whose password is whose."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.identities import Identity
from app.store.queries import load, record
from app.store.tx import ReadTx, WriteTx

SQL = load("sign_ins")


def identity(tx: WriteTx, issuer: str, subject: str) -> dict[str, Any] | None:
    """The account of a person at the provider: id, name, role, organisation, closed_at. Others who ask wait."""
    whom = {"issuer": issuer, "subject": subject}
    tx.conn.execute(SQL.hold, whom)
    return record(tx.conn.execute(SQL.identity, whom))


def name_is_taken(tx: ReadTx, organisation: str, name: str) -> bool:
    """Whether an account of the organisation, open or closed, is called so."""
    is_taken: bool = tx.conn.execute(SQL.name_is_taken, {"organisation": organisation, "name": name}).scalar_one()
    return is_taken


def tie(tx: WriteTx, identity: Identity, account_id: UUID) -> None:
    """From now on the person at the provider is this account."""
    values = {"issuer": identity.issuer, "subject": identity.subject, "account_id": account_id}
    tx.conn.execute(SQL.tie, values)


def change(tx: WriteTx, account_id: UUID, *, name: str, role: str) -> None:
    """Give an account another name or role."""
    tx.conn.execute(SQL.change, {"id": account_id, "name": name, "role": role})


def password(tx: ReadTx, username: str) -> dict[str, Any] | None:
    """account_id, password_hash and closed_at of the account that signs in so."""
    return record(tx.conn.execute(SQL.password, {"username": username}))


def username(tx: ReadTx, account_id: UUID) -> dict[str, Any] | None:
    """The username and password_hash of an account that has a password."""
    return record(tx.conn.execute(SQL.username, {"account_id": account_id}))


def has_passwords(tx: ReadTx) -> bool:
    """Whether any account has a password."""
    is_any: bool = tx.conn.execute(SQL.has_passwords).scalar_one()
    return is_any


def set_password(tx: WriteTx, account_id: UUID, username: str, password_hash: str, now: datetime) -> None:
    """Store a password's hash, in place of the one before."""
    values = {"account_id": account_id, "username": username, "password_hash": password_hash, "now": now}
    tx.conn.execute(SQL.set_password, values)
