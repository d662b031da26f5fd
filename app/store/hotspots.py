"""Hot spots of a run: written once when the run finishes, served as finished text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from app.core.analysis.core_places import CorePlaces
from app.store.queries import load, record
from app.store.tx import ReadTx, WriteTx

SQL = load("hotspots")


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpotRow:
    """One hot spot ready to be stored: the properties and statistics are JSON texts, the outline is WKB in WGS84."""

    hotspot_id: UUID
    rank: int
    count: int
    weighted_value: float
    categories: tuple[str, ...]
    properties: str
    statistics: str
    core_places: CorePlaces
    wkb: bytes
    p_value: float | None = None
    is_significant: bool | None = None
    place_certainty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which hot spots of the run a reader asks for; None = all."""

    bbox: tuple[float, float, float, float] | None = None
    min_count: int | None = None
    categories: tuple[str, ...] | None = None
    is_significant: bool | None = None


def add(tx: WriteTx, run_id: UUID, rows: Sequence[HotSpotRow]) -> None:
    """Store a run's hot spots."""
    if not rows:
        return
    tx.conn.execute(
        SQL.add,
        {
            "run_id": run_id,
            "organisation_id": tx.actor.organisation_id,
            "hotspot_ids": [r.hotspot_id for r in rows],
            "ranks": [r.rank for r in rows],
            "counts": [r.count for r in rows],
            "weighted_values": [r.weighted_value for r in rows],
            "categories": [" ".join(r.categories) for r in rows],
            "properties": [r.properties for r in rows],
            "statistics": [r.statistics for r in rows],
            "core_places": [_listed(r.core_places) for r in rows],
            "p_values": [r.p_value for r in rows],
            "are_significant": [r.is_significant for r in rows],
            "place_certainties": [r.place_certainty for r in rows],
            "wkbs": [r.wkb for r in rows],
        },
    )


def current_run(tx: ReadTx, run_id: UUID | None, *, may_read_runs: bool) -> dict[str, Any] | None:
    """The run a reader means: the named one, else the latest adopted; None when there is none within reach."""
    wanted = {**_reach(tx), "run": run_id, "own": tx.actor.organisation_id, "may_read_runs": may_read_runs}
    return record(tx.conn.execute(SQL.current_run, wanted))


def features(tx: ReadTx, run_id: UUID, wanted: Filter) -> tuple[str, int]:
    """The run's features as one JSON text (comma-separated) in rank order, and how many they are."""
    west, south, east, north = wanted.bbox or (None, None, None, None)
    row = tx.conn.execute(
        _through(tx, SQL.features),
        {
            **_reach(tx),
            "run_id": run_id,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "min_count": wanted.min_count,
            "categories": None if wanted.categories is None else list(wanted.categories),
            "is_significant": wanted.is_significant,
        },
    ).one()
    return row.features, row.n


def one(tx: ReadTx, run_id: UUID, hotspot_id: UUID) -> dict[str, Any] | None:
    """One hot spot of a run, by its id there: properties, statistics and geometry as JSON texts."""
    wanted = {**_reach(tx), "run_id": run_id, "hotspot_id": hotspot_id}
    return record(tx.conn.execute(_through(tx, SQL.one), wanted))


def latest_run_with(tx: ReadTx, hotspot_id: UUID) -> UUID | None:
    """The newest adopted run, within reach, in which this hot spot was found."""
    wanted = {**_reach(tx), "hotspot_id": hotspot_id, "own": tx.actor.organisation_id}
    run_id: UUID | None = tx.conn.execute(_through(tx, SQL.latest_run_with), wanted).scalar()
    return run_id


def ranked(tx: ReadTx, run_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The list beside the map: id, rank, properties, change and geometry of each, first rank first."""
    rows = tx.conn.execute(_through(tx, SQL.ranked), {**_reach(tx), "run_id": run_id, "limit": limit})
    return [
        {
            "id": r.hotspot_id,
            "geometry": json.loads(r.geometry),
            "change": r.change,
            "related": r.related or [],
            **json.loads(r.properties),
        }
        for r in rows
    ]


def _listed(places: CorePlaces) -> str:
    """As an array literal: arrays of different lengths do not fit into one array of arrays."""
    return "{" + ",".join(str(number) for place in places for number in place) + "}"


@cache
def _at_the_table(query: TextClause) -> TextClause:
    return text(query.text.replace("seen_hotspots", "run_hotspots"))


def _through(tx: ReadTx, query: TextClause) -> TextClause:
    """The query through the door for this reader.

    Who sees all within reach exactly goes to the table, which row-level security keeps to just that: planning the
    coarse half of the view would take longer than the answer.
    """
    return _at_the_table(query) if tx.scope.sees_hotspots_exactly else query


def _reach(tx: ReadTx) -> dict[str, Any]:
    return {"organisations": list(tx.scope.hotspots)}
