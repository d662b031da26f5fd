"""Who may do what: roles and actions as a table.

A permission says that a role may do such a thing at all; which rows it reaches is the scope's matter.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.disclosure import Precision, coarser
from app.core.errors import ForbiddenError


class Role(StrEnum):
    """What somebody is to the service; domain words, one role for each account."""

    REPORTER = "reporter"
    EXTERNAL_REPORTER = "external_reporter"
    COORDINATOR = "coordinator"
    POLICE = "police"
    ANALYST = "analyst"
    LEADERSHIP = "leadership"
    MAP_CLIENT = "map_client"
    AUDITOR = "auditor"
    ADMIN = "admin"


class May(StrEnum):
    """Things a person or a program can be allowed to do."""

    REPORT_INCIDENTS = "report incidents"
    READ_OWN_INCIDENTS = "read the reports they made"
    READ_INCIDENTS = "read their organisation's incidents"
    READ_COARSE_INCIDENTS = "read their organisation's incidents coarsened"
    READ_SHARED_INCIDENTS = "read others' incidents as the sharing rules say"
    READ_TEXTS = "read free text"
    CORRECT_OWN_INCIDENTS = "correct the reports they made"
    REVIEW_INCIDENTS = "correct and review their organisation's incidents"
    IMPORT_FILES = "import files"
    RUN_ANALYSES = "run analyses"
    ADOPT_ANALYSES = "adopt analyses"
    READ_ANALYSES = "read analyses"
    READ_HOTSPOTS = "read hot spots"
    READ_SHARING = "read the sharing rules of their organisation"
    ADMINISTER = "administer accounts, tokens and organisations"
    READ_AUDIT = "read the audit log"
    READ_RETENTION = "read the rules of retention"
    SET_RETENTION = "set and carry out their organisation's rules of retention"


_REPORTS = frozenset({May.REPORT_INCIDENTS, May.READ_OWN_INCIDENTS, May.CORRECT_OWN_INCIDENTS, May.READ_TEXTS})
_REVIEWS = _REPORTS | {
    *(May.READ_INCIDENTS, May.READ_SHARED_INCIDENTS, May.REVIEW_INCIDENTS, May.IMPORT_FILES, May.READ_SHARING)
}
_KEEPS = frozenset({May.READ_RETENTION, May.SET_RETENTION})
_READS_RESULTS = frozenset({May.READ_HOTSPOTS, May.READ_ANALYSES})

POLICY: dict[Role, frozenset[May]] = {
    Role.REPORTER: _REPORTS | {May.READ_HOTSPOTS, May.READ_COARSE_INCIDENTS},
    Role.EXTERNAL_REPORTER: _REPORTS | {May.READ_HOTSPOTS},
    Role.COORDINATOR: _REVIEWS | _READS_RESULTS | _KEEPS | {May.RUN_ANALYSES, May.ADOPT_ANALYSES},
    Role.POLICE: _REVIEWS | _READS_RESULTS | _KEEPS,
    Role.ANALYST: _READS_RESULTS | {May.READ_INCIDENTS, May.READ_TEXTS, May.RUN_ANALYSES, May.ADOPT_ANALYSES},
    Role.LEADERSHIP: _READS_RESULTS,
    Role.MAP_CLIENT: frozenset({May.READ_HOTSPOTS}),
    Role.AUDITOR: frozenset({May.READ_SHARING, May.READ_AUDIT, May.READ_RETENTION}),
    Role.ADMIN: frozenset({May.ADMINISTER, May.READ_SHARING}),
}


class Collection(StrEnum):
    """What a token can be narrowed to."""

    INCIDENTS = "incidents"
    HOTSPOTS = "hotspots"
    ANALYSES = "analyses"


# What a token for a collection opens, within what its role may. What stands nowhere here (to administer, for
# example) no narrowed token opens.
OPENS: dict[Collection, frozenset[May]] = {
    Collection.INCIDENTS: (_REVIEWS | {May.READ_COARSE_INCIDENTS}) - {May.READ_SHARING},
    Collection.HOTSPOTS: frozenset({May.READ_HOTSPOTS}),
    Collection.ANALYSES: frozenset({May.READ_ANALYSES, May.RUN_ANALYSES, May.ADOPT_ANALYSES}),
}

NOBODY = UUID(int=0)  # the account of the service itself
WRITES = frozenset({May.REPORT_INCIDENTS, May.REVIEW_INCIDENTS, May.RUN_ANALYSES, May.ADOPT_ANALYSES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows a transaction may reach; the same lists stand in row-level security."""

    incidents: tuple[UUID, ...] = ()  # organisations whose incidents may be read as they are
    coarse: tuple[UUID, ...] = ()  # organisations whose incidents and hot spots may be read coarsened
    shared: tuple[UUID, ...] = ()  # organisations that give incidents; their sharing rules say which and how exactly
    hotspots: tuple[UUID, ...] = ()  # organisations whose runs and hot spots may be read
    writes: tuple[UUID, ...] = ()  # organisations in whose name rows may be written
    reporter: UUID | None = None  # when set: as they are, only the incidents this account reported
    texts: bool = False  # free text of the own organisation
    precision: Precision = Precision.EXACT  # nothing is told more exactly than this
    police_area: str | None = None  # the local police area whose joint picture may be read
    is_given_coarse: bool = False  # some of the hot spots of others may be seen less than exactly
    rules: str = ""  # a digest of the sharing rules in force, for the validators of cached answers
    administers: bool = False  # accounts, tokens and organisations of the whole deployment
    audits: tuple[UUID, ...] = ()  # organisations whose audit log may be read

    def short(self) -> str:
        """For the audit line: how far the scope reaches, without naming every organisation."""
        told = [
            f"{name} {len(ids)}"
            for name, ids in (
                ("incidents", self.incidents),
                ("coarse", self.coarse),
                ("shared", self.shared),
                ("hot spots", self.hotspots),
                ("writes", self.writes),
            )
            if ids
        ]
        told += ["own reports only"] if self.reporter and self.incidents else []
        told += [f"at most {self.precision}"] if self.precision is not Precision.EXACT else []
        told += ["administers"] if self.administers else []
        told += ["audits"] if self.audits else []
        return ", ".join(told) or "nothing"

    @property
    def readable(self) -> tuple[UUID, ...]:
        """Organisations of whose incidents something may be read."""
        return tuple(dict.fromkeys((*self.incidents, *self.coarse, *self.shared)))

    @property
    def sees_hotspots_exactly(self) -> bool:
        """Whether every hot spot within reach is told as it is."""
        return self.precision is Precision.EXACT and not self.coarse and not self.is_given_coarse


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an organisation is given by others' sharing rules in force, and where it belongs."""

    hotspots: tuple[UUID, ...] = ()  # organisations that let it read their hot spots
    incidents: tuple[UUID, ...] = ()  # organisations that let it read incidents, at some precision
    is_coarse: bool = False  # some of the hot spots are given less than exactly
    rules: str = ""
    police_area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the token behind a request is narrowed to."""

    collections: tuple[Collection, ...] = ()  # none named: everything that the role opens
    precision: Precision | None = None  # none: the role's own
    ends_at: datetime | None = None

    def opens(self, what: May) -> bool:
        """Whether a request with this token may do it, if its role may. Imports show places as they are."""
        if what is May.IMPORT_FILES and self.precision not in (None, Precision.EXACT):
            return False
        return not self.collections or any(what in OPENS[collection] for collection in self.collections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking: an account of an organisation, signed in by token or session."""

    id: UUID
    name: str
    role: Role
    organisation_id: UUID
    organisation: str  # slug
    organisation_name: str
    scope: Scope
    token_id: UUID | None = None  # the token behind the request or the session
    token: Token = field(default_factory=Token)  # what it is narrowed to

    def may(self, what: May) -> bool:
        """Whether the actor's role allows it at all, and the token that it came with."""
        return what in POLICY[self.role] and self.token.opens(what)


