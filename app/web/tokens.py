"""Tokens for programs: made, listed and revoked by those who administer accounts."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.disclosure import Precision
from app.core.errors import LagesbildError, NotFoundError, NotSignedInError
from app.core.permissions import Actor, Collection, May, Token, check_may
from app.web import visits
from app.web.i18n import gettext
from app.web.render import page, speak
from app.web.signing_in import sign_in_address

ADDRESS: Final = "/nycklar"
SPANS_DAYS: Final = (30, 90, 365, 730)

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def tokens_page(request: Request) -> Response:
    """The tokens, and a form for a new one."""
    if visits.visitor(request) is None:
        return RedirectResponse(sign_in_address(ADDRESS), 303)
    return _page(request, _administrator(request))


@router.post(ADDRESS)
def make_token(
    request: Request,
    *,
    account: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    collections: Annotated[list[str] | None, Form()] = None,
    precision: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "365",
) -> Response:
    """Make a token and show its secret, this once."""
    visitor = _administrator(request)
    token = Token(
        collections=tuple(c for c in Collection if c in (collections or ())),
        precision=next((p for p in Precision if p == precision), None),
        ends_at=visits.now(request) + timedelta(days=next((d for d in SPANS_DAYS if str(d) == days), SPANS_DAYS[0])),
    )
    if not name.strip():
        return _page(request, visitor, problem=gettext("Skriv vad nyckeln ska användas till."))
    try:
        secret = visits.make_token(request, visitor, account, name, token)
    except NotFoundError:
        return _page(request, visitor, problem=gettext("Välj ett konto i listan."))
    except LagesbildError:
        return _page(request, visitor, problem=gettext("Skriv vad nyckeln ska användas till, med vanliga tecken."))
    return _page(request, visitor, secret=secret)


@router.post(ADDRESS + "/{token_id:uuid}/aterkalla")
def revoke_token(request: Request, token_id: UUID) -> Response:
    """Make a token useless at once."""
    visitor = _administrator(request)
    visits.revoke_token(request, visitor, token_id)
    return RedirectResponse(ADDRESS, 303)


def collection_name(collection: str) -> str:
    """A collection as people call it."""
    return {
        "incidents": gettext("händelser"),
        "hotspots": gettext("hotspots"),
        "analyses": gettext("analyser"),
    }[collection]


def precision_name(precision: str | None) -> str:
    """How exactly places are shown."""
    return {
        "exact": gettext("exakta lägen"),
        "snapped": gettext("lägen flyttade till närmaste gemensamma punkt"),
        "area": gettext("bara område"),
        None: gettext("som rollen"),
    }[precision]


def _administrator(request: Request) -> Actor:
    """The visitor, if that is somebody who may be here. Raises NotSignedInError, ForbiddenError."""
    speak(request)
    visitor = visits.visitor(request)
    if visitor is None:
        raise NotSignedInError("Sign in first.")
    check_may(visitor, May.ADMINISTER)
    return visitor


def _page(request: Request, visitor: Actor, *, secret: str | None = None, problem: str | None = None) -> Response:
    tokens, accounts = visits.tokens_and_accounts(request, visitor)
    return page(
        request,
        "tokens.html",
        visitor=visitor,
        status=422 if problem else 200 if secret is None else 201,
        tokens=tokens,
        accounts=accounts,
        secret=secret,
        problem=problem,
        collections=[(c, collection_name(c)) for c in Collection],
        precisions=[(p or "", precision_name(p)) for p in (None, *Precision)],
        collection_name=collection_name,
        precision_name=precision_name,
        spans=SPANS_DAYS,
    )
