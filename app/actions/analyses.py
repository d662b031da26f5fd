"""Ask for an analysis, run it, adopt it, take the adoption back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from app.core.analysis import tracking
from app.core.analysis.params import AREA_SHARE, MAX_AREA_M2, REPLICATES, AnalysisParams, ClusterRule, Weighting
from app.core.analysis.points import Points, midpoints_s, which_count
from app.core.analysis.run import Findings, HotSpot, analyse
from app.core.analysis.significance import Progress
from app.core.analysis.tracking import Ruler
from app.core.audit import AuditAction
from app.core.errors import (
    BusyError,
    FieldProblem,
    ForbiddenError,
    InvalidError,
    LagesbildError,
    NotFoundError,
    TransitionError,
)
from app.core.permissions import Actor, May, check_may, system_actor
from app.render import findings as render_findings
from app.render import hotspots as render
from app.store import analyses, areas, categories, hotspots, incidents, jobs, known_hotspots, organisations
from app.store.hotspots import HotSpotRow
from app.store.incidents import Packed
from app.store.tx import Database, WriteTx

USUAL_PERIOD = timedelta(weeks=104)  # steadier than a year, and foretells as well
USUAL_RULE = ClusterRule()
LOOK_EVERY = timedelta(seconds=1)  # whether somebody cancelled the run
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRequest:
    """What somebody asks for; None and empty mean the usual: the rule is chosen from the incidents.

    One of eps_m and min_incidents fixes the rule, with the usual number for the other.
    """

    since: datetime | None = None
    until: datetime | None = None
    categories: tuple[str, ...] = ()
    area: str | None = None
    eps_m: float | None = None
    min_incidents: int | None = None
    area_share: float = AREA_SHARE
    max_area_m2: float = MAX_AREA_M2
    weighting: Weighting = Weighting.RECENCY
    counts_linked_once: bool = False
    seed: int = 0
    replicates: int = REPLICATES


def request_analysis(
    tx: WriteTx, wanted: AnalysisRequest, *, now: datetime, code_version: str, is_deferred: bool = True
) -> UUID:
    """Make a run over the organisation's own incidents and those it is given for analysis.

    A worker takes it up, unless the caller works it out itself (`is_deferred` false).
    """
    check_may(tx.actor, May.RUN_ANALYSES)
    params = _params(tx, wanted, now)
    run_id = analyses.request(tx, params, code_version)
    tx.record(AuditAction.ANALYSIS_REQUESTED, run_id, fingerprint=params.fingerprint())
    if is_deferred:
        jobs.defer(
            tx,
            jobs.ANALYSE,
            lock=f"analyse:{tx.actor.organisation_id}",
            run_id=str(run_id),
            organisation_id=str(tx.actor.organisation_id),
        )
    return run_id


class _CancelledError(Exception):
    """Ends the work on a run that somebody cancelled; never leaves this module."""


def run_analysis(
    database: Database,
    run_id: UUID,
    organisation_id: UUID,
    *,
    clock: Clock,
    srid: int,
    progress: Progress | None = None,
) -> None:
    """Work a queued run out and store its hot spots; no connection is held while computing.

    The work stops soon after the run is cancelled. progress: told how many random towns are done, and of how many.
    A run that cannot be worked out is marked as failed with a plain sentence; it never disappears. BusyError is
    passed on, and the run stays open: trying again may help.
    """
    actor = system_actor("analysis", organisation_id)
    try:
        begun = _begin(database, actor, run_id, clock())
        if begun is None:
            return
        params, uses = begun
        with database.read(system_actor("analysis", organisation_id, uses=uses)) as tx:
            packed = incidents.points(
                tx, params.since, params.until, params.area, counts_linked_once=params.counts_linked_once
            )
        look = _lookout(database, actor, run_id, clock, progress)
        findings = analyse(as_points(packed, params, srid), params, progress=look)
    except BusyError:
        raise
    except _CancelledError:
        return
    except LagesbildError as error:
        _give_up(database, actor, run_id, clock(), error.message)
    except MemoryError:
        _give_up(database, actor, run_id, clock(), "The machine has too little memory for this analysis.")
    except Exception:
        _give_up(database, actor, run_id, clock(), "The analysis stopped on a fault of ours; the log says more.")
        raise
    else:
        with database.write(actor) as tx:
            told = render_findings.as_text(findings, srid)
            _finish(tx, run_id, params, findings, told, now=clock(), data_cut_off=packed.newest)


def run_now(
    database: Database,
    actor: Actor,
    wanted: AnalysisRequest,
    *,
    clock: Clock,
    code_version: str,
    srid: int,
    progress: Progress | None = None,
) -> UUID:
    """Ask for a run and work it out here and now, for the command line; the run's id, whether done or failed.

    Ctrl-C cancels the run.
    """
    with database.write(actor) as tx:
        run_id = request_analysis(tx, wanted, now=clock(), code_version=code_version, is_deferred=False)
    try:
        run_analysis(database, run_id, actor.organisation_id, clock=clock, srid=srid, progress=progress)
    except KeyboardInterrupt:
        with database.write(actor) as tx:
            cancel_analysis(tx, run_id, clock())
        raise
    return run_id


def run_and_adopt(
    database: Database, actor: Actor, wanted: AnalysisRequest, *, clock: Clock, code_version: str, srid: int
) -> int:
    """Ask for a run, work it out here and now, and adopt it; how many hot spots it found. For the demo.

    Raises TransitionError when the run failed.
    """
    run_id = run_now(database, actor, wanted, clock=clock, code_version=code_version, srid=srid)
    with database.write(actor) as tx:
        adopt_analysis(tx, run_id, clock())
        run = analyses.one(tx, run_id)
    return int(run["hotspot_count"]) if run else 0


def cancel_analysis(tx: WriteTx, run_id: UUID, now: datetime) -> None:
    """Stop a run that is queued or running; what it would have found is not stored."""
    check_may(tx.actor, May.RUN_ANALYSES)
    _own_run(tx, run_id)
    if not analyses.cancel(tx, run_id, now):
        raise TransitionError("Only a queued or running analysis can be cancelled.")
    tx.record(AuditAction.ANALYSIS_CANCELLED, run_id)


def adopt_analysis(tx: WriteTx, run_id: UUID, now: datetime) -> None:
    """Make a finished run the one that everybody sees; only this advances the hot spots' history.

    The history follows the order of adoptions, whatever the periods of the runs.
    """
    check_may(tx.actor, May.ADOPT_ANALYSES)
    run = _own_run(tx, run_id)
    if run["state"] != "done":
        raise TransitionError(f"Only a finished analysis can be adopted; this one is {run['state']}.")
    params = AnalysisParams.from_json(run["params"])
    clustered = {c["code"] for c in categories.page(tx) if c["is_clustered"]}
    profile = tracking.profile_of(tx.actor.organisation_id, params, clustered)
    adoption_id = analyses.adopt(tx, run_id, now, profile)
    found, known = known_hotspots.found(tx, run_id), known_hotspots.known(tx, adoption_id, profile)
    used = analyses.findings_of(run, params)
    rule = ClusterRule(eps_m=used["eps_m"], min_incidents=used["min_incidents"])
    steps = tracking.follow(found, known, profile=profile, ruler=Ruler.of(params, rule))
    known_hotspots.add(tx, adoption_id, steps)
    figures: dict[str, Any] = tracking.figures(steps)
    tx.record(AuditAction.ANALYSIS_ADOPTED, run_id, **figures)


def take_back_adoption(tx: WriteTx, run_id: UUID, now: datetime) -> None:
    """Undo an adoption: the run adopted before it is current again, and what it said of hot spots is in no history."""
    check_may(tx.actor, May.ADOPT_ANALYSES)
    _own_run(tx, run_id)
    if not analyses.take_back(tx, run_id, now):
        raise TransitionError("This analysis is not adopted.")
    tx.record(AuditAction.ADOPTION_TAKEN_BACK, run_id)


def as_points(packed: Packed, params: AnalysisParams, srid: int) -> Points:
    """The incidents that count, as arrays in their one order."""
    counts = which_count(packed.from_s, packed.to_s, packed.categories, packed.uncertainty_m, params)
    codes, category = np.unique(packed.categories[counts], return_inverse=True)
    names, source = np.unique(packed.sources[counts], return_inverse=True)
    return Points.ordered(
        xy=packed.xy[counts],
        occurred_s=midpoints_s(packed.from_s, packed.to_s)[counts],
        category=category.astype(np.int32),
        categories=tuple(codes.tolist()),
        source=source.astype(np.int32),
        sources=tuple(names.tolist()),
        uncertainty_m=packed.uncertainty_m[counts],
        sort_key=packed.sort_keys[counts],
        epsg=srid,
    )


def _params(tx: WriteTx, wanted: AnalysisRequest, now: datetime) -> AnalysisParams:
    known = {c["code"]: c for c in categories.page(tx)}
    _check_categories(wanted.categories, known)
    if wanted.area is not None and not areas.exists(tx, wanted.area):
        message = "There is no such area; GET /api/v1/areas lists them."
        raise InvalidError(message, (FieldProblem("area", "unknown-area", message),))
    weights = {
        code: c["own_weight"] if wanted.weighting is Weighting.OWN and c["own_weight"] is not None else c["harm_weight"]
        for code, c in known.items()
    }
    chosen = wanted.categories or tuple(code for code, c in known.items() if c["is_clustered"])
    until = wanted.until or now
    uses = (tx.actor.organisation_id, *organisations.incident_givers(tx, tx.actor.organisation_id))
    try:
        return AnalysisParams(
            since=wanted.since or until - USUAL_PERIOD,
            until=until,
            organisations=tuple(organisations.slugs_of(tx, uses).values()),
            now=now,
            categories=chosen,
            area=wanted.area,
            rule=_rule(wanted),
            area_share=wanted.area_share,
            max_area_m2=wanted.max_area_m2,
            weighting=wanted.weighting,
            weights=tuple(weights.items()),
            counts_linked_once=wanted.counts_linked_once,
            seed=wanted.seed,
            replicates=wanted.replicates,
        )
    except ValueError as error:
        raise InvalidError(f"The analysis cannot be run as asked: {error}") from error


def _rule(wanted: AnalysisRequest) -> ClusterRule | None:
    if wanted.eps_m is None and wanted.min_incidents is None:
        return None
    return ClusterRule(
        eps_m=USUAL_RULE.eps_m if wanted.eps_m is None else wanted.eps_m,
        min_incidents=USUAL_RULE.min_incidents if wanted.min_incidents is None else wanted.min_incidents,
    )


def _check_categories(wanted: tuple[str, ...], known: Mapping[str, Mapping[str, Any]]) -> None:
    problems = []
    for i, code in enumerate(wanted):
        if code not in known:
            problems.append(FieldProblem(f"categories.{i}", "unknown-category", "Use one of the category codes."))
        elif not known[code]["is_clustered"]:
            sentence = "Incidents of this category have no meaningful place; they are counted but never clustered."
            problems.append(FieldProblem(f"categories.{i}", "not-clustered", sentence))
    if problems:
        raise InvalidError("The analysis cannot be run for these categories.", tuple(problems))


def _begin(
    database: Database, actor: Actor, run_id: UUID, now: datetime
) -> tuple[AnalysisParams, tuple[UUID, ...]] | None:
    """Mark the run as running; its parameters and whose incidents it may use. None when it is no longer open."""
    with database.write(actor) as tx:
        params = analyses.start(tx, run_id, now)
        if params is None:
            return None
        givers = organisations.incident_givers(tx, actor.organisation_id)
        slugs = organisations.slugs_of(tx, (actor.organisation_id, *givers))
        uses = tuple(i for i, slug in slugs.items() if slug in params.organisations)
        tx.record(AuditAction.ANALYSIS_STARTED, run_id, controllers=uses, organisations=params.organisations)
    if len(uses) < len(params.organisations):
        raise ForbiddenError("A sharing rule that this analysis needs is no longer in force; ask for a new one.")
    return params, uses


def _lookout(database: Database, actor: Actor, run_id: UUID, clock: Clock, progress: Progress | None) -> Progress:
    """Pass progress on, and look now and then whether the run has been cancelled."""
    looked_at: datetime | None = None

    def look(done: int, of: int) -> None:
        nonlocal looked_at
        if progress is not None:
            progress(done, of)
        now = clock()
        if looked_at is not None and now - looked_at < LOOK_EVERY:
            return
        looked_at = now
        with database.read(actor) as tx:
            if not analyses.is_running(tx, run_id):
                raise _CancelledError

    return look


def _finish(
    tx: WriteTx,
    run_id: UUID,
    params: AnalysisParams,
    findings: Findings,
    told: str,
    *,
    now: datetime,
    data_cut_off: datetime | None,
) -> None:
    figures = {
        "data_cut_off": data_cut_off,
        "incident_count": findings.incident_count,
        "noise_count": findings.noise_count,
        "hotspot_count": len(findings.hotspots),
        "findings": told,
    }
    if not analyses.finish(tx, run_id, now, figures):
        return
    hotspots.add(tx, run_id, [_row(h, params, findings) for h in findings.hotspots])
    tx.record(AuditAction.ANALYSIS_FINISHED, run_id, hotspots=len(findings.hotspots))


def _row(hotspot: HotSpot, params: AnalysisParams, findings: Findings) -> HotSpotRow:
    return HotSpotRow(
        hotspot_id=hotspot.key,
        rank=hotspot.rank,
        count=hotspot.count,
        weighted_value=hotspot.weighted_value,
        categories=tuple(code for code, _, _ in hotspot.categories),
        properties=render.properties(hotspot, params, findings.params_fingerprint),
        statistics=render.statistics(hotspot, findings, params),
        core_places=hotspot.core_places,
        p_value=None if hotspot.significance is None else hotspot.significance.p_value,
        is_significant=None if hotspot.significance is None else hotspot.significance.is_significant,
        place_certainty=hotspot.place_certainty,
        wkb=shapely.to_wkb(hotspot.outline_wgs84),
    )


def _give_up(database: Database, actor: Actor, run_id: UUID, now: datetime, sentence: str) -> None:
    with database.write(actor) as tx:
        if analyses.fail(tx, run_id, now, sentence):
            tx.record(AuditAction.ANALYSIS_FAILED, run_id)


def _own_run(tx: WriteTx, run_id: UUID) -> dict[str, Any]:
    """A run of the actor's own organisation."""
    run = analyses.one(tx, run_id)
    if run is None or run["organisation_id"] != tx.actor.organisation_id:
        raise NotFoundError("Your organisation has no such analysis.")
    return run
