"""The audit log: a word for each act that is recorded, and the chain of seals that shows what was changed in it.

The database makes the seals (migration 0009). This module makes the same hashes again, without asking the database
how, and says where they differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

LATE_AFTER: Final = timedelta(hours=6)  # no transaction stays open for so long


class AuditAction(StrEnum):
    """What was done; the subject and figures stand beside it, never a row's content."""

    AREAS_LOADED = "areas.loaded"
    CATEGORIES_LOADED = "categories.loaded"
    SOURCES_LOADED = "sources.loaded"
    SHARING_CHANGED = "sharing.changed"
    SHARING_ENDED = "sharing.ended"
    CATCHMENTS_MADE = "catchments.made"
    JOINT_PICTURE_MADE = "joint.made"
    SIGNED_IN = "session.opened"
    SIGNED_OUT = "session.closed"
    SIGN_IN_REFUSED = "session.refused"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 an action's name, no secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 an action's name, no secret
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CLOSED = "account.closed"
    ACCOUNT_CHANGED = "account.changed"
    PASSWORD_SET = "password.set"  # noqa: S105 an action's name, no secret
    ORGANISATION_ADDED = "organisation.added"
    INCIDENT_REPORTED = "incident.reported"
    INCIDENTS_REPORTED = "incidents.reported"
    INCIDENT_CORRECTED = "incident.corrected"
    INCIDENT_WITHDRAWN = "incident.withdrawn"
    ANALYSIS_REQUESTED = "analysis.requested"
    ANALYSIS_STARTED = "analysis.started"
    ANALYSIS_FINISHED = "analysis.finished"
    ANALYSIS_FAILED = "analysis.failed"
    ANALYSIS_CANCELLED = "analysis.cancelled"
    ANALYSIS_ADOPTED = "analysis.adopted"
    ADOPTION_TAKEN_BACK = "analysis.adoption-taken-back"
    IMPORT_REQUESTED = "import.requested"
    IMPORT_CHECKED = "import.checked"
    IMPORT_CHANGED = "import.changed"  # how the file is read
    IMPORT_COMMITTED = "import.committed"
    IMPORT_STORED = "import.rows-stored"
    IMPORT_FINISHED = "import.finished"
    IMPORT_FAILED = "import.failed"
    IMPORT_REFUSED = "import.refused"
    IMPORT_CANCELLED = "import.cancelled"
    IMPORT_UNDONE = "import.undone"
    IMPORT_ROWS_WITHDRAWN = "import.rows-withdrawn"
    UPLOAD_READ = "upload.read"
    UPLOAD_DELETED = "upload.deleted"
    PLACES_LOADED = "places.loaded"
    CRIME_CODES_CHANGED = "crime-codes.changed"
    LINKS_PROPOSED = "incident-links.proposed"
    LINK_DECIDED = "incident-link.decided"
    # Reads: a line with the filter before the first row, and `read.ended` with the number of rows after the last.
    INCIDENTS_READ = "incidents.read"
    INCIDENT_READ = "incident.read"
    HOTSPOTS_EXPORTED = "hotspots.exported"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"
    PRIVACY_READ = "privacy.read"
    READ_ENDED = "read.ended"
    # Upkeep of the log itself.
    AUDIT_SEALED = "audit.sealed"
    AUDIT_KEEPING_SET = "audit.keeping-set"
    RETENTION_RULES_SET = "retention.rules-set"
    RETENTION_CARRIED_OUT = "retention.carried-out"


# Reads after which exact incidents have left the service: their controllers' auditors see these lines too.
READS_INCIDENTS: Final = frozenset({AuditAction.INCIDENTS_READ, AuditAction.INCIDENT_READ})


