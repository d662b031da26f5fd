"""The words of the API: what is taken in and what is answered. Rules about values are the core's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag
from pydantic_core import PydanticCustomError

from app.core import geo
from app.core.analysis.doubtful_places import Doubt
from app.core.analysis.params import (
    AREA_SHARE,
    LARGEST_MAX_AREA_M2,
    MAX_AREA_M2,
    MAX_AREA_SHARE,
    MAX_EPS_M,
    MIN_AREA_SHARE,
    MIN_EPS_M,
    MOST_REPLICATES,
    MOST_SEED,
    REPLICATES,
    SMALLEST_MAX_AREA_M2,
    Weighting,
)
from app.core.analysis.significance import Certainty
from app.core.analysis.tracking import Change
from app.core.analysis.tuning import Reason
from app.core.geo import Position
from app.core.incidents import SOURCE_MAX_CHARS, SOURCE_REF_MAX_CHARS, TEXT_MAX_CHARS, RawIncident, State

DEFAULT_SOURCE = "api"

Number = Annotated[float, Strict()]
YesNo = Annotated[bool, Strict()]


def _as_text(value: object) -> object:
    """A bare number, in quotes too, could be seconds or milliseconds of anything: only a date says a time."""
    if isinstance(value, str) and "-" in value[1:]:
        return value
    raise PydanticCustomError("datetime_type", "Give the time as text, such as 2026-05-01T08:00:00+02:00")


Instant = Annotated[datetime, BeforeValidator(_as_text)]


class Sent(BaseModel):
    """What a client sends: unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


class LonLat(Sent):
    """A place in WGS84 degrees."""

    lon: Number
    lat: Number

    def to_position(self) -> Position:
        """In the core's words."""
        return Position(self.lon, self.lat)


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
    reported_at: datetime
    version: int
    changed_at: datetime


class PeriodIn(Sent):
    """From and to: dates (whole days in Stockholm, `to` included) or instants with an offset (`to` excluded)."""

    from_: str | None = Field(None, alias="from", max_length=40, examples=["2025-11-17"])
    to: str | None = Field(None, max_length=40, examples=["2026-11-15"])


class AnalysisIn(Sent):
    """What to analyse; everything may be left out."""

    period: PeriodIn = PeriodIn()
    categories: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=100)] = []
    area: str | None = Field(None, max_length=100, description="An area's code.")
    eps_m: Annotated[Number, Field(ge=MIN_EPS_M, le=MAX_EPS_M)] | None = Field(
        None,
        description="How near incidents must lie. Without this and min_incidents both are chosen from the incidents.",
    )
    min_incidents: Annotated[int, Strict(), Field(ge=2, le=100_000)] | None = Field(
        None, description="How many must lie so near."
    )
    area_share: Annotated[Number, Field(ge=MIN_AREA_SHARE, le=MAX_AREA_SHARE)] = Field(
        AREA_SHARE, description="Share of the active ground to mark, where the numbers are chosen from the incidents."
    )
    max_area_m2: Annotated[Number, Field(ge=SMALLEST_MAX_AREA_M2, le=LARGEST_MAX_AREA_M2)] = Field(
        MAX_AREA_M2, description="Larger hot spots are split."
    )
    weighting: Weighting = Weighting.RECENCY
    seed: Annotated[int, Strict(), Field(ge=0, le=MOST_SEED)] = Field(0, description="Of everything drawn by chance.")
    replicates: Annotated[int, Strict(), Field(ge=0, le=MOST_REPLICATES)] = Field(
        REPLICATES, description="Random towns that every hot spot is held against; 0 for no test against chance."
    )


class PeriodOut(BaseModel):
    """A half-open period."""

    from_: datetime = Field(serialization_alias="from")
    to: datetime


class TuningOut(BaseModel):
    """Why eps_m and min_incidents are as they are, in figures and in words."""

    reason: Reason
    incident_count: int
    active_km2: float
    area_share: float
    flagged_share: float
    max_area_m2: float
    sv: str
    en: str


class DoubtfulPlaceOut(BaseModel):
    """A position that may stand for "somewhere", and the question to ask."""

    lon: float
    lat: float
    count: int
    share: float
    doubts: list[Doubt]
    sv: str
    en: str


class AnalysisOut(BaseModel):
    """One run: what was asked, how far it has come, what it found in figures."""

    id: UUID
    organisation: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    period: PeriodOut
    categories: list[str]
    area: str | None
    organisations: list[str]
    eps_m: float | None = Field(description="As used; null until the run has chosen it.")
    min_incidents: int | None = Field(description="As used; null until the run has chosen it.")
    tuning: TuningOut | None = Field(description="Why the two numbers are as they are; null where they were given.")
    max_area_m2: float
    weighting: Weighting
    seed: int
    replicates: int
    significant_count: int | None = Field(description="Hot spots that are hardly chance; null where not tested.")
    doubtful_places: list[DoubtfulPlaceOut] = Field(description="Positions to ask somebody about; nothing was dropped.")
    fingerprint: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    data_cut_off: datetime | None
    code_version: str
    incident_count: int | None
    noise_count: int | None
    hotspot_count: int | None
    failure: str | None
    adopted_at: datetime | None
    links: dict[str, str]


class AnalysisList(BaseModel):
    """The organisation's runs, newest first."""

    analyses: list[AnalysisOut]


