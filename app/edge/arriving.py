"""Signing in with a password or at the identity provider, as a browser does it.

The secrets of a sign-in at the provider travel in a sealed cookie, so nothing is stored for whoever only knocks. The
cookie binds the way back to the browser that left: an answer that somebody else began leads nowhere.
"""

import hmac
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request, Response

from app.actions import sign_ins
from app.actions.accounts import credential_hash
from app.core.errors import ForbiddenError, InvalidError, NotFoundError, NotSignedInError
from app.core.limits import Kind
from app.core.passwords import normal_username
from app.core.permissions import Actor
from app.edge import limits, sealing, services, sessions
from app.edge.providers import Attempt, Provider

COOKIE: Final = "signing-in"
PURPOSE: Final = "sign-in at the provider"
TIME_TO_RETURN: Final = timedelta(minutes=10)


def with_password(request: Request, answer: Response, username: str, password: str) -> None:
    """Start a session for whose name and password these are. Raises NotSignedInError, TooManyError."""
    limits.check(request, Kind.SIGN_IN, f"username {normal_username(username)[:200]}")
    database = services.of(request).database
    account_id = sign_ins.account_by_password(database, username, password, sessions.origin(request))
    found = None if account_id is None else database.account(account_id)
    if found is None:
        raise NotSignedInError("The username or the password is not right.")
    sessions.enter(request, answer, found)


def has_passwords(request: Request) -> bool:
    """Whether anybody here signs in with a password: else no page asks for one."""
    return sign_ins.has_passwords(services.of(request).database)


def has_password(request: Request, actor: Actor) -> bool:
    """Whether this actor signs in with a password."""
    return sign_ins.has_password(services.of(request).database, actor)


def change_password(request: Request, actor: Actor, current: str, new: str) -> None:
    """Change the actor's own password; every session but this one ends. Raises InvalidError, TooManyError."""
    limits.check(request, Kind.SIGN_IN, f"password {actor.id}")
    given = services.of(request)
    sign_ins.change_password(
        given.database,
        actor,
        current=current,
        new=new,
        session=credential_hash(sessions.session_secret(request)),
        now=given.clock(),
        origin=sessions.origin(request),
    )


def leave(request: Request, answer: Response, target: str) -> str:
    """The provider's address to go to; the browser keeps what is needed when it comes back."""
    given, provider, attempt = services.of(request), _provider(request), Attempt()
    limits.check(request, Kind.SIGN_IN)
    address = provider.leave_for(attempt)
    values = {**asdict(attempt), "target": target, "at": given.clock().isoformat()}
    sealed = sealing.seal(given.secret, PURPOSE, values)
    sessions.set_cookie(request, answer, COOKIE, sealed, TIME_TO_RETURN.total_seconds())
    return address


def come_back(request: Request, answer: Response) -> str:
    """Start a session for whom the provider sent back; the page that was asked for first.

    Raises InvalidError when this browser did not leave just now, NotSignedInError when the person broke off there,
    ForbiddenError when the mapping has no place for the person, ProviderError when the provider cannot be believed.
    """
    given, provider, told = services.of(request), _provider(request), request.query_params
    limits.check(request, Kind.SIGN_IN)
    sessions.drop_cookie(request, answer, COOKIE)
    held = sealing.unseal(given.secret, PURPOSE, request.cookies.get(sessions.cookie_name(request, COOKIE), ""))
    is_late = held is None or given.clock() - datetime.fromisoformat(held["at"]) > TIME_TO_RETURN
    if held is None or is_late or not hmac.compare_digest(held["state"].encode(), _sent(told.get("state"))):
        raise InvalidError("This sign-in was not begun here, or took too long. Begin again.")
    if told.get("iss", provider.registration.issuer) != provider.registration.issuer:
        raise InvalidError("The answer came from another identity provider.")
    if "error" in told or "code" not in told:
        raise NotSignedInError("The identity provider let nobody in.")
    attempt = Attempt(state=held["state"], nonce=held["nonce"], verifier=held["verifier"])
    claims, id_token = provider.redeem(told["code"], attempt)
    found = sessions.admitted(request, provider, claims)
    if found is None:
        with given.database.write(sign_ins.doorkeeper(), sessions.origin(request)) as tx:
            sign_ins.turn_away(tx, str(claims["iss"]), str(claims["sub"]))
        raise ForbiddenError("There is no role here for this person.")
    sessions.enter(request, answer, found, provider_hint=id_token)
    target: str = held["target"]
    return target


def _provider(request: Request) -> Provider:
    found = services.of(request).provider
    if found is None:
        raise NotFoundError("This deployment has no identity provider.")
    return found


def _sent(state: str | None) -> bytes:
    return (state or "").encode("utf-8", "surrogatepass")
