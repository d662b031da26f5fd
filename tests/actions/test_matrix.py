"""Every role, in the scope it is given, against rows of every kind: what it sees of each, and how exactly.

The table below is said independently of the policy. Each single loosening of the policy, and of each part of a scope,
is tried against it: something must differ, or the database must hold although the code let go.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.actions.catchments import make_catchments
from app.actions.deployments import add_organisation
from app.actions.incidents import correct_incident
from app.actions.sharing_rules import end_sharing, share
from app.core.audit import AuditAction
from app.core.disclosure import Precision
from app.core.errors import ForbiddenError, NotFoundError
from app.core.incidents import State
from app.core.permissions import POLICY, Actor, Given, May, Role, scope_of
from app.store import accounts, hotspots, incidents, sharing_rules
from app.store import tx as store
from app.store.tx import WriteTx
from tests.conftest import Database, Server, copied, opened
from tests.factories import (
    CENTRE,
    ELSEWHERE,
    HYTTFORS,
    LINDESTA,
    NOW,
    POLICE,
    SETTING,
    Actors,
    addresses,
    adopted_run,
    draft,
    organisation,
    sharing,
)

# A row of each kind, by its reference; the reader is of Lindesta.
# e exact, t with its text, s snapped, a area, - nothing.
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
NEW = (SCHOOL, GUARDS, RESCUE, ENDED, RUN_OUT)
GIVES = {  # kind of hot spot: whose
    "own": LINDESTA, "given-exact": POLICE, "given-snapped": HYTTFORS, "given-area": SCHOOL, "ended": ENDED,
    "stranger": RESCUE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The rows that the matrix asks for, by name."""

    db: store.Database
    reader: Actor  # of Lindesta; changes its role
    given: Given
    incidents: Mapping[str, UUID]
    runs: Mapping[str, UUID]  # by kind of hot spot
    stranger: UUID


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
def world(cluster: Server, template_database: str, actors: Actors) -> Iterator[World]:
    """Organisations that give Lindesta something in each way, and rows of each."""
    with copied(cluster, template_database) as copy, opened(copy) as db:
        yield _filled(copy, db, actors)


