"""The joint picture in the database: written by the joint login only, read by the members of a local police area."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.analysis.params import AnalysisParams
from app.store.queries import load, record, records
from app.store.tx import ReadTx, WriteTx

SQL = load("joint")
MOST = 1_000
MOST_POINTS = 5_000_000


def police_areas(tx: ReadTx) -> list[str]:
    """Local police areas in which somebody gives something to the joint analysis."""
    return list(tx.conn.execute(SQL.police_areas, {"limit": MOST}).scalars())


def parties(tx: ReadTx, police_area: str) -> tuple[str, ...]:
    """The slugs of everybody who may read the picture."""
    return tuple(tx.conn.execute(SQL.parties, {"police_area": police_area, "limit": MOST}).scalars())


def points(tx: ReadTx, police_area: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The incidents that may be used, as rows in a stable order. Any login but the joint one is given none."""
    wanted = {"police_area": police_area, "since": since, "until": until, "limit": MOST_POINTS}
    return records(tx.conn.execute(SQL.points, wanted))


def add(
    tx: WriteTx,
    run_id: UUID,
    police_area: str,
    params: AnalysisParams,
    rows: Iterable[Mapping[str, Any]],
    *,
    k: int,
    code_version: str,
) -> None:
    """Store a picture; rows: rank, cells (ids of catchments) and properties (JSON text) of each hot spot."""
    told = [{**row, "run_id": run_id, "police_area": police_area} for row in rows]
    tx.conn.execute(
        SQL.add,
        {
            "id": run_id,
            "police_area": police_area,
            "params": params.as_json(),
            "fingerprint": params.fingerprint(),
            "k": k,
            "now": params.now,
            "code_version": code_version,
            "hotspot_count": len(told),
        },
    )
    if told:
        tx.conn.execute(SQL.add_hotspot, told)


def latest(tx: ReadTx) -> dict[str, Any] | None:
    """The newest picture of the reader's local police area; None when there is none within reach."""
    return record(tx.conn.execute(SQL.latest, {"police_area": tx.scope.police_area}))


def features(tx: ReadTx, run_id: UUID) -> tuple[str, int]:
    """A picture's hot spots as one JSON text (comma-separated) in rank order, and how many they are."""
    row = tx.conn.execute(SQL.features, {"run_id": run_id, "police_area": tx.scope.police_area}).one()
    return row.features, row.n
