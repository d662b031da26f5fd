"""/api/v1/audit: who did or read what, for auditors. Their own reading is in it too."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.actions import audit as actions
from app.api.schemas import AuditLineOut, AuditPage
from app.core.audit import AuditAction
from app.core.periods import parse_from, parse_to
from app.core.permissions import May, check_may
from app.edge.dependencies import Reader
from app.edge.problems import documented
from app.render.tables import csv_lines
from app.store import audit as store
from app.store.tx import Reader as AuditReader

router = APIRouter(prefix="/audit", tags=["audit"])

MOST_ON_PAGE = 1_000
AT_A_TIME = 5_000
COLUMNS = ("id", "recorded_at", "actor", "role", "organisation", "action", "subject", "figures", "scope", "address",
           "request_id")  # fmt: skip

From = Annotated[str | None, Query(alias="from", max_length=40, description="Date or instant, included")]
To = Annotated[str | None, Query(max_length=40, description="Date (included) or instant (excluded)")]
ActorName = Annotated[str | None, Query(max_length=200, description="An account's name, in full")]
Slug = Annotated[str | None, Query(max_length=100, description="An organisation's slug")]


@router.get("", responses=documented())
def get_audit(  # noqa: PLR0913 -- the filters of a list
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
    check_may(reader.actor, May.READ_AUDIT)
    wanted = asked(from_, to, actor, action, organisation)
    with actions.reading_audit(reader, wanted, action=AuditAction.AUDIT_READ) as tx:
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
def export_audit(  # noqa: PLR0913 -- the filters of a list
    reader: Reader,
    from_: From = None,
    to: To = None,
    actor: ActorName = None,
    action: AuditAction | None = None,
    organisation: Slug = None,
) -> StreamingResponse:
    """The same lines as CSV, however many there are."""
    check_may(reader.actor, May.READ_AUDIT)
    return export(reader, asked(from_, to, actor, action, organisation))


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


def export(reader: AuditReader, wanted: store.Filter) -> StreamingResponse:
    """A file that is written while it is read; the log tells of it before its first byte and after its last."""
    return StreamingResponse(
        csv_lines(COLUMNS, _rows(reader, wanted)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="granskning.csv"'},
    )
