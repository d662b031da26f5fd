"""The words of the API: what is taken in and what is answered. Rules about values are the core's."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
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
    SMALLEST_MAX_AREA_M2,
    Weighting,
)
from app.core.analysis.tracking import Change
from app.core.analysis.tuning import Reason
from app.core.disclosure import Precision
from app.core.geo import Position
from app.core.imports import problems
from app.core.imports.states import Choice
from app.core.imports.states import State as ImportState
from app.core.incidents import SOURCE_MAX_CHARS, SOURCE_REF_MAX_CHARS, TEXT_MAX_CHARS, RawIncident, State
from app.core.permissions import Collection, Role
from app.core.sharing_rules import PURPOSE_MAX_CHARS, Shared, SharingRule

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
    reported_at: datetime | None = Field(description="Null where the position is coarse.")
    version: int | None = Field(description="Null where the position is coarse.")
    changed_at: datetime | None = Field(description="Null where the position is coarse.")
    precision: Precision = Precision.EXACT
    area: str | None = Field(None, description="The area, where no more is told.")


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
    counts_linked_once: YesNo = Field(False, description="Of reports linked as one incident, only the first counts.")


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
    doubtful_places: list[DoubtfulPlaceOut] = Field(description="Positions to ask somebody about; nothing was dropped.")
    counts_linked_once: bool
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


class SharingRuleIn(Sent):
    """What one organisation gives; without a receiver, to the joint analysis."""

    giver: Annotated[str, Field(max_length=100)]
    receiver: Annotated[str, Field(max_length=100)] | None = None
    what: Shared
    precision: Precision
    categories: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=100)] | None = None
    purpose: Annotated[str, Field(max_length=PURPOSE_MAX_CHARS)]
    valid_until: Annotated[date, BeforeValidator(_as_text)] = Field(description="The last day of the rule.")

    def to_rule(self) -> SharingRule:
        """In the core's words."""
        return SharingRule(
            giver=self.giver,
            receiver=self.receiver,
            what=self.what,
            precision=self.precision,
            categories=None if self.categories is None else tuple(self.categories),
            purpose=self.purpose,
            valid_until=self.valid_until,
        )


class SharingRuleMade(BaseModel):
    """A new rule."""

    id: UUID


class SharingRuleOut(BaseModel):
    """One rule."""

    id: UUID
    giver: str
    receiver: str | None
    what: Shared
    precision: Precision
    categories: list[str] | None
    purpose: str
    valid_until: date
    created_at: datetime
    ended_at: datetime | None
    is_in_force: bool


class SharingRuleList(BaseModel):
    """Sharing rules, newest first."""

    sharing_rules: list[SharingRuleOut]


class TokenIn(Sent):
    """A token to be made."""

    organisation: str = Field(max_length=100, description="The slug of the account's organisation")
    account: str = Field(max_length=200, description="The account's name")
    name: str = Field(max_length=100, description="What the token is for", examples=["QGIS på kontoret"])
    collections: list[Collection] = Field(
        default=[],
        max_length=len(Collection),
        description="What it opens of what the account's role opens; none named: all",
    )
    precision: Precision | None = Field(
        default=None, description="How exactly it shows places, at most as exactly as the role"
    )
    ends_at: Instant = Field(description="When it stops working: at most two years ahead")


class TokenIssued(BaseModel):
    """A new token: the only time its secret can be read."""

    id: UUID
    secret: str


class TokenOut(BaseModel):
    """A token, without its secret."""

    id: UUID
    organisation: str
    account: str
    role: Role
    name: str
    collections: list[Collection]
    precision: str | None
    created_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None


class TokenList(BaseModel):
    """All tokens."""

    tokens: list[TokenOut]


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
    fingerprint: str
    change: Change | None = Field(None, description="What became of it; only in a run that is adopted.")
    related: list[UUID] = Field([], description="Split from or into these, or merged of these.")
    precision: Precision = Field(Precision.EXACT, description="Left out where it is exact.")


class SourceCount(BaseModel):
    """How many reports of a hot spot come from one source."""

    name: str
    count: int


class HotSpotStatistics(BaseModel):
    """Counts of the members: hours 0-23 and weekdays from Monday, in Stockholm; ISO weeks; sources."""

    core_incident_count: int | None = Field(description="Null where the outline is coarse.")
    hours: list[int]
    weekdays: list[int]
    weeks: dict[str, int]
    sources: list[SourceCount]


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


class JointRun(BaseModel):
    """When the joint picture was made, of where."""

    id: UUID
    local_police_area: str
    made_at: datetime
    k: int


