"""The work on an import: check, store, take back. Its state says what is to be done next, and where.

Whatever is killed, nothing is lost or doubled: a chunk's incidents, the notes on its rows and the chunk counter are
one transaction, and whoever takes the import up goes on from there. A check stores nothing and starts anew.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.actions.imports import previews
from app.actions.imports.reading import Reading, ahead, chunks, opened
from app.actions.imports.requests import KEPT_AFTER_END
from app.actions.imports.settling import Chunk, figures_of, foresee, settle
from app.core.audit import AuditAction
from app.core.errors import BusyError, LagesbildError, UnreadableFileError
from app.core.imports.coarse import Survey
from app.core.imports.doubles import References
from app.core.imports.source import SourceRow
from app.core.imports.states import AT_WORK, TAKES_BACK, TRANSITIONS, Choice, State
from app.core.permissions import Actor, system_actor
from app.store import imports, incident_links, jobs
from app.store.tx import Database, WriteTx
from app.store.uploads import Uploads

TAKEN_BACK_AT_A_TIME = 10_000
LINKED_AT_A_TIME = 2_000
MOST_WAITING = 100_000
TRIES = 3
FAULT = {
    "sv": "Importen stannade på ett fel hos oss; loggen säger mer.",
    "en": "The import stopped on a fault of ours; the log says more.",
}
GONE = {"sv": "Den uppladdade filen finns inte kvar.", "en": "The uploaded file is no longer there."}
NO_MEMORY = {
    "sv": "Maskinen har för lite minne för den här filen.",
    "en": "The machine has too little memory for this file.",
}
Numbered = tuple[list[SourceRow], Chunk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What the work needs besides the import itself."""

    database: Database
    uploads: Uploads
    clock: Callable[[], datetime]
    srid: int
    is_deferring: bool = True  # later work is a job's


class _StoppedError(Exception):
    """Somebody changed the import's course; never leaves this module."""


def work_on_import(place: Workplace, import_id: UUID, organisation_id: UUID) -> None:
    """Do what the import's state asks for, until nothing more happens by itself.

    A file that cannot be read ends as failed, with a plain sentence. BusyError is passed on: trying again helps.
    """
    actor = system_actor("import", organisation_id)
    while (found := _found(place, actor, import_id)) is not None and State(found["state"]) in AT_WORK:
        importer = system_actor("import", organisation_id, slug=found["organisation"], account=found["requested_by"])
        try:
            _step(place, importer, found)
        except _StoppedError:
            continue
        except BusyError:
            raise
        except UnreadableFileError as error:
            _give_up(place, importer, import_id, error.messages)
        except LagesbildError as error:
            _give_up(place, importer, import_id, {"sv": error.message, "en": error.message})
        except FileNotFoundError:
            _give_up(place, importer, import_id, GONE)
        except MemoryError:
            _give_up(place, importer, import_id, NO_MEMORY)
        except Exception:
            _give_up(place, importer, import_id, FAULT)
            raise


def propose_links(database: Database, import_id: UUID, organisation_id: UUID, now: datetime) -> int:
    """Look for reports of other sources that may tell of the import's incidents; a person decides. How many."""
    actor = system_actor("import", organisation_id)
    with database.read(actor) as tx:
        found = imports.one(tx, import_id)
        if found is None or not incident_links.has_other_sources(tx, found["source"]):
            return 0
    proposed, after = 0, -1
    while True:
        with database.write(actor) as tx:
            some = imports.stored_ids(tx, import_id, after=after, limit=LINKED_AT_A_TIME)
            if not some:
                return proposed
            count = incident_links.propose(tx, list(some.values()), now)
            if count:
                tx.record(AuditAction.LINKS_PROPOSED, import_id, count=count)
        proposed, after = proposed + count, max(some)


def _found(place: Workplace, actor: Actor, import_id: UUID) -> dict[str, Any] | None:
    with place.database.read(actor) as tx:
        return imports.one(tx, import_id)


def _step(place: Workplace, actor: Actor, found: Mapping[str, Any]) -> None:
    match State(found["state"]):
        case State.QUEUED:
            _begin(place, actor, found)
        case State.CHECKING:
            _check(place, actor, found)
        case State.IMPORTING:
            _store(place, actor, found)
        case _:
            _take_back(place, actor, found)


