"""The words of /api/v1/tokens."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.base import Instant, Sent
from app.core.disclosure import Precision
from app.core.permissions import Collection, Role


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
