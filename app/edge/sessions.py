"""Who is asking: a bearer token for programs, a session cookie for people at a page."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request, Response

from app.actions import accounts, sign_ins
from app.core.errors import NotSignedInError
from app.core.identities import identity_of
from app.core.limits import Kind
from app.core.permissions import Actor
from app.edge import limits, services
from app.edge.providers import Claims, Provider
from app.store.tx import Origin, Reader, ReadTx, WriteTx

LONGEST_SECRET = 200
READS = frozenset({"GET", "HEAD"})


def cookie_name(request: Request, name: str = "session") -> str:
    """Browsers hold a __Host- cookie to this host and to https; plain http on one machine cannot have it."""
    return f"__Host-{name}" if services.of(request).is_https else name


def set_cookie(request: Request, answer: Response, name: str, value: str, max_age_s: float) -> None:
    """A cookie that scripts do not see and other sites do not send with a write."""
    answer.set_cookie(
        cookie_name(request, name),
        value,
        max_age=int(max_age_s),
        path="/",
        secure=services.of(request).is_https,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, answer: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    is_https = services.of(request).is_https
    answer.delete_cookie(cookie_name(request, name), path="/", secure=is_https, httponly=True, samesite="lax")


def bearer(request: Request) -> str | None:
    """The token of an Authorization header; for reading also as the password of HTTP basic, whatever the name.

    Not for writing: browsers send a remembered password along by themselves.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and request.method in READS:
        try:
            return base64.b64decode(secret.strip(), validate=True).decode().partition(":")[2]
        except ValueError:  # not base64, or not UTF-8
            return None
    return secret.strip() if scheme.lower() == "bearer" else None


def visitor(request: Request) -> Actor | None:
    """The actor behind the session cookie; None when nobody is signed in."""
    return _signed_in(request, session_secret(request), is_session=True)


def session_secret(request: Request) -> str:
    """What the session cookie holds."""
    return request.cookies.get(cookie_name(request), "")


def actor(request: Request) -> Actor:
    """The actor behind the request. Raises NotSignedInError."""
    if "authorization" in request.headers:
        try:
            found = _holder(request, bearer(request) or "")
        except NotSignedInError:
            found = None
        if found is None:
            limits.check(request, Kind.SIGN_IN)
            raise NotSignedInError("The token is unknown, revoked or too old.")
        return found
    found = visitor(request)
    if found is None:
        raise NotSignedInError("Send a token: Authorization: Bearer <token>.")
    return found


def admitted(request: Request, provider: Provider, claims: Claims) -> Actor | None:
    """Whom these proved claims are about, with an account as the mapping says; None when it has no place for them."""
    database = services.of(request).database
    identity = identity_of(claims, provider.registration.mapping)
    if identity is None:
        return None
    found = database.identified(identity.issuer, identity.subject)
    if found is not None and (found.role, found.organisation) == (identity.role, identity.organisation):
        return found
    with database.write(sign_ins.doorkeeper(), origin(request)) as tx:
        sign_ins.admit(tx, identity, services.of(request).clock())
    return database.identified(identity.issuer, identity.subject)


def sign_in(request: Request, answer: Response, token: str) -> None:
    """Start a session for the token's actor. Raises NotSignedInError, TooManyError."""
    limits.check(request, Kind.SIGN_IN)
    found = _signed_in(request, token.strip(), is_session=False)
    if found is None:
        raise NotSignedInError("The token is unknown, revoked or too old.")
    enter(request, answer, found)


def enter(request: Request, answer: Response, found: Actor, provider_hint: str | None = None) -> None:
    """Start a session with a new secret, in place of any the browser had."""
    end(request)
    given = services.of(request)
    with given.database.write(found, origin(request)) as tx:
        secret = accounts.open_session(
            tx,
            given.clock(),
            lifetime=given.session_lifetime,
            idle=given.session_idle,
            provider_hint=provider_hint,
        )
    set_cookie(request, answer, "session", secret, given.session_lifetime.total_seconds())


def sign_out(request: Request, answer: Response) -> str | None:
    """End the session, if there is one; the hint by which the identity provider ends its own."""
    hint = end(request)
    drop_cookie(request, answer, "session")
    return hint


def end(request: Request) -> str | None:
    """Forget the session on the server, so that a copy of the cookie is worth nothing."""
    found = visitor(request)
    if found is None:
        return None
    with services.of(request).database.write(found, origin(request)) as tx:
        return accounts.close_session(tx, session_secret(request))


@contextmanager
def read(request: Request, reader: Actor) -> Iterator[ReadTx]:
    """One snapshot within the reader's scope. Raises TooManyError."""
    limits.check(request, Kind.READ, str(reader.id))
    with services.of(request).database.read(reader) as tx:
        yield tx


@contextmanager
def write(request: Request, writer: Actor) -> Iterator[WriteTx]:
    """One change within the writer's scope. Raises TooManyError."""
    count_write(request, writer)
    with services.of(request).database.write(writer, origin(request)) as tx:
        yield tx


def count_write(request: Request, writer: Actor) -> None:
    """Raises TooManyError."""
    limits.check(request, Kind.WRITE, str(writer.id))


def reader(request: Request, asking: Actor) -> Reader:
    """For reads that stand in the audit log before they begin. Raises TooManyError."""
    limits.check(request, Kind.READ, str(asking.id))
    return Reader(services.of(request).database, asking, origin(request))


def origin(request: Request) -> Origin:
    """Where the request came from, for the audit line."""
    address = request.client.host if request.client else None
    return Origin(request_id=request.scope.get("request_id"), address=address)


def _holder(request: Request, secret: str) -> Actor | None:
    """Who holds a bearer token: one of ours, or a signed one of the identity provider's."""
    provider = services.of(request).provider
    if provider is not None and secret.count(".") == 2:  # noqa: PLR2004 -- header, claims, signature; ours hold no dot
        return admitted(request, provider, provider.bearer_claims(secret))
    return _signed_in(request, secret, is_session=False)


def _signed_in(request: Request, secret: str, *, is_session: bool) -> Actor | None:
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    hashed = accounts.credential_hash(secret)
    return services.of(request).database.signed_in(hashed, is_session=is_session)
