"""The audit log: read within an auditor's scope, sealed by a job, verified with the owner's login."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.audit import AuditAction, AuditLine, Fault, FaultKind, Looked, Seal, faults_of_seal, is_inserted
from app.store import migrate
from app.store.queries import load, record, records
from app.store.tx import AuditedReadTx, ReadTx, WriteTx

SQL = load("audit")
DEPLOYMENT = UUID(int=0)  # stands for an organisation in lines about all of them
COLUMNS = (  # of a line, as auditors see it
    *("id", "recorded_at", "actor", "role", "organisation", "action", "subject", "figures", "scope", "address"),
    "request_id",
)
SEALS_AT_A_TIME = 100
UNSEALED_SHOWN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines an auditor asks for; None = all."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: AuditAction | None = None
    organisation: str | None = None  # slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the chain says of the log."""

    seal_count: int
    line_count: int  # sealed and looked at
    unsealed_count: int  # written since the last sealing; counted no further than UNSEALED_SHOWN
    faults: tuple[Fault, ...]
    seal_hash: bytes  # of the newest seal


def page(
    tx: AuditedReadTx, wanted: Filter, *, limit: int, before_id: int | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """Lines newest first, and the number to go on from (None when these are the last)."""
    found = records(
        tx.conn.execute(
            SQL.page,
            {
                "audits": list(tx.scope.audits),
                "deployment": DEPLOYMENT,
                "since": wanted.since,
                "until": wanted.until,
                "actor": wanted.actor,
                "action": wanted.action,
                "organisation": wanted.organisation,
                "before_id": before_id,
                "limit": limit + 1,
            },
        )
    )
    last = found[limit - 1]["id"] if len(found) > limit else None
    tx.hand_out(len(found[:limit]))
    return found[:limit], last


def last_seal(tx: ReadTx) -> dict[str, Any] | None:
    """position, sealed_at and seal_hash of the newest seal, for auditors."""
    return record(tx.conn.execute(SQL.last_seal))


def seal(tx: WriteTx) -> int:
    """Seal what is in no seal yet; how many lines."""
    return int(tx.conn.execute(SQL.seal).scalar_one())


def keep_months(tx: WriteTx) -> int:
    """Make the coming months' parts and drop those past their time; how many were dropped."""
    return int(tx.conn.execute(SQL.keep_months).scalar_one())


def keep(owner_url: str, months: int, actor: str) -> None:
    """Decide how long months of the log are kept. Only the owner's login may."""
    with migrate.owner_connection(owner_url) as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT")
        conn.execute(
            SQL.keep,
            {"months": months, "actor": actor, "deployment": DEPLOYMENT, "action": AuditAction.AUDIT_KEEPING_SET},
        )


def verify(owner_url: str, *, known: bytes | None = None) -> Verdict:
    """Look the whole chain and every line through, in one snapshot.

    known: the hash of a seal, noted down elsewhere; one that is no longer in the chain is a fault.
    """
    faults: list[Fault] = []
    seal_count = line_count = 0
    is_known = known is None
    looked = Looked()
    with migrate.owner_connection(owner_url) as conn:
        conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        expired = set(conn.execute(SQL.expired_months).scalars())
        for link in _seals(conn):
            lines = {line.id: line for line in _lines(conn, link)}
            faults += faults_of_seal(link, looked, lines, is_expired=link.month in expired)
            looked = looked.after(link)
            is_known = is_known or link.seal_hash == known
            seal_count += 1
            line_count += len(lines)
        unsealed = conn.execute(SQL.unsealed, {"limit": UNSEALED_SHOWN}).all()
    faults += [
        Fault(FaultKind.INSERTED, f"line {row.id}")
        for row in unsealed
        if is_inserted(row.recorded_at, looked.sealed_at)
    ]
    if not is_known:
        faults.append(Fault(FaultKind.BROKEN, "the chain: it no longer has the seal that was noted down"))
    return Verdict(
        seal_count=seal_count,
        line_count=line_count,
        unsealed_count=len(unsealed),
        faults=tuple(faults),
        seal_hash=looked.seal_hash,
    )


def _seals(conn: Connection) -> Iterator[Seal]:
    position = 0
    while rows := conn.execute(SQL.seals, {"after": position, "limit": SEALS_AT_A_TIME}).all():
        for row in rows:
            yield Seal(
                **row._asdict()
                | {
                    "line_ids": None if row.line_ids is None else tuple(row.line_ids),
                    "line_hashes": None if row.line_hashes is None else tuple(bytes(h) for h in row.line_hashes),
                    "lines_hash": bytes(row.lines_hash),
                    "previous_hash": bytes(row.previous_hash),
                    "seal_hash": bytes(row.seal_hash),
                }
            )
        position = rows[-1].position


def _lines(conn: Connection, link: Seal) -> Iterator[AuditLine]:
    for row in conn.execute(SQL.lines, {"ids": list(link.line_ids or ())}):
        fields = tuple(row)
        yield AuditLine(id=row.id, recorded_at=row.recorded_at, fields=tuple(islice(fields, 2, None)))
