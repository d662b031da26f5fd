"""/api/v1/areas: municipalities, local police areas and districts as GeoJSON."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api import geojson
from app.api.geojson import GeoJson
from app.api.schemas.geojson import FeatureCollection
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import areas as store

router = APIRouter(prefix="/areas", tags=["areas"])

Kind = Literal["municipality", "local_police_area", "district"]


@router.get("", response_class=GeoJson, response_model=FeatureCollection, responses=documented())
def get_areas(tx: ReadTx, kind: Kind | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000) -> Response:
    """All areas of the deployment; `id` is the code that other addresses take as `area`."""
    features, count = store.features(tx, kind, limit)
    return geojson.collection(features, count)
