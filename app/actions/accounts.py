"""Accounts, tokens and sessions. A secret is shown once, when it is made; only its hash is stored."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.permissions import May, Role, Token, check_may
from app.store import accounts
from app.store.tx import WriteTx

TOKEN_PREFIX = "lgb_"  # noqa: S105 -- makes a leaked token recognisable to scanners
SESSION_LIFETIME = timedelta(hours=10)
LONGEST_TOKEN = timedelta(days=2 * 366)
SESSION_IDLE = timedelta(hours=1)


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
    tx: WriteTx,
    *,
    organisation: str,
    account: str,
    name: str,
    expires_at: datetime | None = None,
    token: Token | None = None,
) -> IssuedToken:
    """Make a token for an account, narrowed as `token` says; None: it opens what the account's role opens."""
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
        expires_at=token.ends_at if token else expires_at,
        collections=token.collections if token else (),
        precision=token.precision if token else None,
    )
    tx.record(
        AuditAction.TOKEN_ISSUED,
        token_id,
        account=account_id,
        collections=token.collections if token else (),
        precision=token.precision if token else None,
    )
    return IssuedToken(id=token_id, secret=secret)


def issue_api_token(
    tx: WriteTx, *, organisation: str, account: str, name: str, token: Token, now: datetime
) -> IssuedToken:
    """Make a token for a program, which must end some day."""
    check_may(tx.actor, May.ADMINISTER)
    if not name.strip() or not name.isprintable():
        message = "Say what the token is for."
        raise InvalidError(message, (FieldProblem("name", "missing", message),))
    ends_at = token.ends_at
    if ends_at is None or ends_at.utcoffset() is None or not now < ends_at <= now + LONGEST_TOKEN:
        message = "Say when it ends: later than now, at most two years ahead, with the offset from UTC."
        raise InvalidError(message, (FieldProblem("ends_at", "out-of-range", message),))
    return issue_token(tx, organisation=organisation, account=account, name=name.strip(), token=token)


def revoke_token(tx: WriteTx, token_id: UUID, now: datetime) -> None:
    """Make a token useless at once."""
    check_may(tx.actor, May.ADMINISTER)
    if not accounts.revoke_token(tx, token_id, now):
        raise NotFoundError("There is no such token in force.")
    tx.record(AuditAction.TOKEN_REVOKED, token_id)


def open_session(
    tx: WriteTx,
    now: datetime,
    *,
    lifetime: timedelta = SESSION_LIFETIME,
    idle: timedelta = SESSION_IDLE,
    provider_hint: str | None = None,
) -> str:
    """Start a session in the browser for the actor; the secret for the cookie.

    It ends after its lifetime, after so long a silence, and with the token that began it.
    """
    secret = secrets.token_urlsafe(32)
    accounts.open_session(tx, credential_hash(secret), now + lifetime, idle=idle, provider_hint=provider_hint)
    tx.record(AuditAction.SIGNED_IN)
    return secret


def close_session(tx: WriteTx, secret: str) -> str | None:
    """End a session; the hint by which the identity provider, if one sent the person, ends its own."""
    hint = accounts.close_session(tx, credential_hash(secret))
    tx.record(AuditAction.SIGNED_OUT)
    return hint
