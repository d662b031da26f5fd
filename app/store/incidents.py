"""Incidents in the database. Everything reaches only the transaction's scope."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from app.core.incidents import IncidentDraft, State
from app.store.queries import load, record
from app.store.tx import AuditedReadTx, ReadTx, WriteTx

SQL = load("incidents")
STAGED = (  # the types of the columns of `stage`
    *("int4", "uuid", "text", "text", "text", "timestamptz", "timestamptz", "float8", "float8", "float4"),
    *("text", "text[]", "text", "timestamptz", "bytea"),
)
LISTED = tuple(s for s in State if s not in {State.WITHDRAWN, State.REJECTED, State.DUPLICATE, State.PURGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is already stored under a reference."""

    id: UUID
    content_hash: bytes
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which incidents a reader asks for; None = all. bbox is (west, south, east, north) in WGS84 degrees."""

    since: datetime | None = None
    until: datetime | None = None
    categories: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    states: tuple[State, ...] = LISTED
    area: str | None = None
    bbox: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The approved incidents of a period as columns, (n,) each; xy in the deployment's metres."""

    xy: NDArray[np.float64]
    from_s: NDArray[np.float64]
    to_s: NDArray[np.float64]
    uncertainty_m: NDArray[np.float64]
    categories: NDArray[np.str_]
    sources: NDArray[np.str_]
    sort_keys: NDArray[np.str_]
    newest: datetime | None  # when the last of them was stored or corrected


def new_ids(n: int) -> list[UUID]:
    """N random version-4 ids, from one read of the system's randomness."""
    noise = os.urandom(16 * n)
    return [UUID(bytes=noise[i : i + 16], version=4) for i in range(0, 16 * n, 16)]


def add(
    tx: WriteTx,
    drafts: Sequence[IncidentDraft],
    states: Sequence[State],
    now: datetime,
    reported_ats: Sequence[datetime] | None = None,
) -> list[UUID | None]:
    """Store drafts reported by the actor (now, unless said), for the actor's organisation; index-aligned ids.

    None where the reference is already stored (see `by_reference`).
    """
    ids = new_ids(len(drafts))
    _stage(tx, ids, drafts, states, [now] * len(drafts) if reported_ats is None else reported_ats)
    whose = {"organisation_id": tx.actor.organisation_id, "reported_by": tx.actor.id, "now": now}
    if tx.conn.execute(SQL.add, whose).rowcount == len(ids):
        return list(ids)
    added = set(tx.conn.execute(SQL.added, {"ids": ids}).scalars())
    return [i if i in added else None for i in ids]


def replace(
    tx: WriteTx, ids: Sequence[UUID], drafts: Sequence[IncidentDraft], states: Sequence[State], now: datetime
) -> dict[UUID, int]:
    """Give incidents the content that their source tells now; what they were is kept. Their new versions, by id."""
    if not ids:
        return {}
    _stage(tx, ids, drafts, states, [now] * len(ids))
    whose = {"organisations": list(tx.scope.writes), "actor_id": tx.actor.id, "now": now}
    return {r.id: r.version for r in tx.conn.execute(SQL.replace, whose)}


