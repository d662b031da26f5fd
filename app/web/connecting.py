"""The page that tells how a map program, a spreadsheet or a script reaches the data: addresses ready to paste."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.features import COLLECTIONS
from app.web import visits
from app.web.i18n import language
from app.web.render import page, speak
from app.web.signing_in import sign_in_address
from app.web.tokens import collection_name, precision_name

ADDRESS: Final = "/anslut"

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def connecting_page(request: Request) -> Response:
    """Links for the reader's own programs, filled in with this address and what the reader may see."""
    visitor = visits.visitor(request)
    if visitor is None:
        return RedirectResponse(sign_in_address(ADDRESS), 303)
    speak(request)
    code = language().code
    root = str(request.base_url).rstrip("/")
    listed = [
        (each.id, each.title.in_language(code), each.description.in_language(code))
        for each in COLLECTIONS.values()
        if each.is_open_to(visitor)
    ]
    return page(
        request,
        "connecting.html",
        visitor=visitor,
        root=root,
        ogc=f"{root}/ogc",
        layers=listed,
        first=listed[0][0],
        scope=[collection_name(name) for name in visitor.token.collections],
        precision=precision_name(visitor.token.precision),
    )
