"""A client that leaves takes its query along; one that trickles is not waited for."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi import FastAPI

from app.edge import incoming
from tests.api.processes import served
from tests.api.wire import HOTSPOTS, INCIDENTS, rows
from tests.conftest import Database

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lagesbild' AND wait_event_type = 'Lock'"
    " AND datname = current_database()"
)
PATIENCE_S = 30  # of the test; what it waits for takes milliseconds


@contextmanager
def locked(database: Database, table: str) -> Iterator[psycopg.Connection]:
    """Nobody reads the table meanwhile. The connection watches what waits for it."""
    with psycopg.connect(database.conninfo()) as holder, psycopg.connect(database.conninfo(), autocommit=True) as other:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield other
        holder.rollback()


def becomes(conn: psycopg.Connection, wanted: int) -> bool:
    """Whether so many queries wait, before long."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        row = conn.execute(WAITING).fetchone()
        if row == (wanted,):
            return True
        time.sleep(0.02)
    return False


def sent(address: str, words: str) -> socket.socket:
    """A request on its way, as bytes."""
    parts = urlsplit(address)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE_S)
    connection.sendall(words.encode())
    return connection


def words(method: str, path: str, token: str, *more: str, body: str = "") -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *more]
    return "\r\n".join([*lines, "", body])


@pytest.mark.parametrize(("table", "method", "path"), [("adoptions", "GET", HOTSPOTS), ("incidents", "GET", INCIDENTS)])
def test_the_query_of_a_client_that_left_is_cancelled(
    live: str, database: Database, tokens: Mapping[str, str], table: str, method: str, path: str
) -> None:
    with locked(database, table) as conn:
        connection = sent(live, words(method, path, tokens["coordinator"]))
        assert becomes(conn, 1)
        connection.close()
        assert becomes(conn, 0)
    with sent(live, words(method, path, tokens["coordinator"], "Connection: close")) as again:
        assert again.recv(15) == b"HTTP/1.1 200 OK"


def test_a_write_that_waits_is_given_up_and_nothing_is_stored(
    live: str, database: Database, tokens: Mapping[str, str]
) -> None:
    body = (
        '{"category": "SKD", "occurred_from": "2026-11-09T12:00:00Z", "position": {"lon": 15.85, "lat": 59.65},'
        ' "source": "est-rapport"}'
    )
    headers = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    with locked(database, "incidents") as conn:
        connection = sent(live, words("POST", INCIDENTS, tokens["coordinator"], *headers, body=body))
        assert becomes(conn, 1)
        connection.close()
        assert becomes(conn, 0)
    assert rows(database) == 0


def test_clients_that_left_leave_all_connections_to_the_others(
    live: str, database: Database, tokens: Mapping[str, str]
) -> None:
    with locked(database, "incidents") as conn:
        connections = [sent(live, words("GET", INCIDENTS, tokens["coordinator"])) for _ in range(6)]
        assert becomes(conn, 6)  # as many as are let in
        for connection in connections:
            connection.close()
        assert becomes(conn, 0)
        with sent(live, words("GET", HOTSPOTS, tokens["coordinator"], "Connection: close")) as other:
            assert other.recv(15) == b"HTTP/1.1 200 OK"


@pytest.fixture
def impatient(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that waits a quarter of a second for a body."""
    monkeypatch.setattr(incoming, "PATIENCE_S", 0.25)
    with served(app) as address:
        yield address


def answer_of(connection: socket.socket) -> bytes:
    told = b""
    while piece := connection.recv(10_000):
        told += piece
    return told


Trickle = Callable[[socket.socket], None]


def test_a_body_that_does_not_come_is_not_waited_for(impatient: str, tokens: Mapping[str, str]) -> None:
    headers = ("Content-Type: application/json", "Content-Length: 1000")
    with sent(impatient, words("POST", INCIDENTS, tokens["coordinator"], *headers, body='{"cat')) as connection:
        told = answer_of(connection)  # and the server hangs up
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/too-slow" in told
    assert b"connection: close" in told.lower()


def test_a_body_that_trickles_is_not_waited_for_either(impatient: str, tokens: Mapping[str, str]) -> None:
    headers = ("Content-Type: application/json", "Content-Length: 1000")
    with sent(impatient, words("POST", INCIDENTS, tokens["coordinator"], *headers)) as connection:
        for _ in range(200):
            try:
                connection.sendall(b" ")
            except OSError:
                break  # hung up on
            time.sleep(0.02)
        else:
            pytest.fail("a byte now and then was waited for")
