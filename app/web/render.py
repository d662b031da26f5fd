"""Templates: one environment, strict about missing values, speaking the language of the request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.permissions import Actor, May
from app.web import i18n, places, static_files, visits
from app.web.i18n import gettext
from app.web.packing import PACKED, pack, takes_gzip

LANGUAGE_COOKIE: Final = "lang"
YEAR_S: Final = 365 * 24 * 60 * 60


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["ext.i18n.trimmed"] = True  # as babel.cfg says, else the texts are not found
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        i18n.gettext, i18n.ngettext, newstyle=True
    )
    environment.filters.update(
        number=i18n.number,
        percent=i18n.percent,
        area=i18n.area,
        day=i18n.day,
        short_day=i18n.short_day,
        moment=i18n.moment,
    )
    environment.globals.update(
        static=static_files.address,
        period=i18n.period,
        change_word=places.change_word,
        change_sentence=places.change_sentence,
    )
    return environment


environment: Final = _environment()


def navigation(visitor: Actor) -> list[tuple[str, str]]:
    """The pages a signed-in person can go to: address and name."""
    places = [
        (May.READ_HOTSPOTS, "/karta", gettext("Karta")),
        (May.READ_AUDIT, "/granskning", gettext("Granskning")),
        (May.READ_HOTSPOTS, "/anslut", gettext("Anslut")),
        (May.ADMINISTER, "/nycklar", gettext("Nycklar")),
    ]
    return [(href, name) for may, href, name in places if visitor.may(may)]


def render(template: str, *, visitor: Actor | None, path: str, query: Mapping[str, str], **content: object) -> str:
    """Make a page, or a part of one, in the language being spoken.

    path and query are those of the request: the language link leads back to the same view. It says the query only,
    so that no address, however odd, can make it lead to another server.
    """
    other = i18n.other_language()
    return environment.get_template(template).render(
        visitor=visitor,
        path=path,
        language=i18n.language(),
        other_language=other,
        other_language_href=f"?{urlencode({**query, 'lang': other.code})}",
        navigation=navigation(visitor) if visitor else [],
        **content,
    )


def speak(request: Request) -> None:
    """Use the language this visitor wants for the rest of the request."""
    i18n.use_language(
        i18n.choose_language(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language"),
        )
    )


def page(
    request: Request, template: str, *, visitor: Actor | None, status: int = 200, **content: object
) -> HTMLResponse:
    """Answer with a page; a language asked for is remembered. The edge forbids every cache to keep it."""
    speak(request)
    html = render(template, visitor=visitor, path=request.url.path, query=dict(request.query_params), **content)
    is_packed = takes_gzip(request)
    body = pack(html.encode()) if is_packed else html.encode()
    answer = HTMLResponse(body, status, headers=PACKED if is_packed else None)
    if request.query_params.get("lang") in i18n.LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            i18n.language().code,
            max_age=YEAR_S,
            httponly=True,
            samesite="lax",
            secure=visits.is_https(request),
        )
    return answer
