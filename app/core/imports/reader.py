"""Read rows by a profile: every row becomes an incident as claimed, is held back, or is told what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.core.errors import FieldProblem
from app.core.geo import Position
from app.core.imports import columns as naming
from app.core.imports import positions
from app.core.imports.figures import AreaFigure, count_of
from app.core.imports.fitting import check_fits
from app.core.imports.kinds import Kinds
from app.core.imports.known import Known
from app.core.imports.places import Register
from app.core.imports.problems import Held, RowErrors, RowProblem, problem_of_gate
from app.core.imports.profile import Field, Profile
from app.core.imports.searching import Search, as_text
from app.core.imports.source import Cell, SourceRow
from app.core.imports.spots import Locator, Spots
from app.core.imports.times import Times
from app.core.incidents import IncidentDraft, RawIncident
from app.core.ingest import IngestRules, check

__all__ = ["AreaFigure", "Reader"]

PERSONAL_DATA: Final = "personal-data"
_YES: Final = frozenset({"true", "1", "yes", "ja", "x", "sant"})
_NO: Final = frozenset({"false", "0", "no", "nej", "falskt", ""})
_MOST_CELL_CHARS: Final = {"most": "100 000"}
# Columns that the gate itself searches, or that are read as numbers or times and not kept as texts.
_READ_OTHERWISE: Final = (
    Field.TEXT, Field.SOURCE_REF, Field.OCCURRED_FROM, Field.OCCURRED_TO, Field.YEAR, Field.MONTH, Field.DAY,
    Field.HOUR, Field.MINUTE, Field.PUBLISHED, Field.X, Field.Y, Field.GEOMETRY, Field.UNCERTAINTY,
    Field.TEXT_REVIEWED, Field.COUNT,
)  # fmt: skip
_Columns = Mapping[str, Sequence[Cell]]
_Problems = dict[int, list[RowProblem]]


class Reader:
    """Reads the rows of one table by one profile. Made once an import; keeps no rows."""

    def __init__(self, columns: Sequence[str], profile: Profile, known: Known) -> None:
        """Raises InvalidError when the profile does not fit the columns, or lacks a needed field."""
        self._columns = tuple(columns)
        self._profile = profile
        self._organisation = known.organisation
        self._fields = profile.columns
        self._locator = Locator(profile, Register(known.places, profile.places))
        check_fits(columns, profile, is_located=self._locator.is_possible)
        self._kinds = Kinds(profile, known)
        self._times = Times(profile)
        self._search = Search(is_reviewed=profile.is_text_reviewed)
        otherwise = {name for target in _READ_OTHERWISE for name in self._fields.get(target, ())}
        self._searched = [n for n in self._columns if n not in {*otherwise, *profile.unchecked} and self._is_text(n)]
        self._by_target = {
            "position": self._locator.column,
            "occurred_from": self._times.column,
            **{str(target): " + ".join(names) for target, names in self._fields.items()},
        }

    def _is_text(self, name: str) -> bool:
        """Whether a column is to be searched: not the numbers that some other register gave."""
        is_used = any(name in names for names in self._fields.values())
        return is_used or not naming.is_reference_name(name)

    def read(self, row: SourceRow) -> RawIncident | Held | RowErrors:
        """One row as claimed, before the gate."""
        return self.read_chunk([row])[0]

    def read_chunk(self, rows: Sequence[SourceRow]) -> list[RawIncident | Held | RowErrors]:
        """The same for many rows at once, in their order; some thousands at a time are fastest."""
        return self._read(rows)[0]

    def judge_chunk(self, rows: Sequence[SourceRow], rules: IngestRules) -> list[IncidentDraft | Held | RowErrors]:
        """Read and put through the gate (app.core.ingest.check): what may be stored, is held back, or is wrong."""
        outcomes, whole = self._read(rows)
        claimed: dict[int, RawIncident] = {}
        judged: list[IncidentDraft | Held | RowErrors | None] = [None] * len(rows)
        for i, outcome in enumerate(outcomes):
            if not isinstance(outcome, RawIncident):
                judged[i] = outcome
                continue
            end = outcome.occurred_to
            is_today = i in whole and end is not None and outcome.occurred_from <= rules.now < end
            claimed[i] = replace(outcome, occurred_to=rules.now) if is_today else outcome
        checked = check(list(claimed.values()), rules)
        for i, draft, problems in zip(claimed, checked.drafts, checked.problems, strict=True):
            judged[i] = draft or self._refused(rows[i], claimed[i], problems)
        return [outcome for outcome in judged if outcome is not None]

    def figures(self, rows: Sequence[SourceRow]) -> list[AreaFigure | Held | RowErrors]:
        """Rows of a table of counts (profile.kind is FIGURES)."""
        columns = self._by_column(rows)
        stretches, problems = self._times.stretches(columns, len(rows))
        area, count = (self._fields[target][0] for target in (Field.AREA, Field.COUNT))
        areas = [as_text(cell) for cell in columns[area]]
        counts = [count_of(cell) for cell in columns[count]]
        for i, row in enumerate(rows):
            found = problems.setdefault(i, [])
            if row.problem is not None:
                found[:] = [_unread(row)]
                continue
            if not areas[i]:
                found.append(RowProblem(code="missing", column=area, target="area"))
            if isinstance(counted := counts[i], str):
                found.append(RowProblem(code=counted, column=count, target="count"))
        refused = {i: found for i, found in problems.items() if found}
        held = self._held(rows, columns, refused, [self._profile.is_text_reviewed] * len(rows))
        figures: list[AreaFigure | Held | RowErrors] = []
        for i, row in enumerate(rows):
            stretch, counted = stretches[i], counts[i]
            if i in held:
                figures.append(held[i])
            elif problems[i] or stretch is None or isinstance(counted, str):
                figures.append(RowErrors(number=row.number, problems=tuple(problems[i])))
            else:
                figures.append(
                    AreaFigure(
                        number=row.number,
                        area=areas[i],
                        category=self._kinds.said(columns, i),
                        since=stretch.since,
                        until=stretch.until or stretch.since,
                        count=counted,
                    )
                )
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

    def _read(self, rows: Sequence[SourceRow]) -> tuple[list[RawIncident | Held | RowErrors], set[int]]:
        """The outcomes in order, and which of them have an end that is only that of their day or month."""
        count = len(rows)
        columns = self._by_column(rows)
        codes, code_problems = self._kinds.codes(columns, count)
        stretches, problems = self._times.stretches(columns, count)
        spots = self._locator.locate(columns, count)
        for found in (code_problems, spots.problems):
            for i, problem in found.items():
                problems.setdefault(i, []).append(problem)
        uncertainties = self._uncertainties(columns, problems, count)
        reviewed = self._reviewed(columns, problems, count)
        self._check_organisation(columns, problems)
        for i, row in enumerate(rows):
            if row.problem is not None:
                problems[i] = [_unread(row)]
        held = self._held(rows, columns, problems, reviewed)
        refs, texts = self._texts(columns, Field.SOURCE_REF, count), self._texts(columns, Field.TEXT, count)
        lon, lat, source = spots.lon.tolist(), spots.lat.tolist(), self._profile.source
        outcomes: list[RawIncident | Held | RowErrors] = []
        whole: set[int] = set()
        for i, stretch in enumerate(stretches):
            if i in held:
                outcomes.append(held[i])
            elif stretch is None or i in problems:
                outcomes.append(RowErrors(number=rows[i].number, problems=tuple(problems[i])))
            else:
                if stretch.is_whole:
                    whole.add(i)
                outcomes.append(
                    RawIncident(
                        category=codes[i],
                        occurred_from=stretch.since,
                        occurred_to=stretch.until,
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
        if not rows:
            return dict.fromkeys(self._columns, ())
        width = len(self._columns)
        cells = [row.cells if len(row.cells) == width else (*row.cells, *("",) * width)[:width] for row in rows]
        return dict(zip(self._columns, zip(*cells, strict=True), strict=True))

    def _uncertainties(self, columns: _Columns, problems: _Problems, count: int) -> list[float | None]:
        usual = self._profile.location_uncertainty_m
        named = self._fields.get(Field.UNCERTAINTY)
        if named is None:
            return [usual] * count
        values, wrong = positions.numbers_of(columns[named[0]])
        uncertainties: list[float | None] = values.tolist()
        for i, code in wrong.items():
            if code == positions.MISSING:
                uncertainties[i] = usual
            else:
                problem = RowProblem(code=code, column=named[0], target="location_uncertainty_m")
                problems.setdefault(i, []).append(problem)
        return uncertainties

    def _reviewed(self, columns: _Columns, problems: _Problems, count: int) -> list[bool]:
        usual = self._profile.is_text_reviewed
        named = self._fields.get(Field.TEXT_REVIEWED)
        if named is None:
            return [usual] * count
        said = [str(cell).strip().casefold() if cell is not None else "" for cell in columns[named[0]]]
        for i, word in enumerate(said):
            if word not in _YES | _NO:
                problem = RowProblem(code="unreadable-flag", column=named[0], target="text_reviewed")
                problems.setdefault(i, []).append(problem)
        return [usual or word in _YES for word in said]

    def _check_organisation(self, columns: _Columns, problems: _Problems) -> None:
        """A file with rows of several organisations is a mistake."""
        named = self._fields.get(Field.ORGANISATION)
        if named is None or not self._organisation:
            return
        for i, cell in enumerate(columns[named[0]]):
            if as_text(cell) not in {"", self._organisation}:
                problem = RowProblem(code="foreign-organisation", column=named[0], target="organisation")
                problems.setdefault(i, []).append(problem)

    def _texts(self, columns: _Columns, target: Field, count: int) -> Sequence[str]:
        named = self._fields.get(target, ())
        if not named:
            return ("",) * count
        separator = "\n" if target is Field.TEXT else " "
        told = zip(*([as_text(cell) for cell in columns[name]] for name in named), strict=True)
        return [separator.join(filter(None, texts)) if len(texts) > 1 else texts[0] for texts in told]

    def _held(
        self, rows: Sequence[SourceRow], columns: _Columns, problems: _Problems, reviewed: Sequence[bool]
    ) -> dict[int, Held]:
        """Rows with personal data in a cell that the gate does not see: what is not kept, and what is refused."""
        found = self._search.rows({name: columns[name] for name in self._searched})
        for i, wrong in problems.items():
            names = self._to_search(wrong) & set(columns)
            for name in sorted(names):
                patterns = self._search.of_text(as_text(columns[name][i]), is_reviewed=reviewed[i])
                if patterns:
                    found.setdefault(i, []).extend((name, pattern) for pattern in patterns)
        return {
            i: Held(number=rows[i].number, findings=tuple(dict.fromkeys(findings))) for i, findings in found.items()
        }

    def _to_search(self, wrong: Sequence[RowProblem]) -> set[str]:
        """A row that is refused does not come to the gate: its texts, and the cells that are no numbers or times."""
        names = {problem.column for problem in wrong} | set(self._fields.get(Field.TEXT, ()))
        return names - set(self._searched) - set(self._fields.get(Field.SOURCE_REF, ()))

    def _refused(self, row: SourceRow, raw: RawIncident, problems: Sequence[FieldProblem]) -> Held | RowErrors:
        """A row that the gate refused: held back when any text in it holds personal data."""
        if any(problem.code == PERSONAL_DATA for problem in problems):
            named = self._fields.get(Field.TEXT, ())
            cells = ((n, row.cells[self._columns.index(n)]) for n in named)
            findings = [
                (name, pattern)
                for name, cell in cells
                for pattern in self._search.of_text(as_text(cell), is_reviewed=raw.text_reviewed)
            ]
            # Two columns read together may say what neither does.
            return Held(number=row.number, findings=tuple(findings) or ((" + ".join(named), PERSONAL_DATA),))
        return RowErrors(number=row.number, problems=tuple(problem_of_gate(p, self._by_target) for p in problems))


def _unread(row: SourceRow) -> RowProblem:
    """What the file's reader said of a row."""
    return RowProblem(code=row.problem or "", values=_MOST_CELL_CHARS)


def _wider(spots: Spots, row: int, told: float | None) -> float | None:
    """A coarse point is at least as uncertain as it is known to be; a place of the register, when nothing is told."""
    known = spots.uncertainty_m[row]
    if known is None or told is None:
        return told if known is None else known
    return max(known, told) if row in spots.coarse else told
