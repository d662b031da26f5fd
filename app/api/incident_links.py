"""/api/v1/incident-links: reports of several sources that may tell of one incident."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from app.actions import incident_links as actions
from app.api.schemas.incident_links import LinkDecisionIn, LinkIn, LinkList, LinkOut
from app.core.errors import NotFoundError
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, ReadTx, WriteTx
from app.edge.problems import documented
from app.store import incident_links as store

router = APIRouter(prefix="/incident-links", tags=["incidents"], route_class=JsonRoute)


@router.get("", responses=documented())
def get_links(
    tx: ReadTx,
    state: Literal["proposed", "confirmed", "dismissed"] = "proposed",
    incident: Annotated[UUID | None, Query(description="Only links of this report")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> LinkList:
    """Links in one state, newest first. Imports propose them; a person decides."""
    check_may(tx.actor, May.REVIEW_INCIDENTS)
    return LinkList(links=[LinkOut.model_validate(row) for row in store.page(tx, state, limit, incident)])


@router.post("", status_code=201, responses=documented(404, 415))
def post_link(body: LinkIn, tx: WriteTx, services: CurrentServices) -> LinkOut:
    """Say that two reports tell of one incident: where linked reports count once, the first counts."""
    return _found(tx, actions.link_incidents(tx, body.first_id, body.second_id, services.clock()))


@router.post("/{link_id:uuid}/decision", responses=documented(404, 415))
def decide(link_id: UUID, body: LinkDecisionIn, tx: WriteTx, services: CurrentServices) -> LinkOut:
    """Confirm or dismiss a link. Neither report is changed."""
    actions.decide_link(tx, link_id, is_one=body.state == "confirmed", now=services.clock())
    return _found(tx, link_id)


def _found(tx: ReadTx, link_id: UUID) -> LinkOut:
    row = store.one(tx, link_id)
    if row is None:
        raise NotFoundError("There is no such link that you may see.")
    return LinkOut.model_validate(row)
