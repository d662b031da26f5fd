"""/api/v1/crime-codes: which category the police's crime codes are."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.actions.imports import catalogues
from app.api.schemas.crime_codes import CrimeCodeIn, CrimeCodeList, CrimeCodeOut
from app.core.imports.crime_codes import SHIPPED
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import ReadTx, WriteTx
from app.edge.problems import documented
from app.store import crime_codes as store

router = APIRouter(prefix="/crime-codes", tags=["imports"], route_class=JsonRoute)
Code = Annotated[str, Path(max_length=20, description='Digits, or the beginning of codes and a star: "08*"')]


@router.get("", responses=documented())
def get_crime_codes(tx: ReadTx) -> CrimeCodeList:
    """The crosswalk: what is shipped, and what the organisation has changed (`is_own`)."""
    check_may(tx.actor, May.IMPORT_FILES)
    own = store.own(tx)
    merged = {**SHIPPED, **own}
    return CrimeCodeList(
        crime_codes=[CrimeCodeOut(code=c, category=merged[c], is_own=c in own) for c in sorted(merged)]
    )


@router.put("/{code}", responses=documented(415))
def put_crime_code(code: Code, body: CrimeCodeIn, tx: WriteTx) -> CrimeCodeOut:
    """Say what category a code is; the longest that fits a report's code counts."""
    catalogues.put_crime_code(tx, code, body.category)
    return CrimeCodeOut(code=code, category=body.category, is_own=True)


@router.delete("/{code}", status_code=204, responses=documented())
def delete_crime_code(code: Code, tx: WriteTx) -> None:
    """Go back to what is shipped."""
    catalogues.reset_crime_code(tx, code)
