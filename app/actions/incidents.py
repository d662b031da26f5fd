"""Report, correct and withdraw incidents. One report is a batch of one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import (
    ConflictError,
    FieldProblem,
    ForbiddenError,
    IdempotencyError,
    InvalidError,
    NotFoundError,
)
from app.core.geo import Position
from app.core.incidents import IncidentDraft, RawIncident, State, after_own_correction, check_transition
from app.core.ingest import Checked, IngestRules, OutsideArea, check
from app.core.permissions import Actor, May, check_may, check_own_organisation
from app.store import areas, categories, idempotency_keys, incidents, organisations, sources
from app.store.tx import AuditedReadTx, Reader, ReadTx, WriteTx

CONFLICT = FieldProblem(
    "source_ref", "conflict", "Another report with other content is already stored under this reference."
)
WITHDRAWN = FieldProblem("source_ref", "withdrawn", "The report stored under this reference was withdrawn.")
PURGED = b""  # retention has removed what the hash was made of: what comes again under the reference is a repeat
REFUSED_BEFORE = FieldProblem("", "refused-before", "Refused when the request was first sent; that answer said why.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What became of each report, by index: an id, or the problems that kept it out."""

    ids: list[UUID | None]
    created_count: int
    problems: dict[int, tuple[FieldProblem, ...]]

    @property
    def repeated_count(self) -> int:
        """How many were already stored with the same content."""
        return sum(i is not None for i in self.ids) - self.created_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """An Idempotency-Key and the hash of the request that carries it."""

    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the deployment and the moment give to every report."""

    now: datetime
    metric_srid: int


@contextmanager
def reading_incidents(reader: Reader, wanted: incidents.Filter) -> Iterator[AuditedReadTx]:
    """Read incidents with their exact positions; the filter is in the audit log before anything is read."""
    check_may_read(reader.actor)
    with reader.plain() as tx:
        asked = _told(tx, wanted)
    with reader.audited(AuditAction.INCIDENTS_READ, **asked) as tx:
        yield tx


def read_incident(reader: Reader, incident_id: UUID) -> dict[str, Any]:
    """One incident as a mapping of its columns. A withdrawn one is found only in lists. Raises NotFoundError."""
    check_may_read(reader.actor)
    with reader.audited(AuditAction.INCIDENT_READ, incident_id) as tx:
        found = incidents.seen(tx, incident_id)
        if found is not None and found["state"] != State.WITHDRAWN:
            tx.hand_out(1)
            return found
    raise NotFoundError("There is no such report that you may see.")


def check_may_read(actor: Actor) -> None:
    """All of the organisation's incidents, or at least the own ones; the scope holds which, and how exactly."""
    if not actor.may(May.READ_OWN_INCIDENTS):
        check_may(actor, May.READ_INCIDENTS)


def report_incidents(
    tx: WriteTx,
    raws: Sequence[RawIncident],
    setting: Setting,
    *,
    organisation: str | None = None,
    repeatable: Repeatable | None = None,
    is_partial: bool = False,
    is_list: bool = False,
    reported_ats: Sequence[datetime] | None = None,
) -> Reported:
    """Store reports for the actor's organisation and say so in the audit log.

    All or nothing unless `is_partial`. A single report's problems are named without its index unless it was sent
    as a list (`is_list`). Raises InvalidError or ConflictError with the problems by index,
    IdempotencyError when the key was used for another request.
    """
    check_may(tx.actor, May.REPORT_INCIDENTS)
    check_own_organisation(tx.actor, organisation)
    if repeatable is not None and (earlier := idempotency_keys.find(tx, repeatable.key)) is not None:
        return _repeated(earlier, repeatable)
    raws = _with_usual_uncertainty(tx, raws)
    checked = check(raws, rules_of(tx, setting))
    problems = {i: found for i, found in enumerate(checked.problems) if found}
    is_single = len(raws) == 1 and not is_list
    if problems and not is_partial:
        raise InvalidError(_how_many_wrong(len(problems), len(raws)), _by_index(problems, is_single=is_single))
    reported = _store(tx, checked, problems, setting.now, reported_ats)
    conflicts = {i: p for i, p in reported.problems.items() if i not in problems}
    if conflicts and not is_partial:
        by_index = _by_index(conflicts, is_single=is_single)
        raise ConflictError("A reference is already in use; nothing was stored.", by_index)
    if repeatable is not None:
        idempotency_keys.keep(tx, repeatable.key, repeatable.request_hash, reported.ids)
    _record_report(tx, reported)
    return reported


