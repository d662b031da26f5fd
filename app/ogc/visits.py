"""One request of a map client: who asks, and for which collection."""

from dataclasses import dataclass

from fastapi import Request

from app.actions.features import check_may_read
from app.core.errors import NotFoundError
from app.core.features import COLLECTIONS, Collection
from app.core.limits import Kind
from app.core.permissions import Actor
from app.edge import limits, services, sessions
from app.ogc.remembering import Remembered
from app.store.tx import Reader


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, through which door."""

    actor: Actor
    reader: Reader
    remembered: Remembered

    @property
    def collections(self) -> list[Collection]:
        """What is open to this reader."""
        return [c for c in COLLECTIONS.values() if c.is_open_to(self.actor)]


def of(request: Request) -> Visit:
    """The visit; it counts as one read. Raises NotSignedInError, TooManyError."""
    actor = sessions.actor(request)
    limits.check(request, Kind.READ, str(actor.id))
    return Visit(actor, sessions.reader(request, actor), request.app.state.remembered)


def collection(visit: Visit, collection_id: str) -> Collection:
    """The collection of that name. Raises NotFoundError, ForbiddenError."""
    found = COLLECTIONS.get(collection_id)
    if found is None:
        raise NotFoundError("There is no such collection.")
    check_may_read(visit.actor, found)
    return found


def code_version(request: Request) -> str:
    """The version that answers."""
    return services.of(request).code_version