class CategoryOut(BaseModel):
    """A kind of incident."""

    code: str
    sv: str
    en: str
    harm_weight: float
    own_weight: float | None
    is_clustered: bool


class CategoryList(BaseModel):
    """All categories, in their order."""

    categories: list[CategoryOut]


class OrganisationOut(BaseModel):
    """An organisation of the deployment."""

    slug: str
    name: str
    kind: str
    municipality: str | None
    local_police_area: str | None
    area: str | None
    outside_area: str


class OrganisationList(BaseModel):
    """All organisations."""

    organisations: list[OrganisationOut]


class Health(BaseModel):
    """Whether the service works."""

    status: Literal["ok", "not ready"]
    checks: dict[str, str] = {}


class Geometry(BaseModel):
    """A GeoJSON geometry in WGS84, six decimals, right-hand rule."""

    type: str
    coordinates: list[Any]


class Feature(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: dict[str, Any]


class Link(BaseModel):
    """Where to go next."""

    rel: str
    href: str
    type: str = "application/geo+json"


class FeatureCollection(BaseModel):
    """GeoJSON features."""

    type: Literal["FeatureCollection"]
    numberReturned: int  # noqa: N815 -- the standard's spelling
    features: list[Feature]
    links: list[Link] = []


class CategoryShare(BaseModel):
    """How much of a hot spot is of one category."""

    code: str
    count: int
    share: float


class HotSpotProperties(BaseModel):
    """What is known of one hot spot in one run."""

    rank: int
    count: int
    weighted_value: float
    weighting: Weighting
    recency_value: float
    harm_value: float | None
    recent_count: int
    usual_count: float
    density_per_km2: float
    area_m2: int
    period_from: datetime
    period_to: datetime
    first_seen: datetime
    last_seen: datetime
    dominant_category: str
    categories: list[CategoryShare]
    centre: list[float]
    place_uncertainty_m: float | None
    place_certainty: float | None = Field(
        None, description="Share of trials in which it is found again when incidents move as far as they are uncertain."
    )
    p_value: float | None = Field(
        None, description="Share of random towns with anything as clear, corrected for how many hot spots there are."
    )
    p_low: float | None = Field(None, description="What p_value would be at least with endless random towns.")
    p_high: float | None = Field(None, description="And at most, in 95 cases of 100.")
    is_significant: bool | None = Field(None, description="Whether p_value is at most 0.05.")
    certainty: Certainty | None = Field(None, description="The same in one word.")
    expected_count: float | None = Field(None, description="Incidents there if no hotter than its part of town.")
    excess_ratio: float | None = Field(None, description="How many times as many there were.")
    fingerprint: str
    change: Change | None = Field(None, description="What became of it; only in a run that is adopted.")
    related: list[UUID] = Field([], description="Split from or into these, or merged of these.")


class SourceCount(BaseModel):
    """How many reports of a hot spot come from one source."""

    name: str
    count: int


class Explanation(BaseModel):
    """Why a place is a hot spot: codes, and plain sentences in both languages."""

    reasons: list[str]
    sv: str
    en: str


class HotSpotStatistics(BaseModel):
    """Counts of the members: hours 0-23 and weekdays from Monday, in Stockholm; ISO weeks; sources."""

    core_incident_count: int
    hours: list[int]
    weekdays: list[int]
    weeks: dict[str, int]
    sources: list[SourceCount]
    explanation: Explanation | None = Field(None, description="Why it is a hot spot, and how sure that is.")


class HotSpotFeature(BaseModel):
    """One hot spot."""

    type: Literal["Feature"]
    id: UUID
    geometry: Geometry
    properties: HotSpotProperties


class HotSpotStep(BaseModel):
    """What one adoption said of a hot spot; without rank and count it was not there any more."""

    run: UUID
    adopted_at: datetime
    change: Change
    related: list[UUID]
    rank: int | None
    count: int | None


class HotSpotDetail(HotSpotFeature):
    """One hot spot with the statistics of its members, and what became of it, newest adoption first."""

    statistics: HotSpotStatistics
    run: UUID
    first_adopted_at: datetime | None
    last_adopted_at: datetime | None
    history: list[HotSpotStep]


class HotSpotRun(BaseModel):
    """The run that the hot spots come from."""

    id: UUID
    organisation: str
    adopted_at: datetime | None
    data_cut_off: datetime | None
    incident_count: int
    noise_count: int
    fingerprint: str


class HotSpotChange(BaseModel):
    """What the adoption of a run said of one hot spot, beside how it was when last seen before."""

    id: UUID
    change: Change
    related: list[UUID] = Field(description="Split from or into these, merged of these or into this.")
    is_there: bool = Field(description="False: gone, or merged into another.")
    rank: int | None
    count: int | None
    rank_before: int | None
    count_before: int | None
    run_before: UUID | None
    centre: list[float]


class HotSpotChanges(BaseModel):
    """Every hot spot of a run in rank order, then those that are there no longer."""

    run: UUID | None
    changes: list[HotSpotChange]


class HotSpotCollection(BaseModel):
    """The hot spots of one run, first rank first."""

    type: Literal["FeatureCollection"]
    run: HotSpotRun | None = None
    numberReturned: int  # noqa: N815 -- the standard's spelling
    features: list[HotSpotFeature]
