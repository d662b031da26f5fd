"""Accounts, tokens and sessions. A secret is shown once, when it is made; only its hash is stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.permissions import May, Role, check_may
from app.store import accounts
from app.store.tx import WriteTx

TOKEN_PREFIX = "lgb_"  # noqa: S105 -- makes a leaked token recognisable to scanners
SESSION_LIFETIME = timedelta(hours=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token: its id, and the secret that nobody can read again."""

    id: UUID
    secret: str


def credential_hash(secret: str) -> bytes:
    """What is stored of a token or session secret. They hold 256 random bits, so one plain hash is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def add_account(tx: WriteTx, *, organisation: str, name: str, role: Role) -> UUID:
    """Open an account for a function ("Trygghetssamordnare"), not for a private person."""
    check_may(tx.actor, May.ADMINISTER)
    if not name.strip():
        message = "Give the account a name, for example the function that uses it."
        raise InvalidError(message, (FieldProblem("name", "missing", message),))
    added = accounts.add(tx, organisation=organisation, name=name.strip(), role=role)
    if added is None:
        raise NotFoundError(f"There is no organisation {organisation}.")
    tx.record(AuditAction.ACCOUNT_ADDED, added[0], role=role, organisation=organisation)
    return added[0]


def close_account(tx: WriteTx, *, organisation: str, name: str, now: datetime) -> None:
    """Close an account; its tokens and sessions stop working at once."""
    check_may(tx.actor, May.ADMINISTER)
    found = accounts.by_name(tx, organisation, name)
    if found is None or not accounts.close(tx, found[0], now):
        raise NotFoundError(f"There is no open account {name} in {organisation}.")
    tx.record(AuditAction.ACCOUNT_CLOSED, found[0])


def issue_token(
    tx: WriteTx, *, organisation: str, account: str, name: str, expires_at: datetime | None = None
) -> IssuedToken:
    """Make a token for an account."""
    check_may(tx.actor, May.ADMINISTER)
    found = accounts.by_name(tx, organisation, account)
    if found is None:
        raise NotFoundError(f"There is no open account {account} in {organisation}.")
    account_id, organisation_id = found
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token_id = accounts.add_token(
        tx,
        organisation_id=organisation_id,
        account_id=account_id,
        name=name,
        token_hash=credential_hash(secret),
        expires_at=expires_at,
    )
    tx.record(AuditAction.TOKEN_ISSUED, token_id, account=account_id)
    return IssuedToken(id=token_id, secret=secret)


def revoke_token(tx: WriteTx, token_id: UUID, now: datetime) -> None:
    """Make a token useless at once."""
    check_may(tx.actor, May.ADMINISTER)
    if not accounts.revoke_token(tx, token_id, now):
        raise NotFoundError("There is no such token in force.")
    tx.record(AuditAction.TOKEN_REVOKED, token_id)


def open_session(tx: WriteTx, now: datetime) -> str:
    """Start a session in the browser for the token's actor; the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    accounts.open_session(tx, credential_hash(secret), now + SESSION_LIFETIME)
    tx.record(AuditAction.SIGNED_IN)
    return secret


def close_session(tx: WriteTx, secret: str) -> None:
    """End a session."""
    accounts.close_session(tx, credential_hash(secret))
    tx.record(AuditAction.SIGNED_OUT)