def by_reference(tx: ReadTx, references: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """What the actor's organisation has stored under (source, source_ref), as far as the actor may see it."""
    rows = tx.conn.execute(
        SQL.by_reference,
        {
            "organisation_id": tx.actor.organisation_id,
            "sources": [source for source, _ in references],
            "source_refs": [ref for _, ref in references],
        },
    )
    return {
        (r.source, r.source_ref): Known(id=r.id, content_hash=bytes(r.content_hash), state=State(r.state)) for r in rows
    }


def page(
    tx: AuditedReadTx, wanted: Filter, *, limit: int, after: tuple[datetime, UUID] | None
) -> tuple[list[str], tuple[datetime, UUID] | None]:
    """GeoJSON features, newest first, and the keyset of the next page (None when this is the last).

    Exact positions: only between audit lines.
    """
    west, south, east, north = wanted.bbox or (None, None, None, None)
    rows = tx.conn.execute(
        SQL.page,
        {
            "organisations": list(tx.scope.readable),
            "since": wanted.since,
            "until": wanted.until,
            "categories": None if wanted.categories is None else list(wanted.categories),
            "sources": None if wanted.sources is None else list(wanted.sources),
            "states": [s.value for s in wanted.states],
            "area": wanted.area,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "after_from": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit + 1,
        },
    ).all()
    last = (rows[limit - 1].occurred_from, rows[limit - 1].id) if len(rows) > limit else None
    return [r.feature for r in rows[:limit]], last


def one(tx: AuditedReadTx | WriteTx, incident_id: UUID) -> dict[str, Any] | None:
    """An incident as its organisation has it: a mapping of its columns, lon and lat among them; None out of reach."""
    own = {"id": incident_id, "organisations": list(tx.scope.incidents), "reporter": tx.scope.reporter}
    return record(tx.conn.execute(SQL.one, own))


def seen(tx: AuditedReadTx, incident_id: UUID) -> dict[str, Any] | None:
    """An incident as the reader may see it, `precision` among its columns; None when out of reach."""
    return record(tx.conn.execute(SQL.seen, {"id": incident_id, "organisations": list(tx.scope.readable)}))


def lock(tx: WriteTx, incident_id: UUID) -> None:
    """Hold the incident until the transaction ends, so that two corrections go one after the other."""
    tx.conn.execute(SQL.lock, {"id": incident_id, "organisations": list(tx.scope.writes)})


def correct(
    tx: WriteTx, before: dict[str, Any], content_json: str, draft: IncidentDraft, state: State, now: datetime
) -> None:
    """Replace an incident's content and keep what it was."""
    tx.conn.execute(
        SQL.keep_version,
        {
            "incident_id": before["id"],
            "version": before["version"],
            "organisation_id": before["organisation_id"],
            "replaced_at": now,
            "replaced_by": tx.actor.id,
            "content": content_json,
        },
    )
    tx.conn.execute(
        SQL.correct,
        {
            "id": before["id"],
            "organisations": list(tx.scope.writes),
            "category": draft.category,
            "occurred_from": draft.occurred_from,
            "occurred_to": draft.occurred_to,
            "lon": draft.lon,
            "lat": draft.lat,
            "location_uncertainty_m": draft.location_uncertainty_m,
            "text": draft.text,
            "marks": list(draft.marks),
            "state": state.value,
            "now": now,
        },
    )


def points(
    tx: ReadTx, since: datetime, until: datetime, area: str | None, *, counts_linked_once: bool = False
) -> Packed:
    """The approved incidents that may fall in [since, until), in a stable order: own ones, and those given exactly.

    counts_linked_once: of reports that a person has linked as one incident, the first counts.
    """
    reach = {"organisations": list(tx.scope.incidents), "shared": list(tx.scope.shared)}
    row = tx.conn.execute(
        SQL.points,
        {**reach, "since": since, "until": until, "area": area, "counts_linked_once": counts_linked_once},
    ).one()

    def doubles(packed: bytes | None) -> NDArray[np.float64]:
        return np.frombuffer(packed or b"", dtype=">f8").astype(np.float64)

    return Packed(
        xy=np.column_stack([doubles(row.xs), doubles(row.ys)]),
        from_s=doubles(row.froms),
        to_s=doubles(row.tos),
        uncertainty_m=doubles(row.uncertainties),
        categories=np.array(row.categories or [], dtype=np.str_),
        sources=np.array(row.sources or [], dtype=np.str_),
        sort_keys=np.array(row.sort_keys or [], dtype=np.str_),
        newest=row.newest,
    )


def _stage(
    tx: WriteTx,
    ids: Sequence[UUID],
    drafts: Sequence[IncidentDraft],
    states: Sequence[State],
    times: Sequence[datetime],
) -> None:
    """Bring drafts to the connection's own table, from where one statement takes them."""
    tx.conn.execute(SQL.stage)
    tx.conn.execute(SQL.clear)
    driver = cast("psycopg.Connection[Any]", tx.conn.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(SQL.fill.text) as copy:
        copy.set_types(STAGED)
        for line, (incident_id, d, state, reported_at) in enumerate(zip(ids, drafts, states, times, strict=True)):
            copy.write_row(
                (line, incident_id, d.source, d.source_ref, d.category, d.occurred_from, d.occurred_to, d.lon, d.lat,
                 d.location_uncertainty_m, d.text, list(d.marks), state.value, reported_at, d.content_hash)
            )  # fmt: skip
