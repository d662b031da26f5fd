"""What a chunk of a file becomes: new incidents, changed ones, doubles. The only place where an import stores.

Every row ends as exactly one of good, bad, doubled or held. A row is told from what is stored by its reference or,
without one, by its content: the n-th row that says something is the n-th incident that says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.actions.incidents import PURGED, first_states
from app.core.audit import AuditAction
from app.core.imports.doubles import Outcome, decide
from app.core.imports.problems import Held, RowErrors, RowProblem
from app.core.imports.reader import AreaFigure
from app.core.incidents import IncidentDraft, State
from app.store import imports, incidents
from app.store.imports import Figures, RowNote, Stored
from app.store.tx import ReadTx, WriteTx

HELD = "personal-data"
TO_CHOOSE = "place-to-choose"  # the row waits until somebody says which place it means
Judged = IncidentDraft | Held | RowErrors
Drafts = Mapping[int, IncidentDraft]  # by the row's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a file, judged. `next_row`: where the next chunk begins."""

    drafts: Drafts
    area_figures: Sequence[AreaFigure]
    notes: list[RowNote]
    next_row: int
    row_count: int


@dataclass(slots=True, kw_only=True)
class _Settled:
    """What has become of a chunk's drafts so far."""

    stored: list[Stored] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    changed: list[tuple[int, UUID, IncidentDraft, State, Outcome]] = field(default_factory=list)

    def add(self, number: int, incident_id: UUID, outcome: Outcome, version: int = 0) -> None:
        self.stored.append(Stored(number=number, incident_id=incident_id, outcome=outcome, version=version))


def note_of(refused: Held | RowErrors) -> RowNote:
    """What is told of a row that does not go in: never what stands in it."""
    if isinstance(refused, Held):
        problems = [
            RowProblem(code=HELD, column=column, values={"pattern": pattern}) for column, pattern in refused.findings
        ]
        return RowNote(number=refused.number, kind="held", problems=[p.as_json() for p in problems])
    is_waiting = all(p.code == TO_CHOOSE for p in refused.problems)
    kind = "waiting" if is_waiting else "bad"
    return RowNote(number=refused.number, kind=kind, problems=[p.as_json() for p in refused.problems])


def figures_of(notes: Iterable[RowNote]) -> Figures:
    """The notes, counted; a row that waits is held."""
    kinds = [n.kind for n in notes]
    waiting = kinds.count("waiting")
    return Figures(bad=kinds.count("bad"), held=kinds.count("held") + waiting, waiting=waiting)


def foresee(tx: ReadTx, import_id: UUID, source: str, drafts: Drafts) -> Figures:
    """What would become of drafts: for a dry run, which stores nothing."""
    outcomes = [outcome for _, outcome, _, _ in _known(tx, import_id, source, drafts).values()]
    doubled = outcomes.count(Outcome.DOUBLED)
    updated = len(outcomes) - doubled
    good = len(drafts) - doubled
    return Figures(good=good, doubled=doubled, created=good - updated, updated=updated)


def settle(tx: WriteTx, import_id: UUID, source: str, chunk: Chunk, *, reported_at: datetime, now: datetime) -> Figures:
    """Store what can be stored and say what became of each row."""
    figures = figures_of(chunk.notes)
    settled = _Settled()
    _settle_drafts(tx, import_id, source, chunk.drafts, settled, reported_at=reported_at, now=now)
    imports.add_rows(tx, import_id, settled.stored)
    imports.add_notes(tx, import_id, [*chunk.notes, *settled.notes])
    outcomes = [s.outcome for s in settled.stored]
    figures.created = outcomes.count(Outcome.CREATED)
    figures.updated = outcomes.count(Outcome.UPDATED) + outcomes.count(Outcome.REVIVED)
    if chunk.area_figures:
        created, updated = imports.add_figures(tx, import_id, source, chunk.area_figures)
        figures.created += created
        figures.updated += updated
    figures.good = figures.created + figures.updated
    figures.doubled = len(chunk.drafts) + len(chunk.area_figures) - figures.good
    tx.record(AuditAction.IMPORT_STORED, import_id, **figures.as_values())
    return figures