def _begin(place: Workplace, actor: Actor, found: Mapping[str, Any]) -> None:
    """A file whose source is known, and that is wanted at once, needs no dry run."""
    now = place.clock()
    with place.database.write(actor) as tx:
        _hold(tx, found["id"], State.QUEUED)
        is_known = imports.profile(tx, found["source"]) is not None or found["given"] is not None
        is_at_once = is_known and found["choice"] == Choice.GOOD_ROWS
        if is_at_once:
            reading = opened(tx, found, place.uploads, place.srid, is_new=True)
            reading.reader()
            imports.set_profile(tx, found["id"], reading.profile.as_json())
        imports.move(tx, found["id"], State.IMPORTING if is_at_once else State.CHECKING, now)
        tx.record(AuditAction.IMPORT_CHANGED, found["id"], state=State.IMPORTING if is_at_once else State.CHECKING)


def _check(place: Workplace, actor: Actor, found: Mapping[str, Any]) -> None:
    """Read all of the file and say what would become of it."""
    import_id = found["id"]
    with place.database.write(actor) as tx:
        _hold(tx, import_id, State.CHECKING)
        imports.begin_pass(tx, import_id, place.clock())
        reading = opened(tx, found, place.uploads, place.srid, is_new=True)
        preview = previews.begun(reading)
        imports.set_profile(tx, import_id, reading.profile.as_json())
        imports.set_preview(tx, import_id, preview.as_values())
        tx.record(AuditAction.IMPORT_CHANGED, import_id, fields=["profile"])
    survey = Survey(reading.reader(), reading.known)
    references = References()
    count = next_row = 0
    for rows, chunk in _ahead(reading, 0):
        survey.add(rows)
        preview.add(chunk)
        with place.database.write(actor) as tx:
            _hold(tx, import_id, State.CHECKING, next_row)
            _look_at(tx, found, chunk, references, place.clock())
        count, next_row = count + chunk.row_count, chunk.next_row
    coarse = survey.coarse_points()
    profile = dataclasses.replace(reading.profile, coarse_points=coarse or reading.profile.coarse_points)
    with place.database.write(actor) as tx:
        _hold(tx, import_id, State.CHECKING, next_row)
        imports.set_profile(tx, import_id, profile.as_json())
        imports.set_preview(tx, import_id, preview.as_values())
        imports.count_rows(tx, import_id, count)
        _checked(tx, import_id, place.clock())


def _look_at(tx: WriteTx, found: Mapping[str, Any], chunk: Chunk, references: References, now: datetime) -> None:
    """Count what a chunk would become."""
    named = {n: d for n, d in chunk.drafts.items() if d.source_ref is not None}
    is_repeated = dict(zip(named, references.repeated([str(d.source_ref) for d in named.values()]), strict=True))
    first = {n: d for n, d in chunk.drafts.items() if not is_repeated.get(n, False)}
    figures = figures_of(chunk.notes)
    seen = foresee(tx, found["id"], found["source"], first)
    figures.read = chunk.row_count
    figures.good = seen.good + len(chunk.area_figures)
    figures.doubled = seen.doubled + len(chunk.drafts) - len(first)
    figures.created = seen.created + len(chunk.area_figures)
    figures.updated = seen.updated
    imports.add_notes(tx, found["id"], chunk.notes)
    imports.advance(tx, found["id"], chunk.next_row, figures, now)


def _checked(tx: WriteTx, import_id: UUID, now: datetime) -> None:
    """The dry run is over: wait for a word, or do what was said at once."""
    held = _hold(tx, import_id, State.CHECKING)
    if held.choice is Choice.ALL_OR_NOTHING and held.refused_count:
        imports.move(tx, import_id, State.REFUSED, now, is_end=True, upload_ends_at=now + KEPT_AFTER_END)
        tx.record(AuditAction.IMPORT_REFUSED, import_id, refused=held.refused_count)
        return
    tx.record(AuditAction.IMPORT_CHECKED, import_id, refused=held.refused_count)
    if held.choice is None:
        imports.move(tx, import_id, State.CHECKED, now)
        return
    imports.choose(tx, import_id, held.choice, only_waiting=False)
    imports.move(tx, import_id, State.IMPORTING, now)


def _store(place: Workplace, actor: Actor, found: Mapping[str, Any]) -> None:
    """Let the rows go in, chunk by chunk."""
    import_id = found["id"]
    with place.database.write(actor) as tx:
        held = _hold(tx, import_id, State.IMPORTING)
        if found["pass_started_at"] is None:
            imports.begin_pass(tx, import_id, place.clock(), only_waiting=held.only_waiting)
            tx.record(AuditAction.IMPORT_CHANGED, import_id, next_row=0)
        only = imports.waiting(tx, import_id, held.next_row, MOST_WAITING) if held.only_waiting else None
        reading = opened(tx, found, place.uploads, place.srid, is_new=False)
    next_row = held.next_row
    for _, chunk in _ahead(reading, next_row, only):
        _with_patience(_store_chunk, place, actor, found, chunk, next_row, only is not None)
        next_row = chunk.next_row
    with place.database.write(actor) as tx:
        held = _hold(tx, import_id, State.IMPORTING, next_row)
        _stored(tx, found, held, place)


