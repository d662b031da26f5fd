"""The personal-data gate for cells that are not stored: a row that holds such a text is held back all the same."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.core import personal_data
from app.core.imports.source import Cell
from app.core.personal_data import Pattern

_SHORTEST: Final = 6  # no pattern is shorter
_REMEMBERED: Final = 50_000
_LONGEST: Final = 20_000
_DECIMAL = re.compile(r"[-+]?\d{1,8}[.,]\d+")


class Search:
    """Searches columns of texts; remembers what it has seen, since most texts come again."""

    def __init__(self, *, is_reviewed: bool) -> None:
        self._is_reviewed = is_reviewed
        self._known: dict[str, tuple[str, ...]] = {}

    def rows(self, columns: Mapping[str, Sequence[Cell]]) -> dict[int, list[tuple[str, str]]]:
        """By row: the columns and patterns that were found."""
        found: dict[int, list[tuple[str, str]]] = {}
        for column, cells in columns.items():
            for row, cell in enumerate(cells):
                text = cell if type(cell) is str else as_text(cell)
                if len(text) >= _SHORTEST and (patterns := self.patterns(text)):
                    found.setdefault(row, []).extend((column, pattern) for pattern in patterns)
        return found

    def of_text(self, text: str, *, is_reviewed: bool) -> tuple[str, ...]:
        """The same for a text that a person may have reviewed: then only what nobody may vouch for."""
        found = self.patterns(text)
        return tuple(p for p in found if personal_data.is_hard(Pattern(p))) if is_reviewed else found

    def patterns(self, text: str) -> tuple[str, ...]:
        """What kinds of personal data a text seems to hold, each once."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[text] = () if _DECIMAL.fullmatch(text) else self._search(text)
        return known

    def _search(self, text: str) -> tuple[str, ...]:
        kinds = dict.fromkeys(finding.pattern for finding in personal_data.find(text[:_LONGEST]))
        return tuple(str(kind) for kind in kinds if personal_data.is_hard(kind) or not self._is_reviewed)


def as_text(cell: Cell) -> str:
    """A cell as it would stand in a text table; nothing for a geometry."""
    if isinstance(cell, str):
        return cell.strip()
    return "" if cell is None or isinstance(cell, (bytes, bool)) else str(cell)
