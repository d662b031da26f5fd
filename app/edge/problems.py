"""Problem details (RFC 9457) for every error. The only place that turns errors into HTTP statuses."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.core import errors
from app.core.errors import FieldProblem, LagesbildError

log = logging.getLogger(__name__)

STATUS: dict[type[LagesbildError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.IdempotencyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TransitionError: HTTPStatus.CONFLICT,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SetupError: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA_TYPE = "application/problem+json"
MOST_PROBLEMS = 1_000
PLAIN_TITLES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
}


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
    return answer(
        STATUS[type(error)],
        type_=f"/problems/{error.code}",
        title=title,
        detail=error.message,
        items=error.problems,
    )


def of_validation(found: list[Any]) -> tuple[FieldProblem, ...]:
    """What pydantic found, without the values: they may be personal data."""
    return tuple(
        FieldProblem(
            ".".join(str(part) for part in p["loc"] if part not in {"body", "query", "path", "header"}),
            p["type"].replace("_", "-"),
            p["msg"],
        )
        for p in found
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors a route can answer, for the OpenAPI document; those that every route has are included."""
    everywhere = {401, 403, 413, 422, 503}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(everywhere | set(statuses))
    }


def install(app: FastAPI) -> None:
    """Answer every error with problem details; none with a stack trace."""

    @app.exception_handler(LagesbildError)
    def _ours(_request: Request, error: LagesbildError) -> JSONResponse:
        return of_error(error)

    @app.exception_handler(RequestValidationError)
    def _unreadable(_request: Request, error: RequestValidationError) -> JSONResponse:
        items = of_validation(list(error.errors()))
        return of_error(errors.InvalidError("The request is not valid.", items))

    @app.exception_handler(HTTPException)
    def _plain(_request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        title = PLAIN_TITLES.get(status, f"{status.phrase}.")
        slug = status.phrase.lower().replace(" ", "-")
        response = answer(status, type_=f"/problems/{slug}", title=title, detail=title)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def _unforeseen(_request: Request, error: Exception) -> JSONResponse:
        log.error("unforeseen error: %s", type(error).__name__)
        detail = "The fault is ours, not yours. Nothing was stored; the server's log says more."
        return answer(500, type_="/problems/internal", title="Something went wrong in the service.", detail=detail)
