"""The web server in this process: bound before anything else starts, ready when it says so."""

import asyncio
import gc
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.errors import SetupError
from app.main import build_app
from app.settings import Settings

BACKLOG = 2048
MOST_CONNECTIONS = 1_000  # beyond that new ones are told to come again
HEADERS_S = 15.0
# A batch makes hundreds of thousands of objects that all live as long as it does. Python's collector would walk
# through them, and through all of the program, every 700 objects, and find nothing.
NEW_OBJECTS = 50_000


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket. Raises SetupError when the port is taken."""
    try:
        bound = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SetupError(f"Port {port} on {host} cannot be used ({why}); choose another with --port.") from error
    with bound:
        yield bound


def run(settings: Settings, bound: socket.socket, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the address when requests are answered."""
    app = build_app(settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    config = configured(app, trusted_proxies=settings.trusted_proxies)
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    try:
        _Server(config, lambda: ready(f"http://{shown}:{port}")).run(sockets=[bound])
    finally:
        app.state.services.database.engine.dispose()


def configured(app: FastAPI, *, trusted_proxies: str) -> uvicorn.Config:
    """How the server speaks HTTP. Only from trusted proxies is it believed who they speak for."""
    return uvicorn.Config(
        app,
        http=_Patient,
        ws="none",
        log_level="warning",
        access_log=False,  # addresses of pages may hold what somebody searched for
        server_header=False,
        date_header=True,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        limit_concurrency=MOST_CONNECTIONS,
    )


class _Patient(HttpToolsProtocol):
    """Hangs up on a connection that does not say within some seconds what it wants. Bodies: app.edge.incoming."""

    _shutting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._wait_no_longer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_longer()
        self._shutting = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _wait_no_longer(self) -> None:
        if self._shutting is not None:
            self._shutting.cancel()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()
