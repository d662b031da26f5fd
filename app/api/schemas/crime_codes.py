"""The words of /api/v1/crime-codes."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.api.schemas.base import Sent


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
