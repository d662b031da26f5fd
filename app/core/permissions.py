"""Who may do what: roles and actions as a table.

A permission says that a role may do such a thing at all; which rows it reaches is the scope's matter.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

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
    CORRECT_OWN_INCIDENTS = "correct the reports they made"
    REVIEW_INCIDENTS = "correct and review their organisation's incidents"
    IMPORT_FILES = "import files"
    RUN_ANALYSES = "run analyses"
    ADOPT_ANALYSES = "adopt analyses"
    READ_ANALYSES = "read analyses"
    READ_HOTSPOTS = "read hot spots"
    ADMINISTER = "administer accounts, tokens and organisations"


_REPORTS = frozenset({May.REPORT_INCIDENTS, May.READ_OWN_INCIDENTS, May.CORRECT_OWN_INCIDENTS})
_REVIEWS = _REPORTS | {May.READ_INCIDENTS, May.REVIEW_INCIDENTS, May.IMPORT_FILES}
_READS_RESULTS = frozenset({May.READ_HOTSPOTS, May.READ_ANALYSES})

POLICY: dict[Role, frozenset[May]] = {
    Role.REPORTER: _REPORTS | {May.READ_HOTSPOTS},
    Role.EXTERNAL_REPORTER: _REPORTS | {May.READ_HOTSPOTS},
    Role.COORDINATOR: _REVIEWS | _READS_RESULTS | {May.RUN_ANALYSES, May.ADOPT_ANALYSES},
    Role.POLICE: _REVIEWS | _READS_RESULTS,
    Role.ANALYST: _READS_RESULTS | {May.READ_INCIDENTS, May.RUN_ANALYSES, May.ADOPT_ANALYSES},
    Role.LEADERSHIP: _READS_RESULTS,
    Role.MAP_CLIENT: frozenset({May.READ_HOTSPOTS}),
    Role.AUDITOR: frozenset(),
    Role.ADMIN: frozenset({May.ADMINISTER}),
}

NOBODY = UUID(int=0)  # the account of the service itself
WRITES = frozenset({May.REPORT_INCIDENTS, May.REVIEW_INCIDENTS, May.RUN_ANALYSES, May.ADOPT_ANALYSES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows a transaction may reach; the same three lists stand in row-level security."""

    incidents: tuple[UUID, ...] = ()  # organisations whose incidents may be read
    hotspots: tuple[UUID, ...] = ()  # organisations whose runs and hot spots may be read
    writes: tuple[UUID, ...] = ()  # organisations in whose name rows may be written
    reporter: UUID | None = None  # when set: only the incidents this account reported
    administers: bool = False  # accounts, tokens and organisations of the whole deployment


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

    def may(self, what: May) -> bool:
        """Whether the actor's role allows it at all."""
        return what in POLICY[self.role]


def check_may(actor: Actor, what: May) -> None:
    """Refuse an actor whose role does not allow it."""
    if not actor.may(what):
        raise ForbiddenError(f"{actor.name} ({actor.role}) may not {what}")


def check_own_organisation(actor: Actor, organisation: str | None) -> None:
    """Refuse rows in another organisation's name: every incident has one controller, the sender's."""
    if organisation not in (None, actor.organisation):
        raise ForbiddenError(f"{actor.name} may not report for another organisation than {actor.organisation}")


def scope_of(role: Role, account: UUID, organisation: UUID, hotspot_givers: tuple[UUID, ...] = ()) -> Scope:
    """The rows a role reaches: its own organisation's, and hot spots that others give it.

    Only what the policy allows is opened, so that row-level security repeats the policy.
    """
    allowed = POLICY[role]
    own = (organisation,)
    reads_all = May.READ_INCIDENTS in allowed
    return Scope(
        incidents=own if reads_all or May.READ_OWN_INCIDENTS in allowed else (),
        hotspots=(*own, *hotspot_givers) if May.READ_HOTSPOTS in allowed else (),
        writes=own if allowed & WRITES else (),
        reporter=None if reads_all else account,
        administers=May.ADMINISTER in allowed,
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

    uses: whose incidents an analysis may count. account: on whose behalf an import goes on.
    """
    scope = Scope(
        incidents=(organisation, *uses),
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