def check_may(actor: Actor, what: May) -> None:
    """Refuse an actor whose role does not allow it."""
    if not actor.may(what):
        raise ForbiddenError(f"{actor.name} ({actor.role}) may not {what}")


def check_own_organisation(actor: Actor, organisation: str | None) -> None:
    """Refuse rows in another organisation's name: every incident has one controller, the sender's."""
    if organisation not in (None, actor.organisation):
        raise ForbiddenError(f"{actor.name} may not report for another organisation than {actor.organisation}")


def scope_of(
    role: Role,
    account: UUID,
    organisation: UUID,
    given: Given = Given(),
    precision: Precision = Precision.EXACT,
) -> Scope:
    """The rows a role reaches: its own organisation's, and what others give it; `precision` is a token's limit.

    Only what the policy allows is opened, so that row-level security repeats the policy.
    """
    allowed = POLICY[role]
    own = (organisation,)
    reads_all = May.READ_INCIDENTS in allowed
    reads_hotspots = May.READ_HOTSPOTS in allowed
    return Scope(
        incidents=own if reads_all or May.READ_OWN_INCIDENTS in allowed else (),
        coarse=own if May.READ_COARSE_INCIDENTS in allowed else (),
        shared=given.incidents if May.READ_SHARED_INCIDENTS in allowed else (),
        hotspots=(*own, *given.hotspots) if reads_hotspots else (),
        writes=own if allowed & WRITES else (),
        reporter=None if reads_all else account,
        texts=May.READ_TEXTS in allowed,
        precision=precision,
        police_area=given.police_area if reads_hotspots else None,
        is_given_coarse=given.is_coarse and reads_hotspots,
        rules=given.rules,
        administers=May.ADMINISTER in allowed,
        audits=own if May.READ_AUDIT in allowed else (),
    )


