"""What an incident is: as a sender claims it, as it is stored, and the states its report goes through.

A draft makes its own content hash, so the two cannot disagree. The hash is stored: changing the canonical
form makes every stored hash stale.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from math import nan
from struct import Struct
from typing import Final

from app.core.errors import TransitionError
from app.core.geo import Position

TEXT_MAX_CHARS: Final = 4_000
SOURCE_MAX_CHARS: Final = 60
SOURCE_REF_MAX_CHARS: Final = 100
LOCATION_UNCERTAINTY_MAX_M: Final = 100_000.0

_NUMBERS: Final = Struct("<5d")
_SEPARATOR: Final = "\x1f"  # a control character, which no accepted text holds: fields cannot run together


class State(StrEnum):
    """How far the report of an incident has come."""

    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    SUPPLEMENT_WANTED = "supplement_wanted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    PURGED = "purged"


# What a review can come to.
_OUTCOMES: Final = frozenset({State.SUPPLEMENT_WANTED, State.DUPLICATE, State.REJECTED, State.APPROVED})

# The moves a person may ask for. Retention may purge from every state; a report that was supplemented is submitted
# anew. One sitting may both review a report and decide; a withdrawal can be undone, by submitting the report again.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.SUBMITTED: _OUTCOMES | {State.REVIEWED, State.WITHDRAWN, State.PURGED},
    State.REVIEWED: _OUTCOMES | {State.SUBMITTED, State.WITHDRAWN, State.PURGED},
    State.SUPPLEMENT_WANTED: frozenset({State.SUBMITTED, State.WITHDRAWN, State.PURGED}),
    State.DUPLICATE: frozenset({State.PURGED}),
    State.REJECTED: frozenset({State.PURGED}),
    State.APPROVED: frozenset({State.WITHDRAWN, State.PURGED}),
    State.WITHDRAWN: frozenset({State.SUBMITTED, State.PURGED}),
    State.PURGED: frozenset(),
}


def check_transition(old: State, new: State) -> None:
    """Only the moves of the table; staying put is not a move."""
    if new not in TRANSITIONS[old]:
        raise TransitionError(f"A report that is {old} cannot become {new}.")


def after_own_correction(old: State, *, is_trusted: bool) -> State:
    """The state of a report when its reporter has changed it: nobody has reviewed what it says now.

    Not a move that can be asked for: it follows from what was changed.
    A trusted source's reports need no review; a supplement that was asked for is looked at whoever sends it.
    """
    if old is State.SUPPLEMENT_WANTED or (old in {State.REVIEWED, State.APPROVED} and not is_trusted):
        return State.SUBMITTED
    return old


@dataclass(frozen=True, slots=True, kw_only=True)
class RawIncident:
    """What a sender claims, before any rule has looked at it."""

    category: str
    occurred_from: datetime
    occurred_to: datetime | None = None
    position: Position
    location_uncertainty_m: float | None = None
    source: str
    source_ref: str | None = None
    text: str | None = None
    text_reviewed: bool = False  # a person has read the text and vouches for it


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDraft:
    """An incident that passed every rule and may be stored."""

    category: str
    occurred_from: datetime  # UTC
    occurred_to: datetime | None  # UTC
    lon: float  # WGS84 degrees, rounded to 7 decimals
    lat: float
    location_uncertainty_m: float | None
    source: str
    source_ref: str | None
    text: str | None
    marks: tuple[str, ...] = ()  # what a reviewer should look at; slugs
    content_hash: bytes = field(init=False)  # 16 bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "content_hash", _content_hash(self))


def _content_hash(draft: IncidentDraft) -> bytes:
    """BLAKE2b of what was claimed, however it was spelled.

    Marks are left out: they come from the rules of the day, and a report sent again is the same report.
    """
    end, uncertainty_m = draft.occurred_to, draft.location_uncertainty_m
    numbers = _NUMBERS.pack(
        draft.occurred_from.timestamp(),
        nan if end is None else end.timestamp(),
        draft.lon,
        draft.lat,
        nan if uncertainty_m is None else uncertainty_m + 0.0,  # -0.0 is 0.0
    )
    texts = (draft.category, draft.source, draft.source_ref or "", draft.text or "")
    return blake2b(numbers + _SEPARATOR.join(texts).encode(), digest_size=16).digest()
