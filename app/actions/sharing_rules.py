"""Make and end sharing rules. A rule is never changed: it is ended, and another made."""

from datetime import date, datetime
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import InvalidError, NotFoundError
from app.core.permissions import May, check_may
from app.core.sharing_rules import SharingRule, problems_of
from app.store import categories, sharing_rules
from app.store.tx import WriteTx


def share(tx: WriteTx, rule: SharingRule, today: date) -> UUID:
    """Let an organisation, or the joint analysis, use what another one has, from now on."""
    check_may(tx.actor, May.ADMINISTER)
    problems = problems_of(rule, today=today, known_categories={c["code"] for c in categories.page(tx)})
    if problems:
        raise InvalidError("The sharing rule is not valid; nothing is shared.", problems)
    rule_id = sharing_rules.add(tx, rule)
    if rule_id is None:
        raise NotFoundError(f"There is no organisation {rule.giver}, or none {rule.receiver}.")
    tx.record(
        AuditAction.SHARING_CHANGED,
        rule_id,
        giver=rule.giver,
        receiver=rule.receiver,
        what=rule.what,
        precision=rule.precision,
        categories=rule.categories,
        valid_until=rule.valid_until,
    )
    return rule_id


def end_sharing(tx: WriteTx, rule_id: UUID, now: datetime) -> None:
    """Nothing is given by the rule any more, at once; that it was there stays known."""
    check_may(tx.actor, May.ADMINISTER)
    if not sharing_rules.end(tx, rule_id, now):
        raise NotFoundError("There is no such sharing rule that has not ended.")
    tx.record(AuditAction.SHARING_ENDED, rule_id)
