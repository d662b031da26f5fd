"""How the server speaks HTTP: whom it believes, and for how long it waits."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request

from app.cli import server


@contextmanager
def running(trusted_proxies: str = "") -> Iterator[tuple[str, int]]:
    """A small application, served as `lagesbild serve` does."""
    app = FastAPI()

    @app.get("/")
    def who(request: Request) -> str:
        return f"{request.url.scheme} {request.client.host if request.client else ''}"

    with socket.create_server(("127.0.0.1", 0)) as bound:
        served = uvicorn.Server(server.configured(app, trusted_proxies=trusted_proxies))
        thread = threading.Thread(target=served.run, kwargs={"sockets": [bound]})
        thread.start()
        while not served.started:
            time.sleep(0.01)
        yield bound.getsockname()
        served.should_exit = True
        thread.join()


def told(address: tuple[str, int], *pieces: bytes) -> bytes:
    """What the server says until it hangs up."""
    with socket.create_connection(address, timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        try:
            while piece := connection.recv(10_000):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def seen(address: tuple[str, int], forwarded: str) -> str:
    """Whom the application takes the client for."""
    head = f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: {forwarded}\r\nX-Forwarded-Proto: https"
    return told(address, f"{head}\r\n\r\n".encode()).rpartition(b"\r\n")[2].decode().strip('"')


def test_nobody_is_believed_who_they_speak_for() -> None:
    with running() as address:
        assert seen(address, "10.9.8.7") == "http 127.0.0.1"


def test_a_proxy_is_believed_for_the_last_address_and_not_for_what_a_client_put_before_it() -> None:
    with running("127.0.0.1") as address:
        assert seen(address, "10.9.8.7") == "https 10.9.8.7"
        assert seen(address, "1.1.1.1, 10.9.8.7") == "https 10.9.8.7"
    with running("10.0.0.1") as address:
        assert seen(address, "10.9.8.7") == "http 127.0.0.1"


@pytest.mark.parametrize(
    "start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /"]
)
def test_a_request_that_does_not_come_is_not_waited_for(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADERS_S", 0.2)
    with running() as address:
        answer = told(address, start)  # returns only when the server hangs up
    assert answer == b"" or start.endswith(b"GET /")


def test_the_server_does_not_say_what_it_is() -> None:
    with running() as address:
        answer = told(address, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"server:" not in answer.lower()
    assert b"uvicorn" not in answer.lower()