def narrowed(scope: Scope, token: Token) -> Scope:
    """The rows that a narrowed token leaves of its role's.

    Who may read only coarsened incidents sees hot spots snapped; that stays so when the token opens no incidents.
    """
    opened = frozenset(May) if not token.collections else frozenset[May]().union(*(OPENS[c] for c in token.collections))
    reads_coarse = May.READ_COARSE_INCIDENTS in opened
    return replace(
        scope,
        incidents=scope.incidents if May.READ_OWN_INCIDENTS in opened else (),
        coarse=scope.coarse if reads_coarse else (),
        shared=scope.shared if May.READ_SHARED_INCIDENTS in opened else (),
        hotspots=scope.hotspots if opened & {May.READ_HOTSPOTS, May.READ_ANALYSES} else (),
        writes=scope.writes if opened & WRITES else (),
        texts=scope.texts and May.READ_TEXTS in opened,
        precision=coarser(scope.precision, Precision.SNAPPED) if scope.coarse and not reads_coarse else scope.precision,
        police_area=scope.police_area if May.READ_HOTSPOTS in opened else None,
        administers=scope.administers and May.ADMINISTER in opened,
        audits=scope.audits if May.READ_AUDIT in opened else (),
    )


def system_actor(
    name: str,
    organisation: UUID,
    *,
    slug: str = "",
    uses: tuple[UUID, ...] = (),
    administers: bool = False,
    account: UUID = NOBODY,
) -> Actor:
    """The service itself at work for one organisation.

    uses: whose incidents an analysis counts, as rules allow. account: on whose behalf an import goes on.
    """
    scope = Scope(
        incidents=(organisation,),
        shared=uses,
        hotspots=(organisation,),
        writes=(organisation,),
        administers=administers,
    )
    return Actor(
        id=account,
        name=name,
        role=Role.ADMIN if administers else Role.COORDINATOR,
        organisation_id=organisation,
        organisation=slug,
        organisation_name=slug,
        scope=scope,
    )
