"""Transactions: the only begin and commit, and the only place where a scope is set.

A ReadTx is one snapshot, read only. A WriteTx does not commit without an audit line: the
database refuses it (migration 0002), whatever this code does. An AuditedReadTx is a ReadTx between two audit lines
of its own: what is asked for is committed before the first row is read, how many rows came after the last.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, text

from app.core.audit import READS_INCIDENTS, AuditAction
from app.core.permissions import Actor, Role, Scope, scope_of
from app.store.errors import translated
from app.store.queries import record

_SET_SCOPE = text(
    "SELECT set_config('lagesbild.incidents', :incidents, true), set_config('lagesbild.hotspots', :hotspots, true),"
    " set_config('lagesbild.writes', :writes, true), set_config('lagesbild.reporter', :reporter, true),"
    " set_config('lagesbild.administers', :administers, true), set_config('lagesbild.own', :own, true),"
    " set_config('lagesbild.audits', :audits, true)"
)
_RECORD = text(
    "INSERT INTO audit_lines (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address,"
    " scope, controllers)"
    " VALUES (:actor_id, :actor, :role, :organisation_id, :action, :subject, CAST(:figures AS jsonb),"
    " :request_id, :address, :scope, CAST(:controllers AS uuid[]))"
)
_SIGNED_IN = text("SELECT * FROM signed_in(:hash, :is_session)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, for the audit line."""

    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ReadTx:
    """One read-only snapshot within one actor's scope."""

    conn: Connection
    actor: Actor

    @property
    def scope(self) -> Scope:
        """Whose rows this transaction may reach."""
        return self.actor.scope


@dataclass(frozen=True, slots=True)
class AuditedReadTx(ReadTx):
    """One read-only snapshot whose filter stands in the audit log already; what has exact positions takes this.

    It can add audit lines and nothing else: they are committed beside it, the snapshot itself is read only.
    """

    tally: Counter[str] = field(default_factory=Counter)

    def hand_out(self, rows: int) -> None:
        """Count rows that leave the service."""
        self.tally["rows"] += rows


@dataclass(frozen=True, slots=True)
class WriteTx(ReadTx):
    """One all-or-nothing change within one actor's scope, with its audit lines."""

    origin: Origin = field(default_factory=Origin)

    def record(
        self,
        action: AuditAction,
        subject: UUID | str | None = None,
        *,
        controllers: Collection[UUID] = (),
        **figures: Any,
    ) -> None:
        """Add an audit line. `figures` are counts, codes and references; never a row's content.

        controllers: the organisations whose incidents are read; their auditors see the line too.
        """
        self.conn.execute(
            _RECORD,
            {
                "actor_id": self.actor.id,
                "actor": self.actor.name,
                "role": self.actor.role,
                "organisation_id": self.actor.organisation_id,
                "action": action,
                "subject": None if subject is None else str(subject),
                "figures": json.dumps(figures, default=str),
                "request_id": self.origin.request_id,
                "address": self.origin.address,
                "scope": self.scope.short(),
                "controllers": list(controllers),
            },
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A read that stands in the audit log by now. A long file takes many snapshots, so that none waits for a client."""

    database: "Database"
    actor: Actor
    tally: Counter[str]

    @contextmanager
    def snapshot(self) -> Iterator[AuditedReadTx]:
        """One of them; rows of all are counted together."""
        with self.database.read(self.actor) as tx:
            yield AuditedReadTx(tx.conn, self.actor, self.tally)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who asks, and from where: for reads that stand in the audit log before they begin."""

    database: "Database"
    actor: Actor
    origin: Origin = field(default_factory=Origin)

    def plain(self) -> AbstractContextManager[ReadTx]:
        """A snapshot without exact positions, which is not logged."""
        return self.database.read(self.actor)

    def audited(
        self, action: AuditAction, subject: UUID | None = None, **asked: Any
    ) -> AbstractContextManager[AuditedReadTx]:
        """A snapshot between two audit lines."""
        return self.database.audited_read(self.actor, self.origin, action, subject, **asked)

    def reading(self, action: AuditAction, **asked: Any) -> AbstractContextManager[Reading]:
        """As many snapshots as it takes between two audit lines."""
        return self.database.audited(self.actor, self.origin, action, **asked)


@dataclass(frozen=True, slots=True)
class Database:
    """The way in: who is asking, reading, writing."""

    engine: Engine

    def signed_in(self, credential_hash: bytes, *, is_session: bool) -> Actor | None:
        """The actor who holds this token or session; None when nobody does."""
        with translated(), self.engine.begin() as conn:
            row = record(conn.execute(_SIGNED_IN, {"hash": credential_hash, "is_session": is_session}))
        return None if row is None else _actor(row)

    @contextmanager
    def read(self, actor: Actor) -> Iterator[ReadTx]:
        """One snapshot; nothing can be written."""
        with translated(), self.engine.connect() as conn:
            conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin():
                _set_scope(conn, actor)
                yield ReadTx(conn, actor)

    @contextmanager
    def audited_read(
        self, actor: Actor, origin: Origin, action: AuditAction, subject: UUID | None = None, **asked: Any
    ) -> Iterator[AuditedReadTx]:
        """One snapshot, with an audit line of what is asked before it and one of what was handed out after it."""
        with self.audited(actor, origin, action, subject, **asked) as reading, reading.snapshot() as tx:
            yield tx

    @contextmanager
    def audited(
        self, actor: Actor, origin: Origin, action: AuditAction, subject: UUID | None = None, **asked: Any
    ) -> Iterator["Reading"]:
        """As many snapshots as it takes, between one pair of audit lines.

        asked: the filter in codes, periods and coordinates; never words that somebody typed.
        """
        reading = uuid4().hex
        controllers = actor.scope.incidents if action in READS_INCIDENTS else ()
        with self.write(actor, origin) as tx:
            tx.record(action, subject, controllers=controllers, reading=reading, **asked)
        tally: Counter[str] = Counter()
        is_whole = False
        try:
            yield Reading(self, actor, tally)
            is_whole = True
        finally:
            with self.write(actor, origin) as tx:
                tx.record(
                    AuditAction.READ_ENDED,
                    subject,
                    controllers=controllers,
                    reading=reading,
                    rows=tally["rows"],
                    whole=is_whole,
                )

    @contextmanager
    def write(self, actor: Actor, origin: Origin | None = None) -> Iterator[WriteTx]:
        """Commit when the block ends, roll back when it raises."""
        with translated(), self.engine.begin() as conn:
            _set_scope(conn, actor)
            yield WriteTx(conn, actor, origin or Origin())


def _actor(row: Mapping[str, Any]) -> Actor:
    role = Role(row["role"])
    return Actor(
        id=row["account_id"],
        name=row["name"],
        role=role,
        organisation_id=row["organisation_id"],
        organisation=row["organisation"],
        organisation_name=row["organisation_name"],
        token_id=row["token_id"],
        scope=scope_of(role, row["account_id"], row["organisation_id"], tuple(row["hotspot_givers"])),
    )


def _set_scope(conn: Connection, actor: Actor) -> None:
    scope = actor.scope
    conn.execute(
        _SET_SCOPE,
        {
            "incidents": _listed(scope.incidents),
            "hotspots": _listed(scope.hotspots),
            "writes": _listed(scope.writes),
            "reporter": "" if scope.reporter is None else str(scope.reporter),
            "administers": "on" if scope.administers else "",
            "own": str(actor.organisation_id),
            "audits": _listed(scope.audits),
        },
    )


def _listed(ids: tuple[UUID, ...]) -> str:
    return ",".join(str(i) for i in ids)
