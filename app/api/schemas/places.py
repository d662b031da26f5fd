"""The words of /api/v1/places."""

from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.base import LonLat


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
