"""Signing in with a token, and out: the token is exchanged for a session cookie and not kept."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.errors import NotSignedInError
from app.web import visits
from app.web.i18n import gettext
from app.web.render import page, speak

START: Final = "/karta"

router = APIRouter(include_in_schema=False)


@router.get("/")
def start(request: Request) -> RedirectResponse:
    """Lead to the first page this visitor can use."""
    return RedirectResponse(START if visits.visitor(request) else "/logga-in", 303)


@router.get("/logga-in")
def sign_in_page(request: Request, next: str = START) -> HTMLResponse:  # noqa: A002  (the word in the address)
    """Ask for a token."""
    return _form(request, own_path(next))


@router.post("/logga-in")
def sign_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = START,  # noqa: A002
) -> Response:
    """Exchange a token for a session, and go on to the page that was asked for."""
    speak(request)
    target = own_path(next)
    if not token.strip():
        return _form(request, target, gettext("Fyll i din åtkomstnyckel."))
    answer = RedirectResponse(target, 303)
    try:
        visits.sign_in(request, answer, token.strip())
    except NotSignedInError:
        return _form(
            request,
            target,
            gettext("Nyckeln gäller inte. Kontrollera att du har fått med hela, från första till sista tecknet."),
        )
    return answer


@router.post("/logga-ut")
def sign_out(request: Request) -> RedirectResponse:
    """End the session, on the server as well as in the browser."""
    answer = RedirectResponse("/logga-in", 303)
    visits.sign_out(request, answer)
    return answer


def sign_in_address(target: str) -> str:
    """The page where one signs in, to come back to this view."""
    return f"/logga-in?{urlencode({'next': target})}"


def own_path(wanted: str) -> str:
    """Where to go after signing in: a path on this server, never another's address."""
    is_own = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable() and "\\" not in wanted
    return wanted if is_own else START


def _form(request: Request, target: str, problem: str | None = None) -> HTMLResponse:
    return page(
        request,
        "sign_in.html",
        visitor=visits.visitor(request),
        status=200 if problem is None else 422,
        target=target,
        problem=problem,
    )
