"""The words of /api/v1/incident-links."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.base import Sent


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
