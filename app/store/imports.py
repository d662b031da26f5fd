"""Imports of files in the database: how far each has come, what became of its rows. Everything within the scope."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.imports.doubles import OPEN, Outcome
from app.core.imports.reader import AreaFigure
from app.core.imports.states import Choice, State
from app.core.incidents import State as ReportState
from app.store.queries import load, record, records
from app.store.tx import AuditedReadTx, ReadTx, WriteTx

SQL = load("imports")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """A file that has arrived, and what is wanted of it."""

    id: UUID
    source: str
    file_name: str
    file_bytes: int
    row_count: int | None  # when it could be told while the file arrived
    choice: Choice | None
    given: Mapping[str, Any] | None  # the profile that came with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An import's row, held for the length of a transaction."""

    state: State
    next_row: int
    choice: Choice | None
    only_waiting: bool
    stored_count: int
    refused_count: int
    waiting_count: int
    read_count: int


@dataclass(slots=True, kw_only=True)
class Figures:
    """What became of some rows, to be added to the import's figures."""

    read: int = 0
    good: int = 0
    bad: int = 0
    held: int = 0
    waiting: int = 0
    doubled: int = 0
    created: int = 0
    updated: int = 0

    def as_values(self) -> dict[str, Any]:
        """By name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNote:
    """What is told of one row: problems as plain values, without any cell's content."""

    number: int
    kind: str  # bad, held, waiting, doubled
    problems: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an import made of one row."""

    number: int
    incident_id: UUID
    outcome: Outcome
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A stored incident that says the same as a row without a reference."""

    id: UUID
    state: ReportState
    was_undone: bool


def add(tx: WriteTx, new: NewImport, now: datetime, upload_ends_at: datetime) -> None:
    """Make an import of the actor's, with its upload."""
    values = {f.name: getattr(new, f.name) for f in fields(new)} | {
        "given": None if new.given is None else json.dumps(new.given),
        "organisation_id": tx.actor.organisation_id,
        "requested_by": tx.actor.id,
        "now": now,
        "upload_ends_at": upload_ends_at,
    }
    tx.conn.execute(SQL.add, values)
    mine = {"id": new.id, "organisation_id": tx.actor.organisation_id, "account_id": tx.actor.id}
    tx.conn.execute(SQL.add_upload, mine)


def one(tx: ReadTx, import_id: UUID) -> dict[str, Any] | None:
    """An import as a mapping of its columns."""
    return record(tx.conn.execute(SQL.one, _reached(tx, import_id)))


