"""What people ask of an import: take a file, let it go in, stop, take it back. The work itself is a job's."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.actions.imports.reading import known_of
from app.actions.imports.reports import opened_again
from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError, TransitionError
from app.core.imports import profile as profiles
from app.core.imports.profile import Profile
from app.core.imports.reader import Reader
from app.core.imports.states import TAKES_BACK, Choice, State, check_transition
from app.core.incidents import SOURCE_MAX_CHARS
from app.core.permissions import May, check_may
from app.store import imports, jobs, places
from app.store.imports import NewImport
from app.store.tx import WriteTx
from app.store.uploads import Uploads

KEPT_AFTER_END = timedelta(days=7)
KEPT_UNDECIDED = timedelta(days=30)


def request_import(tx: WriteTx, new: NewImport, now: datetime, *, is_deferred: bool = True) -> None:
    """Take a file that has arrived. It is checked first, unless its source is known and a choice came with it.

    A worker takes it up, unless the caller works on it itself (`is_deferred` false).
    """
    check_may(tx.actor, May.IMPORT_FILES)
    new = replace(new, source=_clean_source(new.source))
    if new.given is not None:
        profiles.from_json({**profiles.changed(Profile(source=new.source).as_json(), new.given), "source": new.source})
    imports.add(tx, new, now, now + KEPT_UNDECIDED)
    tx.record(AuditAction.IMPORT_REQUESTED, new.id, source=new.source, bytes=new.file_bytes)
    _defer(tx, new.id, is_deferred=is_deferred)


def change_import(
    tx: WriteTx, import_id: UUID, profile: Mapping[str, Any], now: datetime, *, is_deferred: bool = True
) -> None:
    """Read the file in another way: it is checked again."""
    check_may(tx.actor, May.IMPORT_FILES)
    held = _held(tx, import_id)
    if held.state is State.FAILED and held.stored_count:
        raise TransitionError("Some of its rows are in: undo the import first.")
    check_transition(held.state, State.QUEUED)
    found = _found(tx, import_id)
    wanted = profiles.from_json({**profiles.changed(found["profile"] or {}, profile), "source": found["source"]})
    imports.give_profile(tx, import_id, wanted.as_json(), now)
    imports.move(tx, import_id, State.QUEUED, now, upload_ends_at=now + KEPT_UNDECIDED)
    tx.record(AuditAction.IMPORT_CHANGED, import_id, fields=sorted(profile))
    _defer(tx, import_id, is_deferred=is_deferred)


def commit_import(tx: WriteTx, import_id: UUID, choice: Choice, now: datetime, *, is_deferred: bool = True) -> None:
    """Let a checked file go in. Of a file that is in, rows whose place was chosen since go in as well."""
    check_may(tx.actor, May.IMPORT_FILES)
    held = _held(tx, import_id)
    check_transition(held.state, State.IMPORTING)
    if held.state in {State.QUEUED, State.CHECKING}:
        raise TransitionError("The file is still being checked.")
    if held.state is State.DONE and not held.waiting_count:
        raise TransitionError("No row of this import waits for anything.")
    if choice is Choice.ALL_OR_NOTHING and held.refused_count:
        raise TransitionError(f"{held.refused_count} rows are refused, and it was to be all or nothing.")
    imports.choose(tx, import_id, choice, only_waiting=held.state is State.DONE)
    imports.move(tx, import_id, State.IMPORTING, now)
    tx.record(AuditAction.IMPORT_COMMITTED, import_id, choice=choice)
    _defer(tx, import_id, is_deferred=is_deferred)


def cancel_import(tx: WriteTx, import_id: UUID, now: datetime, *, is_deferred: bool = True) -> None:
    """Stop an import; rows that have gone in already are taken back."""
    check_may(tx.actor, May.IMPORT_FILES)
    held = _held(tx, import_id)
    is_in_part = held.state is State.IMPORTING
    if is_in_part and held.only_waiting:
        raise TransitionError("Only rows that waited are going in now; undo the import when they are in.")
    wanted = State.CANCELLING if is_in_part else State.CANCELLED
    check_transition(held.state, wanted)
    imports.move(tx, import_id, wanted, now, is_end=not is_in_part, upload_ends_at=now + KEPT_AFTER_END)
    tx.record(AuditAction.IMPORT_CANCELLED, import_id)
    if is_in_part:
        _defer(tx, import_id, is_deferred=is_deferred)


def undo_import(tx: WriteTx, import_id: UUID, now: datetime, *, is_deferred: bool = True) -> None:
    """Take an import back as a whole: its incidents are withdrawn, and what it changed is as it was."""
    check_may(tx.actor, May.IMPORT_FILES)
    held = _held(tx, import_id)
    check_transition(held.state, State.UNDOING)
    imports.move(tx, import_id, State.UNDOING, now, upload_ends_at=now + KEPT_AFTER_END)
    tx.record(AuditAction.IMPORT_UNDONE, import_id)
    _defer(tx, import_id, is_deferred=is_deferred)


def choose_place(
    tx: WriteTx, import_id: UUID, row_number: int, place_id: UUID, *, uploads: Uploads, srid: int, now: datetime
) -> None:
    """Say which place a row means, and all that name it so; rows that wait for it go in with the next commit."""
    check_may(tx.actor, May.IMPORT_FILES)
    held = _held(tx, import_id)
    if held.state not in {State.CHECKED, State.DONE}:
        raise TransitionError("Places are chosen when the file has been checked.")
    if all(p.id != str(place_id) for p in places.all_of(tx)):
        sentence = "There is no such place in the register."
        raise InvalidError(sentence, (FieldProblem("place", "unknown-place", sentence),))
    found = _found(tx, import_id)
    table, known = opened_again(tx, import_id, uploads)
    row = next(table.rows(row_number), None)
    if row is None or row.number != row_number:
        raise NotFoundError("The file has no such row.")
    name = Reader(table.columns, known, known_of(tx, srid)).place_asked(row)
    changed = {**known.as_json(), "places": {**known.places, name: str(place_id)}}
    imports.set_profile(tx, import_id, changed)
    imports.save_profile(tx, found["source"], changed, now)
    tx.record(AuditAction.IMPORT_CHANGED, import_id, fields=["places"])


def _defer(tx: WriteTx, import_id: UUID, *, is_deferred: bool) -> None:
    if is_deferred:
        jobs.defer(
            tx,
            jobs.IMPORT,
            lock=f"import:{import_id}",
            import_id=str(import_id),
            organisation_id=str(tx.actor.organisation_id),
        )


def _held(tx: WriteTx, import_id: UUID) -> imports.Held:
    held = imports.lock(tx, import_id)
    if held is None:
        raise NotFoundError("Your organisation has no such import.")
    if held.state in TAKES_BACK:
        raise TransitionError("The import is being taken back.")
    return held


def _found(tx: WriteTx, import_id: UUID) -> dict[str, Any]:
    found = imports.one(tx, import_id)
    if found is None or found["profile"] is None:
        raise TransitionError("The file has not been read yet.")
    return found


def _clean_source(name: str) -> str:
    """As the gate would clean it, so that profile, import and incidents say the same."""
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(cleaned) <= SOURCE_MAX_CHARS or not cleaned.isprintable():
        sentence = f"Give the source a name of 1 to {SOURCE_MAX_CHARS} characters."
        raise InvalidError(sentence, (FieldProblem("source", "no-source", sentence),))
    return cleaned
