"""/api/v1/retention and /api/v1/privacy: what goes when, and material for impact assessments.

There is no address that purges: the worker does it every night, the command line by hand.
"""

from dataclasses import asdict

from fastapi import APIRouter

from app.actions import privacy
from app.actions import retention as actions
from app.api.schemas.retention import DueOut, PrivacyReport, RetentionDue, RetentionRules
from app.core.retention import RetentionRule
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, Reader, ReadTx, WriteTx
from app.edge.problems import documented

router = APIRouter(tags=["retention"], route_class=JsonRoute)


@router.get("/retention/rules", responses=documented())
def get_rules(tx: ReadTx) -> RetentionRules:
    """The own organisation's rules. An incident's age counts from when it happened."""
    return RetentionRules.model_validate({"rules": [asdict(rule) for rule in actions.read_retention(tx)]})


@router.put("/retention/rules", responses=documented(415))
def put_rules(body: RetentionRules, tx: WriteTx, services: CurrentServices) -> RetentionRules:
    """These rules in place of all there were; they are carried out the next night, and that cannot be undone.

    Of several rules the most particular one holds, alone: source and category, source, category, all.
    """
    rules = [RetentionRule(**rule.model_dump()) for rule in body.rules]
    actions.set_retention(tx, rules, services.clock())
    return RetentionRules.model_validate({"rules": [asdict(rule) for rule in actions.read_retention(tx)]})


@router.get("/retention/preview", responses=documented())
def get_preview(tx: ReadTx, services: CurrentServices) -> RetentionDue:
    """How much each rule would take now. Nothing is taken."""
    return RetentionDue(due=[DueOut.model_validate(row) for row in actions.preview_retention(tx, services.clock())])


@router.get("/privacy", responses=documented())
def get_privacy(reader: Reader, services: CurrentServices) -> PrivacyReport:
    """What is processed, why and how long, with the rules in force: material for an impact assessment."""
    return PrivacyReport.model_validate(privacy.privacy_report(reader, services.clock()))
