"""/api/v1/hotspots: the latest adopted run as GeoJSON, for map clients and leaders alike."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.api import geojson, parameters
from app.api.geojson import GeoJson
from app.api.parameters import BboxText, Codes
from app.api.schemas.hotspots import HotSpotChanges, HotSpotCollection, HotSpotDetail
from app.core.errors import NotFoundError
from app.core.permissions import May, check_may
from app.edge import etags
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import hotspots as store
from app.store import known_hotspots

router = APIRouter(prefix="/hotspots", tags=["hot spots"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What you have is current"}}
HISTORY_LIMIT = 1000
Run = Annotated[UUID | None, Query(description="A run; otherwise the latest adopted one")]


@router.get("", response_class=GeoJson, response_model=HotSpotCollection, responses=documented(404) | NOT_MODIFIED)
def get_hotspots(
    request: Request,
    tx: ReadTx,
    run: Run = None,
    bbox: BboxText = None,
    min_count: Annotated[int | None, Query(ge=1, le=1_000_000_000)] = None,
    category: Codes = None,
    significant: Annotated[bool | None, Query(description="Only those that are hardly chance, or only others")] = None,
) -> Response:
    """The hot spots of the latest adopted run, first rank first; without one an empty collection.

    In an adopted run they have the ids that they keep from run to run, and `change` says what became of each.
    """
    check_may(tx.actor, May.READ_HOTSPOTS)
    wanted = store.Filter(
        bbox=parameters.bbox(bbox),
        min_count=min_count,
        categories=parameters.codes(category),
        is_significant=significant,
    )
    found = store.current_run(tx, run, may_read_runs=tx.actor.may(May.READ_ANALYSES))
    if found is None and run is not None:
        raise NotFoundError("There is no such analysis that you may see.")
    tag = etags.of(
        request,
        tx,
        revision=found["revision"] if found else 0,
        run=found["id"] if found else None,
        adopted_at=found["adopted_at"] if found else None,
        wanted=wanted,
    )
    if etags.is_fresh(request, tag):
        return etags.not_modified(tag)
    features, count = store.features(tx, found["id"], wanted) if found else ("", 0)
    told = None
    if found:
        named = ("id", "organisation", "adopted_at", "data_cut_off", "incident_count", "noise_count", "fingerprint")
        told = {name: found[name] for name in named}
    return geojson.collection(features, count, run=told, headers=etags.headers(tag))


@router.get("/changes", responses=documented(404))
def get_changes(tx: ReadTx, run: Run = None) -> HotSpotChanges:
    """What became of each hot spot when the run was adopted, and which are gone; nothing for a run not adopted."""
    check_may(tx.actor, May.READ_HOTSPOTS)
    found = store.current_run(tx, run, may_read_runs=tx.actor.may(May.READ_ANALYSES))
    if found is None and run is not None:
        raise NotFoundError("There is no such analysis that you may see.")
    run_id = found["id"] if found else None
    changes = known_hotspots.changes(tx, run_id) if run_id else []
    return HotSpotChanges.model_validate({"run": run_id, "changes": changes})


@router.get("/{hotspot_id:uuid}", response_class=GeoJson, response_model=HotSpotDetail, responses=documented(404))
def get_hotspot(hotspot_id: UUID, tx: ReadTx, run: Run = None) -> Response:
    """One hot spot with the statistics of its members and its history, from the newest adopted run that holds it.

    Its id is the one it keeps from adopted run to adopted run; in a run that is not adopted, the one it has there.
    """
    check_may(tx.actor, May.READ_HOTSPOTS)
    run_id = _run_with(tx, hotspot_id, run)
    found = store.one(tx, run_id, hotspot_id) if run_id else None
    if found is None:
        raise NotFoundError("There is no such hot spot that you may see.")
    steps = known_hotspots.history(tx, hotspot_id, HISTORY_LIMIT)
    seen = [step["adopted_at"] for step in steps if step["count"] is not None]
    told = {
        "run": run_id,
        "first_adopted_at": min(seen, default=None),
        "last_adopted_at": max(seen, default=None),
        "history": [{"run": step.pop("run_id"), **step} for step in steps],
    }
    feature = (
        f'{{"type":"Feature","id":"{hotspot_id}","geometry":{found["geometry"]},"properties":{found["properties"]},'
        f'"statistics":{found["statistics"]},{geojson.plain(told).removeprefix("{")}'
    )
    return GeoJson(feature.encode())


def _run_with(tx: ReadTx, hotspot_id: UUID, run: UUID | None) -> UUID | None:
    if run is None:
        return store.latest_run_with(tx, hotspot_id)
    found = store.current_run(tx, run, may_read_runs=tx.actor.may(May.READ_ANALYSES))
    return None if found is None else run
