"""Who is let in: people whom the identity provider sends, and people with a password.

Before anybody is known, the doorkeeper acts: it sees accounts and nothing of what they may see.
"""

import secrets
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.identities import LONGEST_NAME, Identity
from app.core.passwords import MOST_CHARS, check_password, check_username, normal, normal_username
from app.core.permissions import Actor, May, check_may, system_actor
from app.store import accounts, sign_ins
from app.store.tx import Database, Origin, WriteTx

NO_ORGANISATION: Final = UUID(int=0)
HASHES_AT_A_TIME: Final = 2  # each takes 64 MiB: a crowd at the door must not take the machine
_hasher: Final = PasswordHasher()  # argon2id with the costs of RFC 9106's second choice
_turns: Final = threading.BoundedSemaphore(HASHES_AT_A_TIME)
_nobodys_hash: Final = _hasher.hash(secrets.token_urlsafe(32))  # an unknown name takes as long as a wrong password


def doorkeeper() -> Actor:
    """Who acts until it is known who is there."""
    return system_actor("sign-in", NO_ORGANISATION, administers=True)


def admit(tx: WriteTx, identity: Identity, now: datetime) -> UUID | None:
    """The account of whom the provider sends, made at the first sign-in and changed as the mapping says.

    None when an administrator closed it. Somebody who moved to another organisation gets another account there.
    """
    check_may(tx.actor, May.ADMINISTER)
    found = sign_ins.identity(tx, identity.issuer, identity.subject)
    if found is None:
        return _introduced(tx, identity)
    account_id: UUID = found["id"]
    if found["closed_at"] is not None:
        return None
    if found["organisation"] != identity.organisation:
        accounts.close_sessions(tx, account_id)
        accounts.close(tx, account_id, now)
        tx.record(AuditAction.ACCOUNT_CLOSED, account_id, why="moved to another organisation")
        return _introduced(tx, identity)
    if found["role"] != identity.role:
        sign_ins.change(tx, account_id, name=found["name"], role=identity.role)
        tx.record(AuditAction.ACCOUNT_CHANGED, account_id, role=identity.role, before=found["role"])
    return account_id


def turn_away(tx: WriteTx, issuer: str, subject: str) -> None:
    """The mapping has no place for this person (any more): sessions that are open end."""
    check_may(tx.actor, May.ADMINISTER)
    found = sign_ins.identity(tx, issuer, subject)
    account_id: UUID | None = None if found is None else found["id"]
    if account_id is not None:
        accounts.close_sessions(tx, account_id)
    tx.record(AuditAction.SIGN_IN_REFUSED, account_id, how="provider")


def account_by_password(database: Database, username: str, password: str, origin: Origin | None = None) -> UUID | None:
    """Whose username and password these are; None when nobody's. Takes as long for an unknown name as for a known one.

    No connection is held while the password is tried.
    """
    with database.read(doorkeeper()) as tx:
        found = sign_ins.password(tx, normal_username(username)[:MOST_CHARS])
    stored = _nobodys_hash if found is None else str(found["password_hash"])
    is_right = _is_password(stored, password) and found is not None and found["closed_at"] is None
    account_id: UUID | None = None if found is None else found["account_id"]
    if not is_right:
        with database.write(doorkeeper(), origin) as tx:
            tx.record(AuditAction.SIGN_IN_REFUSED, account_id, how="password")  # not the name: it may be a password
        return None
    return account_id


def set_password(tx: WriteTx, *, organisation: str, account: str, username: str, password: str, now: datetime) -> None:
    """Give an account a username and a password; its sessions end."""
    check_may(tx.actor, May.ADMINISTER)
    found = accounts.by_name(tx, organisation, account)
    if found is None:
        raise NotFoundError(f"There is no open account {account} in {organisation}.")
    name = normal_username(username)
    check_username(name)
    check_password(password, name, account)
    sign_ins.set_password(tx, found[0], name, _hashed(password), now)
    accounts.close_sessions(tx, found[0])
    tx.record(AuditAction.PASSWORD_SET, found[0])


def change_password(
    database: Database, actor: Actor, *, current: str, new: str, session: bytes | None, now: datetime, origin: Origin
) -> None:
    """Change the actor's own password; all their sessions end but the present one. Raises InvalidError."""
    with database.read(_own_keeper(actor)) as tx:
        found = sign_ins.username(tx, actor.id)
    if found is None:
        raise NotFoundError("This account has no password.")
    if not _is_password(found["password_hash"], current):
        sentence = "The present password is not right."
        raise InvalidError(sentence, (FieldProblem("current", "wrong", sentence),))
    check_password(new, found["username"], actor.name)
    hashed = _hashed(new)
    with database.write(_own_keeper(actor), origin) as tx:
        sign_ins.set_password(tx, actor.id, found["username"], hashed, now)
        accounts.close_sessions(tx, actor.id, but=session)
        tx.record(AuditAction.PASSWORD_SET, actor.id)


def has_passwords(database: Database) -> bool:
    """Whether any account has a password."""
    with database.read(doorkeeper()) as tx:
        return sign_ins.has_passwords(tx)


def has_password(database: Database, actor: Actor) -> bool:
    """Whether the actor signs in with a password."""
    with database.read(_own_keeper(actor)) as tx:
        return sign_ins.username(tx, actor.id) is not None


def _own_keeper(actor: Actor) -> Actor:
    """The actor, let to the table of passwords for its own row."""
    return replace(actor, scope=replace(actor.scope, administers=True))


def _introduced(tx: WriteTx, identity: Identity) -> UUID:
    added = accounts.add(tx, organisation=identity.organisation, name=_free_name(tx, identity), role=identity.role)
    if added is None:
        raise NotFoundError(f"There is no organisation {identity.organisation}; LAGESBILD_OIDC_MAPPING names it.")
    sign_ins.tie(tx, identity, added[0])
    tx.record(
        AuditAction.ACCOUNT_ADDED, added[0], role=identity.role, organisation=identity.organisation, by="provider"
    )
    return added[0]


def _free_name(tx: WriteTx, identity: Identity) -> str:
    """The name, or with a number behind it where the organisation has several of that name."""
    name, number = identity.name, 1
    while sign_ins.name_is_taken(tx, identity.organisation, name):
        number += 1
        name = f"{identity.name[: LONGEST_NAME - 5]} ({number})"
    return name


def _hashed(password: str) -> str:
    with _turns:
        return _hasher.hash(normal(password))


def _is_password(stored: str, password: str) -> bool:
    is_right = False
    with _turns, suppress(VerificationError, InvalidHashError):
        is_right = _hasher.verify(stored, normal(password[:MOST_CHARS]).encode("utf-8", "surrogatepass"))
    return is_right
