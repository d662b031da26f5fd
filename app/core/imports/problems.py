"""What became of one row: the words are made when somebody reads them, in their language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import FieldProblem
from app.core.imports import words


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing wrong with one row. Never holds the cell's value: it may be personal data."""

    code: str  # stable slug: "unreadable-time"
    column: str = ""  # as the file names it; "" when the row as a whole is wrong
    target: str = ""  # the field of ours that it was read for: "occurred_from"
    values: Mapping[str, str] = field(default_factory=dict)  # of ours: bounds, names of places

    def message(self, language: str) -> str:
        """One plain sentence, and what to do, in "sv" or "en"."""
        return words.of_row(self.code, language, self.values)

    def as_json(self) -> dict[str, Any]:
        """To be stored beside the row."""
        return {"code": self.code, "column": self.column, "target": self.target, "values": dict(self.values)}


def problem_from_json(stored: Mapping[str, Any]) -> RowProblem:
    """What as_json made."""
    return RowProblem(
        code=stored["code"], column=stored["column"], target=stored["target"], values=dict(stored["values"])
    )


def problem_of_gate(found: FieldProblem, columns: Mapping[str, str]) -> RowProblem:
    """What the gate says of a field, told of the column it was read from. columns: by our field."""
    target = found.field.partition(".")[0]
    return RowProblem(code=found.code, column=columns.get(target, ""), target=target)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowErrors:
    """A row that cannot go in as it is."""

    number: int
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A row held back, since a text in it looks like personal data. Never the text: column and pattern."""

    number: int
    findings: tuple[tuple[str, str], ...]  # (column, personal_data.Pattern's value)