def page(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """The newest imports."""
    return records(tx.conn.execute(SQL.page, {"organisations": list(tx.scope.incidents), "limit": limit}))


def lock(tx: WriteTx, import_id: UUID) -> Held | None:
    """Hold the import: one at a time works on it or changes its course."""
    row = tx.conn.execute(SQL.lock, _mine(tx, import_id)).first()
    if row is None:
        return None
    return Held(
        state=State(row.state),
        next_row=row.next_row,
        choice=None if row.choice is None else Choice(row.choice),
        only_waiting=row.only_waiting,
        stored_count=row.stored_count,
        refused_count=row.bad_count + row.held_count,
        waiting_count=row.waiting_count,
        read_count=row.read_count,
    )


def move(
    tx: WriteTx,
    import_id: UUID,
    state: State,
    now: datetime,
    *,
    is_end: bool = False,
    upload_ends_at: datetime | None = None,
    failure: Mapping[str, str] | None = None,
) -> None:
    """Put the import into another state; the rules of moving are the core's."""
    values = {
        **_mine(tx, import_id),
        "state": state.value,
        "now": now,
        "is_end": is_end,
        "upload_ends_at": upload_ends_at,
        "failure": None if failure is None else json.dumps(dict(failure)),
    }
    tx.conn.execute(SQL.move, values)


def choose(tx: WriteTx, import_id: UUID, choice: Choice, *, only_waiting: bool) -> None:
    """Keep what is wanted: everything, or only rows that waited."""
    tx.conn.execute(SQL.choose, {**_mine(tx, import_id), "choice": choice.value, "only_waiting": only_waiting})


def give_profile(tx: WriteTx, import_id: UUID, profile: Mapping[str, Any], now: datetime) -> None:
    """Keep how a person wants the file to be read."""
    tx.conn.execute(SQL.give_profile, {**_mine(tx, import_id), "profile": json.dumps(profile), "now": now})


def set_profile(tx: WriteTx, import_id: UUID, profile: Mapping[str, Any]) -> None:
    """Keep how the file is read."""
    tx.conn.execute(SQL.set_profile, {**_mine(tx, import_id), "profile": json.dumps(profile)})


def begin_pass(tx: WriteTx, import_id: UUID, now: datetime, *, only_waiting: bool = False) -> None:
    """Start from the first row; unless only waiting rows are wanted, nothing is counted yet."""
    values = {**_mine(tx, import_id), "now": now}
    if only_waiting:
        tx.conn.execute(SQL.begin_waiting, values)
        return
    tx.conn.execute(SQL.begin_pass, values)
    tx.conn.execute(SQL.forget_problems, _mine(tx, import_id))


def advance(tx: WriteTx, import_id: UUID, next_row: int, figures: Figures, now: datetime) -> None:
    """Move the chunk counter and add to the figures."""
    tx.conn.execute(SQL.advance, {**_mine(tx, import_id), **figures.as_values(), "next_row": next_row, "now": now})


def count_rows(tx: WriteTx, import_id: UUID, row_count: int) -> None:
    """Keep how many rows there are."""
    tx.conn.execute(SQL.count_rows, {**_mine(tx, import_id), "row_count": row_count})


def add_notes(tx: WriteTx, import_id: UUID, notes: Sequence[RowNote]) -> None:
    """Keep what is to be told of rows."""
    if not notes:
        return
    values = {
        "id": import_id,
        "organisation_id": tx.actor.organisation_id,
        "numbers": [n.number for n in notes],
        "kinds": [n.kind for n in notes],
        "problems": [json.dumps([*n.problems]) for n in notes],
    }
    tx.conn.execute(SQL.add_problems, values)


def notes(tx: ReadTx, import_id: UUID, *, after: int, limit: int) -> list[RowNote]:
    """What is told of rows after a row number, in the order of the file."""
    rows = tx.conn.execute(SQL.problems, {**_reached(tx, import_id), "after": after, "limit": limit})
    return [RowNote(number=r.row_number, kind=r.kind, problems=r.problems) for r in rows]


def commonest(tx: ReadTx, import_id: UUID, limit: int) -> list[dict[str, Any]]:
    """What is wrong most often: kind, code, column_name, n, and one of the problems as an example."""
    return records(tx.conn.execute(SQL.problem_codes, {**_reached(tx, import_id), "limit": limit}))


def waiting(tx: ReadTx, import_id: UUID, next_row: int, limit: int) -> list[int]:
    """Numbers of rows, from `next_row` on, that wait for a choice of place."""
    values = {**_reached(tx, import_id), "next_row": next_row, "limit": limit}
    return list(tx.conn.execute(SQL.waiting, values).scalars())


def forget_waiting(tx: WriteTx, import_id: UUID, numbers: Sequence[int]) -> None:
    """These rows are looked at again."""
    tx.conn.execute(SQL.forget_waiting, {**_mine(tx, import_id), "numbers": list(numbers)})


def add_rows(tx: WriteTx, import_id: UUID, stored: Sequence[Stored]) -> None:
    """Keep what the import made of rows."""
    if not stored:
        return
    values = {
        "id": import_id,
        "organisation_id": tx.actor.organisation_id,
        "numbers": [s.number for s in stored],
        "incident_ids": [s.incident_id for s in stored],
        "outcomes": [s.outcome.value for s in stored],
        "versions": [s.version for s in stored],
    }
    tx.conn.execute(SQL.add_rows, values)


def twins(tx: ReadTx, import_id: UUID, source: str, hashes: Mapping[int, bytes]) -> dict[int, Twin]:
    """Stored incidents that say the same as rows without a reference; each is paired with one row of an import."""
    if not hashes:
        return {}
    values = {
        "id": import_id,
        "organisation_id": tx.actor.organisation_id,
        "source": source,
        "numbers": list(hashes),
        "hashes": list(hashes.values()),
    }
    rows = tx.conn.execute(SQL.twins, values)
    return {r.row_number: Twin(id=r.id, state=ReportState(r.state), was_undone=r.was_undone) for r in rows}


def earlier(tx: ReadTx, import_id: UUID, incident_ids: Collection[UUID]) -> dict[UUID, tuple[bool, bool]]:
    """Of incidents that imports made: whether an earlier row of this one did, and whether it was undone since."""
    if not incident_ids:
        return {}
    values = {"id": import_id, "organisation_id": tx.actor.organisation_id, "incident_ids": list(incident_ids)}
    return {r.incident_id: (r.is_of_this_import, r.was_undone) for r in tx.conn.execute(SQL.earlier, values)}


def take_back(tx: WriteTx, import_id: UUID, now: datetime, most: int) -> tuple[int, int]:
    """Take some rows back; how many were looked at, and how many of their incidents changed."""
    numbers = list(tx.conn.execute(SQL.to_take_back, {**_mine(tx, import_id), "limit": most}).scalars())
    if not numbers:
        return 0, 0
    values = {
        **_mine(tx, import_id),
        "numbers": numbers,
        "open": [s.value for s in OPEN],
        "now": now,
        "actor_id": tx.actor.id,
    }
    return len(numbers), sum(tx.conn.execute(SQL.take_back, values).scalars())


def stored_ids(tx: ReadTx, import_id: UUID, *, after: int, limit: int) -> dict[int, UUID]:
    """Row number and incident of what the import stored, after a row number."""
    values = {**_reached(tx, import_id), "after": after, "limit": limit}
    return {r.row_number: r.incident_id for r in tx.conn.execute(SQL.stored_ids, values)}


def add_figures(tx: WriteTx, import_id: UUID, source: str, figures: Sequence[AreaFigure]) -> tuple[int, int]:
    """Store counts by area and time; how many are new, and how many say something else than before."""
    if not figures:
        return 0, 0
    values = {
        "id": import_id,
        "organisation_id": tx.actor.organisation_id,
        "source": source,
        "numbers": [f.number for f in figures],
        "areas": [f.area for f in figures],
        "categories": [f.category for f in figures],
        "sinces": [f.since for f in figures],
        "untils": [f.until for f in figures],
        "counts": [f.count for f in figures],
    }
    told = list(tx.conn.execute(SQL.add_figures, values).scalars())
    return sum(told), len(told) - sum(told)


def remove_figures(tx: WriteTx, import_id: UUID) -> int:
    """Take the import's figures away; how many."""
    return tx.conn.execute(SQL.remove_figures, _mine(tx, import_id)).rowcount


def figures(tx: ReadTx, *, source: str | None, area: str | None, limit: int) -> list[dict[str, Any]]:
    """Counts by area and time."""
    values = {"organisations": list(tx.scope.incidents), "source": source, "area": area, "limit": limit}
    return records(tx.conn.execute(SQL.figures, values))


def upload(tx: ReadTx, import_id: UUID) -> dict[str, Any] | None:
    """The actor's own upload, while it is there: `has_preview` when a dry run shows something of it."""
    return record(tx.conn.execute(SQL.upload, _own(tx, import_id)))


def guess(tx: ReadTx, import_id: UUID) -> dict[str, Any]:
    """How the actor's own upload was understood; empty while it was not read."""
    text = tx.conn.execute(SQL.guess, _own(tx, import_id)).scalar()
    return {} if text is None else json.loads(text)


def preview(tx: AuditedReadTx, import_id: UUID) -> dict[str, Any]:
    """What a dry run shows of the actor's own upload: rows with their positions, so only between audit lines."""
    text = tx.conn.execute(SQL.preview, _own(tx, import_id)).scalar()
    return {} if text is None else json.loads(text)


def set_preview(tx: WriteTx, import_id: UUID, preview: Mapping[str, Any]) -> None:
    """Keep what a dry run shows, as long as the upload."""
    tx.conn.execute(SQL.set_preview, {**_own(tx, import_id), "preview": json.dumps(preview, default=str)})


def remove_upload(tx: WriteTx, import_id: UUID) -> bool:
    """Forget the upload; False when it was forgotten before."""
    return tx.conn.execute(SQL.remove_upload, _own(tx, import_id)).rowcount == 1


def ended_uploads(tx: ReadTx, now: datetime, limit: int) -> list[dict[str, Any]]:
    """import_id, organisation_id and account_id of uploads whose time is over, of all organisations."""
    return records(tx.conn.execute(SQL.ended_uploads, {"now": now, "limit": limit}))


def kept_uploads(tx: ReadTx, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these uploads there are, of all organisations."""
    return set(tx.conn.execute(SQL.kept_uploads, {"ids": list(ids)}).scalar_one())


def profile(tx: ReadTx, source: str) -> dict[str, Any] | None:
    """How the source's files were read the last time."""
    text = tx.conn.execute(SQL.profile, {"organisation_id": tx.actor.organisation_id, "source": source}).scalar()
    return None if text is None else json.loads(text)


def save_profile(tx: WriteTx, source: str, profile: Mapping[str, Any], now: datetime) -> None:
    """Keep how the source's files are read."""
    values = {
        "organisation_id": tx.actor.organisation_id,
        "source": source,
        "profile": json.dumps(profile, sort_keys=True),
        "now": now,
        "actor_id": tx.actor.id,
    }
    tx.conn.execute(SQL.save_profile, values)


def _reached(tx: ReadTx, import_id: UUID) -> dict[str, Any]:
    return {"id": import_id, "organisations": list(tx.scope.incidents)}


def _mine(tx: WriteTx, import_id: UUID) -> dict[str, Any]:
    return {"id": import_id, "organisations": list(tx.scope.writes)}


def _own(tx: ReadTx, import_id: UUID) -> dict[str, Any]:
    return {"id": import_id, "organisation_id": tx.actor.organisation_id, "account_id": tx.actor.id}
