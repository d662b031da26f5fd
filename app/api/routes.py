"""All of the API under /api/v1."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import (
    analyses,
    area_figures,
    areas,
    audit,
    batches,
    catchments,
    categories,
    crime_codes,
    health,
    hotspots,
    imports,
    incident_links,
    incidents,
    joint_hotspots,
    organisations,
    places,
    retention,
    sharing_rules,
    tokens,
)
from app.edge.dependencies import Slot
from app.edge.problems import Problem

PREFIX = "/api/v1"

router = APIRouter(prefix=PREFIX)
for part in (
    incidents,
    incident_links,
    imports,
    places,
    crime_codes,
    area_figures,
    joint_hotspots,
    analyses,
    hotspots,
    areas,
    categories,
    organisations,
    sharing_rules,
    tokens,
    audit,
    retention,
    catchments,
    health,
):
    router.include_router(part.router, dependencies=[] if part is health else [Slot])
router.include_router(imports.streams)  # they take minutes: a slot would be held for as long


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the parts that are read by hand rather than by FastAPI."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (Problem, batches.FeatureCollectionIn):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if not path.startswith(f"{PREFIX}/health"):
                    operation["security"] = [{"token": []}]
        app.openapi_schema = document
    return app.openapi_schema