class JointProperties(BaseModel):
    """What is told of a joint hot spot: enough of it is others' whoever reads it."""

    rank: int
    count_at_least: int
    categories: list[str]
    period_from: datetime
    period_to: datetime
    k: int


class JointFeature(BaseModel):
    """One joint hot spot; its outline is whole catchments."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: JointProperties


class JointCollection(BaseModel):
    """The joint picture of a local police area, first rank first."""

    type: Literal["FeatureCollection"]
    run: JointRun | None = None
    numberReturned: int  # noqa: N815 -- the standard's spelling
    features: list[JointFeature]


class HotSpotCollection(BaseModel):
    """The hot spots of one run, first rank first."""

    type: Literal["FeatureCollection"]
    run: HotSpotRun | None = None
    numberReturned: int  # noqa: N815 -- the standard's spelling
    features: list[HotSpotFeature]


class AuditLineOut(BaseModel):
    """Who did or read what, when, from where, with which scope; never a row's content."""

    id: int
    recorded_at: datetime
    actor: str
    role: str
    organisation: str | None
    action: str
    subject: str | None
    figures: dict[str, Any]
    scope: str | None
    address: str | None
    request_id: str | None


class AuditPage(BaseModel):
    """Lines of the audit log, newest first."""

    lines: list[AuditLineOut]
    next_before: int | None = Field(description="Give it as `before` for the page after this one.")
    sealed_at: datetime | None = Field(description="What is older than this is in the chain of seals.")


Months = Annotated[int, Strict(), Field(ge=1, le=600)] | None


class RetentionRuleIn(Sent):
    """What of an incident goes after how many months; null is kept."""

    source: Annotated[str, Field(max_length=SOURCE_MAX_CHARS)] | None = None
    category: Annotated[str, Field(max_length=20)] | None = None
    text_after_months: Months = None
    position_after_months: Months = None
    everything_after_months: Months = None


class RetentionRules(Sent):
    """All rules of an organisation."""

    rules: Annotated[list[RetentionRuleIn], Field(max_length=200)]


class DueOut(BaseModel):
    """What one rule would take."""

    source: str | None
    category: str | None
    texts: int
    positions: int
    incidents: int


class RetentionDue(BaseModel):
    """What the rules would take now."""

    due: list[DueOut]


class ProcessedOut(BaseModel):
    """One kind of data."""

    table: str
    what: str
    why: str
    kept: str
    is_personal: bool


class SharingOut(BaseModel):
    """One sharing rule in force."""

    giver: str
    receiver: str
    what: str
    purpose: str
    valid_until: date


class PrivacyReport(BaseModel):
    """Material for an impact assessment."""

    organisation: str
    made_at: datetime
    processed: list[ProcessedOut]
    incident_count: int
    retention: list[RetentionRuleIn]
    sharing: list[SharingOut]
    audit_keep_months: int
    audit_sealed_at: datetime | None


class Sentence(BaseModel):
    """One sentence in both languages."""

    sv: str
    en: str


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


class PlaceOut(BaseModel):
    """A place of the register."""

    id: UUID
    name: str
    aliases: list[str]
    within: str
    position: LonLat
    location_uncertainty_m: float


class PlaceList(BaseModel):
    """The place register."""

    places: list[PlaceOut]


class CrimeCodeIn(Sent):
    """The category of a crime code."""

    category: Annotated[str, Field(max_length=20)]


class CrimeCodeOut(BaseModel):
    """A crime code, or the beginning of codes, and its category."""

    code: str
    category: str
    is_own: bool


class CrimeCodeList(BaseModel):
    """The crosswalk."""

    crime_codes: list[CrimeCodeOut]


class AreaFigureOut(BaseModel):
    """How many incidents an area had in a stretch of time."""

    source: str
    area: str
    category: str
    since: datetime
    until: datetime
    count: int
    import_id: UUID


class AreaFigureList(BaseModel):
    """Counts by area and time."""

    figures: list[AreaFigureOut]


class LinkIn(Sent):
    """Two reports of one incident."""

    first_id: UUID
    second_id: UUID


class LinkDecisionIn(Sent):
    """Whether two reports tell of one incident."""

    state: Literal["confirmed", "dismissed"]


class LinkOut(BaseModel):
    """Two reports that may tell of one incident."""

    id: UUID
    first_id: UUID
    second_id: UUID
    distance_m: float
    hours_apart: float
    state: Literal["proposed", "confirmed", "dismissed"]
    proposed_at: datetime
    decided_at: datetime | None


class LinkList(BaseModel):
    """Links between reports."""

    links: list[LinkOut]
