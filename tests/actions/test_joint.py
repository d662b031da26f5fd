"""The joint picture is made by a login of its own, of what rules give it, and read by the members of a police area."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from app.actions.catchments import make_catchments
from app.actions.joint import make_joint_pictures
from app.actions.sharing_rules import share
from app.core.disclosure import Precision
from app.core.permissions import system_actor
from app.store import joint as store
from app.store import tx
from app.store.engine import APP_ROLE, JOINT_ROLE, make_engine
from tests.conftest import Database
from tests.factories import (
    CODE_VERSION,
    HOUSING,
    LINDESTA,
    NOW,
    POLICE,
    POLICE_AREA,
    Actors,
    Group,
    addresses,
    raws_of,
    reported,
    sharing,
)

GIVERS = (LINDESTA, POLICE, HOUSING)


@pytest.fixture
def joint(database: Database) -> Iterator[tx.Database]:
    """The way in of the joint login."""
    engine = make_engine(database.url(), role=JOINT_ROLE)
    yield tx.Database(engine)
    engine.dispose()


@pytest.fixture
def given(db: tx.Database, actors: Actors) -> tx.Database:
    """Lindesta, the police and the housing company report the same place, and give that to the joint analysis."""
    with db.write(actors["admin"]) as tx_:
        make_catchments(tx_, LINDESTA, 2026, k=5, addresses=addresses())
        for giver in GIVERS:
            share(tx_, sharing(giver, None, "incidents", categories=("SKD",)), NOW.date())
    for key, source in (("coordinator", "est-rapport"), ("police", "rar"), ("external_reporter", "fastighetsjour")):
        elsewhere = Group(source=source, category="KLO", east_m=900)
        found = reported(db, actors[key], raws_of(Group(source=source), elsewhere))
        assert found.created_count == 20
    return db


def make(joint: tx.Database, k: int = 5) -> dict[str, int]:
    return make_joint_pictures(joint, now=NOW, k=k, code_version=CODE_VERSION)


def approve_all(database: Database) -> None:
    """The housing company's reports wait for review otherwise."""
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.execute("UPDATE incidents SET state = 'approved'")


def read(db: tx.Database, actor: Any) -> list[dict[str, Any]]:
    with db.read(actor) as reading:
        found = store.latest(reading)
        return [] if found is None else list(json.loads(f"[{store.features(reading, found['id'])[0]}]"))


def test_the_picture_is_of_what_was_given_and_is_read_in_the_whole_police_area(
    given: tx.Database, joint: tx.Database, database: Database, actors: Actors
) -> None:
    approve_all(database)
    assert make(joint) == {POLICE_AREA: 1}  # graffiti was given by nobody
    [feature] = read(given, actors["leadership"])
    assert feature["properties"] == {
        "rank": 1, "count_at_least": 20, "categories": ["SKD"], "k": 5, "period_from": "2025-11-17T12:00:00+00:00",
        "period_to": "2026-11-16T12:00:00+00:00",
    }  # fmt: skip
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert "source" not in json.dumps(feature)
    for key in ("police", "external_reporter", "other_coordinator", "reporter", "map_client"):
        assert read(given, actors[key]) == [feature]
    for key in ("admin", "auditor"):
        assert read(given, actors[key]) == []


def test_the_outline_is_whole_catchments(given: tx.Database, joint: tx.Database, database: Database) -> None:
    approve_all(database)
    make(joint)
    with psycopg.connect(database.conninfo()) as conn:
        row = conn.execute(
            "SELECT ST_Area(ST_SymDifference(h.geom, (SELECT ST_Union(c.geom) FROM catchments AS c"
            " WHERE ST_Area(ST_Intersection(c.geom, h.geom)) > 1e-12))) FROM joint_hotspots AS h"
        ).fetchone()
    assert row is not None
    assert row[0] < 1e-12


