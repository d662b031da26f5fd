"""JSON bodies, read strictly, so that everybody who reads the same bytes finds the same in them.

Python's own reader takes UTF-16 too, lets the last of two equal names win, and gives up on deep nesting with
an error of its own; none of that reaches a route.
"""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from app.core.errors import FieldProblem, InvalidError

MOST_MEMBERS = 100  # of one object; nothing that is taken in has nearly as many


def parsed(body: bytes) -> Any:
    """The value of a JSON text in UTF-8. NaN and Infinity are read, for the rules about values to refuse.

    Raises InvalidError.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise _unreadable("not-utf-8", "Send the body as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise _unreadable("not-json", f"The body is not JSON at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise _unreadable("too-deep", "The body is nested too deeply.") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise _unreadable("number-too-long", "The body holds a number of too many digits.") from error


def check_headers(headers: Headers) -> None:
    """Only JSON, and not compressed. Raises HTTPException 415."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, headers={"Accept-Encoding": "identity"})
    kind, _, form = headers.get("content-type", "").partition(";")[0].strip().lower().partition("/")
    if kind != "application" or form.rpartition("+")[2] != "json":  # application/json, application/geo+json
        raise HTTPException(415)


class JsonRoute(APIRoute):
    """A route whose body is read by this module; FastAPI is handed the value and checks it against the model.

    All of the body is here before anything else happens: a slow sender holds no slot and no connection. Which body it
    is matters where one is taken: there the route documents a 415.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own."""
        handle = super().get_route_handler()
        is_modelled = self.body_field is not None
        takes_body = HTTPStatus.UNSUPPORTED_MEDIA_TYPE in self.responses

        async def read_first(request: Request) -> Response:
            ours = _JsonRequest(request.scope, request.receive)
            await ours.read(takes_body=takes_body, is_modelled=is_modelled)
            return await handle(ours)

        return read_first


class _JsonRequest(Request):
    _value: Any = None

    async def read(self, *, takes_body: bool, is_modelled: bool) -> None:
        body = await self.body()
        if body and takes_body:
            check_headers(self.headers)
        if body and is_modelled:
            self._value = await run_in_threadpool(parsed, body)

    async def json(self) -> Any:
        return self._value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _unreadable("doubled-name", "An object in the body holds the same name twice.")
    if len(pairs) > MOST_MEMBERS:
        raise _unreadable("too-many-members", f"An object in the body has more than {MOST_MEMBERS} members.")
    return members


def _unreadable(code: str, sentence: str) -> InvalidError:
    return InvalidError(sentence, (FieldProblem("", code, sentence),))
