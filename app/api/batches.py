"""The body of a batch: a JSON list or a GeoJSON FeatureCollection, read in one pass.

Ten thousand reports go through here in one request, so the fast way is one call into pydantic's own
JSON reader; only a body with wrong rows is read a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from app.actions.incidents import Reported
from app.api.schemas import BatchStored, IncidentFeatureIn, IncidentIn, RowProblem
from app.core.errors import FieldProblem, ForbiddenError, InvalidError, TooLargeError
from app.core.incidents import RawIncident
from app.edge.problems import of_validation

MOST_ROWS = 10_000


class Mode(StrEnum):
    """What happens to a batch in which some rows are wrong."""

    ALL = "all"
    PARTIAL = "partial"


class FeatureCollectionIn(BaseModel):
    """Reports as GeoJSON; members that GIS programs add (name, crs, bbox) are passed over."""

    type: Literal["FeatureCollection"]
    features: list[IncidentFeatureIn]


_LIST = TypeAdapter(list[IncidentIn])
_COLLECTION = TypeAdapter(FeatureCollectionIn)
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
    unreadable: dict[int, list[FieldProblem]]

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
    is_collection = body.lstrip()[:1] == b"{"
    try:
        rows = _rows(body, is_collection=is_collection)
    except ValidationError as error:
        by_row = _by_row(error, depth=1 if is_collection else 0)
        if not is_partial or None in by_row:
            problems = of_validation(list(error.errors(include_input=False, include_context=False, include_url=False)))
            raise InvalidError("The batch cannot be read; nothing was stored.", problems) from error
        return _readable_part(body, by_row, is_collection=is_collection, own=own)
    return Batch(_raws(rows, own), range(len(rows)), {})


def _rows(body: bytes, *, is_collection: bool) -> Sequence[IncidentIn | IncidentFeatureIn]:
    rows = _COLLECTION.validate_json(body).features if is_collection else _LIST.validate_json(body)
    if len(rows) > MOST_ROWS:
        raise TooLargeError(f"A batch holds at most {MOST_ROWS:,} reports; nothing was stored.")
    return rows


def _by_row(error: ValidationError, depth: int) -> dict[int | None, list[FieldProblem]]:
    """The problems by row; under None those of the body as a whole."""
    found: dict[int | None, list[FieldProblem]] = {}
    for one in error.errors(include_input=False, include_context=False, include_url=False):
        place = one["loc"][depth] if len(one["loc"]) > depth else None
        row = place if isinstance(place, int) else None
        (problem,) = of_validation([{**one, "loc": one["loc"][depth + 1 :]}])
        found.setdefault(row, []).append(problem)
    return found


def _readable_part(
    body: bytes, by_row: dict[int | None, list[FieldProblem]], *, is_collection: bool, own: str
) -> Batch:
    """The rows that can be read, when some cannot."""
    whole = from_json(body)
    sent = whole["features"] if is_collection else whole
    if len(sent) > MOST_ROWS:
        raise TooLargeError(f"A batch holds at most {MOST_ROWS:,} reports; nothing was stored.")
    places = [i for i in range(len(sent)) if i not in by_row]
    kept = [sent[i] for i in places]
    again = {**whole, "features": kept} if is_collection else kept
    rows = _rows(to_json(again, inf_nan_mode="constants"), is_collection=is_collection)
    return Batch(_raws(rows, own), places, {i: found for i, found in by_row.items() if i is not None})


def _raws(rows: Sequence[IncidentIn | IncidentFeatureIn], own: str) -> list[RawIncident]:
    if foreign := {row.organisation for row in rows} - {None, own}:
        raise ForbiddenError(f"The batch holds reports for {len(foreign)} other organisation(s) than {own}.")
    return [row.to_raw() for row in rows]
