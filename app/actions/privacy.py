"""Say what is processed, why, where and how long, from the rules and tables as they are."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.core.audit import AuditAction
from app.core.periods import stockholm_date
from app.core.permissions import May, check_may
from app.core.privacy import PROCESSED
from app.store import audit, privacy, retention
from app.store.tx import Reader


def privacy_report(reader: Reader, now: datetime) -> dict[str, Any]:
    """Material for an impact assessment of the reader's organisation; counts, never content."""
    check_may(reader.actor, May.READ_RETENTION)
    with reader.audited(AuditAction.PRIVACY_READ) as tx:
        figures = privacy.figures(tx)
        seal = audit.last_seal(tx)
        return {
            "organisation": reader.actor.organisation,
            "made_at": now,
            "processed": [{"table": table, **asdict(entry)} for table, entry in PROCESSED.items()],
            "incident_count": figures["incidents"],
            "retention": [asdict(rule) for rule in retention.rules(tx)],
            "sharing": privacy.sharing(tx, stockholm_date(now)),
            "audit_keep_months": figures["audit_keep_months"],
            "audit_sealed_at": None if seal is None else seal["sealed_at"],
        }