def correct_incident(tx: WriteTx, incident_id: UUID, changes: Mapping[str, Any], setting: Setting) -> None:
    """Change some of an incident's fields; what it was is kept as a version.

    changes: RawIncident's field names and `state`. A reporter corrects own reports; states are the reviewers' matter,
    and what a reporter has changed is reviewed anew unless it comes from a trusted source.
    """
    _check_may_correct(tx, changes)
    incidents.lock(tx, incident_id)
    before = _visible(tx, incident_id)
    state = _next_state(before, changes)
    raw = replace(_as_raw(before), **{k: v for k, v in changes.items() if k != "state"})
    checked = check([raw], rules_of(tx, setting))
    if checked.problems[0]:
        raise InvalidError("The corrected report is not valid; nothing was changed.", checked.problems[0])
    draft = checked.drafts[0]
    assert draft is not None  # noqa: S101 -- a row without problems has a draft
    if state == before["state"] and _content(draft) == _content_before(before):
        return
    if not tx.actor.may(May.REVIEW_INCIDENTS):
        state = after_own_correction(state, is_trusted=bool(_trusted(tx, [draft])))
    incidents.correct(
        tx,
        before,
        json.dumps(_content_before(before) | {"state": before["state"]}),
        draft,
        state,
        setting.now,
    )
    tx.record(AuditAction.INCIDENT_CORRECTED, incident_id, fields=sorted(changes), state=state)


def withdraw_incident(tx: WriteTx, incident_id: UUID, now: datetime) -> None:
    """Take an incident out of every list and analysis; it is kept, with its history, until retention removes it."""
    _check_may_correct(tx, {})
    incidents.lock(tx, incident_id)
    before = _visible(tx, incident_id)
    if before["state"] == State.WITHDRAWN:
        raise NotFoundError("The report was withdrawn before.")
    check_transition(State(before["state"]), State.WITHDRAWN)
    content = json.dumps(_content_before(before) | {"state": before["state"]})
    incidents.correct(tx, before, content, _as_draft(before), State.WITHDRAWN, now)
    tx.record(AuditAction.INCIDENT_WITHDRAWN, incident_id)


def _told(tx: ReadTx, wanted: incidents.Filter) -> dict[str, Any]:
    """The filter for the audit log: codes that are ours, times and corners; of words that are not, how many.

    Raises InvalidError for an area that there is not.
    """
    if wanted.area is not None and not areas.exists(tx, wanted.area):
        sentence = "There is no such area; GET /api/v1/areas lists them."
        raise InvalidError(sentence, (FieldProblem("area", "unknown-area", sentence),))
    told: dict[str, Any] = {
        "since": wanted.since,
        "until": wanted.until,
        "area": wanted.area,
        "bbox": wanted.bbox,
        "states": None if wanted.states == incidents.LISTED else wanted.states,
    }
    if wanted.categories is not None:
        known = {c["code"] for c in categories.page(tx)}
        told["categories"] = [c for c in wanted.categories if c in known]
        told["unknown_categories"] = len(wanted.categories) - len(told["categories"])
    if wanted.sources is not None:
        told["sources"] = sorted(sources.named(tx, [s for s in wanted.sources if "\x00" not in s]))
        told["unknown_sources"] = len(wanted.sources) - len(told["sources"])
    return {name: value for name, value in told.items() if value is not None}


def _repeated(earlier: tuple[bytes, list[UUID | None]], repeatable: Repeatable) -> Reported:
    request_hash, ids = earlier
    if request_hash != repeatable.request_hash:
        raise IdempotencyError("This Idempotency-Key belongs to an earlier request with other content.")
    return Reported(
        ids=list(ids), created_count=0, problems={i: (REFUSED_BEFORE,) for i, known in enumerate(ids) if known is None}
    )


def rules_of(tx: ReadTx, setting: Setting) -> IngestRules:
    """What the actor's organisation accepts now."""
    area, outside = organisations.area_of(tx, tx.actor.organisation_id)
    return IngestRules(
        now=setting.now,
        categories=frozenset(c["code"] for c in categories.page(tx)),
        area=area,
        outside_area=OutsideArea(outside),
        metric_srid=setting.metric_srid,
    )


def _with_usual_uncertainty(tx: WriteTx, raws: Sequence[RawIncident]) -> Sequence[RawIncident]:
    """A source that does not say how sure its places are is as sure as it usually is."""
    usual = {
        name: s["location_uncertainty_m"]
        for name, s in sources.named(tx, {r.source for r in raws if "\x00" not in r.source}).items()
        if s["location_uncertainty_m"] is not None
    }
    if not usual:
        return raws
    return [
        replace(r, location_uncertainty_m=usual[r.source])
        if r.location_uncertainty_m is None and r.source in usual
        else r
        for r in raws
    ]


def _store(
    tx: WriteTx,
    checked: Checked,
    problems: dict[int, tuple[FieldProblem, ...]],
    now: datetime,
    reported_ats: Sequence[datetime] | None,
) -> Reported:
    good = [(i, d) for i, d in enumerate(checked.drafts) if d is not None]
    drafts = [d for _, d in good]
    ids: list[UUID | None] = [None] * len(checked.drafts)
    if not drafts:
        return Reported(ids=ids, created_count=0, problems=problems)
    times = None if reported_ats is None else [reported_ats[i] for i, _ in good]
    stored = incidents.add(tx, drafts, first_states(tx, drafts), now, times)
    known = _known(tx, [d for d, incident_id in zip(drafts, stored, strict=True) if incident_id is None])
    found = dict(problems)
    for (i, draft), incident_id in zip(good, stored, strict=True):
        if incident_id is not None:
            ids[i] = incident_id
            continue
        earlier = known.get((draft.source, draft.source_ref or ""))
        if earlier is None or earlier.content_hash not in (draft.content_hash, PURGED):
            found[i] = (CONFLICT,)
        elif earlier.state is State.WITHDRAWN:
            found[i] = (WITHDRAWN,)
        else:
            ids[i] = earlier.id
    return Reported(ids=ids, created_count=sum(i is not None for i in stored), problems=found)


