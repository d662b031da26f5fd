"""The words of /api/v1/sharing-rules."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from app.api.schemas.base import Sent, _as_text
from app.core.disclosure import Precision
from app.core.sharing_rules import PURPOSE_MAX_CHARS, Shared, SharingRule


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
