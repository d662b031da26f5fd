"""The words of the audit log: one for each act that is recorded."""

from enum import StrEnum


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
