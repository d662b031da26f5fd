"""/api/v1/organisations: who takes part in the deployment."""

from fastapi import APIRouter

from app.api.schemas.organisations import OrganisationList, OrganisationOut
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import organisations as store

router = APIRouter(prefix="/organisations", tags=["organisations"])

MOST = 1_000


@router.get("", responses=documented())
def get_organisations(tx: ReadTx) -> OrganisationList:
    """All organisations, in Swedish order."""
    rows = store.page(tx, MOST)
    return OrganisationList(organisations=[OrganisationOut.model_validate(dict(row)) for row in rows])
