"""Every role, in the scope it is given, against rows of every kind: what it sees of each, and how exactly.

The table below is said independently of the policy. Each single loosening of the policy, and of each part of a scope,
is tried against it: something must differ, or the database must hold although the code let go.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.actions.catchments import make_catchments
from app.actions.incidents import correct_incident
from app.actions.sharing_rules import end_sharing, share
from app.core.disclosure import Precision
from app.core.errors import LagesbildError
from app.core.incidents import State
from app.core.permissions import POLICY, Actor, Given, May, Role, Scope, scope_of
from app.store import analyses, hotspots, incidents, sharing_rules
from app.store import tx as store
from app.store.tx import WriteTx
from tests.conftest import Server, copied, opened
from tests.factories import (
    CENTRE,
    CODE_VERSION,
    ELSEWHERE,
    HOUSING,
    HYTTFORS,
    LINDESTA,
    NOW,
    POLICE,
    SETTING,
    Actors,
    addresses,
    draft,
    hotspot_row,
    organisation,
    params,
    sharing,
)

# A row of each kind, by its reference; the reader is of Lindesta. e exact, t with its text, s snapped, a area, - nothing.
# fmt: off
EXPECTED = """
                       reporter external_reporter coordinator police analyst leadership map_client auditor admin
sees mine              et       et                et          et     et      -          -          -       -
sees colleagues        s        -                 et          et     et      -          -          -       -
sees unreviewed        -        -                 et          et     et      -          -          -       -
sees given-exact       -        -                 e           e      -       -          -          -       -
sees given-snapped     -        -                 s           s      -       -          -          -       -
sees given-area        -        -                 a           a      -       -          -          -       -
sees given-twice       -        -                 e           e      -       -          -          -       -
sees given-unreviewed  -        -                 -           -      -       -          -          -       -
sees other-category    -        -                 -           -      -       -          -          -       -
sees ended             -        -                 -           -      -       -          -          -       -
sees run-out           -        -                 -           -      -       -          -          -       -
sees stranger          -        -                 -           -      -       -          -          -       -
corrects mine          yes      yes               yes         yes    -       -          -          -       -
corrects colleagues    -        -                 yes         yes    -       -          -          -       -
corrects given-exact   -        -                 -           -      -       -          -          -       -
corrects given-snapped -        -                 -           -      -       -          -          -       -
corrects stranger      -        -                 -           -      -       -          -          -       -
hotspots own           s        e                 e           e      e       e          e          -       -
hotspots given-exact   e        e                 e           e      e       e          e          -       -
hotspots given-snapped s        s                 s           s      s       s          s          -       -
hotspots given-area    a        a                 a           a      a       a          a          -       -
hotspots ended         -        -                 -           -      -       -          -          -       -
hotspots stranger      -        -                 -           -      -       -          -          -       -
rules of-others        -        -                 -           -      -       -          -          -       yes
tokens any             -        -                 -           -      -       -          -          -       yes
"""
# fmt: on
MATRIX_SIZE = 25 * 9
Matrix = dict[tuple[str, Role], str]

SCHOOL, GUARDS, RESCUE, ENDED, RUN_OUT = "skolan", "vakterna", "raddningen", "avslutad", "forbi"
LEVELS = {"exact": "e", "snapped": "s", "area": "a"}
WORD = {"sees", "corrects", "hotspots"}


def expected() -> Matrix:
    """The table above."""
    heading, *lines = EXPECTED.strip().splitlines()
    roles = [Role(name) for name in heading.split()]
    return {
        (" ".join(line.split()[:2]), role): answer
        for line in lines
        for role, answer in zip(roles, line.split()[2:], strict=True)
    }


@pytest.fixture(scope="module")
def world(cluster: Server, template_database: str, actors: Actors) -> Iterator[store.Database]:
    """Organisations that give Lindesta something in each way, and rows of each."""
    with copied(cluster, template_database) as copy, opened(copy) as db:
        _fill(db, actors)
        yield db


def _fill(db: store.Database, actors: Actors) -> None:
    """Police give exactly, Hyttfors vandalism snapped, the others in the ways their names tell."""
    admin = actors["admin"]
    ids: dict[str, UUID] = {LINDESTA: actors["coordinator"].organisation_id, POLICE: actors["police"].organisation_id}
    ids |= {HYTTFORS: actors["other_coordinator"].organisation_id}
    today = NOW.date()
    with db.write(admin) as tx:
        from app.actions.deployments import add_organisation

        for slug in (SCHOOL, GUARDS, RESCUE, ENDED, RUN_OUT):
            ids[slug] = add_organisation(tx, organisation(slug, slug, "school", municipality=LINDESTA, area=LINDESTA))
        make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses())
        make_catchments(tx, HYTTFORS, 2026, k=5, addresses=[(lon + 0.3, lat) for lon, lat in addresses()])
        snapped, area = {"precision": Precision.SNAPPED}, {"precision": Precision.AREA}
        for what in ("incidents", "hotspots"):
            only = {"categories": ("SKD",)} if what == "incidents" else {}
            share(tx, sharing(HYTTFORS, LINDESTA, what, **snapped, **only), today)
            share(tx, sharing(SCHOOL, LINDESTA, what, **area), today)
            end_sharing(tx, share(tx, sharing(ENDED, LINDESTA, what), today), NOW)
            share(tx, sharing(RUN_OUT, LINDESTA, what, valid_until=today), today)
        share(tx, sharing(POLICE, LINDESTA, "hotspots"), today)
        share(tx, sharing(GUARDS, LINDESTA, "incidents", **area), today)
        share(tx, sharing(GUARDS, LINDESTA, "incidents", categories=("SKD",)), today)
        tx.conn.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    with db.engine.begin() as conn:  # nobody may change a rule: the superuser of the tests turns the calendar
        pass
    mine = actors["reporter"]
    _report(db, mine, "mine")
    coordinator = actors["coordinator"]
    _report(db, coordinator, "colleagues")
    _report(db, coordinator, "unreviewed", state=State.SUBMITTED)
    _of(db, mine, ids, POLICE, "given-exact")
    _of(db, mine, ids, HYTTFORS, "given-snapped", place=ELSEWHERE)
    _of(db, mine, ids, HYTTFORS, "other-category", place=ELSEWHERE, category="KLO")
    _of(db, mine, ids, SCHOOL, "given-area")
    _of(db, mine, ids, GUARDS, "given-twice")
    _of(db, mine, ids, POLICE, "given-unreviewed", state=State.SUBMITTED)
    _of(db, mine, ids, ENDED, "ended")
    _of(db, mine, ids, RUN_OUT, "run-out")
    _of(db, mine, ids, RESCUE, "stranger")
    for slug in (LINDESTA, POLICE, HYTTFORS, SCHOOL, ENDED, RESCUE):
        _adopted(db, _as(mine, ids[slug], slug), ELSEWHERE if slug == HYTTFORS else CENTRE)


def _as(actor: Actor, organisation_id: UUID, slug: str) -> Actor:
    """Somebody of another organisation who may do everything there."""
    scope = scope_of(Role.COORDINATOR, UUID(int=9), organisation_id)
    return replace(actor, id=UUID(int=9), organisation_id=organisation_id, organisation=slug, scope=scope)


def _of(db: store.Database, actor: Actor, ids: Mapping[str, UUID], slug: str, reference: str, **changes: Any) -> None:
    _report(db, _as(actor, ids[slug], slug), reference, **changes)


def _report(
    db: store.Database,
    actor: Actor,
    reference: str,
    *,
    place: tuple[float, float] = CENTRE,
    state: State = State.APPROVED,
    category: str = "SKD",
) -> None:
    from app.core.audit import AuditAction

    with db.write(actor) as tx:
        one = draft(lon=place[0], lat=place[1], source_ref=reference, text=reference, category=category)
        incidents.add(tx, [one], [state], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)


def _adopted(db: store.Database, actor: Actor, place: tuple[float, float]) -> None:
    import shapely

    from app.core.audit import AuditAction

    with db.write(actor) as tx:
        run_id = analyses.request(tx, params(organisations=(actor.organisation,)), CODE_VERSION)
        analyses.start(tx, run_id, NOW)
        figures = {"data_cut_off": NOW, "incident_count": 9, "noise_count": 0, "hotspot_count": 1}
        analyses.finish(tx, run_id, NOW, figures)
        outline = shapely.box(place[0], place[1], place[0] + 1e-4, place[1] + 1e-4)
        hotspots.add(tx, run_id, [hotspot_row(wkb=shapely.to_wkb(outline))])
        analyses.adopt(tx, run_id, NOW)
        tx.record(AuditAction.ANALYSIS_ADOPTED, run_id)
