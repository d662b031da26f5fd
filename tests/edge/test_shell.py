"""The outermost layer, around small applications that misbehave."""

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.edge.shell import HEADERS, Shell

LIMIT = 1_000
SECRET = "Hemligsson"


def asked(app: ASGIApp, method: str = "GET", *, is_https: bool = False, **request: Any) -> Any:
    """The answer of an application inside the shell."""
    client = TestClient(Shell(app, max_body_bytes=LIMIT, max_upload_bytes=LIMIT, is_https=is_https))
    return client.request(method, "/", **request)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the body back."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(body, headers={"X-Method": scope["method"]})(scope, receive, send)


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Fail with what was sent in the message."""
    raise ValueError(SECRET)


async def broken_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Fail in the middle of the answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError(SECRET)


async def left(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Find that the client has gone."""
    raise ClientDisconnect


def test_an_answer_gets_the_headers_that_it_lacks() -> None:
    answer = asked(echo)
    assert answer.headers.items() >= {(k.lower(), v) for k, v in HEADERS.items()}
    assert "Strict-Transport-Security" not in answer.headers
    assert "max-age" in asked(echo, is_https=True).headers["Strict-Transport-Security"]


def test_a_fault_is_answered_and_logged_by_its_place_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked(broken)
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (line,) = (record.getMessage() for record in caplog.records if record.name == "app.edge.shell")
    assert "ValueError" in line
    assert "test_shell.py" in line
    assert SECRET not in answer.text + caplog.text


def test_a_fault_in_the_middle_of_an_answer_ends_the_connection_without_its_words() -> None:
    with pytest.raises(ConnectionAbortedError) as caught:
        asked(broken_off)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_client_that_left_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with pytest.raises(AssertionError):  # the test client misses its answer
        asked(left)
    assert not caplog.records


@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_a_body_up_to_the_limit_comes_through(size: int) -> None:
    assert asked(echo, "POST", content=b"x" * size).content == b"x" * size


@pytest.mark.parametrize("length", [str(LIMIT + 1), "-1", "1e3", "ett", "9" * 100, "9" * 5_000])
def test_a_length_that_is_too_much_or_none_is_refused(length: str) -> None:
    answer = asked(echo, "POST", content=b"x", headers={"Content-Length": length})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


def test_head_reaches_the_application_as_get_and_loses_its_body() -> None:
    answer = asked(echo, "HEAD")
    assert (answer.headers["X-Method"], answer.content) == ("GET", b"")
