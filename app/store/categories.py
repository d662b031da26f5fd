"""Categories of incidents and their weights."""

from typing import Any

from app.core.categories import SHIPPED
from app.store.queries import load, records
from app.store.tx import ReadTx, WriteTx

SQL = load("categories")


def page(tx: ReadTx) -> list[dict[str, Any]]:
    """All categories in their order, with the organisation's own weight where it has one."""
    return records(tx.conn.execute(SQL.page, {"organisation_id": tx.actor.organisation_id}))


def add_shipped(tx: WriteTx) -> None:
    """Add the shipped categories that are missing; edited ones stay as they are."""
    tx.conn.execute(
        SQL.add,
        [
            {
                "code": c.code,
                "sv": c.sv,
                "en": c.en,
                "harm_weight": c.harm_weight,
                "is_clustered": c.is_clustered,
                "position": position,
            }
            for position, c in enumerate(SHIPPED)
        ],
    )
