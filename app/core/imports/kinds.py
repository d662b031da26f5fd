"""The category of each row of a chunk."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.core.imports import moments
from app.core.imports.categories import LEFT_OUT, Matcher
from app.core.imports.known import Known
from app.core.imports.names import words
from app.core.imports.problems import RowProblem
from app.core.imports.profile import Field, Profile
from app.core.imports.searching import as_text
from app.core.imports.source import Cell

_REMEMBERED: Final = 20_000


class Kinds:
    """Reads the categories of rows, by one profile; remembers, since few values stand in many rows."""

    def __init__(self, profile: Profile, known: Known) -> None:
        self._named = profile.columns.get(Field.CATEGORY, ())
        self._crime = profile.columns.get(Field.CRIME_CODE, ())
        self._usual = profile.default_category or ""
        self._chosen = {words(value): code for value, code in profile.categories.items()}
        self._matcher = Matcher(known.categories, known.crime_codes)
        self._known: dict[tuple[Cell, ...], str] = {}

    def codes(self, columns: Mapping[str, Sequence[Cell]], count: int) -> tuple[list[str], dict[int, RowProblem]]:
        """The category of each row, and what is wrong where there is none. columns: the cells by column."""
        names = (*self._named, *self._crime)
        if not names:
            return [self._usual] * count, {}
        values = list(zip(*(columns[name] for name in names), strict=True))
        codes = [self._known.get(value) or self._remembered(value) for value in values]
        problems = {
            i: RowProblem(code=_slug(code, values[i]), column=names[0], target="category")
            for i, code in enumerate(codes)
            if code in {"", LEFT_OUT}
        }
        return codes, problems

    def said(self, columns: Mapping[str, Sequence[Cell]], row: int) -> str:
        """A row's category, or what the file says in its place."""
        cells = tuple(columns[name][row] for name in (*self._named, *self._crime))
        code = self._known.get(cells) or self._remembered(cells) if cells else self._usual
        return " ".join(map(as_text, cells)) if code in {"", LEFT_OUT} else code

    def _remembered(self, cells: tuple[Cell, ...]) -> str:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        code = self._known[cells] = self._code(cells)
        return code

    def _code(self, cells: tuple[Cell, ...]) -> str:
        """What was chosen; the crime code itself; what the words mean; the crime code's chapter; the usual; ""."""
        texts = [as_text(cell) for cell in cells]
        named, crime = texts[: len(self._named)], texts[len(self._named) :]
        for text in (" ".join(texts), *texts):
            if code := self._chosen.get(words(text)):
                return code
        ways = (
            *((self._matcher.exact_crime, text) for text in crime),
            *((self._matcher.named, text) for text in named),
            *((self._matcher.crime, text) for text in crime),
        )
        return next((code for way, text in ways if (code := way(text)) is not None), self._usual)


def _slug(code: str, cells: Sequence[Cell]) -> str:
    if code == LEFT_OUT:
        return "left-out"
    return "missing" if all(moments.is_missing(cell) for cell in cells) else "unknown-category"
