"""Retention: what goes when, that nothing else does, and that nothing of ours holds it afterwards."""

import struct
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from app.actions import analyses
from app.actions.analyses import AnalysisRequest
from app.actions.incidents import Repeatable, Setting, correct_incident, report_incidents
from app.actions.retention import (
    carry_out_all_retention,
    carry_out_retention,
    preview_retention,
    read_retention,
    set_retention,
)
from app.core.errors import ForbiddenError, InvalidError
from app.core.geo import Position
from app.core.incidents import RawIncident, State
from app.core.permissions import Actor, Scope
from app.core.retention import Purged, RetentionRule
from app.store import retention
from app.store.cluster import Cluster
from app.store.tx import Database as Db
from tests.actions.conftest import Recorded
from tests.conftest import Database
from tests.factories import CENTRE, CODE_VERSION, ELSEWHERE, METRIC_SRID, Actors, raw

NOW = datetime.now(UTC)  # the purge goes by the database's clock
SETTING = Setting(now=NOW, metric_srid=METRIC_SRID)
USUAL = RetentionRule(text_after_months=6, position_after_months=24, everything_after_months=60)
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        yield conn


def ago(months: int, days: int = 1) -> datetime:
    """A moment that is a little more than so many months away."""
    return NOW - timedelta(days=months * 31 + days)


def long_ago() -> datetime:
    """When analyses were made whose incidents have lost their exact places since."""
    return NOW - timedelta(days=900)


def sent(db: Db, actor: Actor, *raws: RawIncident) -> list[UUID]:
    with db.write(actor) as tx:
        return [i for i in report_incidents(tx, list(raws), SETTING).ids if i is not None]


def ruled(db: Db, actor: Actor, *rules: RetentionRule) -> None:
    with db.write(actor) as tx:
        set_retention(tx, rules, NOW)


def stored(conn: Connection) -> dict[str, tuple[bool, bool]]:
    """Of every incident, by reference: whether its text and its exact position are still there."""
    rows = conn.execute("SELECT source_ref, text IS NOT NULL, position_purged_at IS NULL FROM incidents")
    return {ref: (has_text, is_exact) for ref, has_text, is_exact in rows}


def test_text_goes_first_then_the_exact_position_then_everything(
    db: Db, actors: Actors, superuser: Connection, recorded: Recorded
) -> None:
    coordinator = actors["coordinator"]
    ages = {"young": 5, "six": 6, "two years": 24, "five years": 60}
    sent(db, coordinator, *(raw(source_ref=k, text="Krossade rutor.", occurred_from=ago(m)) for k, m in ages.items()))
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator) == Purged(texts=2, positions=1, incidents=1)
    assert stored(superuser) == {"young": (True, True), "six": (False, True), "two years": (False, False)}
    action, _, figures = recorded()[-1]
    assert action == "retention.carried-out"
    assert figures == {"texts": 2, "positions": 1, "incidents": 1, "keys": 0, "runs": 0, "outlines": 0}


def test_the_age_counts_from_the_end_of_an_interval(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, raw(source_ref="x", text="Stöld.", occurred_from=ago(6, 20), occurred_to=ago(5)))
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator) == Purged()


def test_what_was_purged_is_not_due_again_and_its_uncertainty_does_not_grow(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, raw(source_ref="x", text="Stöld.", occurred_from=ago(30), location_uncertainty_m=15))
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator) == Purged(texts=1, positions=1)
    where = "SELECT ST_X(geom), ST_Y(geom), location_uncertainty_m FROM incidents"
    first = superuser.execute(where).fetchone()
    assert carry_out_retention(db, coordinator) == Purged()
    assert superuser.execute(where).fetchone() == first
    assert first
    assert first[2] == 369