def _filled(copy: Database, db: store.Database, actors: Actors) -> World:
    with db.write(actors["admin"]) as tx:
        ids = {slug: add_organisation(tx, organisation(slug, slug, "school", area=LINDESTA)) for slug in NEW}
        make_catchments(tx, LINDESTA, 2026, k=5, addresses=addresses())
        make_catchments(tx, HYTTFORS, 2026, k=5, addresses=[(lon + 0.3, lat) for lon, lat in addresses()])
        _share(tx)
    reader = actors["reporter"]
    ids |= {LINDESTA: reader.organisation_id, POLICE: actors["police"].organisation_id}
    ids |= {HYTTFORS: actors["other_coordinator"].organisation_id}
    _report(db, reader, "mine")
    for slug, reference, changes in ROWS:
        _report(db, _as(reader, ids[slug], slug), reference, **changes)
    runs = {
        kind: adopted_run(db, _as(reader, ids[slug], slug), ELSEWHERE if slug == HYTTFORS else CENTRE)
        for kind, slug in GIVES.items()
    }
    with psycopg.connect(copy.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.execute("UPDATE sharing_rules SET valid_until = '2020-01-01' WHERE giver_id = %s", [ids[RUN_OUT]])
        found: dict[str, UUID] = dict(conn.execute("SELECT source_ref, id FROM incidents").fetchall())
        row = conn.execute("SELECT incident_givers FROM given_to(%s)", [ids[LINDESTA]]).fetchone()
        assert row is not None
    # ended and run-out givers are named as if the code had forgotten that the rules are over: the database must not
    given = Given(
        hotspots=tuple(ids[slug] for slug in (POLICE, HYTTFORS, SCHOOL, ENDED)),
        incidents=(*row[0], ids[ENDED], ids[RUN_OUT]),
        police_area="lpo-lindadalen",
        is_coarse=True,  # as given_to() says of rules that give hot spots snapped and by area
    )
    return World(db=db, reader=reader, given=given, incidents=found, runs=runs, stranger=ids[RESCUE])


ROWS: list[tuple[str, str, dict[str, Any]]] = [  # whose, which, how it differs
    (LINDESTA, "colleagues", {}),
    (LINDESTA, "unreviewed", {"state": State.SUBMITTED}),
    (POLICE, "given-exact", {}),
    (HYTTFORS, "given-snapped", {"place": ELSEWHERE}),
    (HYTTFORS, "other-category", {"place": ELSEWHERE, "category": "KLO"}),
    (SCHOOL, "given-area", {}),
    (GUARDS, "given-twice", {}),
    (POLICE, "given-unreviewed", {"state": State.SUBMITTED}),
    (ENDED, "ended", {}),
    (RUN_OUT, "run-out", {}),
    (RESCUE, "stranger", {}),
]


def _share(tx: WriteTx) -> None:
    """Police give exactly, Hyttfors vandalism snapped, the school the area; the guards twice, the finest counts."""
    today = NOW.date()
    for what in ("incidents", "hotspots"):
        only = {"categories": ("SKD",)} if what == "incidents" else {}
        share(tx, sharing(HYTTFORS, LINDESTA, what, precision=Precision.SNAPPED, **only), today)
        share(tx, sharing(SCHOOL, LINDESTA, what, precision=Precision.AREA), today)
        end_sharing(tx, share(tx, sharing(ENDED, LINDESTA, what), today), NOW)
    share(tx, sharing(RUN_OUT, LINDESTA, "incidents"), today)
    share(tx, sharing(POLICE, LINDESTA, "hotspots"), today)
    share(tx, sharing(POLICE, HYTTFORS, "hotspots"), today)
    share(tx, sharing(GUARDS, LINDESTA, "incidents", precision=Precision.AREA), today)
    share(tx, sharing(GUARDS, LINDESTA, "incidents", categories=("SKD",)), today)


def _as(actor: Actor, organisation_id: UUID, slug: str) -> Actor:
    """Somebody else, of any organisation, who may do everything there."""
    somebody = UUID(int=9)
    scope = scope_of(Role.COORDINATOR, somebody, organisation_id)
    return replace(actor, id=somebody, organisation_id=organisation_id, organisation=slug, scope=scope)


def _report(
    db: store.Database,
    actor: Actor,
    reference: str,
    *,
    place: tuple[float, float] = CENTRE,
    state: State = State.APPROVED,
    category: str = "SKD",
) -> None:
    with db.write(actor) as tx:
        one = draft(lon=place[0], lat=place[1], source_ref=reference, text=reference, category=category)
        incidents.add(tx, [one], [state], NOW)
        tx.record(AuditAction.INCIDENT_REPORTED)


def someone(world: World, role: Role, **widened: Any) -> Actor:
    """The reader in a role, with the scope that the policy of the moment gives, and parts of it widened by hand."""
    scope = scope_of(role, world.reader.id, world.reader.organisation_id, world.given)
    return replace(world.reader, role=role, scope=replace(scope, **widened))


def observed(world: World, actor: Actor) -> dict[str, str]:
    """What an actor sees and may of each kind of row; everything is undone."""
    with world.db.write(actor) as tx:
        told = {**_seen(tx, world), **_corrected(tx, world), **_hotspots(tx, world)}
        own = str(actor.organisation)
        others = [r for r in sharing_rules.page(tx, 100) if own not in (r["giver"], r["receiver"])]
        told["rules of-others"] = "yes" if others else "-"
        told["tokens any"] = "yes" if accounts.tokens(tx, 10) else "-"
        tx.conn.rollback()
    return told


def _seen(tx: WriteTx, world: World) -> dict[str, str]:
    features, _ = incidents.page(tx, incidents.Filter(states=tuple(State)), limit=100, after=None)
    by_id = {}
    for text in features:
        feature = json.loads(text)
        said = feature["properties"]
        by_id[UUID(feature["id"])] = said["precision"][0] + ("t" if said["text"] else "")
    return {f"sees {name}": by_id.get(i, "-") for name, i in world.incidents.items()}


def _corrected(tx: WriteTx, world: World) -> dict[str, str]:
    told = {}
    for name in ("mine", "colleagues", "given-exact", "given-snapped", "stranger"):
        told[f"corrects {name}"] = "-"
        with tx.conn.begin_nested() as savepoint:
            with suppress(ForbiddenError, NotFoundError, DBAPIError):  # the code refuses, or the database does
                correct_incident(tx, world.incidents[name], {"category": "NED"}, SETTING)
                told[f"corrects {name}"] = "yes"
            savepoint.rollback()
    return told


def _hotspots(tx: WriteTx, world: World) -> dict[str, str]:
    told = {}
    for kind, run_id in world.runs.items():
        rows = hotspots.ranked(tx, run_id, 10)
        told[f"hotspots {kind}"] = rows[0].get("precision", "exact")[0] if rows else "-"
    return told


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_what_the_table_says(world: World, role: Role) -> None:
    found = observed(world, someone(world, role))
    assert found == {what: answer for (what, r), answer in expected().items() if r is role}


def test_the_table_is_whole() -> None:
    assert len(expected()) == MATRIX_SIZE


LOOSENED = [(role, may) for role, may in product(Role, May) if may not in POLICY[role]]


def test_every_single_loosened_rule_of_reach_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = expected()
    noticed: list[tuple[Role, May]] = []
    for role, may in LOOSENED:
        with monkeypatch.context() as patch:
            patch.setitem(POLICY, role, POLICY[role] | {may})
            found = observed(world, someone(world, role))
        if any(found[what] != answer for (what, r), answer in table.items() if r is role):
            noticed.append((role, may))
    with capsys.disabled():
        print(f"\nmatrix: {len(table)} cells; {len(LOOSENED)} loosenings, {len(noticed)} change what is reached")  # noqa: T201
    silent = {(role.value, may.name) for role, may in LOOSENED if (role, may) not in noticed}
    covered = {"READ_COARSE_INCIDENTS", "READ_TEXTS", "READ_OWN_INCIDENTS"}
    assert {may for _, may in silent} <= SAID_BY_THE_ACTIONS | covered
    # a colleague's report coarsened is nothing new to who sees all of them; text without rows is no text
    assert {role for role, may in silent if may == "READ_COARSE_INCIDENTS"} <= {"coordinator", "police", "analyst"}
    assert {role for role, may in silent if may == "READ_TEXTS"} == {"leadership", "map_client", "auditor", "admin"}
    assert {role for role, may in silent if may == "READ_OWN_INCIDENTS"} == {"analyst"}


# What these open is tried in tests/actions/test_permissions.py and, for reading, tests/api/test_roles.py, role by role.
SAID_BY_THE_ACTIONS = {
    "REPORT_INCIDENTS", "CORRECT_OWN_INCIDENTS", "REVIEW_INCIDENTS", "RUN_ANALYSES", "ADOPT_ANALYSES", "READ_ANALYSES",
    "READ_SHARING", "READ_AUDIT", "READ_RETENTION", "SET_RETENTION", "IMPORT_FILES",
}  # fmt: skip


def widenings(world: World, actor: Actor) -> dict[str, dict[str, Any]]:
    """Each part of a scope, opened wider than the role's."""
    scope, other = actor.scope, world.stranger
    found: dict[str, dict[str, Any]] = {
        "incidents": {"incidents": (*scope.incidents, other)},
        "coarse": {"coarse": (*scope.coarse, other)},
        "shared": {"shared": (*scope.shared, other)},
        "hotspots": {"hotspots": (*scope.hotspots, other)},
        "writes": {"writes": (*scope.writes, other)},
        "precision": {"precision": Precision.EXACT},
    }
    if scope.reporter and scope.incidents:
        found["reporter"] = {"reporter": None}
    if not scope.administers:
        found["administers"] = {"administers": True}
    return found


# What the database holds although the code let go: a rule must be there, the row must be seen, no limit is wider.
HELD = {"shared", "hotspots", "writes", "precision"}


@pytest.mark.parametrize("role", list(Role))
def test_every_widened_part_of_a_scope_is_noticed_or_held_by_the_database(world: World, role: Role) -> None:
    before = observed(world, someone(world, role))
    noticed = {
        part
        for part, widened in widenings(world, someone(world, role)).items()
        if observed(world, someone(world, role, **widened)) != before
    }
    opened = set(widenings(world, someone(world, role)))
    reporters = {"incidents"} if someone(world, role).scope.reporter else set()
    assert noticed == opened - HELD - reporters  # of a stranger's reports a reporter made none


@pytest.mark.parametrize("precision", [Precision.SNAPPED, Precision.AREA])
@pytest.mark.parametrize("role", list(Role))
def test_with_a_limit_of_precision_nothing_is_told_more_exactly(world: World, role: Role, precision: Precision) -> None:
    found = observed(world, someone(world, role, precision=precision))
    without = observed(world, someone(world, role))
    finer = {"e", "et", "s"} if precision is Precision.AREA else {"e", "et"}
    for what, answer in found.items():
        if what.startswith(("sees", "hotspots")):
            assert answer not in finer
            assert (answer == "-") or (without[what] != "-")


def test_a_limit_that_is_no_precision_closes_everything(world: World) -> None:
    with world.db.write(someone(world, Role.COORDINATOR)) as tx:
        tx.conn.execute(sa.text("SELECT set_config('lagesbild.precision', 'fine', true)"))
        for door in ("seen_incidents", "seen_hotspots", "incidents", "run_hotspots", "coarse_incidents"):
            assert tx.conn.execute(sa.text(f"SELECT count(*) FROM {door}")).scalar_one() == 0
        tx.conn.rollback()
