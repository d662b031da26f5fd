"""The words of /api/v1/analyses."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, Strict

from app.api.schemas.base import Number, Sent, YesNo
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
from app.core.analysis.tuning import Reason


class PeriodIn(Sent):
    """From and to: dates (whole days in Stockholm, `to` included) or instants with an offset (`to` excluded)."""

    from_: str | None = Field(None, alias="from", max_length=40, examples=["2025-11-17"])
    to: str | None = Field(None, max_length=40, examples=["2026-11-15"])


class AnalysisIn(Sent):
    """What to analyse; everything may be left out."""

    period: PeriodIn = PeriodIn()
    categories: list[Annotated[str, Field(max_length=20)]] = Field([], max_length=100)
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
    seed: int
    replicates: int
    significant_count: int | None = Field(description="Hot spots that are hardly chance; null where not tested.")
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
