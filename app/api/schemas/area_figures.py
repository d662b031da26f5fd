"""The words of /api/v1/area-figures."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class AreaFigureOut(BaseModel):
    """How many incidents an area had in a stretch of time."""

    source: str
    area: str
    category: str
    since: datetime
    until: datetime
    count: int
    import_id: UUID


class AreaFigureList(BaseModel):
    """Counts by area and time."""

    figures: list[AreaFigureOut]
