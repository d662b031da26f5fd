"""Problem details (RFC 9457) for every error, or a page. The only place that turns errors into HTTP statuses."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.core import errors
from app.core.errors import FieldProblem, LagesbildError

STATUS: dict[type[LagesbildError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ParameterError: HTTPStatus.BAD_REQUEST,
    errors.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.IdempotencyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TransitionError: HTTPStatus.CONFLICT,
    errors.UnreadableFileError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooSlowError: HTTPStatus.REQUEST_TIMEOUT,
    errors.ElsewhereError: HTTPStatus.MISDIRECTED_REQUEST,
    errors.BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ProviderError: HTTPStatus.BAD_GATEWAY,
    errors.SetupError: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA_TYPE = "application/problem+json"
MOST_PROBLEMS = 1_000
FOR_PROGRAMS = ("/api/", "/ogc/")
FOR_MAP_CLIENTS = "/ogc"  # some of them know no other way to sign in than a name and a password
BASIC = 'Basic realm="lagesbild", charset="UTF-8"'
ErrorPage = Callable[[Request, int], Response]
PLAIN_TITLES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send the body as application/json, not compressed.",
}
_WHERE = {"body", "query", "path", "header"}
_WEIGHT = re.compile(r"[01](\.[0-9]{0,3})?")
_NO_OBJECT = ("model-type", "Give an object with named fields")
_WORDED = {"model_type": _NO_OBJECT, "model_attributes_type": _NO_OBJECT}  # pydantic's words depend on who asks it
_NAME = re.compile(r"[A-Za-z_-]{1,40}")  # how names of fields look; others may be content gone astray


class ProblemItem(BaseModel):
    """One thing wrong with one value."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """Problem details as in RFC 9457. `type` tells the kind of error, `errors` names the fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemItem] | None = None
    error_count: int | None = None


def answer(status: int, *, type_: str, title: str, detail: str, items: tuple[FieldProblem, ...] = ()) -> JSONResponse:
    """One problem as an HTTP answer."""
    body: dict[str, Any] = {"type": type_, "title": title, "status": status, "detail": detail}
    if items:
        body["errors"] = [{"field": i.field, "code": i.code, "message": i.message} for i in items[:MOST_PROBLEMS]]
        body["error_count"] = len(items)
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="lagesbild"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def of_error(error: LagesbildError) -> JSONResponse:
    """One of the project's own errors."""
    title = (type(error).__doc__ or "").strip().splitlines()[0]
    told = answer(
        STATUS[type(error)],
        type_=f"/problems/{error.code}",
        title=title,
        detail=error.message,
        items=error.problems,
    )
    if isinstance(error, errors.TooManyError):
        told.headers["Retry-After"] = str(error.retry_after_s)
    return told


def of_validation(found: list[Any]) -> tuple[FieldProblem, ...]:
    """What pydantic found, without the values: they may be personal data."""
    return tuple(
        FieldProblem(_field(p["loc"]), *_WORDED.get(p["type"], (p["type"].replace("_", "-"), p["msg"]))) for p in found
    )


def _field(place: tuple[int | str, ...]) -> str:
    """Where it stands, in the sender's words: without where FastAPI looked and "(which form)" pydantic tried."""
    return ".".join(_part(part) for part in place if part not in _WHERE and str(part)[:1] != "(")


def _part(part: int | str) -> str:
    return str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?"


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors a route can answer, for the OpenAPI document; those that every route has are included."""
    everywhere = {401, 403, 413, 422, 429, 502, 503}
    return described(*everywhere, *statuses)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors as problem details, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(set(statuses))
    }


def install(app: FastAPI, *, page: ErrorPage) -> None:
    """Answer every error with problem details or, to people, with a page; none with a stack trace."""
    app.state.error_page = page

    @app.exception_handler(LagesbildError)
    def _ours(request: Request, error: LagesbildError) -> Response:
        return suited(request, of_error(error))

    @app.exception_handler(RequestValidationError)
    def _unreadable(request: Request, error: RequestValidationError) -> Response:
        items = of_validation(list(error.errors()))
        return suited(request, of_error(errors.InvalidError("The request is not valid.", items)))

    @app.exception_handler(HTTPException)
    def _plain(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        title = PLAIN_TITLES.get(status, f"{status.phrase}.")
        slug = status.phrase.lower().replace(" ", "-")
        response = answer(status, type_=f"/problems/{slug}", title=title, detail=title)
        response.headers.update(error.headers or {})
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(sorted(_methods_at(request)))
        return suited(request, response)


def suited(request: Request, told: JSONResponse) -> Response:
    """The problem as it is for programs; a page that says the same for people at a browser."""
    if not wants_page(request):
        if told.status_code == HTTPStatus.UNAUTHORIZED and request.url.path.startswith(FOR_MAP_CLIENTS):
            told.headers.append("WWW-Authenticate", BASIC)
        return told
    page: ErrorPage = request.app.state.error_page
    shown = page(request, told.status_code)
    for name in ("Allow", "Retry-After"):
        if name in told.headers:
            shown.headers[name] = told.headers[name]
    return shown


def wants_page(request: Request) -> bool:
    """Whether HTML is wanted, and more than JSON: so a browser asks when it opens an address."""
    if request.url.path.startswith(FOR_PROGRAMS):
        return False
    wanted = dict(weighed(part) for part in request.headers.get("accept", "").lower().split(","))
    return wanted.get("text/html", 0.0) > max(wanted.get(kind, 0.0) for kind in ("application/json", MEDIA_TYPE))


def weighed(part: str) -> tuple[str, float]:
    """A media type of an Accept header and how much it is wanted."""
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    weight = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    return kind, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


def _methods_at(request: Request) -> set[str]:
    """All methods of an address; the router names only those of the first route that it finds there."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.url.path):
            found |= set(route.methods or ())
    return found | {"HEAD"} if "GET" in found else found


def unforeseen() -> JSONResponse:
    """The answer when the fault is ours."""
    detail = "The fault is ours, not yours. Nothing was stored; the server's log says more."
    return answer(500, type_="/problems/internal", title="Something went wrong in the service.", detail=detail)
