"""Read map features: who may, and the line in the audit log where positions are exact."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.core.audit import AuditAction
from app.core.errors import ForbiddenError
from app.core.features import Collection
from app.core.permissions import Actor
from app.store.tx import Reader, Reading


def check_may_read(actor: Actor, collection: Collection) -> None:
    """Refuse a reader to whom no part of the collection is open."""
    if not collection.is_open_to(actor):
        raise ForbiddenError(f"{actor.name} ({actor.role}) may not read {collection.id}")


@contextmanager
def reading_features(reader: Reader, collection: Collection, /, **asked: Any) -> Iterator[Reading]:
    """As many snapshots as it takes; between audit lines where positions are exact.

    asked: the form and the bounds of what is asked for; never words that somebody typed.
    """
    check_may_read(reader.actor, collection)
    if not collection.is_audited:
        yield Reading(reader.database, reader.actor, Counter())
        return
    with reader.reading(AuditAction.INCIDENTS_READ, **asked) as reading:
        yield reading
