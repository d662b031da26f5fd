"""The auditor's page: who did or read what, the rules of retention, and files to take along."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.audit import AuditAction
from app.core.errors import InvalidError
from app.core.permissions import May
from app.core.retention import RetentionRule
from app.web import visits
from app.web.audit_words import action_name, figure_name, role_name, scope_words
from app.web.i18n import gettext
from app.web.render import page, speak
from app.web.signing_in import sign_in_address

LINES_ON_PAGE: Final = 50
PAIRING: Final = "reading"  # joins the two lines of a read; of no use to people

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One audit line in the words of the page."""

    recorded_at: datetime
    who: str
    role: str
    organisation: str
    what: str
    about: str
    scope: str
    address: str


@router.get("/granskning")
def audit_page(
    request: Request,
    from_: Annotated[str, Query(alias="from", max_length=40)] = "",
    to: Annotated[str, Query(max_length=40)] = "",
    actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=60)] = "",
    organisation: Annotated[str, Query(max_length=100)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """Show the lines that the form asks for, newest first."""
    visitor = visits.visitor(request)
    if visitor is None:
        return RedirectResponse(sign_in_address("/granskning"), 303)
    if not visitor.may(May.READ_AUDIT):
        return page(request, "not_for_auditing.html", visitor=visitor, status=403)
    speak(request)
    form = {"from": from_, "to": to, "actor": actor, "action": action, "organisation": organisation}
    asked = {name: value.strip() for name, value in form.items() if value.strip()}
    problem = None
    try:
        log = visits.audit_log(request, visitor, asked, limit=LINES_ON_PAGE, before_id=before)
    except InvalidError as error:
        problem, log = error.message, None
    return page(
        request,
        "audit.html",
        visitor=visitor,
        status=200 if log else 422,
        form=form,
        problem=problem,
        lines=[line_of(row) for row in log.lines] if log else [],
        older_href=f"?{urlencode({**asked, 'before': log.next_before})}" if log and log.next_before else None,
        is_filtered=bool(asked) or before is not None,
        export_href=f"/api/v1/audit/export?{urlencode(asked)}",
        sealed_at=log.sealed_at if log else None,
        actions=sorted(((value, action_name(value)) for value in AuditAction), key=lambda pair: pair[1]),
        organisations=log.organisations if log else [],
        rules=[rule_words(rule) for rule in log.rules] if log else [],
    )


def line_of(row: dict[str, Any]) -> Line:
    """A row as `store.audit.page` gives it."""
    told = {name: value for name, value in row["figures"].items() if name != PAIRING}
    about = [str(row["subject"])] if row["subject"] else []
    about += [f"{figure_name(name)}: {_plain(value)}" for name, value in told.items()]
    return Line(
        recorded_at=row["recorded_at"],
        who=row["actor"],
        role=role_name(row["role"]),
        organisation=row["organisation_name"] or "",
        what=action_name(row["action"]),
        about="; ".join(about),
        scope=scope_words(row["scope"] or ""),
        address=row["address"] or "",
    )


def rule_words(rule: RetentionRule) -> tuple[str, str, str, str, str]:
    """A rule as the cells of a table: source, category, months for text, position and everything."""
    months = (rule.text_after_months, rule.position_after_months, rule.everything_after_months)
    text, position, everything = ("–" if m is None else str(m) for m in months)
    return rule.source or gettext("alla"), rule.category or gettext("alla"), text, position, everything


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return gettext("ja") if value else gettext("nej")
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items() if part is not None)
    return str(value)
