"""The words of /api/v1/hotspots."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.geojson import Geometry
from app.core.analysis.params import (
    Weighting,
)
from app.core.analysis.significance import Certainty
from app.core.analysis.tracking import Change
from app.core.disclosure import Precision


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
    precision: Precision = Field(Precision.EXACT, description="Left out where it is exact.")


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

    core_incident_count: int | None = Field(description="Null where the outline is coarse.")
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
