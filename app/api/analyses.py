"""/api/v1/analyses: ask for a run, follow it, adopt it, take the adoption back."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.actions import analyses as actions
from app.api.schemas.analyses import AnalysisIn, AnalysisList, AnalysisOut, PeriodOut
from app.core.analysis.params import AnalysisParams
from app.core.errors import NotFoundError
from app.core.periods import parse_from, parse_to
from app.core.permissions import May, check_may
from app.edge.bodies import JsonRoute
from app.edge.dependencies import CurrentServices, ReadTx, WriteTx
from app.edge.problems import documented
from app.store import analyses as store

router = APIRouter(prefix="/analyses", tags=["analyses"], route_class=JsonRoute)


@router.post("", status_code=202, responses=documented(409, 415))
def post_analysis(body: AnalysisIn, tx: WriteTx, services: CurrentServices, response: Response) -> AnalysisOut:
    """Start a run; follow it at the address in `Location`."""
    wanted = actions.AnalysisRequest(
        since=None if body.period.from_ is None else parse_from(body.period.from_, "period.from"),
        until=None if body.period.to is None else parse_to(body.period.to, "period.to"),
        categories=tuple(sorted(set(body.categories))),
        area=body.area,
        eps_m=body.eps_m,
        min_incidents=body.min_incidents,
        area_share=body.area_share,
        max_area_m2=body.max_area_m2,
        weighting=body.weighting,
        counts_linked_once=body.counts_linked_once,
        seed=body.seed,
        replicates=body.replicates,
    )
    run_id = actions.request_analysis(tx, wanted, now=services.clock(), code_version=services.code_version)
    response.headers["Location"] = f"/api/v1/analyses/{run_id}"
    return _found(tx, run_id)


@router.get("", responses=documented())
def get_analyses(tx: ReadTx, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> AnalysisList:
    """The organisation's runs, newest first."""
    check_may(tx.actor, May.READ_ANALYSES)
    return AnalysisList(analyses=[_out(row) for row in store.page(tx, limit)])


@router.get("/{run_id:uuid}", responses=documented(404))
def get_analysis(run_id: UUID, tx: ReadTx) -> AnalysisOut:
    """One run: what was asked and how far it has come."""
    check_may(tx.actor, May.READ_ANALYSES)
    return _found(tx, run_id)


@router.delete("/{run_id:uuid}", responses=documented(404, 409))
def delete_analysis(run_id: UUID, tx: WriteTx, services: CurrentServices) -> AnalysisOut:
    """Cancel a run that is queued or running."""
    actions.cancel_analysis(tx, run_id, services.clock())
    return _found(tx, run_id)


@router.post("/{run_id:uuid}/adopt", responses=documented(404, 409))
def adopt(run_id: UUID, tx: WriteTx, services: CurrentServices) -> AnalysisOut:
    """Make a finished run the one that everybody sees."""
    actions.adopt_analysis(tx, run_id, services.clock())
    return _found(tx, run_id)


@router.delete("/{run_id:uuid}/adopt", responses=documented(404, 409))
def take_back(run_id: UUID, tx: WriteTx, services: CurrentServices) -> AnalysisOut:
    """Take an adoption back: the run adopted before it is current again."""
    actions.take_back_adoption(tx, run_id, services.clock())
    return _found(tx, run_id)


def _found(tx: ReadTx, run_id: UUID) -> AnalysisOut:
    row = store.one(tx, run_id)
    if row is None:
        raise NotFoundError("There is no such analysis that you may see.")
    return _out(row)


def _out(row: Mapping[str, Any]) -> AnalysisOut:
    params = AnalysisParams.from_json(row["params"])
    here = f"/api/v1/analyses/{row['id']}"
    return AnalysisOut.model_validate(
        {
            **row,
            "period": PeriodOut(from_=params.since, to=params.until),
            "categories": list(params.categories),
            "area": params.area,
            "organisations": list(params.organisations),
            **store.findings_of(row, params),
            "max_area_m2": params.max_area_m2,
            "weighting": params.weighting,
            "counts_linked_once": params.counts_linked_once,
            "seed": params.seed,
            "replicates": params.replicates,
            "links": {"self": here, "hotspots": f"/api/v1/hotspots?run={row['id']}", "adopt": f"{here}/adopt"},
        }
    )
