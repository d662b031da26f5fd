"""What a client sends, watched: how much, how fast, and whether the client is still there.

One task reads ahead by one message. So a client that leaves is noticed while the answer is being made, and the
queries made for it are cancelled; and a body that trickles in ends.
"""

import asyncio
from typing import Final, Self

from starlette.types import Message, Receive

from app.core.errors import LagesbildError, TooLargeError, TooSlowError
from app.store.under_way import Queries

PATIENCE_S = 15.0  # spent waiting for a body, and
SLOWEST_BYTES_S: Final = 4_096  # a second more for so many bytes
GONE: Final[Message] = {"type": "http.disconnect"}


class Incoming:
    """The messages of one request. `async with` runs the watching beside the application."""

    def __init__(self, receive: Receive, queries: Queries, max_body_bytes: int) -> None:
        self.is_slow = False
        self._receive = receive
        self._queries = queries
        self._max_body_bytes = max_body_bytes
        self._ahead: asyncio.Queue[Message | LagesbildError] = asyncio.Queue(maxsize=1)
        self._end: Message | LagesbildError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def receive(self) -> Message:
        """The next message, for the application. Raises TooLargeError, TooSlowError."""
        if self._end is None:
            found = await self._ahead.get()
            if not isinstance(found, LagesbildError) and found["type"] == "http.request":
                return found
            self._end = found
        if isinstance(self._end, LagesbildError):
            raise self._end
        return self._end

    async def _watch(self) -> None:
        try:
            is_there = await self._read_body()
            while is_there and (await self._receive())["type"] != "http.disconnect":
                pass
        except LagesbildError as error:
            await self._ahead.put(error)
            return
        await asyncio.to_thread(self._queries.cancel)
        await self._ahead.put(GONE)

    async def _read_body(self) -> bool:
        """Whether the client is still there when its body is."""
        size, waited = 0, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                async with asyncio.timeout(PATIENCE_S + size / SLOWEST_BYTES_S - waited):
                    message = await self._receive()
            except TimeoutError:
                self.is_slow = True
                raise TooSlowError("The body came too slowly.") from None
            if message["type"] == "http.disconnect":
                return False
            waited += clock() - began
            size += len(message.get("body", b""))
            if size > self._max_body_bytes:
                raise TooLargeError(sentence(self._max_body_bytes))
            await self._ahead.put(message)
            if not message.get("more_body", False):
                return True


def sentence(max_body_bytes: int) -> str:
    """What a sender of too much is told."""
    return f"A request may be at most {max_body_bytes:,} bytes; nothing was stored."
