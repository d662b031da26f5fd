"""/api/v1/categories: the kinds of incidents, with what each is worth."""

from fastapi import APIRouter

from app.api.schemas.categories import CategoryList, CategoryOut
from app.edge.dependencies import ReadTx
from app.edge.problems import documented
from app.store import categories as store

router = APIRouter(prefix="/categories", tags=["categories"])


@router.get("", responses=documented())
def get_categories(tx: ReadTx) -> CategoryList:
    """All categories in their order; `own_weight` is the organisation's own, where it has one."""
    return CategoryList(categories=[CategoryOut.model_validate(dict(row)) for row in store.page(tx)])
