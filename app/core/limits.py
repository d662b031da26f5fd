"""How often one may ask: by account and by address, each in a span of time.

An office shares an address, so an address may do several times what one account may.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

AT_ONE_ADDRESS: Final = 5  # accounts behind one address, as far as limits go
GUESSES_PER_HOUR: Final = 100  # at one person's password, from wherever
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


class Kind(StrEnum):
    """What is counted."""

    SIGN_IN = "sign-in"
    WRITE = "write"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of each kind an account may do in a minute; 0 = no limit."""

    sign_ins: int = 10
    writes: int = 600
    reads: int = 600

    def of(self, kind: Kind) -> int:
        """The number for one kind."""
        return {Kind.SIGN_IN: self.sign_ins, Kind.WRITE: self.writes, Kind.READ: self.reads}[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many in such a span, evenly paid back."""

    whose: str
    most: int
    span: timedelta


def allowances(limits: Limits, kind: Kind, address: str, who: str | None) -> Iterator[Allowance]:
    """All that one request is counted against. `who`: an account's id, or the name that somebody claims."""
    per_minute = limits.of(kind)
    if not per_minute:
        return
    if who is not None and kind is Kind.SIGN_IN:  # a stranger elsewhere must not lock the owner out at once
        yield Allowance(whose=f"{kind} of {who} at {address}", most=per_minute, span=MINUTE)
        yield Allowance(whose=f"{kind} of {who}", most=max(per_minute, GUESSES_PER_HOUR), span=HOUR)
    elif who is not None:
        yield Allowance(whose=f"{kind} of {who}", most=per_minute, span=MINUTE)
    yield Allowance(whose=f"{kind} at {address}", most=per_minute * AT_ONE_ADDRESS, span=MINUTE)
