"""Answers of this process that are still true, by their validator: a bounded memory, least used forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

MOST_BYTES: Final = 64 * 1024 * 1024
LARGEST: Final = 8 * 1024 * 1024
MOST_NUMBERS: Final = 10_000

T = TypeVar("T")


class Remembered:
    """Bodies by tag, and small facts (counts, extents) by what they are about."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._facts: OrderedDict[str, object] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def body(self, tag: str) -> bytes | None:
        """The answer with this tag, if it is known."""
        with self._lock:
            found = self._bodies.get(tag)
            if found is not None:
                self._bodies.move_to_end(tag)
            return found

    def keep(self, tag: str, body: bytes) -> None:
        """Know this answer from now on."""
        if len(body) > LARGEST:
            return
        with self._lock:
            self._bytes += len(body) - len(self._bodies.pop(tag, b""))
            self._bodies[tag] = body
            while self._bytes > self._most_bytes:
                _, forgotten = self._bodies.popitem(last=False)
                self._bytes -= len(forgotten)

    def fact(self, about: str | None, found: Callable[[], T]) -> T:
        """A fact, found anew when it is not known, or when nothing tells whether it still holds (None)."""
        if about is None:
            return found()
        with self._lock:
            if about in self._facts:
                self._facts.move_to_end(about)
                return self._facts[about]  # type: ignore[return-value]  # kept below, by the same name
        value = found()
        with self._lock:
            self._facts[about] = value
            while len(self._facts) > MOST_NUMBERS:
                self._facts.popitem(last=False)
        return value
