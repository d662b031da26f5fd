"""Keep the audit log: seal it, make its months, read it as an auditor."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.actions.deployments import INSTALLER_ORGANISATION
from app.core.audit import AuditAction
from app.core.permissions import May, check_may, system_actor
from app.store import audit
from app.store.tx import AuditedReadTx, Database, Reader


def keep_sealed(database: Database) -> int:
    """Seal what was written since the last time, then let months past their time go; how many lines were sealed.

    The line that says so is sealed the next time: an hour without any line is an hour in which nobody sealed.
    """
    actor = system_actor("upkeep", INSTALLER_ORGANISATION)
    with database.write(actor) as tx:
        sealed = audit.seal(tx)
    with database.write(actor) as tx:  # of its own: it waits for everybody who writes, and they for it
        dropped = audit.keep_months(tx)
    with database.write(actor) as tx:
        tx.record(AuditAction.AUDIT_SEALED, lines=sealed, months_expired=dropped)
    return sealed


@contextmanager
def reading_audit(reader: Reader, wanted: audit.Filter, *, action: AuditAction) -> Iterator[AuditedReadTx]:
    """Read the log as an auditor; what is asked for is in the log before anything is read."""
    check_may(reader.actor, May.READ_AUDIT)
    with reader.audited(action, **_told(wanted)) as tx:
        yield tx


def _told(wanted: audit.Filter) -> dict[str, Any]:
    """The filter for the log. What was typed as an actor or organisation could be anything: only that it was."""
    asked = {
        "since": wanted.since,
        "until": wanted.until,
        "action": wanted.action,
        "by_actor": wanted.actor is not None or None,
        "by_organisation": wanted.organisation is not None or None,
    }
    return {name: value for name, value in asked.items() if value is not None}
