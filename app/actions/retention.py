"""Set the rules of retention, say what they would take, and carry them out."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.actions.deployments import installer
from app.core.audit import AuditAction
from app.core.permissions import Actor, May, check_may, system_actor
from app.core.retention import Purged, RetentionRule, check_rules
from app.store import categories, retention
from app.store.tx import Database, ReadTx, WriteTx

AT_A_TIME = 20_000  # incidents in one transaction: others wait for their counters meanwhile


def set_retention(tx: WriteTx, rules: Sequence[RetentionRule], now: datetime) -> None:
    """Give the actor's organisation these rules, in place of all it had."""
    check_may(tx.actor, May.SET_RETENTION)
    check_rules(rules, frozenset(c["code"] for c in categories.page(tx)))
    retention.set_rules(tx, rules, now)
    tx.record(AuditAction.RETENTION_RULES_SET, rules=[asdict(rule) for rule in rules])


def read_retention(tx: ReadTx) -> list[RetentionRule]:
    """The rules of the actor's organisation."""
    check_may(tx.actor, May.READ_RETENTION)
    return retention.rules(tx)


def preview_retention(tx: ReadTx, moment: datetime) -> list[dict[str, Any]]:
    """How much each rule would take at that moment; nothing is taken."""
    check_may(tx.actor, May.SET_RETENTION)
    return retention.due(tx, moment)


def carry_out_retention(database: Database, actor: Actor, *, at_a_time: int = AT_A_TIME) -> Purged:
    """Purge what is due for the actor's organisation, in portions that each say in the log how much went.

    It cannot be undone. What was purged before a failure stays purged, and the next run goes on from there.
    """
    check_may(actor, May.SET_RETENTION)
    total = Purged()
    is_done = False
    while not is_done:
        with database.write(actor) as tx:
            purged = retention.purge(tx, at_a_time)
            tx.record(AuditAction.RETENTION_CARRIED_OUT, **asdict(purged))
        total += purged
        is_done = purged.touched < at_a_time
    return total


def carry_out_all_retention(database: Database) -> dict[str, Purged]:
    """The nightly run: every organisation that has rules, by slug."""
    with database.read(installer()) as tx:
        found = retention.organisations(tx)
    return {slug: carry_out_retention(database, system_actor("retention", id_, slug=slug)) for id_, slug in found}
