"""/api/v1/catchments: the parts of municipalities that positions are snapped to for readers who may not see them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api import geojson
from app.api.geojson import GeoJson
from app.api.schemas.geojson import FeatureCollection
from app.core.catchments import FIRST_YEAR, LAST_YEAR
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import catchments as store

router = APIRouter(prefix="/catchments", tags=["areas"])

MOST = 100_000


@router.get("", response_class=GeoJson, response_model=FeatureCollection, responses=documented())
def get_catchments(
    tx: ReadTx,
    municipality: Annotated[str | None, Query(max_length=100, description="An area's code; otherwise all")] = None,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Otherwise the newest set")] = None,
) -> Response:
    """The outlines, with the anonymous point of each; every one holds at least `k` of what `basis` says."""
    features, count = store.features(tx, municipality, year, MOST)
    return geojson.collection(features, count)
