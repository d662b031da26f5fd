"""The body of a batch: a JSON list or a GeoJSON FeatureCollection.

Ten thousand reports go through here in one request. They are checked some hundreds at a time: of a body that is
wrong from end to end nobody wants to hear, or to hold in memory, every problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.actions.incidents import Reported
from app.api.schemas.incidents import BatchStored, IncidentFeatureIn, IncidentIn, RowProblem
from app.core.errors import FieldProblem, ForbiddenError, InvalidError, TooLargeError
from app.core.incidents import RawIncident
from app.edge import bodies
from app.edge.problems import MOST_PROBLEMS, of_validation

MOST_ROWS = 10_000
ROWS_AT_A_TIME = 500
MOST_PROBLEMS_OF_ROW = 20


class Mode(StrEnum):
    """What happens to a batch in which some rows are wrong."""

    ALL = "all"
    PARTIAL = "partial"


class FeatureCollectionIn(BaseModel):
    """Reports as GeoJSON; members that GIS programs add (name, crs, bbox) are passed over."""

    type: Literal["FeatureCollection"]
    features: list[IncidentFeatureIn]


Row = IncidentIn | IncidentFeatureIn
Problems = dict[int, list[FieldProblem]]  # by the row's place in what was sent

_REPORTS: TypeAdapter[list[IncidentIn]] = TypeAdapter(list[IncidentIn])
_FEATURES: TypeAdapter[list[IncidentFeatureIn]] = TypeAdapter(list[IncidentFeatureIn])
REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "maxItems": MOST_ROWS,
                    "items": {"$ref": "#/components/schemas/IncidentIn"},
                }
            },
            "application/geo+json": {"schema": {"$ref": "#/components/schemas/FeatureCollectionIn"}},
        },
    }
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Readable rows with their place in what was sent, and the problems of the others by that place."""

    raws: list[RawIncident]
    places: Sequence[int]
    unreadable: Problems

    def merged(self, reported: Reported) -> BatchStored:
        """What became of every row that was sent."""
        total = len(self.raws) + len(self.unreadable)
        ids: list[UUID | None] = [None] * total
        wrong: dict[int, Sequence[FieldProblem]] = dict(self.unreadable)
        for place, incident_id in zip(self.places, reported.ids, strict=True):
            ids[place] = incident_id
        for i, found in reported.problems.items():
            wrong[self.places[i]] = found
        return BatchStored(
            created=reported.created_count,
            repeated=reported.repeated_count,
            refused=len(wrong),
            ids=ids,
            errors=[
                RowProblem(index=place, field=p.field, code=p.code, message=p.message)
                for place in sorted(wrong)
                for p in wrong[place]
            ],
        )


def read(body: bytes, *, is_partial: bool, own: str) -> Batch:
    """Read a batch for the organisation `own`. Raises InvalidError, TooLargeError or ForbiddenError."""
    sent, model = _sent(bodies.parsed(body))
    rows: list[Row] = []
    places: list[int] = []
    unreadable: Problems = {}
    for start in range(0, len(sent), ROWS_AT_A_TIME):
        here = range(start, min(start + ROWS_AT_A_TIME, len(sent)))
        try:
            rows += model.validate_python(sent[start : here.stop])
        except ValidationError as error:
            found = _by_row(error, start)
            unreadable |= found
            if not is_partial and sum(map(len, unreadable.values())) >= MOST_PROBLEMS:
                break
            here_too = [i for i in here if i not in found]
            rows += model.validate_python([sent[i] for i in here_too])
            places += here_too
        else:
            places += here
    if unreadable and not is_partial:
        problems = tuple(p.under(str(i)) for i, found in unreadable.items() for p in found)
        raise InvalidError("The batch cannot be read; nothing was stored.", problems)
    if foreign := {row.organisation for row in rows} - {None, own}:
        raise ForbiddenError(f"The batch holds reports for {len(foreign)} other organisation(s) than {own}.")
    return Batch([row.to_raw() for row in rows], places, unreadable)


def _sent(value: Any) -> tuple[list[Any], TypeAdapter[list[IncidentIn]] | TypeAdapter[list[IncidentFeatureIn]]]:
    """What was sent, row by row and unread, and how to read it."""
    is_collection = isinstance(value, dict) and value.get("type") == "FeatureCollection"
    rows = value.get("features") if is_collection else value
    if not isinstance(rows, list):
        sentence = "Send a JSON list of reports, or a GeoJSON FeatureCollection."
        raise InvalidError(sentence, (FieldProblem("", "no-batch", sentence),))
    if len(rows) > MOST_ROWS:
        raise TooLargeError(f"A batch holds at most {MOST_ROWS:,} reports; nothing was stored.")
    return rows, _FEATURES if is_collection else _REPORTS


def _by_row(error: ValidationError, start: int) -> Problems:
    """What pydantic found in rows of which the first was sent at place `start`."""
    found: Problems = {}
    for one in error.errors(include_input=False, include_context=False, include_url=False):
        row = start + int(one["loc"][0])
        if len(found.setdefault(row, [])) < MOST_PROBLEMS_OF_ROW:
            found[row] += of_validation([{**one, "loc": one["loc"][1:]}])
    return found
