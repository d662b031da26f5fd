"""/api/v1/health: for load balancers and watchers. Public: it tells no figures and no content."""

from typing import Any

from fastapi import APIRouter, Response

from app.api.schemas.health import Health
from app.edge.dependencies import CurrentServices
from app.edge.problems import described
from app.store import health as store

router = APIRouter(prefix="/health", tags=["health"])

NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "Not ready; `checks` says why"}}


@router.get("", responses=described(413))
def get_health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/ready", responses=described(413) | NOT_READY)
def get_ready(services: CurrentServices, response: Response) -> Health:
    """The process and its database can serve."""
    wrong = store.checks(services.database.engine, services.schema_head)
    if wrong:
        response.status_code = 503
        return Health(status="not ready", checks=wrong)
    return Health(status="ok")
