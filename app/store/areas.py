"""Areas: municipalities, local police areas, districts."""

import shapely

from app.core.imports.known import NamedArea
from app.store.queries import load
from app.store.tx import ReadTx, WriteTx

SQL = load("areas")


def features(tx: ReadTx, kind: str | None, limit: int) -> tuple[str, int]:
    """The areas as one JSON text of features (comma-separated), and how many they are."""
    row = tx.conn.execute(SQL.features, {"kind": kind, "limit": limit}).one()
    return row.features, row.n


def outlines(tx: ReadTx, limit: int) -> list[NamedArea]:
    """Areas with their outlines."""
    rows = tx.conn.execute(SQL.outlines, {"limit": limit})
    return [NamedArea(code=r.code, name=r.name, geometry=shapely.from_wkb(bytes(r.wkb))) for r in rows]


def exists(tx: ReadTx, code: str) -> bool:
    """Whether there is an area with this code."""
    return bool(tx.conn.execute(SQL.exists, {"code": code}).scalar())


def add(tx: WriteTx, *, code: str, name: str, kind: str, parent: str | None, geojson: str) -> None:
    """Store an area; geojson is a Polygon or MultiPolygon geometry in WGS84."""
    values = {"code": code, "name": name, "kind": kind, "parent": parent, "geojson": geojson}
    tx.conn.execute(SQL.add, values)
