"""The place register: names that reports use for places."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.imports.known import Place
from app.store.queries import load
from app.store.tx import ReadTx, WriteTx

SQL = load("places")
MOST = 200_000  # more names than the largest municipality has


def all_of(tx: ReadTx) -> list[Place]:
    """The register of the actor's organisation."""
    rows = tx.conn.execute(SQL.all, {"organisation_id": tx.actor.organisation_id, "limit": MOST})
    return [
        Place(
            id=str(r.id),
            name=r.name,
            aliases=tuple(r.aliases),
            lon=r.lon,
            lat=r.lat,
            location_uncertainty_m=r.location_uncertainty_m,
            within=r.within,
        )
        for r in rows
    ]


def replace(tx: WriteTx, register: Sequence[Place]) -> None:
    """Put this register in the place of the one that the organisation has."""
    mine: dict[str, Any] = {"organisation_id": tx.actor.organisation_id}
    tx.conn.execute(SQL.clear, mine)
    if register:
        tx.conn.execute(SQL.add, [mine | _columns(place) for place in register])


def _columns(place: Place) -> dict[str, Any]:
    return {
        "id": UUID(place.id),
        "name": place.name,
        "aliases": list(place.aliases),
        "within": place.within,
        "lon": place.lon,
        "lat": place.lat,
        "location_uncertainty_m": place.location_uncertainty_m,
    }
