"""The words of /api/v1/audit."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


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