def _store_chunk(
    place: Workplace,
    actor: Actor,
    found: Mapping[str, Any],
    chunk: Chunk,
    next_row: int,
    is_again: bool,  # noqa: FBT001
) -> None:
    now = place.clock()
    with place.database.write(actor) as tx:
        _hold(tx, found["id"], State.IMPORTING, next_row)
        if is_again:
            imports.forget_waiting(tx, found["id"], [*chunk.drafts, *(n.number for n in chunk.notes)])
        figures = settle(tx, found["id"], found["source"], chunk, reported_at=found["requested_at"], now=now)
        if is_again:
            figures.held -= chunk.row_count
            figures.waiting -= chunk.row_count
        else:
            figures.read = chunk.row_count
        imports.advance(tx, found["id"], chunk.next_row, figures, now)


def _stored(tx: WriteTx, found: Mapping[str, Any], held: imports.Held, place: Workplace) -> None:
    """All rows have been seen."""
    now, import_id = place.clock(), found["id"]
    if held.choice is Choice.ALL_OR_NOTHING and held.refused_count:
        imports.move(tx, import_id, State.REFUSING, now)
        tx.record(AuditAction.IMPORT_REFUSED, import_id, refused=held.refused_count)
        return
    if not held.only_waiting:
        imports.count_rows(tx, import_id, held.read_count)
    imports.move(tx, import_id, State.DONE, now, is_end=True, upload_ends_at=now + KEPT_AFTER_END)
    imports.save_profile(tx, found["source"], found["profile"], now)
    tx.record(AuditAction.IMPORT_FINISHED, import_id, stored=held.stored_count, refused=held.refused_count)
    if place.is_deferring:
        organisation = str(tx.actor.organisation_id)
        jobs.defer(
            tx,
            jobs.LINK,
            lock=f"link:{organisation}",
            priority=jobs.WHEN_IDLE,
            import_id=str(import_id),
            organisation_id=organisation,
        )


def _take_back(place: Workplace, actor: Actor, found: Mapping[str, Any]) -> None:
    """Withdraw what went in, some thousands at a time, and give back what was changed."""
    state, import_id = State(found["state"]), found["id"]
    is_over = False
    while not is_over:
        now = place.clock()
        with place.database.write(actor) as tx:
            _hold(tx, import_id, state)
            seen, changed = imports.take_back(tx, import_id, now, TAKEN_BACK_AT_A_TIME)
            figures = imports.remove_figures(tx, import_id)
            is_over = seen == 0
            if is_over:
                imports.move(tx, import_id, TAKES_BACK[state], now, is_end=True, upload_ends_at=now + KEPT_AFTER_END)
            tx.record(AuditAction.IMPORT_ROWS_WITHDRAWN, import_id, rows=changed, figures=figures, is_over=is_over)


def _ahead(reading: Reading, start: int, only: list[int] | None = None) -> Iterator[Numbered]:
    return ahead(chunks(reading, start, only))


def _hold(tx: WriteTx, import_id: UUID, state: State, next_row: int | None = None) -> imports.Held:
    """The import, held. Raises _StoppedError when it took another course, or somebody else works on it."""
    held = imports.lock(tx, import_id)
    if held is None or held.state is not state or next_row not in (None, held.next_row):
        raise _StoppedError
    return held


def _with_patience(act: Callable[..., None], *arguments: Any) -> None:
    """Two imports that bring the same references may stand in each other's way for a moment."""
    for _ in range(TRIES - 1):
        try:
            act(*arguments)
        except BusyError:
            continue
        return
    act(*arguments)


def _give_up(place: Workplace, actor: Actor, import_id: UUID, sentences: Mapping[str, str]) -> None:
    now = place.clock()
    with place.database.write(actor) as tx:
        held = imports.lock(tx, import_id)
        if held is not None and State.FAILED in TRANSITIONS[held.state]:
            imports.move(
                tx,
                import_id,
                State.FAILED,
                now,
                is_end=True,
                upload_ends_at=now + KEPT_AFTER_END,
                failure=sentences,
            )
            tx.record(AuditAction.IMPORT_FAILED, import_id)
