"""When each row of a chunk was, from whichever columns tell it."""

from collections.abc import Mapping, Sequence

from app.core.imports import moments
from app.core.imports.clocks import Clock, Stretch
from app.core.imports.problems import RowProblem
from app.core.imports.profile import Field, Profile
from app.core.imports.source import Cell

_PARTS = (Field.YEAR, Field.MONTH, Field.DAY, Field.HOUR, Field.MINUTE)
_START_FIELDS = (Field.OCCURRED_FROM, Field.YEAR, Field.TITLE)


class Times:
    """Reads the times of rows, by one profile."""

    def __init__(self, profile: Profile) -> None:
        self._fields = profile.columns
        self._clock = Clock(profile)
        self.column = next((self._fields[f][0] for f in _START_FIELDS if f in self._fields), "")

    def stretches(
        self, columns: Mapping[str, Sequence[Cell]], count: int
    ) -> tuple[list[Stretch | None], dict[int, list[RowProblem]]]:
        """When each row was, None where that cannot be read; and what is wrong, by row.

        columns: the cells by column.
        """
        problems: dict[int, list[RowProblem]] = {}
        starts = self._starts(columns, count)
        for i, start in enumerate(starts):
            if isinstance(start, str):
                problem = RowProblem(code=start, column=self.column, target="occurred_from")
                problems.setdefault(i, []).append(problem)
        found = [None if isinstance(start, str) else start for start in starts]
        if Field.OCCURRED_TO in self._fields:
            self._add_ends(found, problems, columns)
        return found, problems

    def _starts(self, columns: Mapping[str, Sequence[Cell]], count: int) -> list[Stretch | str]:
        clock = self._clock
        if named := self._fields.get(Field.OCCURRED_FROM):
            days = columns[named[0]]
            found = list(map(clock.stretch, *(columns[name] for name in named[:2])))
            return [
                "missing" if isinstance(stretch, str) and moments.is_missing(day) else stretch
                for day, stretch in zip(days, found, strict=True)
            ]
        if Field.YEAR in self._fields:
            cells = [columns[self._fields[p][0]] if p in self._fields else ("",) * count for p in _PARTS]
            return list(map(clock.parts, *cells))
        title, published = (columns[self._fields[f][0]] for f in (Field.TITLE, Field.PUBLISHED))
        return list(map(clock.title, title, published))

    def _add_ends(
        self,
        found: list[Stretch | None],
        problems: dict[int, list[RowProblem]],
        columns: Mapping[str, Sequence[Cell]],
    ) -> None:
        """Give the rows their ends; an end without a day of its own is a time of the first day."""
        ends = self._fields[Field.OCCURRED_TO]
        days = columns[ends[0]]
        clocks = columns[ends[1]] if len(ends) > 1 else ("",) * len(days)
        first_days = columns[self._fields[Field.OCCURRED_FROM][0]] if Field.OCCURRED_FROM in self._fields else days
        for i, (day, clock, first_day) in enumerate(zip(days, clocks, first_days, strict=True)):
            start = found[i]
            if moments.is_missing(day) and moments.is_missing(clock):
                continue
            end = self._clock.stretch(first_day if moments.is_missing(day) else day, clock)
            if isinstance(end, str):
                problem = RowProblem(code=end, column=ends[0], target="occurred_to")
                problems.setdefault(i, []).append(problem)
            elif start is not None:
                found[i] = Stretch(start.since, end.until or end.since, end.is_whole)
