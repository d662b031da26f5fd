"""The words of /api/v1/incidents."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Discriminator, Field, Tag

from app.api.schemas.base import Instant, LonLat, Number, Sent, YesNo
from app.core import geo
from app.core.disclosure import Precision
from app.core.geo import Position
from app.core.incidents import SOURCE_MAX_CHARS, SOURCE_REF_MAX_CHARS, TEXT_MAX_CHARS, RawIncident, State

DEFAULT_SOURCE = "api"


class Metric(Sent):
    """A place in the deployment's metres: x is the easting, y the northing."""

    x: Number
    y: Number
    crs: str = Field(examples=["EPSG:3006"], max_length=40)

    def to_position(self) -> Position:
        """In the core's words."""
        return Position(self.x, self.y, self.crs)


class PointGeometry(Sent):
    """A GeoJSON point: longitude, latitude."""

    type: Literal["Point"]
    coordinates: Annotated[list[Number], Field(min_length=2, max_length=2)]

    def to_position(self) -> Position:
        """In the core's words."""
        return Position(self.coordinates[0], self.coordinates[1], geo.CRS84)


def _form_of_position(value: object) -> str:
    """Which of the three ways to write a place is meant, so that problems are told of that one only."""
    names = value.keys() if isinstance(value, Mapping) else getattr(value, "model_fields_set", ())
    if "coordinates" in names or "type" in names:
        return "(GeoJSON)"
    return "(metres)" if "x" in names or "y" in names or "crs" in names else "(degrees)"


AnyPosition = Annotated[
    Annotated[LonLat, Tag("(degrees)")]
    | Annotated[Metric, Tag("(metres)")]
    | Annotated[PointGeometry, Tag("(GeoJSON)")],
    Discriminator(_form_of_position),
]


class _IncidentFields(Sent):
    category: Annotated[str, Field(max_length=20, examples=["SKD"])]
    occurred_from: Annotated[Instant, Field(description="With its offset from UTC.")]
    occurred_to: Instant | None = None
    location_uncertainty_m: Number | None = None
    source: Annotated[str, Field(max_length=SOURCE_MAX_CHARS)] = DEFAULT_SOURCE
    source_ref: Annotated[str, Field(max_length=SOURCE_REF_MAX_CHARS)] | None = None
    text: Annotated[str, Field(max_length=TEXT_MAX_CHARS)] | None = None
    organisation: str | None = Field(None, max_length=100, description="Your own; it may be left out.")
    text_reviewed: YesNo = Field(False, description="A person has read the text and vouches for it.")

    def _to_raw(self, position: Position) -> RawIncident:
        return RawIncident(
            category=self.category,
            occurred_from=self.occurred_from,
            occurred_to=self.occurred_to,
            position=position,
            location_uncertainty_m=self.location_uncertainty_m,
            source=self.source,
            source_ref=self.source_ref,
            text=self.text,
            text_reviewed=self.text_reviewed,
        )


class IncidentIn(_IncidentFields):
    """One report."""

    position: AnyPosition

    def to_raw(self) -> RawIncident:
        """In the core's words."""
        return self._to_raw(self.position.to_position())


class IncidentFeatureIn(BaseModel):
    """One report as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: PointGeometry
    properties: _IncidentFields

    @property
    def organisation(self) -> str | None:
        """Whose report it is."""
        return self.properties.organisation

    def to_raw(self) -> RawIncident:
        """In the core's words."""
        return self.properties._to_raw(self.geometry.to_position())  # noqa: SLF001 -- one family


class IncidentPatch(Sent):
    """What to correct; fields that are left out stay as they are."""

    category: Annotated[str, Field(max_length=20)] = ""
    occurred_from: Instant = datetime.min.replace(tzinfo=UTC)
    occurred_to: Instant | None = None
    position: AnyPosition = LonLat(lon=0, lat=0)
    location_uncertainty_m: Number | None = None
    text: Annotated[str, Field(max_length=TEXT_MAX_CHARS)] | None = None
    text_reviewed: YesNo = False
    state: State = State.SUBMITTED

    def to_changes(self) -> dict[str, Any]:
        """Only what was sent, in the core's words; a new text is judged anew unless it is said to be reviewed."""
        changes = {name: getattr(self, name) for name in self.model_fields_set}
        if "position" in changes:
            changes["position"] = self.position.to_position()
        if "text" in changes:
            changes["text_reviewed"] = self.text_reviewed
        return changes


class Stored(BaseModel):
    """A stored report: its id, and whether it is new (false for a repeat)."""

    id: UUID
    created: bool


class RowProblem(BaseModel):
    """What was wrong with one row of a batch."""

    index: int
    field: str
    code: str
    message: str


class BatchStored(BaseModel):
    """What became of a batch: ids by index (null for refused rows)."""

    created: int
    repeated: int
    refused: int
    ids: list[UUID | None]
    errors: list[RowProblem]


class IncidentOut(BaseModel):
    """One incident."""

    id: UUID
    organisation: str
    category: str
    occurred_from: datetime
    occurred_to: datetime | None
    position: LonLat
    location_uncertainty_m: float | None
    source: str
    source_ref: str | None
    text: str | None
    marks: list[str]
    state: State
    reported_at: datetime | None = Field(description="Null where the position is coarse.")
    version: int | None = Field(description="Null where the position is coarse.")
    changed_at: datetime | None = Field(description="Null where the position is coarse.")
    precision: Precision = Precision.EXACT
    area: str | None = Field(None, description="The area, where no more is told.")
