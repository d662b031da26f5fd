"""Changing one's own password, for those who sign in with one."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.errors import InvalidError, NotFoundError
from app.core.permissions import Actor
from app.web import visits
from app.web.i18n import gettext
from app.web.render import page, speak
from app.web.signing_in import sign_in_address

ADDRESS = "/konto/losenord"

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def password_page(request: Request) -> Response:
    """Ask for the present password and the new one."""
    visitor = visits.visitor(request)
    if visitor is None:
        return RedirectResponse(sign_in_address(ADDRESS), 303)
    if not visits.has_password(request, visitor):
        raise NotFoundError("This account has no password.")
    return _form(request, visitor)


@router.post(ADDRESS)
def change_password(
    request: Request,
    current: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
) -> Response:
    """Change it; every other session of the account ends."""
    speak(request)
    visitor = visits.visitor(request)
    if visitor is None:
        return RedirectResponse(sign_in_address(ADDRESS), 303)
    try:
        visits.change_password(request, visitor, current, new)
    except InvalidError as error:
        return _form(request, visitor, problem=_sentence(error.problems[0].code))
    return _form(request, visitor, is_done=True)


def _form(request: Request, visitor: Actor, *, problem: str | None = None, is_done: bool = False) -> HTMLResponse:
    status = 422 if problem else 200
    return page(request, "password.html", visitor=visitor, status=status, problem=problem, is_done=is_done)


def _sentence(code: str) -> str:
    return {
        "wrong": gettext("Det nuvarande lösenordet stämmer inte."),
        "too-short": gettext("Det nya lösenordet är för kort. Ta minst tolv tecken; flera ord är lätta att minnas."),
        "too-long": gettext("Det nya lösenordet är för långt. Ta högst 200 tecken."),
        "too-plain": gettext("Samma få tecken, eller tangenter i rad, gissas genast. Ta något annat."),
        "too-common": gettext("Det hör till de första lösenord som någon skulle pröva. Flera ovanliga ord är bättre."),
        "holds-name": gettext("Låt ditt namn och ditt användarnamn vara utanför lösenordet."),
    }[code]
