"""/api/v1/joint-hotspots: the joint picture of the reader's local police area, as it was made by schedule."""

from fastapi import APIRouter, Request, Response

from app.api import geojson
from app.api.geojson import GeoJson
from app.api.hotspots import NOT_MODIFIED
from app.api.schemas.joint_hotspots import JointCollection
from app.core.permissions import May, check_may
from app.edge import etags
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import joint as store

router = APIRouter(prefix="/joint-hotspots", tags=["hot spots"])


@router.get("", response_class=GeoJson, response_model=JointCollection, responses=documented() | NOT_MODIFIED)
def get_joint_hotspots(request: Request, tx: ReadTx) -> Response:
    """Places where incidents of several organisations gather. Outlines are catchments; there is nothing to filter."""
    check_may(tx.actor, May.READ_HOTSPOTS)
    found = store.latest(tx)
    tag = etags.of(request, tx, revision=found["id"] if found else None)
    if etags.is_fresh(request, tag):
        return etags.not_modified(tag)
    features, count = store.features(tx, found["id"]) if found else ("", 0)
    told = {name: found[name] for name in ("id", "local_police_area", "made_at", "k")} if found else None
    return geojson.collection(features, count, run=told, headers=etags.headers(tag))
