"""Organisations: who they are and where they work."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import shapely

from app.store.queries import load, record, records
from app.store.tx import ReadTx, WriteTx

SQL = load("organisations")


def page(tx: ReadTx, limit: int) -> list[dict[str, Any]]:
    """All organisations of the deployment, in Swedish order."""
    return records(tx.conn.execute(SQL.page, {"limit": limit}))


def area_of(tx: ReadTx, organisation_id: UUID) -> tuple[shapely.Geometry | None, str]:
    """The area where its incidents may lie (WGS84; None = anywhere) and "refuse" or "mark" for the others."""
    row = tx.conn.execute(SQL.area_of, {"id": organisation_id}).one()
    return None if row.wkb is None else shapely.from_wkb(bytes(row.wkb)), row.outside_area


def by_slug(tx: ReadTx, slug: str) -> dict[str, Any] | None:
    """id, slug and name."""
    return record(tx.conn.execute(SQL.by_slug, {"slug": slug}))


def slugs_of(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The slugs of these organisations."""
    return {r.id: r.slug for r in tx.conn.execute(SQL.slugs_of, {"ids": list(ids)})}


def incident_givers(tx: ReadTx, receiver: UUID) -> tuple[UUID, ...]:
    """Organisations whose incidents may be counted in the receiver's analyses today."""
    return tuple(tx.conn.execute(SQL.givers, {"receiver": receiver}).scalar_one())


def add(tx: WriteTx, organisation: Mapping[str, Any]) -> UUID:
    """Store an organisation: slug, name, kind, area (code), municipality, local_police_area, outside_area."""
    organisation_id: UUID = tx.conn.execute(SQL.add, organisation).scalar_one()
    return organisation_id


def metric_srid(tx: ReadTx) -> int:
    """The deployment's metric coordinate system, fixed at the first migration."""
    return int(tx.conn.execute(SQL.metric_srid).scalar_one())
