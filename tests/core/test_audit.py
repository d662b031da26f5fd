"""Words of the audit log: stored for years, so they do not change."""

import re

from app.core.audit import AuditAction

STORED = {
    "areas.loaded",
    "categories.loaded",
    "sources.loaded",
    "sharing.changed",
    "sharing.ended",
    "catchments.made",
    "joint.made",
    "session.opened",
    "session.closed",
    "token.issued",
    "token.revoked",
    "account.added",
    "account.closed",
    "organisation.added",
    "incident.reported",
    "incidents.reported",
    "incident.corrected",
    "incident.withdrawn",
    "analysis.requested",
    "analysis.started",
    "analysis.finished",
    "analysis.failed",
    "analysis.cancelled",
    "analysis.adopted",
    "analysis.adoption-taken-back",
    "incidents.read",
    "incident.read",
    "hotspots.exported",
    "audit.read",
    "audit.exported",
    "audit.sealed",
    "audit.keeping-set",
    "privacy.read",
    "read.ended",
    "retention.rules-set",
    "retention.carried-out",
}


def test_words_that_may_be_stored_are_never_taken_away() -> None:
    assert {action.value for action in AuditAction} >= STORED


def test_a_word_says_what_and_then_the_act() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", action) for action in AuditAction)
