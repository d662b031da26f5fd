"""A world in which two municipalities have at least one row in every table that holds an organisation's content."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.actions import catchments
from app.core.audit import AuditAction
from app.core.identities import Identity
from app.core.imports.doubles import Outcome
from app.core.imports.known import Place
from app.core.imports.reader import AreaFigure
from app.core.incidents import State
from app.core.permissions import Actor, Role
from app.store import (
    accounts,
    analyses,
    crime_codes,
    hotspots,
    idempotency_keys,
    imports,
    incident_links,
    incidents,
    known_hotspots,
    places,
    sign_ins,
)
from app.store import tx as store
from app.store.tx import WriteTx
from tests.conftest import Database, Server, copied, opened
from tests.factories import (
    CENTRE,
    CODE_VERSION,
    ELSEWHERE,
    HYTTFORS,
    LINDESTA,
    NOW,
    addresses,
    draft,
    hotspot_row,
    params,
    step,
)


@pytest.fixture(scope="module")
def filled(cluster: Server, template_database: str, actors: Mapping[str, Actor]) -> Iterator[Database]:
    """A copy of the world, shared by the tests of a module: they leave it as it is."""
    with copied(cluster, template_database) as copy, opened(copy) as db:
        _fill(db, actors["coordinator"], CENTRE)
        _fill(db, actors["reporter"], CENTRE)
        _fill(db, actors["other_coordinator"], ELSEWHERE)
        _import(db, actors["coordinator"], CENTRE)
        _import(db, actors["other_coordinator"], ELSEWHERE)
        with db.write(actors["admin"]) as tx:
            tx.conn.execute(
                sa.text(
                    "INSERT INTO sharing_rules (giver_id, receiver_id, what, purpose, valid_until)"
                    " SELECT g.id, r.id, 'hotspots', 'prov', '2099-01-01' FROM organisations AS g, organisations AS r"
                    " WHERE g.slug = :giver AND r.slug = 'polisen-lindadalen'"
                ),
                {"giver": HYTTFORS},
            )
            tx.record(AuditAction.SHARING_CHANGED)
            catchments.make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses())
            for key in ("coordinator", "other_coordinator"):
                person = Identity(
                    issuer="https://idp.example", subject=key, name=key, role=Role.COORDINATOR, organisation="-"
                )
                sign_ins.tie(tx, person, actors[key].id)
                sign_ins.set_password(tx, actors[key].id, key, "hash", NOW)
            tx.record(AuditAction.PASSWORD_SET)
        db.take_turns([store.Turn(key=b"k", price=timedelta(hours=1), credit=timedelta(hours=2))])
        yield copy


def _fill(db: store.Database, actor: Actor, place: tuple[float, float]) -> None:
    with db.write(actor) as tx:
        _add_incident(tx, place)
        idempotency_keys.keep(tx, "k", b"h", [])
        accounts.open_session(tx, actor.id.bytes, NOW + timedelta(days=36_500))
        tx.conn.execute(
            sa.text("INSERT INTO category_weights VALUES (:o, 'SKD', 4) ON CONFLICT DO NOTHING"),
            {"o": actor.organisation_id},
        )
        tx.conn.execute(
            sa.text(
                "INSERT INTO retention_rules (organisation_id, text_after_months, changed_at, changed_by)"
                " VALUES (:o, 6, now(), :o) ON CONFLICT DO NOTHING"
            ),
            {"o": actor.organisation_id},
        )
        run_id = analyses.request(tx, params(organisations=(actor.organisation,)), CODE_VERSION)
        analyses.start(tx, run_id, NOW)
        figures = {"data_cut_off": NOW, "incident_count": 1, "noise_count": 0, "hotspot_count": 1, "findings": "{}"}
        analyses.finish(tx, run_id, NOW, figures)
        hotspots.add(tx, run_id, [hotspot_row()])
        adoption_id = analyses.adopt(tx, run_id, NOW, "all")
        known_hotspots.add(tx, adoption_id, [step()])
        tx.record(AuditAction.INCIDENT_REPORTED)


def _add_incident(tx: WriteTx, place: tuple[float, float]) -> None:
    first = draft(lon=place[0], lat=place[1], text=tx.actor.name, source_ref=tx.actor.name)
    [incident_id] = incidents.add(tx, [first], [State.APPROVED], NOW)
    assert incident_id is not None
    before = incidents.one(tx, incident_id)
    assert before is not None
    incidents.correct(tx, before, json.dumps({"text": tx.actor.name}), first, State.APPROVED, NOW)


def _import(db: store.Database, actor: Actor, place: tuple[float, float]) -> None:
    """An import with something in each of its tables, about the two incidents that are there and one more."""
    with db.write(actor) as tx:
        import_id = uuid4()
        new = imports.NewImport(
            id=import_id,
            source="est-rapport",
            file_name="rapporter.csv",
            file_bytes=1,
            row_count=None,
            choice=None,
            given=None,
        )
        imports.add(tx, new, NOW, NOW)
        known = incidents.by_reference(tx, [("est-rapport", actor.name)])
        mine = known["est-rapport", actor.name].id
        stored = imports.Stored(number=2, incident_id=mine, outcome=Outcome.DOUBLED, version=0)
        imports.add_rows(tx, import_id, [replace(stored, number=3, outcome=Outcome.CREATED, version=1), stored])
        imports.add_notes(tx, import_id, [imports.RowNote(number=4, kind="waiting", problems=[{"code": "x"}])])
        imports.save_profile(tx, "est-rapport", {}, NOW)
        at = {"lon": place[0], "lat": place[1], "location_uncertainty_m": 50.0}
        places.replace(tx, [Place(id=str(uuid4()), name="Torget", **at)])
        crime_codes.put(tx, "0355", "VAL")
        figure = AreaFigure(number=5, area="Centrum", category="SKD", since=NOW, until=NOW + timedelta(days=1), count=3)
        imports.add_figures(tx, import_id, "est-rapport", [figure])
        [other] = incidents.add(tx, [draft(lon=place[0], lat=place[1])], [State.WITHDRAWN], NOW)
        assert other is not None
        assert incident_links.add(tx, mine, other, NOW)
        tx.record(AuditAction.IMPORT_REQUESTED)
