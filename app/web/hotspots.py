"""The map page: the hot spots of the adopted run as a map and a ranked list, always in step."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from app.core.errors import NotFoundError, NotSignedInError
from app.core.permissions import Actor, May
from app.web import basemap, overview, visits
from app.web.i18n import language
from app.web.places import Bounds, Listing
from app.web.render import page, speak
from app.web.signing_in import sign_in_address

SWEDEN: Final[Bounds] = (10.9, 55.3, 24.2, 69.1)
DAY_S: Final = 24 * 60 * 60

router = APIRouter(include_in_schema=False)


@router.get("/karta")
def map_page(request: Request, plats: str | None = None) -> Response:
    """Show the map and the list; `plats` names the place whose details are open."""
    visitor = visits.visitor(request)
    if visitor is None:
        return RedirectResponse(sign_in_address(_here(request)), 303)
    if not visitor.may(May.READ_HOTSPOTS):
        return page(request, "not_for_role.html", visitor=visitor, status=403)
    listing = visits.adopted_listing(request, visitor)
    if listing is None:
        return page(request, "no_run.html", visitor=visitor, may_adopt=visitor.may(May.ADOPT_ANALYSES))
    return _map(request, visitor, listing, plats)


def _map(request: Request, visitor: Actor, listing: Listing, wanted: str | None) -> HTMLResponse:
    path = visits.basemap_path(request)
    background = basemap.background(path)
    chosen = listing.find(wanted) if wanted else None
    speak(request)
    is_lost = bool(wanted) and chosen is None
    return page(
        request,
        "map.html",
        visitor=visitor,
        status=404 if is_lost else 200,
        listing=listing,
        chosen=chosen,
        may_review=visitor.may(May.REVIEW_INCIDENTS),
        rhythm=visits.rhythm_of(request, visitor, listing.run, chosen) if chosen else None,
        life=visits.life_of(request, visitor, chosen) if chosen else None,
        is_lost=is_lost,
        drawing=overview.draw(listing, background),
        bounds=listing.bounds() or background.bounds or SWEDEN,
        has_basemap=background is not basemap.NOTHING,
        attribution=background.attribution.get(language().code),
    )


@router.get("/karta/plats/{place_id}")
def place_details(request: Request, place_id: str, hx_request: Annotated[str | None, Header()] = None) -> Response:
    """The details of one place, to be put into the map page; elsewhere, the page with them open."""
    whole_page = f"/karta?{urlencode({'plats': place_id})}"
    if hx_request is None:
        return RedirectResponse(whole_page, 303)
    visitor = visits.visitor(request)
    if visitor is None or not visitor.may(May.READ_HOTSPOTS):
        return Response(status_code=401, headers={"HX-Redirect": sign_in_address(whole_page)})
    listing = visits.adopted_listing(request, visitor)
    chosen = listing.find(place_id) if listing else None
    if listing is None or chosen is None:
        # Another run was adopted since the page was opened: the whole page is out of date.
        return Response(status_code=404, headers={"HX-Redirect": "/karta"})
    rhythm = visits.rhythm_of(request, visitor, listing.run, chosen)
    life = visits.life_of(request, visitor, chosen)
    return page(request, "_place.html", visitor=visitor, listing=listing, chosen=chosen, rhythm=rhythm, life=life)


@router.get("/karta/bakgrund.geojson")
def basemap_file(request: Request) -> Response:
    """The background of the map as it is stored; packed files are sent packed."""
    if visits.visitor(request) is None:
        raise NotSignedInError("Sign in to see the map.")
    path = visits.basemap_path(request)
    if path is None or not path.is_file():
        raise NotFoundError("This deployment has no basemap: the map is drawn without a background")
    headers = {"Cache-Control": f"private, max-age={DAY_S}"}
    if basemap.is_packed(path):
        headers["Content-Encoding"] = "gzip"
    return FileResponse(path, media_type="application/geo+json", headers=headers)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
