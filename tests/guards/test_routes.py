"""Every route asks who is there, or is public on purpose."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.edge import sessions

PUBLIC = {
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/health/ready"),
    ("GET", "/"),  # leads to the sign-in page or to the map
    ("GET", "/logga-in"),
    ("POST", "/logga-in"),
    ("GET", "/logga-in/organisation"),  # leads to the identity provider
    ("GET", "/logga-in/svar"),  # and back
    ("POST", "/logga-ut"),
    ("GET", "/utloggad"),
    ("GET", "/tillganglighet"),
    ("GET", "/static/{content_version}/{path:path}"),
}
SOME_ID = "00000000-0000-4000-8000-000000000000"


def routes(application: FastAPI) -> list[tuple[str, str, Any]]:
    """method, path and dependencies of everything that is served."""
    found = [
        (method, str(route.path), getattr(route, "dependant", None))
        for route in iter_route_contexts(application.routes)
        for method in sorted(route.methods or {"GET"})
        if method != "HEAD"
    ]
    assert len(found) > 20
    return found


def asked(dependant: Any) -> Iterator[Any]:
    """Everything that is called before the route."""
    for below in dependant.dependencies if dependant else ():
        yield below.call
        yield from asked(below)


def test_every_route_of_the_api_depends_on_an_actor(application: FastAPI) -> None:
    without = {
        (method, path)
        for method, path, dependant in routes(application)
        if path.startswith("/api/") and sessions.actor not in set(asked(dependant))
    }
    assert without == {(method, path) for method, path in PUBLIC if path.startswith("/api/")}


def test_the_public_list_names_only_routes_that_there_are(application: FastAPI) -> None:
    assert {(method, path) for method, path, _ in routes(application)} > PUBLIC


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_without_signing_in_nothing_but_the_public_list_is_served(
    application: FastAPI, headers: dict[str, str]
) -> None:
    tried = 0
    with TestClient(application, headers=headers) as client:
        for method, path, _ in routes(application):
            if (method, path) in PUBLIC:
                continue
            address = re.sub(r"\{[^}]+\}", SOME_ID, path)
            answer = client.request(method, address, json={} if method in {"POST", "PATCH", "PUT"} else None)
            leads_to_sign_in = answer.history and answer.url.path == "/logga-in"
            assert answer.status_code == 401 or leads_to_sign_in, (method, path, answer.status_code)
            tried += 1
    assert tried > 15


def test_a_write_is_never_a_get(application: FastAPI) -> None:
    writers = {
        path
        for method, path, dependant in routes(application)
        if method == "GET" and any(getattr(call, "__name__", "") == "_write" for call in asked(dependant))
    }
    assert writers == set()


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/incidents/not-an-id", "/karta/nowhere", "/.env"])
def test_what_is_not_there_tells_nothing(application: FastAPI, path: str) -> None:
    with TestClient(application, follow_redirects=False) as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text