def test_nothing_is_told_of_what_is_not_given_or_no_longer(
    db: tx.Database, joint: tx.Database, database: Database, actors: Actors, given: tx.Database
) -> None:
    approve_all(database)
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.execute("UPDATE sharing_rules SET ended_at = now() WHERE receiver_id IS NULL AND giver_id <> %s",
                     [actors["police"].organisation_id])  # fmt: skip
    assert make(joint) == {POLICE_AREA: 0}  # one controller alone tells nobody anything
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.execute("UPDATE sharing_rules SET valid_until = '2020-01-01'")
    assert make(joint) == {}


def test_who_may_not_have_it_snapped_may_not_have_it(
    given: tx.Database, joint: tx.Database, database: Database, actors: Actors
) -> None:
    approve_all(database)
    make(joint)
    limited = replace(actors["map_client"], scope=replace(actors["map_client"].scope, precision=Precision.AREA))
    assert read(given, limited) == []


def test_the_making_is_in_the_audit_log(given: tx.Database, joint: tx.Database, database: Database) -> None:
    make(joint)
    with psycopg.connect(database.conninfo()) as conn:
        lines = conn.execute("SELECT actor, figures FROM audit_lines WHERE action = 'joint.made'").fetchall()
    assert lines == [("joint analysis", {"police_area": POLICE_AREA, "hotspots": 1, "k": 5})]


# --- the purpose is the login's -----------------------------------------------------------------------------------


def test_no_other_login_is_given_the_points(given: tx.Database, joint: tx.Database, actors: Actors) -> None:
    def points(database: tx.Database, actor: Any) -> int:
        with database.read(actor) as reading:
            return len(store.points(reading, POLICE_AREA, NOW.replace(year=2020), NOW))

    worker = system_actor("joint analysis", actors["coordinator"].organisation_id)
    assert points(joint, worker) > 0
    for actor in (worker, actors["coordinator"], actors["police"]):
        with pytest.raises(Exception, match="permission denied"):
            points(given, actor)


@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE lagesbild_joint",
        "SET SESSION AUTHORIZATION lagesbild_joint",
        "SELECT joint_keys()",
        "SELECT * FROM incident_places",
        "INSERT INTO joint_runs SELECT * FROM joint_runs",
        "INSERT INTO joint_hotspots SELECT * FROM joint_hotspots",
        "UPDATE joint_runs SET k = 1",
        "DELETE FROM joint_hotspots",
        "GRANT lagesbild_joint TO lagesbild_app",
        "SELECT set_config('role', 'lagesbild_joint', true)",
    ],
)
def test_the_role_of_the_web_cannot_take_the_purpose_on(database: Database, attempt: str) -> None:
    with psycopg.connect(database.conninfo(APP_ROLE)) as conn, pytest.raises(psycopg.Error) as raised:
        conn.execute(attempt.encode())
    assert isinstance(raised.value, errors.InsufficientPrivilege | errors.InvalidParameterValue)


@pytest.mark.parametrize("name", ["joint", "purpose", "joint_area", "police_area"])
def test_no_setting_opens_it(given: tx.Database, actors: Actors, name: str) -> None:
    with given.write(actors["auditor"]) as writing:
        writing.conn.execute(sa.text(f"SELECT set_config('lagesbild.{name}', '{POLICE_AREA}', true)"))
        for table in ("incidents", "seen_incidents", "joint_runs", "joint_hotspots"):
            assert writing.conn.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_the_picture_of_another_police_area_is_not_read_though_the_code_forgets(
    given: tx.Database, joint: tx.Database, database: Database, actors: Actors
) -> None:
    approve_all(database)
    make(joint)
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.execute("UPDATE organisations SET local_police_area = 'elsewhere' WHERE slug = 'hyttfors-kommun'")
    assert len(read(given, actors["coordinator"])) == 1
    assert read(given, actors["other_coordinator"]) == []  # whose scope still names the old area
    everything: Callable[[Any], int] = lambda reading: reading.conn.execute(  # noqa: E731
        sa.text("SELECT count(*) FROM joint_hotspots")
    ).scalar_one()
    with given.read(actors["coordinator"]) as reading:
        assert everything(reading) == 1
    with given.read(actors["other_coordinator"]) as reading:
        assert everything(reading) == 0
