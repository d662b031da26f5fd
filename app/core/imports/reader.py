"""Read rows by a profile: every row becomes an incident as claimed, is held back, or is told what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from app.core.errors import FieldProblem, InvalidError
from app.core.geo import Position
from app.core.imports import columns as naming
from app.core.imports import moments, positions
from app.core.imports.categories import LEFT_OUT, Matcher
from app.core.imports.clocks import Clock, Stretch
from app.core.imports.known import Known
from app.core.imports.names import words
from app.core.imports.places import Register
from app.core.imports.problems import Held, RowErrors, RowProblem, problem_of_gate
from app.core.imports.profile import Field, Kind, Profile
from app.core.imports.searching import Search, as_text
from app.core.imports.source import Cell, SourceRow
from app.core.imports.spots import Locator, Spots
from app.core.incidents import IncidentDraft, RawIncident
from app.core.ingest import IngestRules, check

PERSONAL_DATA: Final = "personal-data"
_YES: Final = frozenset({"true", "1", "yes", "ja", "x", "sant"})
_NO: Final = frozenset({"false", "0", "no", "nej", "falskt"})
_REMEMBERED: Final = 20_000
# Columns whose cells the gate itself searches, or which are read as numbers or times: never as texts.
_READ_OTHERWISE: Final = (
    Field.TEXT, Field.SOURCE_REF, Field.OCCURRED_FROM, Field.OCCURRED_TO, Field.YEAR, Field.MONTH, Field.DAY,
    Field.HOUR, Field.MINUTE, Field.PUBLISHED, Field.X, Field.Y, Field.GEOMETRY, Field.UNCERTAINTY,
    Field.TEXT_REVIEWED, Field.COUNT,
)  # fmt: skip
_TIMES: Final = (Field.OCCURRED_FROM, Field.OCCURRED_TO, Field.YEAR, Field.TITLE)
_Outcome = RawIncident | Held | RowErrors


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigure:
    """How many incidents an area had in a stretch of time. Not a place: never becomes points."""

    number: int
    area: str  # as the file says it
    category: str  # a code of ours, or what the file says when it has none
    since: datetime  # UTC
    until: datetime
    count: int


class Reader:
    """Reads the rows of one table by one profile. Made once an import; keeps no rows."""

    def __init__(self, columns: Sequence[str], profile: Profile, known: Known) -> None:
        """Raises InvalidError when the profile does not fit the columns, or lacks a needed field."""
        self._columns = tuple(columns)
        self._profile = profile
        self._known = known
        self._fields = profile.columns
        self._clock = Clock(profile)
        self._matcher = Matcher(known.categories, known.crime_codes)
        self._chosen = {words(value): code for value, code in profile.categories.items()}
        self._categories: dict[tuple[Cell, ...], str] = {}
        self._locator = Locator(profile, Register(known.places, profile.places))
        self._search = Search(is_reviewed=profile.is_text_reviewed)
        self._check()
        otherwise = {name for target in _READ_OTHERWISE for name in self._fields.get(target, ())}
        self._searched = [
            name
            for name in self._columns
            if name not in otherwise and name not in profile.unchecked and not self._is_reference(name)
        ]
        self._by_target = {str(target): " + ".join(names) for target, names in self._fields.items()}
        for target in ("position", "occurred_from"):
            self._by_target.setdefault(target, self._column_of(target))

    def _is_reference(self, name: str) -> bool:
        """Numbers that a register gave, which are not ours to judge; a name says so."""
        is_named = any(name in names for names in self._fields.values())
        return not is_named and naming.is_reference_name(name)

    def _column_of(self, target: str) -> str:
        wanted = (Field.X, Field.GEOMETRY, Field.PLACE, Field.ADDRESS) if target == "position" else _TIMES
        return next((self._fields[f][0] for f in wanted if f in self._fields), "")

    def _check(self) -> None:
        missing = [name for names in self._fields.values() for name in names if name not in self._columns]
        problems = [
            FieldProblem("columns", "unknown-column", f"The file has no column {name}.")
            for name in dict.fromkeys(missing)
        ]
        if not any(target in self._fields for target in (Field.OCCURRED_FROM, Field.YEAR, Field.TITLE)):
            problems.append(
                FieldProblem("columns.occurred_from", "missing", "Say which column tells when it happened.")
            )
        if Field.YEAR in self._fields and Field.MONTH not in self._fields and Field.OCCURRED_FROM not in self._fields:
            problems.append(FieldProblem("columns.month", "missing", "Say which column tells the month."))
        if self._profile.kind is Kind.FIGURES:
            problems += [
                FieldProblem(f"columns.{target}", "missing", f"Say which column tells the {target}.")
                for target in (Field.AREA, Field.COUNT)
                if target not in self._fields
            ]
        else:
            problems += self._missing_of_incidents()
        if problems:
            raise InvalidError("The mapping profile does not fit the file.", tuple(problems))

    def _missing_of_incidents(self) -> list[FieldProblem]:
        problems = []
        has_category = Field.CATEGORY in self._fields or Field.CRIME_CODE in self._fields
        if not has_category and self._profile.default_category is None:
            problems.append(FieldProblem("columns.category", "missing", "Say which column tells the category."))
        if not self._locator.is_possible:
            problems.append(FieldProblem("columns.position", "missing", "Say which columns tell the position."))
        return problems

    def read(self, row: SourceRow) -> RawIncident | Held | RowErrors:
        """One row as claimed, before the gate."""
        return self.read_chunk([row])[0]

    def read_chunk(self, rows: Sequence[SourceRow]) -> list[RawIncident | Held | RowErrors]:
        """The same for many rows at once, in their order; some thousands at a time are fastest."""
        return self._read(rows)[0]

    def judge_chunk(self, rows: Sequence[SourceRow], rules: IngestRules) -> list[IncidentDraft | Held | RowErrors]:
        """Read and put through the gate (app.core.ingest.check): what may be stored, is held back, or is wrong."""
        outcomes, whole = self._read(rows)
        now = rules.now
        claimed: list[tuple[int, RawIncident]] = []
        for i, outcome in enumerate(outcomes):
            if isinstance(outcome, RawIncident):
                raw = outcome
                if i in whole and raw.occurred_to is not None and raw.occurred_from <= now < raw.occurred_to:
                    raw = replace(raw, occurred_to=now)  # today is not over
                claimed.append((i, raw))
        checked = check([raw for _, raw in claimed], rules)
        judged: list[Any] = list(outcomes)
        for (i, _), draft, problems in zip(claimed, checked.drafts, checked.problems, strict=True):
            judged[i] = self._judged(rows[i], problems) if draft is None else draft
        return judged

    def figures(self, rows: Sequence[SourceRow]) -> list[AreaFigure | Held | RowErrors]:
        """Rows of a table of counts (profile.kind is FIGURES)."""
        columns = self._by_column(rows)
        held = self._held(rows, columns, {})
        stretches, end_problems = self._stretches(columns, len(rows))
        figures: list[AreaFigure | Held | RowErrors] = []
        for i, row in enumerate(rows):
            if i in held:
                figures.append(held[i])
            elif row.problem is not None:
                figures.append(_unread(row))
            else:
                figures.append(self._figure(i, row, columns, stretches[i], end_problems.get(i)))
        return figures

    def points(self, rows: Sequence[SourceRow]) -> list[tuple[float, float, str] | None]:
        """Longitude, latitude and what the row calls the place; None where there is none."""
        columns = self._by_column(rows)
        spots = self._locator.locate(columns, len(rows))
        return [
            None if i in spots.problems else (lon, lat, self._locator.name_of(i, columns)[1])
            for i, (lon, lat) in enumerate(zip(spots.lon.tolist(), spots.lat.tolist(), strict=True))
        ]

    def place_asked(self, row: SourceRow) -> str:
        """The name that a row waits to have chosen a place for: the key to Profile.places."""
        return self._locator.name_of(0, self._by_column([row]))[1]

    def _read(self, rows: Sequence[SourceRow]) -> tuple[list[_Outcome], set[int]]:
        """The outcomes in order, and which of them have an end that is only that of their day or month."""
        count = len(rows)
        columns = self._by_column(rows)
        problems: dict[int, list[RowProblem]] = {}

        def add(row: int, problem: RowProblem) -> None:
            problems.setdefault(row, []).append(problem)

        for i, row in enumerate(rows):
            if row.problem is not None:
                add(i, RowProblem(code=row.problem, values={"most": "100 000"}))
        categories = self._categories_of(columns, count, add)
        stretches, end_problems = self._stretches(columns, count)
        for i, stretch in enumerate(stretches):
            if isinstance(stretch, str):
                add(i, RowProblem(code=stretch, column=self._by_target["occurred_from"], target="occurred_from"))
        for i, problem in end_problems.items():
            add(i, problem)
        spots = self._locator.locate(columns, count)
        for i, problem in spots.problems.items():
            add(i, problem)
        uncertainties = self._uncertainties(columns, count, add)
        reviewed = self._reviewed(columns, count, add)
        self._check_organisation(columns, add)
        held = self._held(rows, columns, problems)
        outcomes: list[_Outcome] = []
        whole: set[int] = set()
        refs, texts = self._texts(columns, Field.SOURCE_REF, count), self._texts(columns, Field.TEXT, count)
        lon, lat, source = spots.lon.tolist(), spots.lat.tolist(), self._profile.source
        for i, row in enumerate(rows):
            if i in held:
                outcomes.append(held[i])
                continue
            if i in problems:
                wrong = (
                    [_unread(row)]
                    if row.problem is not None
                    else [RowErrors(number=row.number, problems=tuple(problems[i]))]
                )
                outcomes += wrong
                continue
            stretch = stretches[i]
            if stretch.is_whole:  # type: ignore[union-attr]  # a slug made a problem above
                whole.add(i)
            outcomes.append(
                RawIncident(
                    category=categories[i],
                    occurred_from=stretch.since,  # type: ignore[union-attr]
                    occurred_to=stretch.until,  # type: ignore[union-attr]
                    position=Position(lon[i], lat[i]),
                    location_uncertainty_m=_wider(spots, i, uncertainties[i]),
                    source=source,
                    source_ref=refs[i] or None,
                    text=texts[i] or None,
                    text_reviewed=reviewed[i],
                )
            )
        return outcomes, whole

    def _by_column(self, rows: Sequence[SourceRow]) -> dict[str, Sequence[Cell]]:
        width = len(self._columns)
        cells = [row.cells if len(row.cells) == width else (*row.cells, *("",) * width)[:width] for row in rows]
        return (
            dict(zip(self._columns, zip(*cells, strict=True), strict=True))
            if rows
            else dict.fromkeys(self._columns, ())
        )

    def _categories_of(
        self, columns: Mapping[str, Sequence[Cell]], count: int, add: Callable[[int, RowProblem], None]
    ) -> list[str]:
        named = self._fields.get(Field.CATEGORY, ())
        crime = self._fields.get(Field.CRIME_CODE, ())
        if not (named or crime):
            return [self._profile.default_category or ""] * count
        values = list(zip(*(columns[name] for name in (*named, *crime)), strict=True))
        found = [self._categories.get(value) or self._category(value, len(named)) for value in values]
        for i, code in enumerate(found):
            if code in {"", LEFT_OUT}:
                is_empty = all(moments.is_missing(cell) for cell in values[i])
                slug = "left-out" if code == LEFT_OUT else "missing" if is_empty else "unknown-category"
                add(i, RowProblem(code=slug, column=(*named, *crime)[0], target="category"))
        return found

    def _category(self, cells: Sequence[Cell], named_count: int) -> str:
        """What was chosen, what the words mean, what the crime code means, the usual; "" when nothing says."""
        texts = [as_text(cell) for cell in cells]
        code = self._chosen.get(words(" ".join(texts))) or next(
            (self._chosen[words(text)] for text in texts if words(text) in self._chosen), None
        )
        code = code or next(
            (found for text in texts[named_count:] if (found := self._matcher.crime(text)) is not None), None
        )
        code = code or next(
            (found for text in texts[:named_count] if (found := self._matcher.named(text)) is not None), None
        )
        code = code or self._profile.default_category or ""
        if len(self._categories) >= _REMEMBERED:
            self._categories.clear()
        self._categories[tuple(cells)] = code
        return code

    def _stretches(
        self, columns: Mapping[str, Sequence[Cell]], count: int
    ) -> tuple[list[Stretch | str], dict[int, RowProblem]]:
        """When each row was, or the slug of why not; and the problems of their ends."""
        clock = self._clock
        starts = self._fields.get(Field.OCCURRED_FROM, ())
        found: list[Stretch | str]
        if len(starts) > 1:
            found = list(map(clock.stretch, columns[starts[0]], columns[starts[1]]))
        elif starts:
            found = list(map(clock.stretch, columns[starts[0]]))
        elif Field.YEAR in self._fields:
            parts = (Field.YEAR, Field.MONTH, Field.DAY, Field.HOUR, Field.MINUTE)
            cells = [columns[self._fields[p][0]] if p in self._fields else ("",) * count for p in parts]
            found = list(map(clock.parts, *cells))
        else:
            published = self._fields.get(Field.PUBLISHED)
            cells = [columns[self._fields[Field.TITLE][0]], columns[published[0]] if published else ("",) * count]
            found = list(map(clock.title, *cells))
        if starts:
            for i, cell in enumerate(columns[starts[0]]):
                if isinstance(found[i], str) and moments.is_missing(cell):
                    found[i] = "missing"
        return self._with_ends(found, columns)

    def _with_ends(
        self, found: list[Stretch | str], columns: Mapping[str, Sequence[Cell]]
    ) -> tuple[list[Stretch | str], dict[int, RowProblem]]:
        ends = self._fields.get(Field.OCCURRED_TO, ())
        problems: dict[int, RowProblem] = {}
        if not ends:
            return found, problems
        days, clocks = columns[ends[0]], columns[ends[1]] if len(ends) > 1 else None
        start_days = columns[self._fields[Field.OCCURRED_FROM][0]] if Field.OCCURRED_FROM in self._fields else days
        for i, day in enumerate(days):
            clock_cell = clocks[i] if clocks is not None else ""
            start = found[i]
            if moments.is_missing(day):
                # An end without a day of its own is a time of the first day.
                if moments.is_missing(clock_cell) or isinstance(start, str):
                    continue
                day = start_days[i]  # noqa: PLW2901
            end = self._clock.stretch(day, clock_cell)
            if isinstance(end, str):
                problems[i] = RowProblem(code=end, column=ends[0], target="occurred_to")
            elif not isinstance(start, str):
                until = end.until or end.since
                if until < start.since and end.since >= start.since:
                    until = start.since
                found[i] = Stretch(start.since, until, end.is_whole)
        return found, problems

    def _uncertainties(
        self, columns: Mapping[str, Sequence[Cell]], count: int, add: Callable[[int, RowProblem], None]
    ) -> list[float | None]:
        usual = self._profile.location_uncertainty_m
        named = self._fields.get(Field.UNCERTAINTY)
        if named is None:
            return [usual] * count
        values, problems = positions.numbers_of(columns[named[0]])
        uncertainties: list[float | None] = values.tolist()
        for row, code in problems.items():
            if code == positions.MISSING:
                uncertainties[row] = usual
            else:
                add(row, RowProblem(code=code, column=named[0], target="location_uncertainty_m"))
        return uncertainties

    def _reviewed(
        self, columns: Mapping[str, Sequence[Cell]], count: int, add: Callable[[int, RowProblem], None]
    ) -> list[bool]:
        usual = self._profile.is_text_reviewed
        named = self._fields.get(Field.TEXT_REVIEWED)
        if named is None:
            return [usual] * count
        reviewed = []
        for row, cell in enumerate(columns[named[0]]):
            said = "true" if cell is True else as_text(cell).casefold()
            if said not in _YES | _NO | {""}:
                add(row, RowProblem(code="unreadable-flag", column=named[0], target="text_reviewed"))
            reviewed.append(usual or said in _YES)
        return reviewed

    def _check_organisation(
        self, columns: Mapping[str, Sequence[Cell]], add: Callable[[int, RowProblem], None]
    ) -> None:
        named = self._fields.get(Field.ORGANISATION)
        if named is None or not self._known.organisation:
            return
        for row, cell in enumerate(columns[named[0]]):
            if as_text(cell) not in {"", self._known.organisation}:
                add(row, RowProblem(code="foreign-organisation", column=named[0], target="organisation"))

    def _texts(self, columns: Mapping[str, Sequence[Cell]], target: Field, count: int) -> Sequence[str]:
        named = self._fields.get(target, ())
        if not named:
            return ("",) * count
        if len(named) == 1:
            return [cell if type(cell) is str else as_text(cell) for cell in columns[named[0]]]
        separator = "\n" if target is Field.TEXT else " "
        return [
            separator.join(filter(None, map(as_text, cells)))
            for cells in zip(*(columns[n] for n in named), strict=True)
        ]

    def _held(
        self,
        rows: Sequence[SourceRow],
        columns: Mapping[str, Sequence[Cell]],
        problems: Mapping[int, Sequence[RowProblem]],
    ) -> dict[int, Held]:
        """Rows with personal data in a cell that the gate does not see: what is not stored, and what is unreadable."""
        found = self._search.rows({name: columns[name] for name in self._searched})
        stored = {n for target in (Field.TEXT, Field.SOURCE_REF) for n in self._fields.get(target, ())}
        for row, wrong in problems.items():
            # A row that is refused does not come to the gate; its texts are searched here.
            read = {p.column for p in wrong} & set(self._columns) | stored - set(self._fields.get(Field.SOURCE_REF, ()))
            for name in read - set(self._searched):
                text = as_text(columns[name][row])
                found.setdefault(row, []).extend((name, pattern) for pattern in self._search.patterns(text))
        return {
            row: Held(number=rows[row].number, findings=tuple(dict.fromkeys(findings)))
            for row, findings in found.items()
            if findings
        }

    def _judged(self, row: SourceRow, problems: Sequence[FieldProblem]) -> Held | RowErrors:
        """A row that the gate refused: held back when any text in it holds personal data."""
        if any(problem.code == PERSONAL_DATA for problem in problems):
            named = self._fields.get(Field.TEXT, ())
            cells = {name: cell for name, cell in zip(self._columns, row.cells, strict=False) if name in named}
            findings = [(n, pattern) for n, cell in cells.items() for pattern in self._search.patterns(as_text(cell))]
            # Two columns read together may say what neither does.
            return Held(number=row.number, findings=tuple(findings) or ((" + ".join(named), PERSONAL_DATA),))
        return RowErrors(number=row.number, problems=tuple(problem_of_gate(p, self._by_target) for p in problems))

    def _figure(
        self,
        i: int,
        row: SourceRow,
        columns: Mapping[str, Sequence[Cell]],
        stretch: Stretch | str,
        end_problem: RowProblem | None,
    ) -> AreaFigure | RowErrors:
        problems = [] if end_problem is None else [end_problem]
        if isinstance(stretch, str):
            problems.append(RowProblem(code=stretch, column=self._by_target["occurred_from"], target="occurred_from"))
        area = as_text(columns[self._fields[Field.AREA][0]][i])
        if not area:
            problems.append(RowProblem(code="missing", column=self._fields[Field.AREA][0], target="area"))
        count_column = self._fields[Field.COUNT][0]
        count = _count(columns[count_column][i])
        if isinstance(count, str):
            problems.append(RowProblem(code=count, column=count_column, target="count"))
        named = (*self._fields.get(Field.CATEGORY, ()), *self._fields.get(Field.CRIME_CODE, ()))
        told = tuple(columns[name][i] for name in named)
        category = (told and self._category(told, len(self._fields.get(Field.CATEGORY, ())))) or " ".join(
            map(as_text, told)
        )
        if problems or isinstance(stretch, str) or isinstance(count, str):
            return RowErrors(number=row.number, problems=tuple(problems))
        return AreaFigure(
            number=row.number,
            area=area,
            category=category,
            since=stretch.since,
            until=stretch.until or stretch.since,
            count=count,
        )


def _unread(row: SourceRow) -> RowErrors:
    return RowErrors(number=row.number, problems=(RowProblem(code=row.problem or "", values={"most": "100 000"}),))


def _wider(spots: Spots, row: int, told: float | None) -> float | None:
    """A coarse point or a place of the register is at least as uncertain as it is known to be."""
    known = spots.uncertainty_m[row]
    if known is None or told is None:
        return told if known is None else known
    return max(known, told) if row in spots.coarse else told


def _count(cell: Cell) -> int | str:
    if moments.is_missing(cell) or as_text(cell) in {"..", "–"}:
        return "missing"
    try:
        number = positions.number_of(cell)
    except ValueError:
        return "unreadable-number"
    return int(number) if number >= 0 and number.is_integer() else "unreadable-number"