def _known(tx: WriteTx, drafts: Sequence[IncidentDraft]) -> dict[tuple[str, str], incidents.Known]:
    references = {(d.source, d.source_ref) for d in drafts if d.source_ref is not None}
    return incidents.by_reference(tx, sorted(references)) if references else {}


def first_states(tx: ReadTx, drafts: Sequence[IncidentDraft]) -> list[State]:
    """Reviewers' own reports and those of trusted sources need no review."""
    if tx.actor.may(May.REVIEW_INCIDENTS):
        return [State.APPROVED] * len(drafts)
    trusted = _trusted(tx, drafts)
    return [State.APPROVED if d.source in trusted else State.SUBMITTED for d in drafts]


def _trusted(tx: ReadTx, drafts: Sequence[IncidentDraft]) -> set[str]:
    """Which of their sources the organisation trusts."""
    return {name for name, s in sources.named(tx, {d.source for d in drafts}).items() if s["is_trusted"]}


def _record_report(tx: WriteTx, reported: Reported) -> None:
    stored = [i for i in reported.ids if i is not None]
    if len(reported.ids) == 1:
        tx.record(AuditAction.INCIDENT_REPORTED, stored[0] if stored else None, created=reported.created_count)
        return
    tx.record(
        AuditAction.INCIDENTS_REPORTED,
        created=reported.created_count,
        repeated=reported.repeated_count,
        refused=len(reported.problems),
    )


def _how_many_wrong(wrong: int, total: int) -> str:
    if total == 1:
        return "The report is not valid; nothing was stored."
    return f"{wrong} of {total} reports are not valid; nothing was stored."


def _by_index(problems: Mapping[int, tuple[FieldProblem, ...]], *, is_single: bool) -> tuple[FieldProblem, ...]:
    if is_single:
        return problems[0]
    return tuple(p.under(str(i)) for i, found in problems.items() for p in found)


def _visible(tx: WriteTx, incident_id: UUID) -> dict[str, Any]:
    before = incidents.one(tx, incident_id)
    if before is None:
        raise NotFoundError("There is no such report that you may see.")
    return before


def _check_may_correct(tx: WriteTx, changes: Mapping[str, Any]) -> None:
    if changes.get("state") == State.PURGED:
        raise ForbiddenError("Reports are purged by the rules of retention, not by hand")
    if tx.actor.may(May.REVIEW_INCIDENTS):
        return
    check_may(tx.actor, May.CORRECT_OWN_INCIDENTS)
    if "state" in changes:
        raise ForbiddenError(f"{tx.actor.name} ({tx.actor.role}) may not review reports")


def _next_state(before: Mapping[str, Any], changes: Mapping[str, Any]) -> State:
    old = State(before["state"])
    new = State(changes.get("state", old))
    if new is not old:
        check_transition(old, new)
    return new


def _as_raw(before: Mapping[str, Any]) -> RawIncident:
    return RawIncident(
        category=before["category"],
        occurred_from=before["occurred_from"],
        occurred_to=before["occurred_to"],
        position=Position(before["lon"], before["lat"]),
        location_uncertainty_m=before["location_uncertainty_m"],
        source=before["source"],
        source_ref=before["source_ref"],
        text=before["text"],
        text_reviewed=True,  # what is stored has passed the gate; a new text is judged by its own word
    )


def _as_draft(before: Mapping[str, Any]) -> IncidentDraft:
    return IncidentDraft(
        category=before["category"],
        occurred_from=before["occurred_from"],
        occurred_to=before["occurred_to"],
        lon=before["lon"],
        lat=before["lat"],
        location_uncertainty_m=before["location_uncertainty_m"],
        source=before["source"],
        source_ref=before["source_ref"],
        text=before["text"],
        marks=tuple(before["marks"]),
    )


def _content_before(before: Mapping[str, Any]) -> dict[str, Any]:
    return _content(_as_draft(before))


def _content(draft: IncidentDraft) -> dict[str, Any]:
    """An incident's content as JSON-ready values, for the history."""
    return {
        "category": draft.category,
        "occurred_from": draft.occurred_from.isoformat(),
        "occurred_to": None if draft.occurred_to is None else draft.occurred_to.isoformat(),
        "lon": draft.lon,
        "lat": draft.lat,
        "location_uncertainty_m": draft.location_uncertainty_m,
        "text": draft.text,
        "marks": list(draft.marks),
    }
