"""/api/v1/audit: who did or read what, for auditors. Their own reading is in it too."""

from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.actions import audit as actions
from app.api.schemas.audit import AuditLineOut, AuditPage
from app.core.audit import AuditAction
from app.core.periods import parse_from, parse_to
from app.edge.dependencies import Reader
from app.edge.problems import documented
from app.store import audit as store

router = APIRouter(prefix="/audit", tags=["audit"])

MOST_ON_PAGE = 1_000

From = Annotated[str | None, Query(alias="from", max_length=40, description="Date or instant, included")]
To = Annotated[str | None, Query(max_length=40, description="Date (included) or instant (excluded)")]
ActorName = Annotated[str | None, Query(max_length=200, description="An account's name, in full")]
Slug = Annotated[str | None, Query(max_length=100, description="An organisation's slug")]


@router.get("", responses=documented())
def get_audit(
    reader: Reader,
    from_: From = None,
    to: To = None,
    actor: ActorName = None,
    action: AuditAction | None = None,
    organisation: Slug = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_PAGE)] = 100,
    before: Annotated[int | None, Query(ge=1, lt=2**63, description="`next_before` of the page before")] = None,
) -> AuditPage:
    """Lines about the own organisation, reads of its incidents and the whole deployment, newest first."""
    wanted = asked(from_, to, actor, action, organisation)
    with actions.reading_audit(reader, wanted) as tx:
        lines, last = store.page(tx, wanted, limit=limit, before_id=before)
        seal = store.last_seal(tx)
    return AuditPage(
        lines=[AuditLineOut.model_validate(line) for line in lines],
        next_before=last,
        sealed_at=None if seal is None else seal["sealed_at"],
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=documented() | {200: {"content": {"text/csv": {}}, "description": "All the lines, newest first"}},
)
def export_audit(
    reader: Reader,
    from_: From = None,
    to: To = None,
    actor: ActorName = None,
    action: AuditAction | None = None,
    organisation: Slug = None,
) -> StreamingResponse:
    """The same lines as CSV, however many there are."""
    portions = actions.audit_file(reader, asked(from_, to, actor, action, organisation))
    first = next(portions)  # the log has it before the first byte leaves, and what fails now is told as a problem
    return StreamingResponse(
        chain([first], portions),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="granskning.csv"'},
    )


def asked(
    from_: str | None, to: str | None, actor: str | None, action: AuditAction | None, organisation: str | None
) -> store.Filter:
    """The filter behind the parameters. Raises InvalidError."""
    return store.Filter(
        since=None if from_ is None else parse_from(from_, "from"),
        until=None if to is None else parse_to(to, "to"),
        actor=actor,
        action=action,
        organisation=organisation,
    )
