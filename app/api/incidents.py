"""/api/v1/incidents: report one or many, list, correct, withdraw."""

from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from app.actions import incidents as actions
from app.api import batches, geojson, parameters
from app.api.geojson import GeoJson
from app.api.parameters import BboxText, Codes
from app.api.schemas.base import LonLat
from app.api.schemas.geojson import FeatureCollection
from app.api.schemas.incidents import BatchStored, IncidentIn, IncidentOut, IncidentPatch, Stored
from app.core.errors import NotFoundError
from app.core.incidents import State
from app.core.periods import parse_from, parse_to
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, RawBody, Reader, WriteTx
from app.edge.problems import documented
from app.edge.services import Services
from app.store import incidents as store

router = APIRouter(prefix="/incidents", tags=["incidents"], route_class=JsonRoute)

MOST_ON_PAGE = 10_000
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same content gives the same answer, and stores nothing twice.",
    ),
]


@router.post(
    "",
    status_code=201,
    responses=documented(409, 415) | {200: {"model": Stored, "description": "Stored before, with the same content"}},
)
def post_incident(
    body: IncidentIn, tx: WriteTx, services: CurrentServices, response: Response, key: Key = None
) -> Stored:
    """Report one incident.

    The same (organisation, source, source_ref), or the same Idempotency-Key, again with the same content
    answers 200 with the same id; with other content 409 (for the key 422).
    """
    reported = actions.report_incidents(
        tx,
        [body.to_raw()],
        _setting(services),
        organisation=body.organisation,
        repeatable=None if key is None else _repeatable(key, body.model_dump_json().encode()),
    )
    incident_id = reported.ids[0]
    if incident_id is None:
        raise NotFoundError("The report behind this Idempotency-Key is gone.")
    response.status_code = 201 if reported.created_count else 200
    response.headers["Location"] = f"/api/v1/incidents/{incident_id}"
    return Stored(id=incident_id, created=bool(reported.created_count))


@router.post(
    "/batch",
    status_code=201,
    responses=documented(409, 415) | {200: {"model": BatchStored, "description": "Every row was stored before"}},
    openapi_extra=batches.REQUEST_BODY,
)
def post_batch(
    body: RawBody,
    tx: WriteTx,
    services: CurrentServices,
    response: Response,
    mode: batches.Mode = batches.Mode.ALL,
    key: Key = None,
) -> BatchStored:
    """Report up to 10,000 incidents as a JSON list or a GeoJSON FeatureCollection.

    All or nothing, unless `mode=partial`: then the good rows are stored and the others named by index.
    """
    is_partial = mode is batches.Mode.PARTIAL
    batch = batches.read(body, is_partial=is_partial, own=tx.actor.organisation)
    reported = actions.report_incidents(
        tx,
        batch.raws,
        _setting(services),
        repeatable=None if key is None else _repeatable(key, mode.encode() + body),
        is_partial=is_partial,
        is_list=True,
    )
    stored = batch.merged(reported)
    response.status_code = 201 if reported.created_count else 200
    return stored


@router.get(
    "",
    response_class=GeoJson,
    response_model=FeatureCollection,
    responses=documented(),
)
def get_incidents(  # noqa: PLR0913 -- the filters of a list
    request: Request,
    reader: Reader,
    from_: Annotated[str | None, Query(alias="from", max_length=40, description="Date or instant, included")] = None,
    to: Annotated[str | None, Query(max_length=40, description="Date (included) or instant (excluded)")] = None,
    category: Codes = None,
    source: Codes = None,
    state: Annotated[list[State] | None, Query()] = None,
    area: Annotated[str | None, Query(max_length=100, description="An area's code")] = None,
    bbox: BboxText = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=300, description="From the next link")] = None,
) -> Response:
    """The incidents within reach, newest first, as GeoJSON; follow the `next` link for more.

    Withdrawn, rejected, duplicate and purged reports are listed only when `state` asks for them.
    """
    actions.check_may_read(reader.actor)
    after = parameters.from_cursor(cursor)
    wanted = store.Filter(
        since=None if from_ is None else parse_from(from_, "from"),
        until=None if to is None else parse_to(to, "to"),
        categories=parameters.codes(category),
        sources=parameters.codes(source),
        states=tuple(state) if state else store.LISTED,
        area=area,
        bbox=parameters.bbox(bbox),
    )
    with actions.reading_incidents(reader, wanted) as tx:
        features, last = store.page(tx, wanted, limit=limit, after=after)
        tx.hand_out(len(features))
    next_url = None if last is None else str(request.url.include_query_params(cursor=parameters.cursor_of(last)))
    return geojson.collection(",".join(features), len(features), next_url=next_url)


@router.get("/{incident_id:uuid}", responses=documented(404))
def get_incident(incident_id: UUID, reader: Reader) -> IncidentOut:
    """One incident. A withdrawn one is found in the list, with `state=withdrawn`."""
    return _out(actions.read_incident(reader, incident_id))


@router.patch("/{incident_id:uuid}", responses=documented(404, 409, 415))
def patch_incident(incident_id: UUID, body: IncidentPatch, tx: WriteTx, services: CurrentServices) -> IncidentOut:
    """Correct an incident or, for reviewers, move it to another state. What it was is kept.

    A reporter's correction is reviewed anew: the report is `submitted` again, unless its source is a trusted one.
    """
    actions.correct_incident(tx, incident_id, body.to_changes(), _setting(services))
    found = store.one(tx, incident_id)
    if found is None:
        raise NotFoundError("There is no such report that you may see.")
    return _out(found)


@router.delete("/{incident_id:uuid}", status_code=204, responses=documented(404, 409))
def delete_incident(incident_id: UUID, tx: WriteTx, services: CurrentServices) -> None:
    """Withdraw an incident: it leaves every list and analysis, and its history is kept."""
    actions.withdraw_incident(tx, incident_id, services.clock())


def _setting(services: Services) -> actions.Setting:
    return actions.Setting(now=services.clock(), metric_srid=services.metric_srid)


def _repeatable(key: str, content: bytes) -> actions.Repeatable:
    return actions.Repeatable(key=key, request_hash=blake2b(content, digest_size=16).digest())


def _out(found: dict[str, Any]) -> IncidentOut:
    position = LonLat(lon=round(found["lon"], 6), lat=round(found["lat"], 6))
    return IncidentOut.model_validate({**found, "position": position})
