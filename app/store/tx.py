"""Transactions: the only begin and commit, and the only place where a scope is set.

A ReadTx is one snapshot, read only. A WriteTx does not commit without an audit line: the
database refuses it (migration 0002), whatever this code does.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from app.core.audit import AuditAction
from app.core.permissions import Actor, Role, Scope, scope_of
from app.store.errors import translated
from app.store.queries import record

_SET_SCOPE = text(
    "SELECT set_config('lagesbild.incidents', :incidents, true), set_config('lagesbild.hotspots', :hotspots, true),"
    " set_config('lagesbild.writes', :writes, true), set_config('lagesbild.reporter', :reporter, true),"
    " set_config('lagesbild.administers', :administers, true), set_config('lagesbild.own', :own, true),"
    " set_config('lagesbild.actor', :actor, true)"
)
_RECORD = text(
    "INSERT INTO audit_lines (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address)"
    " VALUES (:actor_id, :actor, :role, :organisation_id, :action, :subject, CAST(:figures AS jsonb),"
    " :request_id, :address)"
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
class WriteTx(ReadTx):
    """One all-or-nothing change within one actor's scope, with its audit lines."""

    origin: Origin = field(default_factory=Origin)

    def record(self, action: AuditAction, subject: UUID | str | None = None, **figures: Any) -> None:
        """Add an audit line. `figures` are counts, codes and references; never a row's content."""
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
            },
        )


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
            "actor": str(actor.id),
        },
    )


def _listed(ids: tuple[UUID, ...]) -> str:
    return ",".join(str(i) for i in ids)
