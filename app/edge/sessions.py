"""Who is asking: a bearer token for programs, a session cookie for people at a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.actions import accounts
from app.core.errors import ForbiddenError, NotSignedInError
from app.core.permissions import Actor
from app.edge import services
from app.store.tx import Origin, Reader, ReadTx

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LONGEST_SECRET = 200


def cookie_name(request: Request) -> str:
    """Browsers hold a __Host- cookie to this host and to https; plain http on one machine cannot have it."""
    return "__Host-session" if services.of(request).is_https else "session"


def bearer(request: Request) -> str | None:
    """The token of an Authorization header."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def visitor(request: Request) -> Actor | None:
    """The actor behind the session cookie; None when nobody is signed in."""
    secret = request.cookies.get(cookie_name(request), "")
    return _signed_in(request, secret, is_session=True)


def actor(request: Request) -> Actor:
    """The actor behind the request. Raises NotSignedInError."""
    if "authorization" in request.headers:
        found = _signed_in(request, bearer(request) or "", is_session=False)
        if found is None:
            raise NotSignedInError("The token is unknown, revoked or too old.")
        return found
    found = visitor(request)
    if found is None:
        raise NotSignedInError("Send a token: Authorization: Bearer <token>.")
    check_same_site(request)
    return found


def check_same_site(request: Request) -> None:
    """Refuse a write that another site makes a signed-in browser send."""
    if request.method in SAFE_METHODS:
        return
    came_from = request.headers.get("origin")
    if came_from is None:
        is_ours = request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
    else:
        is_ours = urlsplit(came_from).netloc == request.headers.get("host")
    if not is_ours:
        raise ForbiddenError("The request came from another site.")


def sign_in(request: Request, answer: Response, token: str) -> Actor:
    """Start a session for the token's actor, in place of any the browser had. Raises NotSignedInError."""
    check_same_site(request)
    found = _signed_in(request, token.strip(), is_session=False)
    if found is None:
        raise NotSignedInError("The token is unknown, revoked or too old.")
    _end_session(request)
    given = services.of(request)
    with given.database.write(found, origin(request)) as tx:
        secret = accounts.open_session(tx, given.clock())
    answer.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(accounts.SESSION_LIFETIME.total_seconds()),
        path="/",
        secure=given.is_https,
        httponly=True,
        samesite="lax",
    )
    return found


def sign_out(request: Request, answer: Response) -> None:
    """End the session, if there is one."""
    check_same_site(request)
    _end_session(request)
    answer.delete_cookie(cookie_name(request), path="/", secure=services.of(request).is_https, httponly=True)


def _end_session(request: Request) -> None:
    """Forget the session on the server, so that a copy of the cookie is worth nothing."""
    found = visitor(request)
    if found is not None:
        with services.of(request).database.write(found, origin(request)) as tx:
            accounts.close_session(tx, request.cookies[cookie_name(request)])


@contextmanager
def read(request: Request, reader: Actor) -> Iterator[ReadTx]:
    """One snapshot within the reader's scope."""
    with services.of(request).database.read(reader) as tx:
        yield tx


def reader(request: Request, asking: Actor) -> Reader:
    """For reads that stand in the audit log before they begin."""
    return Reader(services.of(request).database, asking, origin(request))


def origin(request: Request) -> Origin:
    """Where the request came from, for the audit line."""
    address = request.client.host if request.client else None
    return Origin(request_id=request.scope.get("request_id"), address=address)


def _signed_in(request: Request, secret: str, *, is_session: bool) -> Actor | None:
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    hashed = accounts.credential_hash(secret)
    return services.of(request).database.signed_in(hashed, is_session=is_session)
