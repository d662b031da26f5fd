"""The place register: from a name that somebody wrote to a point, or to a choice between a few."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.imports.known import Place
from app.core.imports.names import words

_CANDIDATES: Final = 5
_NEAR: Final = 0.82
_COMPARED: Final = 20
_OFTEN: Final = 50
_REMEMBERED: Final = 20_000
_HOUSE = re.compile(r"\s+\d{1,4}(?: ?[a-z])?(?: .*)?$")


@dataclass(frozen=True, slots=True)
class Match:
    """The one place meant, or those it may be; neither when nothing is like it."""

    place: Place | None = None
    candidates: tuple[Place, ...] = ()


class Register:
    """All places an organisation knows, by name and alias. `chosen`: what somebody decided for a name before."""

    def __init__(self, places: Sequence[Place], chosen: Mapping[str, str]) -> None:
        self._by_id = {place.id: place for place in places}
        self._chosen = {words(name): place_id for name, place_id in chosen.items()}
        self._by_name: dict[str, list[Place]] = {}
        for place in places:
            for name in dict.fromkeys(words(name) for name in (place.name, *place.aliases)):
                if name:
                    self._by_name.setdefault(name, []).append(place)
        self._found: dict[tuple[str, str], Match] = {}
        by_piece: dict[str, list[str]] = {}
        for name in self._by_name:
            for piece in _pieces(name):
                by_piece.setdefault(piece, []).append(name)
        # What stands in every other name ("gatan") tells nothing.
        often = max(_OFTEN, len(self._by_name) // 20)
        self._by_piece = {piece: names for piece, names in by_piece.items() if len(names) <= often}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def find(self, name: str, within: str = "") -> Match:
        """The place that a name means, in the municipality `within` if that is told."""
        key = (words(name), words(within))
        if key not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = self._look_up(*key)
        return self._found[key]

    def _look_up(self, name: str, within: str) -> Match:
        if not name:
            return Match()
        if (place := self._by_id.get(self._chosen.get(name, ""))) is not None:
            return Match(place)
        for spelled in dict.fromkeys((name, _HOUSE.sub("", name))):
            found = _inside(self._by_name.get(spelled, []), within)
            if len(found) == 1:
                return Match(found[0])
            if found:
                return Match(candidates=tuple(found[:_CANDIDATES]))
        near = difflib.get_close_matches(name, self._alike(name), n=_CANDIDATES, cutoff=_NEAR)
        likely = {place.id: place for spelled in near for place in _inside(self._by_name[spelled], within)}
        return Match(candidates=tuple(likely.values())[:_CANDIDATES])

    def _alike(self, name: str) -> list[str]:
        """The few names that share most pieces of three letters: comparing with all would take a file hostage."""
        shared = Counter(other for piece in _pieces(name) for other in self._by_piece.get(piece, ()))
        return [other for other, _ in shared.most_common(_COMPARED)]


def _pieces(name: str) -> set[str]:
    return {name[i : i + 3] for i in range(max(1, len(name) - 2))}


def _inside(places: list[Place], within: str) -> list[Place]:
    """Those in the municipality; all, when none of them is told to be there."""
    if not within:
        return places
    return [p for p in places if words(p.within) == within or within in words(p.within).split()] or places
