"""The accessibility statement that the Swedish act on digital public service asks for."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.web import visits
from app.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/tillganglighet")
def accessibility_statement(request: Request) -> HTMLResponse:
    """Open to everyone, signed in or not."""
    return page(
        request, "accessibility.html", visitor=visits.visitor(request), code_version=visits.code_version(request)
    )
