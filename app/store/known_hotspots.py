"""Hot spots that are followed from adopted run to adopted run: what is known before an adoption, and what it said."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.core.analysis.core_places import CorePlaces
from app.core.analysis.tracking import Found, Known, Mark, Ruler, Step
from app.store.queries import load, records
from app.store.tx import ReadTx, WriteTx

SQL = load("known_hotspots")


def known(tx: WriteTx, adoption_id: int, profile: str) -> list[Known]:
    """The hot spots that the organisation's adoptions before this one told of, within one profile."""
    wanted = {"organisation_id": tx.actor.organisation_id, "profile": profile, "adoption_id": adoption_id}
    return [
        Known(id=r.known_id, cores=_triples(r.core_places), is_current=r.is_current, mark=_mark(json.loads(r.mark)))
        for r in tx.conn.execute(SQL.known, wanted)
    ]


def found(tx: WriteTx, run_id: UUID) -> list[Found]:
    """The hot spots of an own run."""
    wanted = {"run_id": run_id, "organisation_id": tx.actor.organisation_id}
    return [
        Found(key=r.hotspot_id, cores=_triples(r.core_places), count=r.incident_count)
        for r in tx.conn.execute(SQL.found, wanted)
    ]


def add(tx: WriteTx, adoption_id: int, steps: Sequence[Step]) -> None:
    """Store what the adoption says of each hot spot."""
    if not steps:
        return
    tx.conn.execute(
        SQL.add,
        {
            "adoption_id": adoption_id,
            "organisation_id": tx.actor.organisation_id,
            "known_ids": [s.id for s in steps],
            "run_hotspot_ids": [s.key for s in steps],
            "changes": [s.change for s in steps],
            "related": ["{" + ",".join(map(str, s.related)) + "}" for s in steps],
            "marks": [json.dumps(asdict(s.mark)) for s in steps],
        },
    )


def history(tx: ReadTx, known_id: UUID, limit: int) -> list[dict[str, Any]]:
    """What adoptions in force said of one hot spot, newest first; rank and count are None where it was not there."""
    wanted = {"known_id": known_id, "organisations": list(tx.scope.hotspots), "limit": limit}
    return records(tx.conn.execute(SQL.history, wanted))


def changes(tx: ReadTx, run_id: UUID) -> list[dict[str, Any]]:
    """What the adoption of a run said of every hot spot, in rank order; those no longer there come last."""
    wanted = {"run_id": run_id, "organisations": list(tx.scope.hotspots)}
    return records(tx.conn.execute(SQL.changes, wanted))


def _triples(numbers: Sequence[int]) -> CorePlaces:
    return tuple(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


def _mark(values: dict[str, Any]) -> Mark:
    return Mark(**values | {"ruler": Ruler(**values["ruler"])})
