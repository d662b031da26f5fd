"""The words of /api/v1/joint-hotspots."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.geojson import Geometry


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
