"""What becomes of a row whose incident is already stored: told from what is stored, never guessed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np

from app.core.incidents import TRANSITIONS, State


class Outcome(StrEnum):
    """What an import made of a row."""

    CREATED = "created"
    UPDATED = "updated"
    REVIVED = "revived"  # stored by an import that was undone
    DOUBLED = "doubled"
    UNDONE = "undone"


REPEATED: Final = "repeated-reference"  # an earlier row of the file has the same reference and says something else
WITHDRAWN: Final = "withdrawn-before"
DECIDED: Final = "decided-before"  # a reviewer said that it is no report to be counted

# Reports that somebody may still withdraw are open to corrections by their source.
OPEN: Final = frozenset(state for state, moves in TRANSITIONS.items() if State.WITHDRAWN in moves)


def decide(state: State, *, is_same: bool, is_of_this_import: bool, was_undone: bool) -> tuple[Outcome, str | None]:
    """What to do with a row, given the stored incident of the same reference or content, and a slug to say why.

    state: of what is stored. is_same: the row says what its source said before. is_of_this_import: an earlier row
    of the same file stored it. was_undone: it was withdrawn when its import was undone, and by nobody since.
    """
    if is_of_this_import:
        return Outcome.DOUBLED, None if is_same else REPEATED
    if was_undone:
        return Outcome.REVIVED, None
    if state is State.WITHDRAWN:
        return Outcome.DOUBLED, WITHDRAWN
    if is_same:
        return Outcome.DOUBLED, None
    if state in OPEN:
        return Outcome.UPDATED, None
    return Outcome.DOUBLED, DECIDED


class References:
    """Which references of a file have come before: eight bytes each, so that a million fit anywhere."""

    def __init__(self) -> None:
        self._seen = np.empty(0, np.int64)

    def repeated(self, references: Sequence[str]) -> list[bool]:
        """For each, whether it has come before, here or in an earlier call."""
        hashes = np.fromiter(map(hash, references), np.int64, len(references))
        once, first = np.unique(hashes, return_index=True)
        is_repeated = np.isin(hashes, self._seen)
        is_first = np.zeros(len(hashes), np.bool_)
        is_first[first] = True
        self._seen = np.union1d(self._seen, once)
        return [bool(r) for r in is_repeated | ~is_first]
