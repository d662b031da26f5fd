"""The words of /api/v1/retention."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, Strict

from app.api.schemas.base import Sent
from app.core.incidents import SOURCE_MAX_CHARS

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
