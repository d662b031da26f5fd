"""Sources: where an organisation's reports come from and how far they are trusted."""

from collections.abc import Collection, Mapping
from typing import Any

from app.store.queries import load, records
from app.store.tx import ReadTx, WriteTx

SQL = load("sources")


def named(tx: ReadTx, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """The known ones among these names, with is_trusted and location_uncertainty_m."""
    values = {"organisation_id": tx.actor.organisation_id, "names": sorted(names)}
    return {r["name"]: r for r in records(tx.conn.execute(SQL.named, values))}


def add(tx: WriteTx, source: Mapping[str, Any]) -> bool:
    """Store a source: organisation (slug), name, title, is_trusted, location_uncertainty_m.

    False when there is no such organisation.
    """
    return tx.conn.execute(SQL.add, source).rowcount == 1
