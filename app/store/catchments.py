"""Catchments in the database."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.core.catchments import CELL_M, Catchment, Cells
from app.store.queries import load, record
from app.store.tx import ReadTx, WriteTx

SQL = load("catchments")


def municipality(tx: ReadTx, code: str) -> tuple[UUID, BaseGeometry] | None:
    """The id and the outline (WGS84) of a municipality; None when there is none of that code."""
    found = record(tx.conn.execute(SQL.municipality, {"code": code}))
    return None if found is None else (found["id"], shapely.from_wkb(bytes(found["wkb"])))


def municipalities(tx: ReadTx, limit: int) -> list[str]:
    """The codes of all municipalities."""
    return list(tx.conn.execute(SQL.municipalities, {"limit": limit}).scalars())


def newest_year(tx: ReadTx, municipality_id: UUID) -> int | None:
    """The year of a municipality's newest set; None when it has none."""
    year: int | None = tx.conn.execute(SQL.newest_year, {"municipality_id": municipality_id}).scalar()
    return year


def incident_cells(tx: ReadTx, municipality_id: UUID) -> Cells:
    """How many different places of incidents lie in each grid square of a municipality; for administrators."""
    rows = tx.conn.execute(SQL.cells, {"municipality_id": municipality_id, "cell_m": CELL_M})
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)


def add(tx: WriteTx, municipality_id: UUID, year: int, found: Sequence[Catchment], *, basis: str, k: int) -> None:
    """Store a municipality's set of a year, later than any it has; incidents without a catchment get theirs."""
    whose = {"municipality_id": municipality_id, "year": year}
    tx.conn.execute(SQL.close_set, whose)
    tx.conn.execute(
        SQL.add,
        {
            **whose,
            "basis": basis,
            "k": k,
            "numbers": list(range(1, len(found) + 1)),
            "points": [shapely.to_wkb(c.point_wgs84) for c in found],
            "radii": [c.radius_m for c in found],
            "wkbs": [shapely.to_wkb(c.outline_wgs84) for c in found],
            "wkbs_metric": [shapely.to_wkb(c.outline) for c in found],
        },
    )


def features(tx: ReadTx, municipality_code: str | None, year: int | None, limit: int) -> tuple[str, int]:
    """Catchments as one JSON text of features (comma-separated), and how many they are; None = all, the newest."""
    row = tx.conn.execute(SQL.features, {"municipality": municipality_code, "year": year, "limit": limit}).one()
    return row.features, row.n