def _settle_drafts(
    tx: WriteTx,
    import_id: UUID,
    source: str,
    drafts: Drafts,
    settled: _Settled,
    *,
    reported_at: datetime,
    now: datetime,
) -> None:
    paired = _twins(tx, import_id, source, drafts)
    fresh = {n: d for n, d in drafts.items() if n not in paired}
    times = [reported_at] * len(fresh)
    ids = incidents.add(tx, list(fresh.values()), first_states(tx, list(fresh.values())), now, times)
    added = {n: i for n, i in zip(fresh, ids, strict=True) if i is not None}
    for number, incident_id in added.items():
        settled.add(number, incident_id, Outcome.CREATED, 1)
    rest = {n: d for n, d in drafts.items() if n not in added}
    if rest:
        here = {d.source_ref: added[n] for n, d in fresh.items() if n in added and d.source_ref is not None}
        _settle_known(tx, _known(tx, import_id, source, rest, paired, frozenset(here.values())), rest, settled, now)


def _settle_known(
    tx: WriteTx,
    known: Mapping[int, "_Decided"],
    drafts: Drafts,
    settled: _Settled,
    now: datetime,
) -> None:
    """Rows whose incidents are stored already."""
    for number, (incident_id, outcome, why, state) in known.items():
        if outcome is Outcome.DOUBLED:
            settled.add(number, incident_id, outcome)
        else:
            settled.changed.append((number, incident_id, drafts[number], state, outcome))
        if why is not None:
            problem = RowProblem(code=why)
            settled.notes.append(RowNote(number=number, kind="doubled", problems=[problem.as_json()]))
    changed = settled.changed
    versions = incidents.replace(tx, [c[1] for c in changed], [c[2] for c in changed], [c[3] for c in changed], now)
    for number, incident_id, _, _, outcome in changed:
        settled.add(number, incident_id, outcome, versions[incident_id])


_Decided = tuple[UUID, Outcome, str | None, State]  # the incident, what becomes of the row, why, the incident's state


def _twins(tx: ReadTx, import_id: UUID, source: str, drafts: Drafts) -> dict[int, imports.Twin]:
    hashes = {n: d.content_hash for n, d in drafts.items() if d.source_ref is None}
    return imports.twins(tx, import_id, source, hashes)


def _known(
    tx: ReadTx,
    import_id: UUID,
    source: str,
    drafts: Drafts,
    paired: Mapping[int, imports.Twin] | None = None,
    added: frozenset[UUID] = frozenset(),
) -> dict[int, _Decided]:
    """What is stored already of these rows, and what that makes of them.

    added: incidents that this chunk has just stored. A second row of theirs, here as in the rest of the file, is a
    double: the first row counts.
    """
    if paired is None:
        paired = _twins(tx, import_id, source, drafts)
    decided: dict[int, _Decided] = {}
    for number, twin in paired.items():
        outcome, why = decide(twin.state, is_same=True, is_of_this_import=False, was_undone=twin.was_undone)
        state = State.APPROVED if outcome is Outcome.REVIVED else twin.state
        decided[number] = (twin.id, outcome, why, state)
    references = {n: (source, d.source_ref) for n, d in drafts.items() if d.source_ref is not None}
    if not references:
        return decided
    stored = incidents.by_reference(tx, sorted(set(references.values())))
    earlier = imports.earlier(tx, import_id, {k.id for k in stored.values()})
    seen = set(added)
    for number, reference in references.items():
        found = stored.get(reference)
        if found is None:
            continue
        is_of_this_import, was_undone = earlier.get(found.id, (False, False))
        outcome, why = decide(
            found.state,
            is_same=found.content_hash in (drafts[number].content_hash, PURGED),
            is_of_this_import=is_of_this_import or found.id in seen,
            was_undone=was_undone,
        )
        seen.add(found.id)
        decided[number] = (found.id, outcome, why, State.APPROVED if outcome is Outcome.REVIVED else found.state)
    return decided
