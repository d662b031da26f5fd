"""Reports that may tell of one incident: a person says whether they do. Nothing is ever merged."""

from datetime import datetime
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.permissions import May, check_may
from app.store import incident_links
from app.store.tx import WriteTx


def link_incidents(tx: WriteTx, first_id: UUID, second_id: UUID, now: datetime) -> UUID:
    """Say that two reports tell of one incident; where linked reports count once, the first counts."""
    check_may(tx.actor, May.REVIEW_INCIDENTS)
    if first_id == second_id:
        sentence = "Name two different reports."
        raise InvalidError(sentence, (FieldProblem("second_id", "same-incident", sentence),))
    link_id = incident_links.add(tx, first_id, second_id, now)
    if link_id is None:
        raise NotFoundError("Your organisation has no such two reports.")
    tx.record(AuditAction.LINK_DECIDED, link_id, state="confirmed")
    return link_id


def decide_link(tx: WriteTx, link_id: UUID, *, is_one: bool, now: datetime) -> None:
    """Confirm or dismiss a proposed link; a decision can be changed."""
    check_may(tx.actor, May.REVIEW_INCIDENTS)
    state = "confirmed" if is_one else "dismissed"
    if not incident_links.decide(tx, link_id, state, now):
        raise NotFoundError("Your organisation has no such link.")
    tx.record(AuditAction.LINK_DECIDED, link_id, state=state)
