"""Propose how to read a file: by the names of its columns, by what stands in them, by how it was read before."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.imports.known import Known
from app.core.imports.profile import Profile
from app.core.imports.source import SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was proposed; words in either language."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def message(self, language: str) -> str:
        """One plain sentence in "sv" or "en"."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where the sample's points would lie, if the coordinates were read so."""

    srid: int
    is_swapped: bool
    name: str  # the town or area that most of them land in; "" when in none that we know
    inside: int  # how many of the sample's points land in the organisation's area (or in any area we know)
    points: int
    lon: float  # the middle one
    lat: float
    profile: Profile  # the proposal, read so


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A profile to look at, why it is so, and what else it might be."""

    profile: Profile
    reasons: tuple[Reason, ...]
    landings: tuple[Landing, ...]  # likely ones, best first; the first is the profile's
    unmatched_categories: tuple[tuple[str, int], ...]  # values in the sample without a category, and how often
    unread_columns: tuple[str, ...]
    missing: tuple[str, ...]  # what nothing was found for: "category", "occurred_from", "position"


def suggest(
    columns: Sequence[str],
    sample: Sequence[SourceRow],
    known: Known,
    *,
    source: str,
    earlier: Profile | None = None,
    srid: int | None = None,
) -> Suggestion:
    """Propose a profile from the first rows (some hundred to some thousand; more than one part of the file is best).

    earlier: how this source was read the last time; what still fits is kept. srid: the file's own word.
    """
    raise NotImplementedError
