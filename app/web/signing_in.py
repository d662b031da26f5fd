"""Signing in and out: at the identity provider, with a password, or with a token. All end in a session cookie."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.errors import ForbiddenError, InvalidError, NotSignedInError, ProviderError
from app.web import visits
from app.web.i18n import gettext
from app.web.render import page, speak

START: Final = "/karta"
CALLBACK: Final = "/logga-in/svar"
SIGNED_OUT: Final = "/utloggad"
TOO_LARGE_TARGET: Final = 1_000  # the way back travels in a cookie

router = APIRouter(include_in_schema=False)


@router.get("/")
def start(request: Request) -> RedirectResponse:
    """Lead to the first page this visitor can use."""
    return RedirectResponse(START if visits.visitor(request) else "/logga-in", 303)


@router.get("/logga-in")
def sign_in_page(request: Request, next: str = START) -> HTMLResponse:  # noqa: A002  (the word in the address)
    """Offer the ways in."""
    return _form(request, own_path(next))


@router.post("/logga-in")
def sign_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = START,  # noqa: A002
) -> Response:
    """Exchange a token, or a username and password, for a session, and go on to the page that was asked for."""
    speak(request)
    target = own_path(next)
    answer = RedirectResponse(target, 303)
    try:
        if username.strip() or password:
            if not (username.strip() and password):
                return _form(request, target, password_problem=gettext("Fyll i både användarnamn och lösenord."))
            visits.sign_in_with_password(request, answer, username, password)
        elif token.strip():
            visits.sign_in(request, answer, token.strip())
        else:
            return _form(request, target, gettext("Fyll i din åtkomstnyckel."))
    except NotSignedInError:
        if username.strip():
            return _form(request, target, password_problem=gettext("Användarnamnet eller lösenordet stämmer inte."))
        return _form(
            request,
            target,
            gettext("Nyckeln gäller inte. Kontrollera att du har fått med hela, från första till sista tecknet."),
        )
    return answer


@router.get("/logga-in/organisation")
def leave(request: Request, next: str = START) -> Response:  # noqa: A002
    """Go to the identity provider."""
    speak(request)
    answer = Response(status_code=303)
    try:
        answer.headers["Location"] = visits.leave_for_provider(request, answer, own_path(next))
    except ProviderError:
        return _refused(request, 502, *_provider_is_silent())
    return answer


@router.get(CALLBACK)
def come_back(request: Request) -> Response:
    """Return from the identity provider."""
    speak(request)
    answer = Response(status_code=303)
    try:
        answer.headers["Location"] = own_path(visits.come_back(request, answer))
    except InvalidError:
        return _refused(
            request,
            400,
            gettext("Inloggningen hann bli för gammal"),
            gettext("Den påbörjades i en annan webbläsare eller för längre sedan än tio minuter. Börja om."),
        )
    except NotSignedInError:
        return _refused(
            request,
            403,
            gettext("Inloggningen avbröts"),
            gettext("Ingen loggades in hos din organisation. Du kan försöka igen."),
        )
    except ForbiddenError:
        return _refused(
            request,
            403,
            gettext("Du har ingen roll i Lägesbild"),
            gettext(
                "Inloggningen hos din organisation gick bra, men ditt konto där är inte kopplat till någon roll här. Be"
                " den som sköter Lägesbild i din organisation att lägga till dig i rätt grupp. Logga sedan in igen."
            ),
        )
    except ProviderError:
        return _refused(request, 502, *_provider_is_silent())
    return answer


@router.post("/logga-ut")
def sign_out(request: Request) -> Response:
    """End the session, on the server as well as in the browser, and at the provider that began it."""
    speak(request)
    answer = RedirectResponse("/logga-in", 303)
    away = visits.sign_out(request, answer)
    if away is None:
        return answer
    # A page that leads on, no redirect: browsers hold a form's redirects to the policy's form-action.
    shown = page(request, "signed_out.html", visitor=None, away=away, provider=visits.provider_name(request))
    shown.raw_headers.extend(header for header in answer.raw_headers if header[0] == b"set-cookie")
    return shown


@router.get(SIGNED_OUT)
def signed_out(request: Request) -> HTMLResponse:
    """Say that it is done; the provider leads here."""
    return page(request, "signed_out.html", visitor=None, away=None, provider=visits.provider_name(request))


def sign_in_address(target: str) -> str:
    """The page where one signs in, to come back to this view."""
    return f"/logga-in?{urlencode({'next': target})}"


def own_path(wanted: str) -> str:
    """Where to go after signing in: a path on this server, never another's address."""
    is_own = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable() and "\\" not in wanted
    return wanted if is_own and len(wanted) <= TOO_LARGE_TARGET else START


def _form(
    request: Request, target: str, problem: str | None = None, *, password_problem: str | None = None
) -> HTMLResponse:
    return page(
        request,
        "sign_in.html",
        visitor=visits.visitor(request),
        status=200 if problem is None and password_problem is None else 422,
        target=target,
        problem=problem,
        password_problem=password_problem,
        provider=visits.provider_name(request),
        has_passwords=visits.has_passwords(request) or password_problem is not None,
    )


def _provider_is_silent() -> tuple[str, str]:
    return (
        gettext("Inloggningstjänsten svarar inte som den ska"),
        gettext("Vänta en stund och försök igen. Hjälper det inte: säg till den som sköter Lägesbild."),
    )


def _refused(request: Request, status: int, heading: str, text: str) -> HTMLResponse:
    shown = page(request, "sign_in_refused.html", visitor=None, status=status, heading=heading, text=text)
    visits.forget_attempt(request, shown)
    return shown
