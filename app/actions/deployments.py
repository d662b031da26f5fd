"""Fill a deployment: categories, areas, organisations, sources and what is shared."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.permissions import Actor, May, check_may, system_actor
from app.store import areas, categories, organisations, sources
from app.store.tx import WriteTx

INSTALLER_ORGANISATION = UUID(int=0)


def installer() -> Actor:
    """Who acts while there is no administrator yet: the person at the machine, through the command line."""
    return system_actor("installation", INSTALLER_ORGANISATION, administers=True)


def load_categories(tx: WriteTx) -> None:
    """Add the shipped categories that are missing."""
    check_may(tx.actor, May.ADMINISTER)
    categories.add_shipped(tx)
    tx.record(AuditAction.CATEGORIES_LOADED)


def load_areas(tx: WriteTx, features: Iterable[Mapping[str, Any]]) -> int:
    """Store areas from GeoJSON features with code, name, kind and parent (a code that comes earlier or is stored)."""
    check_may(tx.actor, May.ADMINISTER)
    count = 0
    for feature in features:
        named = feature["properties"]
        geometry = feature.get("geometry") or {}
        if geometry.get("type") not in {"Polygon", "MultiPolygon"}:
            raise InvalidError(f"The area {named.get('code')} has no polygon.")
        _check_area(tx, "parent", named.get("parent"))
        areas.add(
            tx,
            code=named["code"],
            name=named["name"],
            kind=named["kind"],
            parent=named.get("parent"),
            geojson=json.dumps(geometry),
        )
        count += 1
    tx.record(AuditAction.AREAS_LOADED, count=count)
    return count


def add_organisation(tx: WriteTx, organisation: Mapping[str, Any]) -> UUID:
    """Store an organisation: slug, name, kind, area, municipality, local_police_area, outside_area."""
    check_may(tx.actor, May.ADMINISTER)
    _check_area(tx, "area", organisation["area"])
    organisation_id = organisations.add(tx, organisation)
    tx.record(AuditAction.ORGANISATION_ADDED, organisation_id)
    return organisation_id


def load_sources(tx: WriteTx, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Store sources: organisation (slug), name, title, is_trusted, location_uncertainty_m."""
    check_may(tx.actor, May.ADMINISTER)
    for source in wanted:
        if not sources.add(tx, source):
            raise NotFoundError(f"There is no organisation {source['organisation']}.")
    tx.record(AuditAction.SOURCES_LOADED)


def share(tx: WriteTx, *, giver: str, receiver: str, what: str, purpose: str, valid_until: date) -> None:
    """Let one organisation use another's incidents in analyses, or see its hot spots, until a date."""
    check_may(tx.actor, May.ADMINISTER)
    if not organisations.share(tx, giver=giver, receiver=receiver, what=what, purpose=purpose, valid_until=valid_until):
        raise NotFoundError(f"There is no organisation {giver}, or none {receiver}.")
    tx.record(AuditAction.SHARING_CHANGED, giver=giver, receiver=receiver, what=what)


def _check_area(tx: WriteTx, field: str, code: str | None) -> None:
    """Refuse a code that names no area: without it an organisation would work anywhere."""
    if code is not None and not areas.exists(tx, code):
        message = f"There is no area {code}; load it first."
        raise InvalidError(message, (FieldProblem(field, "unknown-area", message),))