class FaultKind(StrEnum):
    """What can have happened to a sealed log."""

    REMOVED = "removed"  # a sealed line is gone
    CHANGED = "changed"  # a sealed line is not as it was
    INSERTED = "inserted"  # a line claims to be older than the sealing that did not find it
    BROKEN = "broken"  # a seal is not as it was, or one is missing


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was sealed."""

    kind: FaultKind
    where: str  # the seal or line, by number


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line as the database writes its values out: what the hash is made of."""

    id: int
    recorded_at: datetime
    fields: tuple[str | None, ...]  # actor_id … controllers, in the order of the table

    @property
    def hash(self) -> bytes:
        """What a seal holds of the line."""
        return hash_of(str(self.id), _instant(self.recorded_at), *self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One link of the chain: lines of one month, or the expiry of a month."""

    position: int
    kind: str  # "lines" or "expiry"
    sealed_at: datetime
    month: date
    line_count: int
    line_ids: tuple[int, ...] | None  # none once the month has expired
    line_hashes: tuple[bytes, ...] | None
    lines_hash: bytes
    previous_hash: bytes
    seal_hash: bytes

    def recomputed(self) -> bytes:
        """What the seal's hash must be."""
        return hash_of(
            str(self.position),
            self.kind,
            _instant(self.sealed_at),
            self.month.isoformat(),
            str(self.line_count),
            self.lines_hash.hex(),
            self.previous_hash.hex(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the verification of earlier seals leaves for the next."""

    position: int = 0
    seal_hash: bytes = b""
    sealed_at: datetime | None = None  # of the sealing that this seal belongs to
    looked_at: datetime | None = None  # of the sealing before: whatever was older then is in it

    def after(self, seal: Seal) -> "Looked":
        """The same once this seal was looked at."""
        is_same_sealing = seal.sealed_at == self.sealed_at
        return Looked(
            position=seal.position,
            seal_hash=seal.seal_hash,
            sealed_at=seal.sealed_at,
            looked_at=self.looked_at if is_same_sealing else self.sealed_at,
        )


def hash_of(*fields: str | None) -> bytes:
    """SHA-256 of fields that cannot run together: length, colon, text; a dash for a missing one."""
    encoded = [None if f is None else f.encode() for f in fields]
    return sha256(b"".join([b"-" if e is None else b"%d:%b" % (len(e), e) for e in encoded])).digest()


def faults_of_seal(seal: Seal, before: Looked, lines: Mapping[int, AuditLine], *, is_expired: bool) -> Iterator[Fault]:
    """What is wrong with one link and the lines it holds.

    lines: those of the seal's ids that are there. is_expired: a later link says that the month has expired.
    """
    where = f"seal {seal.position}"
    is_next = seal.position == before.position + 1 and seal.previous_hash == before.seal_hash
    if not is_next or seal.seal_hash != seal.recomputed():
        yield Fault(FaultKind.BROKEN, where)
    if seal.kind == "expiry" or (is_expired and seal.line_ids is None):
        return
    if seal.line_ids is None or seal.line_hashes is None:
        yield Fault(FaultKind.REMOVED, f"all {seal.line_count} lines of {where}, and the month has not expired")
        return
    if sha256(b"".join(seal.line_hashes)).digest() != seal.lines_hash or len(seal.line_ids) != seal.line_count:
        yield Fault(FaultKind.BROKEN, f"{where}: its list of lines")
    looked_at = before.after(seal).looked_at
    for line_id, expected in zip(seal.line_ids, seal.line_hashes, strict=False):
        line = lines.get(line_id)
        if line is None:
            yield Fault(FaultKind.REMOVED, f"line {line_id}")
        elif line.hash != expected:
            yield Fault(FaultKind.CHANGED, f"line {line_id}")
        elif looked_at is not None and line.recorded_at < looked_at - LATE_AFTER:
            yield Fault(FaultKind.INSERTED, f"line {line_id}")


def is_inserted(recorded_at: datetime, last_sealed_at: datetime | None) -> bool:
    """Whether a line in no seal should long have been in one."""
    return last_sealed_at is not None and recorded_at < last_sealed_at - LATE_AFTER


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
