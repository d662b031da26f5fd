"""What a person sees when something goes wrong: what happened, in words, and where to go from here."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.core.errors import LagesbildError
from app.core.permissions import Actor
from app.web import visits
from app.web.i18n import gettext
from app.web.render import page, speak
from app.web.signing_in import START, sign_in_address


@dataclass(frozen=True, slots=True)
class Message:
    """A heading, and what it means for the reader."""

    heading: str
    text: str


def answer(request: Request, status: int) -> Response:
    """The page for an HTTP status; for a missing sign-in the way there."""
    if "hx-request" in request.headers:
        # A part of a page that cannot be had is opened as a page of its own, which then says why.
        return Response(status_code=status, headers={"HX-Redirect": request.url.path})
    if status == HTTPStatus.UNAUTHORIZED:
        return RedirectResponse(sign_in_address(START), 303)
    speak(request)
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return page(
        request,
        "error.html",
        visitor=None if is_ours else _visitor(request),
        status=status,
        message=message_for(status),
        request_id=request.scope["request_id"] if is_ours else None,
    )


def message_for(status: int) -> Message:
    """What to say, in the language being spoken."""
    match status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return Message(
                gettext("Sidan finns inte"),
                gettext("Adressen leder ingenstans. Den kan vara felskriven, eller så är sidan borttagen."),
            )
        case HTTPStatus.FORBIDDEN:
            return Message(
                gettext("Det här får du inte göra"),
                gettext("Din roll tillåter det inte, eller så kom begäran från en annan webbplats. Inget har ändrats."),
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Message(
                gettext("För många försök"),
                gettext("Det kom många försök på kort tid. Vänta en minut och försök sedan igen. Inget har ändrats."),
            )
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return Message(
                gettext("Lägesbild kan inte svara just nu"),
                gettext("Vänta en stund och ladda sedan om sidan. Inget har ändrats."),
            )
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Message(
                gettext("Något gick fel hos oss"),
                gettext("Felet är vårt, inte ditt, och inget har ändrats. Försök gärna igen."),
            )
        case _:
            return Message(
                gettext("Det gick inte att läsa det som skickades"),
                gettext("Gå tillbaka, kontrollera det du fyllde i och försök igen. Inget har ändrats."),
            )


def _visitor(request: Request) -> Actor | None:
    """Who is signed in, if that can be told just now."""
    try:
        return visits.visitor(request)
    except LagesbildError:
        return None
