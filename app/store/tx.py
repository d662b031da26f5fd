"""Transactions: the only begin and commit, and the only place where a scope is set.

A ReadTx is one snapshot, read only. A WriteTx does not commit without an audit line: the
database refuses it (migration 0002), whatever this code does. An AuditedReadTx is a ReadTx between two audit lines
of its own: what is asked for is committed before the first row is read, how many rows came after the last.
"""

import json
from collections import Counter
from collections.abc import Collection as AbstractCollection
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, TextClause, text

from app.core.audit import READS_INCIDENTS, AuditAction
from app.core.disclosure import Precision
from app.core.permissions import Actor, Collection, Given, Role, Scope, Token, narrowed, scope_of
from app.store.errors import translated
from app.store.queries import record
from app.store.under_way import cancellable

_SET_SCOPE = text(
    "SELECT set_config('lagesbild.incidents', :incidents, true), set_config('lagesbild.hotspots', :hotspots, true),"
    " set_config('lagesbild.writes', :writes, true), set_config('lagesbild.reporter', :reporter, true),"
    " set_config('lagesbild.administers', :administers, true), set_config('lagesbild.own', :own, true),"
    " set_config('lagesbild.coarse', :coarse, true), set_config('lagesbild.shared', :shared, true),"
    " set_config('lagesbild.texts', :texts, true), set_config('lagesbild.precision', :precision, true),"
    " set_config('lagesbild.audits', :audits, true), set_config('lagesbild.actor', :actor, true)"
)
_RECORD = text(
    "INSERT INTO audit_lines (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address,"
    " scope, controllers)"
    " VALUES (:actor_id, :actor, :role, :organisation_id, :action, :subject, CAST(:figures AS jsonb),"
    " :request_id, :address, :scope, CAST(:controllers AS uuid[]))"
)
_GIVEN = "g.incident_givers, g.coarse_givers, g.rules, g.local_police_area"
_SIGNED_IN = text(f"SELECT s.*, {_GIVEN} FROM signed_in(:hash, :is_session) AS s, given_to(s.organisation_id) AS g")
_IDENTIFIED = text(f"SELECT s.*, {_GIVEN} FROM identified(:issuer, :subject) AS s, given_to(s.organisation_id) AS g")
_ACTOR_OF = text(f"SELECT s.*, {_GIVEN} FROM actor_of(:account, NULL) AS s, given_to(s.organisation_id) AS g")
_TAKE_TURNS = text(
    "SELECT max(take_turn(t.key, t.price, t.credit))"
    " FROM unnest(CAST(:keys AS bytea[]), CAST(:prices AS interval[]), CAST(:credits AS interval[]))"
    " AS t (key, price, credit)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, for the audit line."""

    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One request of somebody: it costs time, and one may be so much time ahead of the clock."""

    key: bytes
    price: timedelta
    credit: timedelta


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
        controllers: AbstractCollection[UUID] = (),
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

    def reading(
        self, action: AuditAction, subject: UUID | None = None, **asked: Any
    ) -> AbstractContextManager[Reading]:
        """As many snapshots as it takes between two audit lines."""
        return self.database.audited(self.actor, self.origin, action, subject, **asked)


@dataclass(frozen=True, slots=True)
class Database:
    """The way in: who is asking, reading, writing."""

    engine: Engine

    def signed_in(self, credential_hash: bytes, *, is_session: bool) -> Actor | None:
        """The actor who holds this token or session; None when nobody does."""
        return self._found(_SIGNED_IN, {"hash": credential_hash, "is_session": is_session})

    def identified(self, issuer: str, subject: str) -> Actor | None:
        """The actor whom an identity provider means; None when nobody."""
        return self._found(_IDENTIFIED, {"issuer": issuer, "subject": subject})

    def account(self, account_id: UUID) -> Actor | None:
        """The actor of an account whose owner has proved it; None when it is closed."""
        return self._found(_ACTOR_OF, {"account": account_id})

    def take_turns(self, turns: Sequence[Turn]) -> timedelta | None:
        """Count a request, for all processes; how long to wait when it is one too many. Kept whatever becomes of it."""
        values = {
            "keys": [turn.key for turn in turns],
            "prices": [turn.price for turn in turns],
            "credits": [turn.credit for turn in turns],
        }
        with translated(), self.engine.begin() as conn:
            wait: timedelta | None = conn.execute(_TAKE_TURNS, values).scalar_one()
        return wait

    @contextmanager
    def read(self, actor: Actor) -> Iterator[ReadTx]:
        """One snapshot; nothing can be written."""
        with translated(), self.engine.connect() as conn:
            conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with conn.begin(), cancellable(conn):
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
        controllers = actor.scope.readable if action in READS_INCIDENTS else ()
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
        with translated(), self.engine.begin() as conn, cancellable(conn):
            _set_scope(conn, actor)
            yield WriteTx(conn, actor, origin or Origin())

    def _found(self, statement: TextClause, values: Mapping[str, Any]) -> Actor | None:
        with translated(), self.engine.begin() as conn:
            row = record(conn.execute(statement, values))
        return None if row is None else _actor(row)


def _actor(row: Mapping[str, Any]) -> Actor:
    role = Role(row["role"])
    given = Given(
        hotspots=tuple(row["hotspot_givers"]),
        incidents=tuple(row["incident_givers"]),
        is_coarse=bool(row["coarse_givers"]),
        rules=row["rules"],
        police_area=row["local_police_area"],
    )
    token = Token(
        collections=tuple(Collection(name) for name in row["collections"]),
        precision=None if row["precision"] is None else Precision(row["precision"]),
        ends_at=row["ends_at"],
    )
    scope = scope_of(role, row["account_id"], row["organisation_id"], given, token.precision or Precision.EXACT)
    return Actor(
        id=row["account_id"],
        name=row["name"],
        role=role,
        organisation_id=row["organisation_id"],
        organisation=row["organisation"],
        organisation_name=row["organisation_name"],
        token_id=row["token_id"],
        token=token,
        scope=narrowed(scope, token),
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
            "coarse": _listed(scope.coarse),
            "shared": _listed(scope.shared),
            "texts": "on" if scope.texts else "",
            "precision": scope.precision,
            "audits": _listed(scope.audits),
            "actor": str(actor.id),
        },
    )


def _listed(ids: tuple[UUID, ...]) -> str:
    return ",".join(str(i) for i in ids)
