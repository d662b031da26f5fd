"""/api/v1/tokens: keys for programs, made, listed and revoked by those who administer accounts."""

from uuid import UUID

from fastapi import APIRouter

from app.actions import accounts as actions
from app.api.schemas.tokens import TokenIn, TokenIssued, TokenList, TokenOut
from app.core.permissions import May, Token, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, ReadTx, WriteTx
from app.edge.problems import documented
from app.store import accounts as store

router = APIRouter(prefix="/tokens", tags=["tokens"], route_class=JsonRoute)

MOST = 10_000


@router.post("", status_code=201, responses=documented(404, 415))
def post_token(body: TokenIn, tx: WriteTx, services: CurrentServices) -> TokenIssued:
    """Make a token for an account, narrowed to collections, a precision and a time.

    Its secret is in this answer and nowhere else.
    """
    issued = actions.issue_api_token(
        tx,
        organisation=body.organisation,
        account=body.account,
        name=body.name,
        token=Token(collections=tuple(sorted(set(body.collections))), precision=body.precision, ends_at=body.ends_at),
        now=services.clock(),
    )
    return TokenIssued(id=issued.id, secret=issued.secret)


@router.get("", responses=documented())
def get_tokens(tx: ReadTx) -> TokenList:
    """All tokens, without their secrets."""
    check_may(tx.actor, May.ADMINISTER)
    return TokenList(
        tokens=[TokenOut.model_validate(row | {"ends_at": row["expires_at"]}) for row in store.tokens(tx, MOST)]
    )


@router.delete("/{token_id:uuid}", status_code=204, responses=documented(404))
def delete_token(token_id: UUID, tx: WriteTx, services: CurrentServices) -> None:
    """Make a token, and the sessions it began, useless at once."""
    actions.revoke_token(tx, token_id, services.clock())
