"""/api/v1/area-figures: counts by area and time, from deliveries that hold nothing finer."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.schemas.area_figures import AreaFigureList, AreaFigureOut
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import imports as store

router = APIRouter(prefix="/area-figures", tags=["imports"], route_class=JsonRoute)


@router.get("", responses=documented())
def get_area_figures(
    tx: ReadTx,
    source: Annotated[str | None, Query(max_length=100)] = None,
    area: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> AreaFigureList:
    """The figures by area, time and category. They stand beside the incidents and never become points."""
    check_may(tx.actor, May.READ_INCIDENTS)
    found = store.figures(tx, source=_plain(source), area=_plain(area), limit=limit)
    return AreaFigureList(figures=[AreaFigureOut.model_validate(f) for f in found])


def _plain(text: str | None) -> str | None:
    """Nothing is called so that holds a NUL, and the database cannot even be asked for it."""
    return None if text is None else text.replace("\x00", "\ufffd")
