"""Fill a deployment: categories, areas, organisations, sources and what is shared."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.ingest import OutsideArea
from app.core.organisations import Kind, checked_slug
from app.core.permissions import Actor, May, check_may, system_actor
from app.store import areas, categories, organisations, sources
from app.store.tx import WriteTx

INSTALLER_ORGANISATION = UUID(int=0)
MOST_ORGANISATIONS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An organisation that joins municipalities that are there; what is None is taken from its municipality."""

    slug: str
    name: str
    kind: Kind
    municipality: str | None = None  # the slug of one that is set up
    police_area: str | None = None  # the code of one that a municipality belongs to
    area: str | None = None  # where its reports may lie
    outside_area: OutsideArea | None = None


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


def add_partner(tx: WriteTx, partner: Partner) -> UUID:
    """Store police, a housing company, guards, a school or a rescue service beside its municipality.

    Police work in the local police area, the others in the municipality's. Raises InvalidError for what does not fit,
    NotFoundError for a municipality or a police area that nobody set up.
    """
    check_may(tx.actor, May.ADMINISTER)
    checked_slug(partner.slug)
    if not partner.name.strip():
        raise InvalidError("Give the organisation a name.")
    municipality, police_area = _place_of(tx, partner)
    usual_area = police_area if partner.kind is Kind.POLICE else municipality
    is_usual_known = usual_area is not None and areas.exists(tx, usual_area)
    usual_outside = OutsideArea.MARK if partner.kind is Kind.POLICE else OutsideArea.REFUSE
    return add_organisation(
        tx,
        {
            "slug": partner.slug,
            "name": partner.name.strip(),
            "kind": partner.kind,
            "area": partner.area or (usual_area if is_usual_known else None),
            "municipality": municipality,
            "local_police_area": police_area,
            "outside_area": partner.outside_area or usual_outside,
        },
    )


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


def _place_of(tx: WriteTx, partner: Partner) -> tuple[str | None, str | None]:
    """The municipality and the local police area of a partner."""
    if partner.kind is Kind.MUNICIPALITY:
        raise InvalidError("A municipality is set up with `lagesbild init`: it brings its boundary.")
    there = {o["slug"]: o for o in organisations.page(tx, MOST_ORGANISATIONS) if o["kind"] == Kind.MUNICIPALITY}
    if partner.municipality is None:
        if partner.kind is not Kind.POLICE:
            raise InvalidError("Say which municipality it works in.")
        if partner.police_area is None:
            raise InvalidError("Say which local police area the police work in.")
    elif partner.municipality not in there:
        raise NotFoundError(f"There is no municipality {partner.municipality}; `lagesbild init` sets one up.")
    police_area = partner.police_area
    if police_area is None:
        police_area = there[partner.municipality or ""]["local_police_area"]
    elif police_area not in {o["local_police_area"] for o in there.values()}:
        raise NotFoundError(f"No municipality belongs to a local police area {police_area}.")
    return partner.municipality, police_area


def _check_area(tx: WriteTx, field: str, code: str | None) -> None:
    """Refuse a code that names no area: without it an organisation would work anywhere."""
    if code is not None and not areas.exists(tx, code):
        message = f"There is no area {code}; load it first."
        raise InvalidError(message, (FieldProblem(field, "unknown-area", message),))
