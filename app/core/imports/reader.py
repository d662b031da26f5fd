"""Read rows by a profile: every row becomes an incident as claimed, is held back, or is told what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.imports.known import Known
from app.core.imports.problems import Held, RowErrors
from app.core.imports.profile import Profile
from app.core.imports.source import SourceRow
from app.core.incidents import IncidentDraft, RawIncident
from app.core.ingest import IngestRules


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigure:
    """How many incidents an area had in a stretch of time. Not a place: never becomes points."""

    number: int
    area: str  # as the file says it
    category: str  # a code of ours, or what the file says when it has none
    since: datetime  # UTC, half-open
    until: datetime
    count: int


class Reader:
    """Reads the rows of one table by one profile. Made once an import; keeps no rows."""

    def __init__(self, columns: Sequence[str], profile: Profile, known: Known) -> None:
        """Raises InvalidError when the profile does not fit the columns, or lacks a needed field."""
        raise NotImplementedError

    def read(self, row: SourceRow) -> RawIncident | Held | RowErrors:
        """One row as claimed, before the gate."""
        raise NotImplementedError

    def read_chunk(self, rows: Sequence[SourceRow]) -> list[RawIncident | Held | RowErrors]:
        """The same for many rows at once, in their order; some thousands at a time are fastest."""
        raise NotImplementedError

    def judge_chunk(self, rows: Sequence[SourceRow], rules: IngestRules) -> list[IncidentDraft | Held | RowErrors]:
        """Read and put through the gate (app.core.ingest.check): what may be stored, is held back, or is wrong."""
        raise NotImplementedError

    def figures(self, rows: Sequence[SourceRow]) -> list[AreaFigure | Held | RowErrors]:
        """Rows of a table of counts (profile.kind is FIGURES)."""
        raise NotImplementedError
