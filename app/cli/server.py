"""The web server in this process: bound before anything else starts, ready when it says so."""

import gc
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from app.core.errors import SetupError
from app.main import build_app
from app.settings import Settings

BACKLOG = 2048
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
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    try:
        _Server(config, lambda: ready(f"http://{shown}:{port}")).run(sockets=[bound])
    finally:
        app.state.services.database.engine.dispose()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()
