"""The words of /api/v1/imports."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, Strict

from app.api.schemas.base import Sent, Sentence
from app.core.imports import problems
from app.core.imports.states import Choice
from app.core.imports.states import State as ImportState


class ImportRows(BaseModel):
    """What became of the rows: good + bad + doubled + held = read."""

    count: int | None = Field(description="Of the file; about, until it has been read once.")
    read: int
    good: int
    bad: int
    held: int = Field(description="Held back: what looks like personal data, and rows that wait.")
    waiting: int = Field(description="Of those held: rows that wait for a choice of place.")
    doubled: int
    created: int = Field(description="Of the good ones: new incidents.")
    updated: int = Field(description="Of the good ones: stored before, and changed or back.")


class ImportRowProblem(BaseModel):
    """One thing wrong with a row; never what stands in it."""

    code: str
    column: str
    message: Sentence
    values: dict[str, str] = {}
    kind: str | None = None
    count: int | None = None

    @classmethod
    def of(cls, problem: problems.RowProblem, *, kind: str | None = None, count: int | None = None) -> Self:
        """In words."""
        message = Sentence(sv=problem.message("sv"), en=problem.message("en"))
        values = dict(problem.values)
        return cls(code=problem.code, column=problem.column, message=message, values=values, kind=kind, count=count)


class ImportOut(BaseModel):
    """An import: what was sent, how far it has come, what a dry run shows."""

    id: UUID
    organisation: str
    source: str
    file_name: str
    file_bytes: int
    state: ImportState
    choice: Choice | None
    requested_at: datetime
    finished_at: datetime | None
    upload_ends_at: datetime
    rows: ImportRows
    rows_per_second: float | None
    seconds_left: float | None
    failure: Sentence | None
    profile: dict[str, Any] | None
    preview: dict[str, Any] | None = Field(None, description="Guesses, ten rows, a small map; for the importer.")
    commonest: list[ImportRowProblem] = []
    links: dict[str, str]


class ImportList(BaseModel):
    """The organisation's imports, newest first."""

    imports: list[ImportOut]


class ImportPatch(Sent):
    """How the file is to be read; fields that are left out stay as they are."""

    profile: dict[str, Any]


class ImportCommitIn(Sent):
    """What happens when some rows are refused."""

    choice: Choice = Choice.GOOD_ROWS


class ImportPlaceIn(Sent):
    """A row, and the place of the register that it means."""

    row: Annotated[int, Strict(), Field(ge=0, le=2_000_000_000)]
    place: UUID


class ImportRowError(BaseModel):
    """What is wrong with one row, or noteworthy."""

    row: int
    kind: str
    problems: list[ImportRowProblem]


class ImportErrors(BaseModel):
    """Rows that did not go in, in the order of the file."""

    rows: list[ImportRowError]
    next: str | None
