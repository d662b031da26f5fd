"""What routes ask for. Transactions end before the answer is sent, so that an answer never lies about a commit."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, Request

from app.core.errors import BusyError
from app.core.permissions import Actor
from app.edge import services, sessions
from app.edge.services import Services
from app.store import tx as store

SLOT_WAIT_S = 15


async def _slot(request: Request) -> AsyncIterator[None]:
    """Wait for a turn at the database, holding neither a thread nor a connection.

    A transaction begins, works and ends in three turns of a thread. Where more requests than connections are let
    in, those that wait for a connection take all threads, and those that hold one get no turn to finish.
    """
    slots = services.of(request).slots
    try:
        async with asyncio.timeout(SLOT_WAIT_S):
            await slots.acquire()
    except TimeoutError as error:
        raise BusyError("Too many requests are waiting; try again in a moment.") from error
    try:
        yield
    finally:
        slots.release()


Slot = Depends(_slot, scope="function")  # for a router: before everything else that a route asks for
CurrentServices = Annotated[Services, Depends(services.of)]
CurrentActor = Annotated[Actor, Depends(sessions.actor)]


def _read(request: Request, actor: CurrentActor) -> Iterator[store.ReadTx]:
    with sessions.read(request, actor) as tx:
        yield tx


def _write(request: Request, actor: CurrentActor) -> Iterator[store.WriteTx]:
    with sessions.write(request, actor) as tx:
        yield tx


def _writer(request: Request, actor: CurrentActor) -> Actor:
    sessions.count_write(request, actor)
    return actor


def _reader(request: Request, actor: CurrentActor) -> store.Reader:
    return sessions.reader(request, actor)


# scope="function": the exit code, the commit, runs before the answer leaves; a failing commit is an error.
ReadTx = Annotated[store.ReadTx, Depends(_read, scope="function")]
Reader = Annotated[store.Reader, Depends(_reader)]  # begins its transactions itself: reads of exact positions
CurrentWriter = Annotated[Actor, Depends(_writer)]  # begins its transaction itself: when a file has arrived
WriteTx = Annotated[store.WriteTx, Depends(_write, scope="function")]


async def _body(request: Request) -> bytes:
    """The whole body: the shell counted its bytes, the route looked at its headers."""
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
