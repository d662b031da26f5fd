"""Keep the audit log: seal it, make its months, read it as an auditor."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.actions.deployments import INSTALLER_ORGANISATION
from app.core.audit import AuditAction
from app.core.permissions import May, check_may, system_actor
from app.render.tables import csv_text
from app.store import audit
from app.store.tx import AuditedReadTx, Database, Reader

ROWS_AT_A_TIME = 5_000


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
def reading_audit(reader: Reader, wanted: audit.Filter) -> Iterator[AuditedReadTx]:
    """Read the log as an auditor; what is asked for is in the log before anything is read."""
    check_may(reader.actor, May.READ_AUDIT)
    with reader.audited(AuditAction.AUDIT_READ, **_told(wanted)) as tx:
        yield tx


def audit_file(reader: Reader, wanted: audit.Filter, *, at_a_time: int = ROWS_AT_A_TIME) -> Iterator[str]:
    """The log as CSV, newest first, in portions; the last audit line is written when the last portion is taken.

    Whoever stops taking portions ends it, and the log says that it was not whole.
    """
    check_may(reader.actor, May.READ_AUDIT)
    with reader.reading(AuditAction.AUDIT_EXPORTED, **_told(wanted)) as reading:
        portion = csv_text([audit.COLUMNS], is_first=True)
        before_id: int | None = None
        is_last = False
        while not is_last:
            with reading.snapshot() as tx:
                lines, before_id = audit.page(tx, wanted, limit=at_a_time, before_id=before_id)
            is_last = before_id is None
            yield portion + csv_text([_as_cells(line) for line in lines])
            portion = ""


def _as_cells(line: Mapping[str, Any]) -> list[object]:
    plain = {
        "recorded_at": line["recorded_at"].isoformat(),
        "figures": json.dumps(line["figures"], ensure_ascii=False, sort_keys=True),
    }
    return [plain.get(name, line[name]) for name in audit.COLUMNS]


def _told(wanted: audit.Filter) -> dict[str, Any]:
    """The filter for the log. What was typed as an actor or organisation could be anything: only that it was."""
    asked = {
        "since": wanted.since,
        "until": wanted.until,
        "by_action": wanted.action,
        "by_actor": wanted.actor is not None or None,
        "by_organisation": wanted.organisation is not None or None,
    }
    return {name: value for name, value in asked.items() if value is not None}