def test_an_incident_whose_position_is_purged_lies_in_the_middle_of_its_square(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    coordinator = actors["coordinator"]
    places = [Position(547_000 + x, 6_612_000 + y, "EPSG:3006") for x, y in ((1, 499), (499, 1), (250, 250))]
    sent(db, coordinator, *(raw(source_ref=str(n), position=p, occurred_from=ago(30)) for n, p in enumerate(places)))
    ruled(db, coordinator, USUAL)
    carry_out_retention(db, coordinator)
    rows = superuser.execute("SELECT DISTINCT round(ST_X(geom_metric)), round(ST_Y(geom_metric)) FROM incidents")
    assert rows.fetchall() == [(547_250, 6_612_250)]


def test_the_most_particular_rule_holds_alone(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    kinds = [(s, c) for s in ("est-rapport", "medborgartips") for c in ("SKD", "KLO")]
    sent(
        db,
        coordinator,
        *(
            raw(source=s, category=c, source_ref=f"{s} {c}", text="Klotter.", occurred_from=ago(12), text_reviewed=True)
            for s, c in kinds
        ),
    )
    ruled(
        db,
        coordinator,
        RetentionRule(text_after_months=6),
        RetentionRule(category="KLO", position_after_months=6),
        RetentionRule(source="medborgartips", text_after_months=24),
        RetentionRule(source="medborgartips", category="KLO", everything_after_months=6),
    )
    with db.read(coordinator) as tx:
        due = retention.due(tx, NOW)
    counts = {(r["source"], r["category"]): (r["texts"], r["positions"], r["incidents"]) for r in due}
    assert counts == {
        (None, None): (1, 0, 0),
        (None, "KLO"): (0, 1, 0),
        ("medborgartips", "KLO"): (0, 0, 1),
    }
    carry_out_retention(db, coordinator)
    assert stored(superuser) == {
        "est-rapport SKD": (False, True),
        "est-rapport KLO": (True, False),
        "medborgartips SKD": (True, True),
    }


def test_without_rules_nothing_goes(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, raw(source_ref="x", text="Stöld.", occurred_from=ago(300)))
    assert carry_out_retention(db, coordinator) == Purged()
    assert stored(superuser) == {"x": (True, True)}


def test_every_state_is_purged(db: Db, actors: Actors, superuser: Connection) -> None:
    sent(db, actors["coordinator"], *(raw(source_ref=str(n), occurred_from=ago(70)) for n in range(len(State))))
    with superuser.transaction():
        for n, state in enumerate(State):
            superuser.execute("UPDATE incidents SET state = %s WHERE source_ref = %s", [state.value, str(n)])
        superuser.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    ruled(db, actors["coordinator"], USUAL)
    assert carry_out_retention(db, actors["coordinator"]).incidents == len(State)
    assert stored(superuser) == {}


def test_another_organisations_incidents_are_never_touched(db: Db, actors: Actors, superuser: Connection) -> None:
    sent(
        db, actors["other_coordinator"], raw(source_ref="theirs", position=Position(*ELSEWHERE), occurred_from=ago(70))
    )
    sent(db, actors["coordinator"], raw(source_ref="ours", occurred_from=ago(70)))
    ruled(db, actors["coordinator"], USUAL)
    assert carry_out_retention(db, actors["coordinator"]).incidents == 1
    assert set(stored(superuser)) == {"theirs"}


def test_the_database_itself_refuses_to_purge_outside_the_scope(db: Db, actors: Actors) -> None:
    forged = replace(actors["coordinator"], organisation_id=actors["other_coordinator"].organisation_id)
    nobody = replace(actors["coordinator"], scope=Scope())
    for actor in (forged, nobody):
        with pytest.raises(ForbiddenError, match="another organisation"), db.write(actor) as tx:
            retention.purge(tx, 10)


def test_the_database_purges_by_the_stored_rules_and_its_own_clock_only(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    """The app role has no other way to remove: no DELETE, no moment, no list of incidents."""
    rows = superuser.execute(
        "SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = 'purge_incidents'"
    ).fetchall()
    assert rows == [("organisation uuid, most integer",)]
    granted = superuser.execute("SELECT has_table_privilege('lagesbild_app', 'incidents', 'DELETE')").fetchone()
    assert granted == (False,)


def test_large_purges_go_in_portions_that_each_say_so(db: Db, actors: Actors, recorded: Recorded) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, *(raw(source_ref=str(n), text="Stöld.", occurred_from=ago(30)) for n in range(25)))
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator, at_a_time=10) == Purged(texts=25, positions=25)
    told = [figures["positions"] for action, _, figures in recorded() if action == "retention.carried-out"]
    assert told[:3] == [10, 10, 5]


def test_a_correction_under_way_is_waited_for_and_its_history_purged_too(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    coordinator = actors["coordinator"]
    [incident_id] = sent(db, coordinator, raw(source_ref="x", text="Stöld.", occurred_from=ago(30)))
    ruled(db, coordinator, USUAL)
    purge = threading.Thread(target=carry_out_retention, args=[db, coordinator])
    with db.write(coordinator) as tx:
        correct_incident(tx, incident_id, {"category": "KLO"}, SETTING)
        purge.start()
        purge.join(timeout=0.5)
        assert purge.is_alive()  # it waits
    purge.join()
    kept = superuser.execute("SELECT content ->> 'text', content ->> 'lon' FROM incident_versions").fetchall()
    assert kept == [(None, None)]


def test_a_repeat_of_a_purged_report_is_still_a_repeat(db: Db, actors: Actors) -> None:
    coordinator = actors["coordinator"]
    again = raw(source_ref="x", text="Stöld.", occurred_from=ago(30))
    [incident_id] = sent(db, coordinator, again)
    ruled(db, coordinator, USUAL)
    carry_out_retention(db, coordinator)
    with db.write(coordinator) as tx:
        reported = report_incidents(tx, [again], SETTING)
    assert (reported.ids, reported.created_count) == ([incident_id], 0)


def test_a_place_given_anew_is_exact_until_the_next_purge(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    [incident_id] = sent(db, coordinator, raw(source_ref="x", occurred_from=ago(30)))
    ruled(db, coordinator, USUAL)
    carry_out_retention(db, coordinator)
    with db.write(coordinator) as tx:
        correct_incident(tx, incident_id, {"category": "KLO"}, SETTING)
    assert carry_out_retention(db, coordinator) == Purged()  # the place is as coarse as it was
    with db.write(coordinator) as tx:
        correct_incident(tx, incident_id, {"position": Position(*CENTRE)}, SETTING)
    assert carry_out_retention(db, coordinator) == Purged(positions=1)


def test_old_idempotency_keys_go_and_young_ones_stay(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    for key in ("old", "young"):
        with db.write(coordinator) as tx:
            report_incidents(tx, [raw()], SETTING, repeatable=Repeatable(key=key, request_hash=b"h"))
    superuser.execute("UPDATE idempotency_keys SET created_at = now() - interval '31 days' WHERE key = 'old'")
    assert carry_out_retention(db, coordinator) == Purged(keys=1)
    assert superuser.execute("SELECT key FROM idempotency_keys").fetchall() == [("young",)]


def test_the_preview_counts_what_the_run_takes_and_takes_nothing(db: Db, actors: Actors, superuser: Connection) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, *(raw(source_ref=str(m), text="Stöld.", occurred_from=ago(m)) for m in (1, 7, 25, 61)))
    ruled(db, coordinator, USUAL)
    with db.read(coordinator) as tx:
        [due] = preview_retention(tx, NOW)
        [later] = preview_retention(tx, NOW + timedelta(days=365 * 6))
    assert (due["texts"], due["positions"], due["incidents"]) == (2, 1, 1)
    assert later["incidents"] == 4
    assert len(stored(superuser)) == 4
    assert carry_out_retention(db, coordinator) == Purged(texts=2, positions=1, incidents=1)


def test_the_nightly_run_goes_through_all_organisations_that_have_rules(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    for key, place in (("coordinator", CENTRE), ("other_coordinator", ELSEWHERE)):
        sent(db, actors[key], raw(source_ref=key, position=Position(*place), occurred_from=ago(70)))
        ruled(db, actors[key], USUAL)
    assert carry_out_all_retention(db) == {
        "hyttfors-kommun": Purged(incidents=1),
        "lindesta-kommun": Purged(incidents=1),
    }
    assert stored(superuser) == {}


def test_rules_are_one_organisations_own_and_replace_what_was(db: Db, actors: Actors, recorded: Recorded) -> None:
    ruled(db, actors["coordinator"], USUAL)
    newer = RetentionRule(source="est-rapport", text_after_months=3)
    ruled(db, actors["coordinator"], newer)
    assert recorded()[-1][2] == {"rules": [asdict(newer)]}
    for key, seen in (("coordinator", [newer]), ("auditor", [newer]), ("other_coordinator", [])):
        with db.read(actors[key]) as tx:
            assert read_retention(tx) == seen


def test_rules_that_cannot_be_used_change_nothing(db: Db, actors: Actors) -> None:
    ruled(db, actors["coordinator"], USUAL)
    with pytest.raises(InvalidError):
        ruled(db, actors["coordinator"], RetentionRule(category="XXX", text_after_months=1))
    with db.read(actors["coordinator"]) as tx:
        assert read_retention(tx) == [USUAL]


# --- nothing of ours holds the content afterwards ----------------------------------------------------------------

MARKER = "Zebrafinkskvitter"
REFERENCE = "ZFK-90210-QX"
KEY = "zfk-nyckel-7781"
PLACE = (15.8512347, 59.6487651)


def dumped(conn: Connection) -> dict[str, str]:
    """Every table of the database, the catalogue's with the planner's samples among them, all columns as text."""
    found = {}
    names = conn.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('information_schema') AND c.relname <> 'pg_proc'"
        " AND (n.nspname <> 'pg_catalog' OR c.relname IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject'))"
    ).fetchall()
    for schema, name in names:
        table = sql.Identifier(schema, name)
        rows = conn.execute(sql.SQL("SELECT CAST(t AS text) FROM {} AS t").format(table)).fetchall()
        found[f"{schema}.{name}"] = "\n".join(row[0] for row in rows)
    return found


def traces(conn: Connection, secrets: dict[str, str]) -> set[tuple[str, str]]:
    """(which secret, in which table) for every one that is found."""
    tables = dumped(conn)
    assert len(tables) > 20
    return {(what, table) for what, secret in secrets.items() for table, text in tables.items() if secret in text}


def test_after_a_purge_no_table_statistic_job_or_log_holds_the_content(
    db: Db, actors: Actors, superuser: Connection, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    coordinator = actors["coordinator"]
    request = blake2b(MARKER.encode(), digest_size=16).digest()
    planted = [
        raw(
            source_ref=f"{REFERENCE}-{n}", text=f"{MARKER} vid bron.", position=Position(PLACE[0] + n * 1e-7, PLACE[1]),
            occurred_from=ago(70, n),
        )
        for n in range(12)
    ]  # fmt: skip
    with db.write(coordinator) as tx:
        reported = report_incidents(tx, planted, SETTING, repeatable=Repeatable(key=KEY, request_hash=request))
        first = reported.ids[0]
        assert first
        correct_incident(tx, first, {"text": f"Rättat: {MARKER}.", "category": "KLO"}, SETTING)
    sent(db, coordinator, raw(source_ref="stays", text="Stannar."))
    with pytest.raises(InvalidError):  # what is refused is told to the sender and to nobody else
        sent(db, coordinator, replace(planted[0], text=f"{MARKER} 19811218-9876"))
    wanted = AnalysisRequest(since=ago(80), until=ago(60), min_incidents=3, replicates=19)
    for is_adopted in (True, False):
        run = analyses.run_and_adopt if is_adopted else analyses.run_now
        run(
            db,
            coordinator,
            wanted,
            clock=long_ago,
            code_version=CODE_VERSION,
            srid=METRIC_SRID,
        )
    superuser.execute("ANALYZE")
    coordinates = superuser.execute(
        "SELECT encode(float8send(ST_X(geom)), 'hex'), encode(float8send(ST_X(geom_metric)), 'hex'),"
        " encode(content_hash, 'hex') FROM incidents WHERE id = %s",
        [first],
    ).fetchone()
    assert coordinates
    secrets = {
        "text": MARKER,
        "reference": REFERENCE,
        "key": KEY,
        "request": request.hex(),
        "content": coordinates[2],
        "longitude": str(PLACE[0]),
        "longitude as stored": struct.pack("<d", struct.unpack(">d", bytes.fromhex(coordinates[0]))[0]).hex().upper(),
        "metres as stored": struct.pack("<d", struct.unpack(">d", bytes.fromhex(coordinates[1]))[0]).hex().upper(),
        "outline": superuser.execute("SELECT substr(geom::text, 40, 60) FROM run_hotspots LIMIT 1").fetchone()[0],  # type: ignore[index]
    }
    before = traces(superuser, secrets)
    assert {what for what, _ in before} == set(secrets)  # every one can be found while it is there
    ruled(db, coordinator, USUAL)
    purged = carry_out_retention(db, coordinator)
    assert (purged.incidents, purged.keys, purged.runs, purged.outlines > 0) == (12, 1, 1, True)
    assert traces(superuser, secrets) == set()
    assert MARKER not in caplog.text
    assert not [secret for secret in secrets.values() if secret in _server_log(database)]


def test_after_text_and_position_are_purged_only_the_rest_is_left(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    coordinator = actors["coordinator"]
    [incident_id] = sent(
        db, coordinator, raw(source_ref=REFERENCE, text=MARKER, position=Position(*PLACE), occurred_from=ago(30))
    )
    with db.write(coordinator) as tx:
        correct_incident(tx, incident_id, {"text": None}, SETTING)
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator) == Purged(texts=1, positions=1)
    left = traces(superuser, {"text": MARKER, "longitude": str(PLACE[0]), "reference": REFERENCE})
    assert left == {("reference", "public.incidents")}


def test_adopted_hot_spots_keep_their_figures_and_lose_their_exact_outline(
    db: Db, actors: Actors, superuser: Connection
) -> None:
    coordinator = actors["coordinator"]
    sent(db, coordinator, *(raw(source_ref=str(n), occurred_from=ago(30, n)) for n in range(12)))
    analyses.run_and_adopt(
        db,
        coordinator,
        AnalysisRequest(since=ago(40), until=ago(20), replicates=19),
        clock=long_ago,
        code_version=CODE_VERSION,
        srid=METRIC_SRID,
    )
    figures = (
        "SELECT incident_count, weighted_value, categories, statistics::text, properties ->> 'count' FROM run_hotspots"
    )
    revision = "SELECT revision FROM collection_counters WHERE collection = 'hotspots'"
    before = superuser.execute(figures).fetchall(), superuser.execute(revision).fetchone()
    ruled(db, coordinator, USUAL)
    assert carry_out_retention(db, coordinator).outlines == len(before[0]) > 0
    assert superuser.execute(figures).fetchall() == before[0]
    assert superuser.execute(revision).fetchone() != before[1]
    sides = superuser.execute(
        "SELECT DISTINCT mod(round(ST_XMin(g)::numeric, 3), 500), mod(round(ST_YMax(g)::numeric, 3), 500)"
        " FROM (SELECT ST_Transform(geom, 3006) AS g FROM run_hotspots) AS h"
    ).fetchall()
    assert sides == [(0, 0)]
    assert carry_out_retention(db, coordinator).outlines == 0


def _server_log(database: Database) -> str:
    """What the database server has written down; nothing when it is somebody else's."""
    if not isinstance(database.server, Cluster):
        return ""
    log = database.server.data / "server.log"
    assert log.is_file()
    return log.read_text(encoding="utf-8", errors="replace")
