"""What routes ask for. Transactions end before the answer is sent, so that an answer never lies about a commit."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from app.core.errors import TooLargeError
from app.core.permissions import Actor
from app.edge import services, sessions
from app.edge.services import Services
from app.store import tx as store

CurrentServices = Annotated[Services, Depends(services.of)]
CurrentActor = Annotated[Actor, Depends(sessions.actor)]


def _read(request: Request, actor: CurrentActor) -> Iterator[store.ReadTx]:
    with sessions.read(request, actor) as tx:
        yield tx


def _write(request: Request, actor: CurrentActor) -> Iterator[store.WriteTx]:
    with services.of(request).database.write(actor, sessions.origin(request)) as tx:
        yield tx


# scope="function": the exit code, the commit, runs before the answer leaves; a failing commit is an error.
ReadTx = Annotated[store.ReadTx, Depends(_read, scope="function")]
WriteTx = Annotated[store.WriteTx, Depends(_write, scope="function")]


async def _body(request: Request) -> bytes:
    """The whole body, however it is sent, up to the limit."""
    limit = services.of(request).max_body_bytes
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLargeError(f"A request may be at most {limit:,} bytes.")
        parts.append(part)
    return b"".join(parts)


RawBody = Annotated[bytes, Depends(_body)]
