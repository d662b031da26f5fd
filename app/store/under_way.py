"""The queries that a request has under way, so that they can be cancelled when nobody waits for the answer.

The edge makes a `Queries` for each request; every transaction of that request announces its connection here. A
connection that was cancelled is thrown away: the cancelling might still reach the next one to use it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg
from sqlalchemy import Connection

from app.core.errors import BusyError

CANCEL_S = 5.0


class Queries:
    """The connections at work for one request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: set[psycopg.Connection] = set()
        self._is_left = False

    def cancel(self) -> None:
        """Nobody waits any longer: stop what runs, and let nothing more begin. From any thread."""
        with self._lock:  # held, so that no connection is given back while it is being cancelled
            self._is_left = True
            for connection in self._connections:
                connection.cancel_safe(timeout=CANCEL_S)

    @contextmanager
    def on(self, conn: Connection) -> Iterator[None]:
        """A transaction on this connection. Raises BusyError when the client left before its end."""
        driver = conn.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise TypeError("only psycopg's connections can be cancelled")
        self._begin(driver)
        is_left = False
        try:
            yield
        finally:
            is_left = self._end(driver)
            if is_left:
                conn.invalidate()
        if is_left:
            raise _left()

    def _begin(self, driver: psycopg.Connection) -> None:
        with self._lock:
            if self._is_left:
                raise _left()
            self._connections.add(driver)

    def _end(self, driver: psycopg.Connection) -> bool:
        """Whether the connection may have been cancelled."""
        with self._lock:
            self._connections.discard(driver)
            return self._is_left


of_request: ContextVar[Queries | None] = ContextVar("queries of the request", default=None)


@contextmanager
def cancellable(conn: Connection) -> Iterator[None]:
    """A transaction that ends early when the request it belongs to, if any, is given up."""
    queries = of_request.get()
    if queries is None:
        yield
        return
    with queries.on(conn):
        yield


def _left() -> BusyError:
    return BusyError("The client left; nothing was stored.")
