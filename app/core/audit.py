"""The words of the audit log: one for each act that is recorded."""

from enum import StrEnum


class AuditAction(StrEnum):
    """What was done; the subject and figures stand beside it, never a row's content."""

    AREAS_LOADED = "areas.loaded"
    CATEGORIES_LOADED = "categories.loaded"
    SOURCES_LOADED = "sources.loaded"
    SHARING_CHANGED = "sharing.changed"
    SIGNED_IN = "session.opened"
    SIGNED_OUT = "session.closed"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 an action's name, no secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 an action's name, no secret
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CLOSED = "account.closed"
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
