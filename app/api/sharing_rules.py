"""/api/v1/sharing-rules: what organisations give each other and the joint analysis."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.actions import sharing_rules as actions
from app.api.schemas.sharing_rules import SharingRuleIn, SharingRuleList, SharingRuleMade, SharingRuleOut
from app.core.periods import stockholm_date
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, ReadTx, WriteTx
from app.edge.problems import documented
from app.store import sharing_rules as store

router = APIRouter(prefix="/sharing-rules", tags=["sharing"], route_class=JsonRoute)


@router.get("", responses=documented())
def get_sharing_rules(tx: ReadTx, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000) -> SharingRuleList:
    """The rules in which the own organisation gives or receives, also ended ones; all of them for administrators."""
    check_may(tx.actor, May.READ_SHARING)
    rows = store.page(tx, limit)
    return SharingRuleList(sharing_rules=[SharingRuleOut.model_validate(row) for row in rows])


@router.post("", status_code=201, responses=documented(404, 415))
def post_sharing_rule(
    body: SharingRuleIn, tx: WriteTx, services: CurrentServices, response: Response
) -> SharingRuleMade:
    """Share, from now until the end of a day. Without a receiver: with the joint analysis."""
    rule_id = actions.share(tx, body.to_rule(), stockholm_date(services.clock()))
    response.headers["Location"] = f"/api/v1/sharing-rules/{rule_id}"
    return SharingRuleMade(id=rule_id)


@router.delete("/{rule_id:uuid}", status_code=204, responses=documented(404))
def delete_sharing_rule(rule_id: UUID, tx: WriteTx, services: CurrentServices) -> None:
    """End a rule at once. It stays in the list as ended."""
    actions.end_sharing(tx, rule_id, services.clock())
