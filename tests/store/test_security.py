"""Who reaches which rows when the code forgets to ask: row-level security, grants, audit lines, counters."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors, sql
from sqlalchemy.exc import DBAPIError

from app.core.incidents import State
from app.core.permissions import Actor, Scope
from app.store import analyses, hotspots, incidents
from app.store import tx as store
from app.store.engine import APP_ROLE
from app.store.queries import load
from app.store.tx import ReadTx
from tests.conftest import Database, opened
from tests.factories import LINDESTA, NOW, Actors, draft

# Tables that everybody who is signed in may read, because they hold no organisation's content.
PUBLIC = {"areas", "organisations", "categories", "deployment", "catchments"}
NOT_OURS = {"spatial_ref_sys", "alembic_version"}
OWNERS = {"audit_seals"}  # written by the owner's functions only, read by auditors: tests/store/test_audit.py
CONTENT = [
    "accounts",
    "adoptions",
    "analysis_runs",
    "area_figures",
    "audit_lines",
    "category_weights",
    "collection_counters",
    "hotspot_steps",
    "crime_codes",
    "idempotency_keys",
    "identities",
    "incident_places",
    "import_problems",
    "import_profiles",
    "import_rows",
    "import_uploads",
    "imports",
    "incident_links",
    "incident_versions",
    "incidents",
    "passwords",
    "places",
    "retention_rules",
    "run_hotspots",
    "sessions",
    "sharing_rules",
    "sources",
    "tokens",
    "turns",
]
JOINT = {"joint_runs", "joint_hotspots"}  # of a local police area: tests/store/test_joint.py
UNREADABLE = {"incident_places", "turns"}  # no grant at all
ADMINISTRATORS = {
    "accounts",
    "tokens",
    "identities",
    "passwords",
    "audit_lines",
    "incident_places",
    "turns",
}  # no organisation's scope opens them
IMPORTERS = {"import_uploads"}  # nor these: only their account's
LISTS = ("incidents", "hotspots", "writes", "own")
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def superuser(filled: Database) -> Iterator[Connection]:
    """Sees everything."""
    with psycopg.connect(filled.conninfo(), autocommit=True) as conn:
        yield conn


@pytest.fixture
def app(filled: Database) -> Iterator[Connection]:
    """Logged in as the app role, with no scope set; undone afterwards."""
    with psycopg.connect(filled.conninfo(APP_ROLE)) as conn:
        yield conn
        conn.rollback()


@pytest.fixture(scope="module")
def filled_db(filled: Database) -> Iterator[store.Database]:
    """The service's way into the filled world."""
    with opened(filled) as db:
        yield db


def scoped(conn: Connection, organisation: UUID, reporter: UUID | None = None) -> None:
    """Open everything an organisation may have, and nothing of others."""
    for name in LISTS:
        conn.execute("SELECT set_config(%s, %s, true)", [f"lagesbild.{name}", str(organisation)])
    conn.execute("SELECT set_config('lagesbild.reporter', %s, true)", [str(reporter or "")])


def tables(superuser: Connection) -> set[str]:
    """Every table in our schema."""
    rows = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND NOT relispartition"
    )
    return {row[0] for row in rows}


def of_lindesta(table: str) -> str:
    """The condition on a row that it is Lindesta's content."""
    lindesta = f"(SELECT id FROM organisations WHERE slug = '{LINDESTA}')"
    if table == "sharing_rules":
        return f"{lindesta} IN (giver_id, receiver_id)"
    if table in {"identities", "passwords"}:
        return f"account_id IN (SELECT id FROM accounts WHERE organisation_id = {lindesta})"
    if table == "turns":
        return "true"
    return f"organisation_id = {lindesta}"


def rows_of_lindesta(conn: Connection, table: str) -> int:
    """How many rows of Lindesta the connection sees."""
    row = conn.execute(f"SELECT count(*) FROM {table} WHERE {of_lindesta(table)}").fetchone()
    return row[0] if row else 0


@contextmanager
def refused() -> Iterator[None]:
    """No grant, or row-level security."""
    with pytest.raises(errors.InsufficientPrivilege, match=r"permission denied|row-level security"):
        yield


def add_again(conn: Connection, superuser: Connection, table: str) -> None:
    """Let the connection add a row of Lindesta just like one that is there."""
    columns = [
        row[0]
        for row in superuser.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' AND attidentity = ''",
            [table],
        )
    ]
    row = superuser.execute(f"SELECT CAST({table} AS text) FROM {table} WHERE {of_lindesta(table)} LIMIT 1").fetchone()
    assert row is not None
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(sql.SQL("(r.row).{}").format(sql.Identifier(c)) for c in columns)
    kind = sql.Identifier(table)
    conn.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM (SELECT CAST({} AS {}) AS row) AS r").format(
            kind, names, values, sql.Literal(row[0]), kind
        )
    )


# --- what every table must have ---------------------------------------------------------------------------------


def test_every_table_is_either_public_on_purpose_or_an_organisations_content(superuser: Connection) -> None:
    assert tables(superuser) == PUBLIC | NOT_OURS | OWNERS | JOINT | set(CONTENT)


def test_row_level_security_is_forced_on_every_table(superuser: Connection) -> None:
    rows = superuser.execute(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    secured = {name for name, on, forced in rows if on and forced}
    parts = {name for name, *_ in rows if name.startswith("audit_lines_")}
    assert parts <= secured
    assert secured - parts == PUBLIC | OWNERS | JOINT | set(CONTENT)


def test_the_filled_world_has_rows_of_lindesta_in_every_table(superuser: Connection) -> None:
    assert {t: rows_of_lindesta(superuser, t) > 0 for t in CONTENT} == dict.fromkeys(CONTENT, True)


# --- without a scope, and with a foreign one --------------------------------------------------------------------


@pytest.mark.parametrize("table", CONTENT)
@pytest.mark.parametrize("scope", ["none", "empty", "foreign"])
def test_without_the_scope_a_table_shows_nothing(app: Connection, actors: Actors, table: str, scope: str) -> None:
    if scope == "empty":
        for name in (*LISTS, "reporter", "administers"):
            app.execute("SELECT set_config(%s, '', true)", [f"lagesbild.{name}"])
    if scope == "foreign":
        scoped(app, actors["other_coordinator"].organisation_id)
    if table in UNREADABLE:
        with refused():
            rows_of_lindesta(app, table)
        return
    assert rows_of_lindesta(app, table) == 0
    everything = app.execute(f"SELECT count(*) FROM {table}").fetchone()
    sees_own = scope == "foreign" and table not in ADMINISTRATORS | IMPORTERS
    assert (everything is not None and everything[0] > 0) == sees_own


@pytest.mark.parametrize("table", [t for t in CONTENT if t not in ADMINISTRATORS | IMPORTERS])
def test_the_own_scope_opens_the_table(app: Connection, actors: Actors, table: str) -> None:
    scoped(app, actors["coordinator"].organisation_id)
    assert rows_of_lindesta(app, table) > 0


def test_an_upload_is_its_importers_alone(app: Connection, actors: Actors) -> None:
    scoped(app, actors["coordinator"].organisation_id)
    seen = {}
    for key in ("coordinator", "reporter", "other_coordinator"):
        app.execute("SELECT set_config('lagesbild.actor', %s, true)", [str(actors[key].id)])
        seen[key] = rows_of_lindesta(app, "import_uploads")
    assert seen == {"coordinator": 1, "reporter": 0, "other_coordinator": 0}


@pytest.mark.parametrize("table", ["imports", "import_rows", "import_problems", "area_figures", "incident_links"])
def test_who_reads_only_own_reports_reads_no_imports(app: Connection, actors: Actors, table: str) -> None:
    reporter = actors["reporter"]
    scoped(app, reporter.organisation_id, reporter.id)
    assert rows_of_lindesta(app, table) == 0


@pytest.mark.parametrize("table", [t for t in CONTENT if t != "audit_lines"])
@pytest.mark.parametrize("scope", ["none", "foreign"])
def test_without_the_scope_a_table_accepts_nothing(
    app: Connection, superuser: Connection, actors: Actors, table: str, scope: str
) -> None:
    if scope == "foreign":
        scoped(app, actors["other_coordinator"].organisation_id)
    with refused():
        add_again(app, superuser, table)


def first_column(superuser: Connection, table: str) -> str:
    """A column that can be set to itself."""
    row = superuser.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attidentity = '' LIMIT 1",
        [table],
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("table", CONTENT)
@pytest.mark.parametrize("scope", ["none", "foreign"])
@pytest.mark.parametrize("change", ["UPDATE", "DELETE"])
def test_without_the_scope_nothing_is_changed_or_removed(
    app: Connection, superuser: Connection, actors: Actors, table: str, scope: str, change: str
) -> None:
    if scope == "foreign":
        scoped(app, actors["other_coordinator"].organisation_id)
    column = first_column(superuser, table)
    statement = f"UPDATE {table} SET {column} = {column}" if change == "UPDATE" else f"DELETE FROM {table}"
    try:
        changed = app.execute(f"{statement} WHERE {of_lindesta(table)}").rowcount
    except errors.InsufficientPrivilege:
        changed = 0
    assert changed == 0


def test_an_update_without_any_condition_stays_within_the_scope(app: Connection, actors: Actors) -> None:
    scoped(app, actors["other_coordinator"].organisation_id)
    assert app.execute("UPDATE incidents SET text = 'x'").rowcount == 2


def test_a_row_cannot_be_given_to_another_organisation(app: Connection, actors: Actors) -> None:
    scoped(app, actors["other_coordinator"].organisation_id)
    with refused():
        app.execute("UPDATE incidents SET organisation_id = %s", [actors["coordinator"].organisation_id])


def test_a_reporter_reaches_only_the_reports_they_made(app: Connection, actors: Actors) -> None:
    reporter = actors["reporter"]
    scoped(app, reporter.organisation_id, reporter.id)
    assert app.execute("SELECT text FROM incidents").fetchall() == [("reporter",)]
    assert app.execute("SELECT content FROM incident_versions").fetchall() == [({"text": "reporter"},)]
    assert app.execute("UPDATE incidents SET text = 'x'").rowcount == 1
    with refused():
        app.execute("UPDATE incidents SET reported_by = %s", [actors["coordinator"].id])


def test_the_reading_role_sees_nothing_without_a_scope_and_writes_nothing(filled: Database, actors: Actors) -> None:
    with psycopg.connect(filled.conninfo(), options="-c role=lagesbild_read") as conn:
        assert conn.execute("SELECT count(*) FROM incidents").fetchone() == (0,)
        scoped(conn, actors["coordinator"].organisation_id)
        assert conn.execute("SELECT count(*) FROM incidents").fetchone() == (3,)
        with refused():
            conn.execute("UPDATE incidents SET text = 'x'")
        conn.rollback()


@pytest.mark.parametrize("table", sorted(PUBLIC))
def test_a_public_table_is_read_by_all_and_written_by_administrators_only(
    app: Connection, superuser: Connection, actors: Actors, table: str
) -> None:
    scoped(app, actors["coordinator"].organisation_id)
    count = app.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert count is not None
    assert count[0] > 0
    with app.transaction(force_rollback=True):
        try:
            column = first_column(superuser, table)
            assert app.execute(f"UPDATE {table} SET {column} = {column}").rowcount == 0
        except errors.InsufficientPrivilege:
            pass


DOORS = ("seen_incidents", "seen_hotspots", "coarse_incidents", "coarse_hotspots")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("scope", ["none", "empty", "foreign"])
def test_without_the_scope_a_view_shows_nothing(app: Connection, actors: Actors, door: str, scope: str) -> None:
    if scope == "empty":
        for name in (*LISTS, "reporter", "administers", "coarse", "shared", "precision", "texts"):
            app.execute("SELECT set_config(%s, '', true)", [f"lagesbild.{name}"])
    if scope == "foreign":
        scoped(app, actors["other_coordinator"].organisation_id)
        # it reaches for Lindesta, and no rule gives it anything
        app.execute("SELECT set_config('lagesbild.shared', %s, true)", [str(actors["coordinator"].organisation_id)])
    assert rows_of_lindesta(app, door) == 0


def test_every_view_is_a_door_that_was_looked_at(superuser: Connection) -> None:
    rows = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    )
    found = {name for (name,) in rows} - {"geography_columns", "geometry_columns", "raster_columns", "raster_overviews"}
    assert found == set(DOORS)


def test_who_sees_coarsely_finds_nothing_in_the_tables_themselves(app: Connection, actors: Actors) -> None:
    reporter = actors["reporter"]
    scoped(app, reporter.organisation_id, reporter.id)
    app.execute("SELECT set_config('lagesbild.coarse', %s, true)", [str(reporter.organisation_id)])
    assert app.execute("SELECT text FROM incidents").fetchall() == [("reporter",)]
    assert app.execute("SELECT precision, text FROM seen_incidents ORDER BY 1").fetchall() == [
        ("exact", None),
        ("snapped", None),
    ]
    assert app.execute("SELECT count(*) FROM run_hotspots").fetchone() == (0,)
    assert app.execute("SELECT DISTINCT precision FROM seen_hotspots").fetchall() == [("snapped",)]


OF_IMPORTS = ("imports", "import_uploads", "import_rows", "import_problems", "area_figures", "incident_links")


def test_a_lower_limit_of_precision_closes_the_tables(app: Connection, actors: Actors) -> None:
    scoped(app, actors["coordinator"].organisation_id)
    app.execute("SELECT set_config('lagesbild.actor', %s, true)", [str(actors["coordinator"].id)])
    assert app.execute("SELECT count(*) > 0 FROM import_uploads").fetchone() == (True,)
    app.execute("SELECT set_config('lagesbild.precision', 'area', true)")
    for table in ("incidents", "run_hotspots", *OF_IMPORTS):
        assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert app.execute("SELECT DISTINCT precision FROM seen_incidents").fetchall() == [("area",)]


# --- mutation: the code forgets its WHERE -----------------------------------------------------------------------

ANYBODYS = {
    "category": None, "sources": None, "categories": None, "since": None, "until": None, "area": None, "west": None,
    "south": None, "east": None, "north": None, "after_from": None, "after_id": None, "limit": 100, "reporter": None,
    "min_count": None, "is_significant": None, "states": [s.value for s in State], "run": None, "may_read_runs": True,
    "profile": "all", "adoption_id": 2**40,
    "shared": [], "counts_linked_once": False, "after": -1, "incident_id": None, "state": "confirmed", "next_row": 0,
}  # fmt: skip
FORGETFUL = [
    ("incidents", "page", "i.organisation_id = ANY (:organisations)"),
    ("incidents", "seen", "i.organisation_id = ANY (:organisations)"),
    ("incidents", "one", "i.organisation_id = ANY (:organisations)"),
    ("incidents", "points", "i.organisation_id = ANY (:organisations)"),
    ("incidents", "lock", "i.organisation_id = ANY (:organisations)"),
    ("incidents", "by_reference", "i.organisation_id = :organisation_id AND"),
    ("hotspots", "features", "h.organisation_id = ANY (:organisations)"),
    ("hotspots", "one", "h.organisation_id = ANY (:organisations)"),
    ("hotspots", "ranked", "h.organisation_id = ANY (:organisations)"),
    ("hotspots", "latest_run_with", "a.organisation_id = ANY (:organisations)"),
    ("hotspots", "current_run", "r.organisation_id = ANY (:organisations)"),
    ("known_hotspots", "known", "a.organisation_id = :organisation_id AND"),
    ("known_hotspots", "found", "AND h.organisation_id = :organisation_id"),
    ("known_hotspots", "history", "s.organisation_id = ANY (:organisations)"),
    ("known_hotspots", "changes", "a.organisation_id = ANY (:organisations)"),
    ("analyses", "one", "r.organisation_id = ANY (:organisations)"),
    ("analyses", "page", "r.organisation_id = :own"),
    ("imports", "one", "i.organisation_id = ANY (:organisations)"),
    ("imports", "page", "i.organisation_id = ANY (:organisations)"),
    ("imports", "lock", "i.organisation_id = ANY (:organisations)"),
    ("imports", "problems", "p.organisation_id = ANY (:organisations)"),
    ("imports", "waiting", "p.organisation_id = ANY (:organisations)"),
    ("imports", "stored_ids", "r.organisation_id = ANY (:organisations)"),
    ("imports", "figures", "f.organisation_id = ANY (:organisations)"),
    ("incident_links", "page", "l.organisation_id = ANY (:organisations)"),
    ("sources", "named", "s.organisation_id = :organisation_id AND"),
    ("idempotency_keys", "find", "AND k.organisation_id = :organisation_id"),
]


def forgetful(noun: str, name: str, scope: str) -> sa.TextClause:
    """The named query without the condition that keeps it in scope."""
    text = str(getattr(load(noun), name).text)
    assert text.count(scope) == 1
    return sa.text(text.replace(scope, "true" if scope.endswith((")", ":own")) else ""))


def answered(tx: ReadTx, query: sa.TextClause, lindesta: Mapping[str, Any]) -> list[Any]:
    """The rows that the query gives, none or counted as none when there is nothing of Lindesta in them."""
    wanted = {**ANYBODYS, **lindesta}
    rows = tx.conn.execute(query, {name: wanted[name] for name in query._bindparams}).all()
    return [row for row in rows if getattr(row, "n", 1)]


@pytest.fixture(scope="module")
def lindesta(superuser: Connection) -> Mapping[str, Any]:
    """Parameters that name rows of Lindesta."""
    found = superuser.execute(
        "SELECT i.organisation_id, i.id, a.run_id, s.known_id, k.account_id, m.id FROM incidents AS i"
        " JOIN adoptions AS a USING (organisation_id) JOIN hotspot_steps AS s ON s.adoption_id = a.id"
        " JOIN idempotency_keys AS k ON k.organisation_id = i.organisation_id"
        " JOIN imports AS m ON m.organisation_id = i.organisation_id"
        f" WHERE {of_lindesta('i').replace('organisation_id =', 'i.organisation_id =')} LIMIT 1"
    ).fetchone()
    assert found is not None
    organisation, incident, run, hotspot, account, import_id = found
    return {
        "organisations": [organisation], "organisation_id": organisation, "own": organisation, "id": incident,
        "run_id": run, "hotspot_id": hotspot, "known_id": hotspot, "account_id": account, "key": "k",
        "names": ["est-rapport"], "import_id": import_id,
        "sources": ["est-rapport"], "source_refs": ["coordinator"],
    }  # fmt: skip


@pytest.mark.parametrize(("noun", "name", "scope"), FORGETFUL)
def test_a_query_that_forgets_its_scope_still_stays_within_it(
    filled_db: store.Database,
    actors: Actors,
    lindesta: Mapping[str, Any],
    noun: str,
    name: str,
    scope: str,
) -> None:
    values = dict(lindesta)
    if noun == "analyses":
        values["id"] = values["run_id"]
    if noun == "imports":
        values["id"] = values["import_id"]
        values["source"] = None
    if name == "points":
        values |= {"since": NOW.replace(year=2020), "until": NOW}
    query = forgetful(noun, name, scope)
    nobody = replace(actors["auditor"], scope=Scope())
    with filled_db.write(actors["coordinator"]) as tx:
        assert len(answered(tx, query, values)) > 0
    with filled_db.write(nobody) as tx:
        if noun in {"sources", "idempotency_keys"}:  # whoever is of the organisation has these
            tx.conn.execute(sa.text("SELECT set_config('lagesbild.own', '', true)"))
        assert answered(tx, query, values) == []


def test_an_actor_whose_scope_was_forged_in_code_still_writes_only_in_its_own(
    filled_db: store.Database, actors: Actors
) -> None:
    forged = replace(actors["coordinator"], scope=actors["other_coordinator"].scope)
    with pytest.raises(Exception, match="belongs to another organisation"), filled_db.write(forged) as tx:
        incidents.add(tx, [draft()], [State.APPROVED], NOW)


# --- what the app role is and is not ----------------------------------------------------------------------------


def test_the_app_role_has_no_power(superuser: Connection) -> None:
    rows = superuser.execute(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname LIKE 'lagesbild%%' ORDER BY 1"
    ).fetchall()
    assert rows == [
        (name, *[False] * 5) for name in ("lagesbild_app", "lagesbild_joint", "lagesbild_owner", "lagesbild_read")
    ]
    logins = superuser.execute(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'lagesbild%%'"
    ).fetchall()
    assert logins == [("lagesbild_app",)]
    memberships = superuser.execute(
        "SELECT count(*) FROM pg_auth_members WHERE member = 'lagesbild_app'::regrole"
    ).fetchone()
    assert memberships == (0,)


def test_the_app_role_owns_nothing(superuser: Connection) -> None:
    owned = superuser.execute(
        "SELECT count(*) FROM pg_shdepend AS d JOIN pg_database AS b ON b.oid = d.dbid"
        " WHERE refobjid IN ('lagesbild_app'::regrole, 'lagesbild_read'::regrole) AND deptype = 'o'"
        " AND datname = current_database()"
        " AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = objid AND c.relpersistence = 't')"
        " AND NOT EXISTS (SELECT FROM pg_type AS t JOIN pg_class AS c ON c.oid = typrelid"
        " WHERE t.oid = objid AND c.relpersistence = 't')"  # where reports wait for a moment
    ).fetchone()
    assert owned == (0,)
    owners = superuser.execute(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND (relnamespace = 'jobs'::regnamespace OR relnamespace = 'public'::regnamespace AND relname <> ALL (%s))",
        [sorted(NOT_OURS)],
    ).fetchall()
    assert owners == [("lagesbild_owner",)]


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE lagesbild_owner",
        "SET SESSION AUTHORIZATION lagesbild_owner",
        "SET session_replication_role = replica",
        "ALTER TABLE incidents DISABLE TRIGGER ALL",
        "ALTER TABLE incidents DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE incidents NO FORCE ROW LEVEL SECURITY",
        "ALTER ROLE lagesbild_app BYPASSRLS",
        "DROP TRIGGER collection_counters_audited ON collection_counters",
        "DROP POLICY incidents_sees ON incidents",
        "CREATE POLICY mine ON incidents TO lagesbild_app USING (true)",
        "CREATE TABLE mine (id integer)",
        "CREATE FUNCTION check_audited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE OR REPLACE FUNCTION scope_ids(list text) RETURNS uuid[] LANGUAGE sql AS 'SELECT NULL::uuid[]'",
        "TRUNCATE incidents",
        "TRUNCATE audit_lines",
        "DELETE FROM incidents",
        "SELECT count(*) FROM audit_lines_other",
        "SELECT line_ids FROM audit_seals",
        "INSERT INTO audit_seals SELECT * FROM audit_seals",
        "UPDATE audit_seals SET line_count = 0",
        "DELETE FROM audit_seals",
        "SELECT add_audit_month('2001-01-01')",
        "UPDATE deployment SET audit_keep_months = 6",
        "DELETE FROM incident_versions",
        "UPDATE audit_lines SET actor = 'x'",
        "DELETE FROM audit_lines",
        "INSERT INTO audit_lines (actor, role, action, recorded_at) VALUES ('x', 'x', 'x', '2000-01-01')",
        "INSERT INTO audit_lines (id, actor, role, action) OVERRIDING SYSTEM VALUE VALUES (1, 'x', 'x', 'x')",
        "UPDATE collection_counters SET row_count = 0",
        "INSERT INTO deployment (metric_srid) VALUES (3006)",
        "UPDATE alembic_version SET version_num = 'x'",
        "COPY incidents TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_app_role_may_not(app: Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(statement)


def test_switching_row_level_security_off_reads_nothing(app: Connection) -> None:
    app.execute("SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        app.execute("SELECT count(*) FROM incidents")


def test_a_temporary_table_cannot_pose_as_one_of_ours(app: Connection, actors: Actors) -> None:
    app.execute("CREATE TEMPORARY TABLE sharing_rules AS SELECT * FROM sharing_rules WITH NO DATA")
    organisations = [actors[key].organisation_id for key in ("coordinator", "other_coordinator")]
    app.execute(
        "INSERT INTO pg_temp.sharing_rules (giver_id, receiver_id, what, valid_until)"
        " VALUES (%s, %s, 'hotspots', 'infinity')",
        organisations,
    )
    app.execute("GRANT ALL ON pg_temp.sharing_rules TO PUBLIC")
    assert app.execute("SELECT sharing_givers(%s, 'hotspots')", organisations[1:]).fetchone() == ([],)


def test_audit_lines_can_be_added(app: Connection) -> None:
    assert app.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')").rowcount == 1


def test_only_an_administrator_sees_token_hashes_and_only_by_the_policy(app: Connection, actors: Actors) -> None:
    scoped(app, actors["coordinator"].organisation_id)
    assert app.execute("SELECT count(*) FROM tokens").fetchone() == (0,)
    app.execute("SELECT set_config('lagesbild.administers', 'on', true)")
    seen = app.execute("SELECT count(*) FROM tokens").fetchone()
    assert seen is not None
    assert seen[0] > 0


def test_functions_with_the_owners_power_hold_their_search_path_and_are_not_for_everybody(
    superuser: Connection,
) -> None:
    rows = superuser.execute(
        "SELECT proname, proconfig, has_function_privilege('lagesbild_read', oid, 'EXECUTE'), prorettype::regtype::text"
        " FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " AND proowner = 'lagesbild_owner'::regrole"
    ).fetchall()
    assert {name for name, *_ in rows} == {
        "actor_of", "cell_counts", "count_rows", "ended_uploads", "given_to", "identified", "keep_audit_months",
        "kept_uploads", "place_incidents", "place_the_rest", "purge_incidents",
        "seal_audit_lines", "sharing_givers", "signed_in", "take_turn",
    }  # fmt: skip
    for _, config, others_may, returns in rows:
        assert "search_path=public, pg_temp" in config  # a temporary table cannot pose as one of ours
        assert not others_may or returns == "trigger"  # a trigger's function cannot be called


# --- no write without an audit line -----------------------------------------------------------------------------

LINDESTA_ID = f"(SELECT id FROM organisations WHERE slug = '{LINDESTA}')"
FOREIGN_ID = "(SELECT id FROM organisations WHERE slug = 'polisen-lindadalen')"
LEADER_ID = "(SELECT id FROM accounts WHERE name = 'leadership')"
RUN_ID = "(SELECT id FROM analysis_runs LIMIT 1)"
AUDITED_WRITES = [
    ("areas", "INSERT INTO areas (code, name, kind, geom) SELECT 'x', name, kind, geom FROM areas LIMIT 1"),
    ("areas", "UPDATE areas SET name = 'x'"),
    ("organisations", "INSERT INTO organisations (slug, name, kind) VALUES ('x', 'x', 'school')"),
    ("organisations", "UPDATE organisations SET name = 'x'"),
    (
        "sharing_rules",
        (
            "INSERT INTO sharing_rules (giver_id, receiver_id, what, purpose, valid_until)"
            f" VALUES ({LINDESTA_ID}, {FOREIGN_ID}, 'incidents', 'x', '2030-01-01')"
        ),
    ),
    ("sharing_rules", "UPDATE sharing_rules SET ended_at = now()"),
    ("accounts", f"INSERT INTO accounts (organisation_id, name, role) VALUES ({LINDESTA_ID}, 'x', 'analyst')"),
    ("accounts", "UPDATE accounts SET closed_at = now()"),
    (
        "tokens",
        (
            "INSERT INTO tokens (organisation_id, account_id, name, token_hash)"
            " SELECT organisation_id, account_id, name, '\\x00' FROM tokens LIMIT 1"
        ),
    ),
    ("tokens", "UPDATE tokens SET revoked_at = now()"),
    ("tokens", "UPDATE tokens SET expires_at = NULL"),
    ("tokens", "UPDATE tokens SET account_id = (SELECT account_id FROM tokens LIMIT 1)"),
    (
        "sessions",
        (
            "INSERT INTO sessions (session_hash, organisation_id, account_id, token_id, expires_at, idle_s)"
            " SELECT '\\x00', organisation_id, account_id, id, now(), 60 FROM tokens"
            f" WHERE organisation_id = {LINDESTA_ID} LIMIT 1"
        ),
    ),
    ("tokens", "UPDATE tokens SET collections = '{}'"),
    ("tokens", "UPDATE tokens SET precision = NULL"),
    ("identities", f"INSERT INTO identities VALUES ('x', 'x', {LEADER_ID})"),
    ("identities", "DELETE FROM identities"),
    ("identities", "UPDATE identities SET subject = subject || 'x'"),
    ("passwords", f"INSERT INTO passwords VALUES ({LEADER_ID}, 'x', 'x', now())"),
    ("passwords", "DELETE FROM passwords"),
    ("passwords", "UPDATE passwords SET password_hash = 'x'"),
    ("categories", "INSERT INTO categories SELECT 'X', sv, en, harm_weight, is_clustered, 99 FROM categories LIMIT 1"),
    ("categories", "UPDATE categories SET harm_weight = 9"),
    (
        "catchments",
        (
            "INSERT INTO catchments (municipality_id, year, number, from_year, basis, k, point, radius_m, geom,"
            " geom_metric) SELECT id, 2027, 1, 0, 'incidents', 5, point, 1, geom, ST_Transform(geom, 3006) FROM areas"
            " WHERE code = 'lindesta-kommun'"
        ),
    ),
    ("category_weights", f"INSERT INTO category_weights VALUES ({LINDESTA_ID}, 'KLO', 1)"),
    ("category_weights", "UPDATE category_weights SET weight = 1"),
    ("sources", f"INSERT INTO sources (organisation_id, name, title) VALUES ({LINDESTA_ID}, 'x', 'x')"),
    ("sources", "UPDATE sources SET is_trusted = true"),
    (
        "hotspot_steps",
        (
            "INSERT INTO hotspot_steps (adoption_id, known_id, organisation_id, change, related, mark)"
            " SELECT adoption_id, gen_random_uuid(), organisation_id, 'gone', related, mark FROM hotspot_steps"
        ),
    ),
    (
        "analysis_runs",
        (
            "INSERT INTO analysis_runs (organisation_id, params, fingerprint, requested_at, requested_by, code_version)"
            " SELECT organisation_id, params, fingerprint, requested_at, requested_by, code_version FROM analysis_runs"
            " LIMIT 1"
        ),
    ),
    ("analysis_runs", "UPDATE analysis_runs SET state = 'cancelled'"),
    ("adoptions", "UPDATE adoptions SET taken_back_at = now()"),
    (
        "adoptions",
        (
            "INSERT INTO adoptions (organisation_id, run_id, adopted_at, adopted_by, taken_back_at)"
            " SELECT organisation_id, run_id, adopted_at, adopted_by, now() FROM adoptions LIMIT 1"
        ),
    ),
    (
        "collection_counters",  # which every change of incidents passes
        (
            "INSERT INTO incidents (organisation_id, source, category, occurred_from, geom, state, reported_at,"
            " changed_at, content_hash) SELECT organisation_id, source, category, occurred_from, geom, state,"
            " reported_at, changed_at, content_hash FROM incidents LIMIT 1"
        ),
    ),
    ("collection_counters", "UPDATE incidents SET text = 'x'"),
    (
        "retention_rules",
        (
            "INSERT INTO retention_rules (organisation_id, source, text_after_months, changed_at, changed_by)"
            f" VALUES ({LINDESTA_ID}, 'x', 6, now(), {LINDESTA_ID})"
        ),
    ),
    ("retention_rules", "DELETE FROM retention_rules"),
    ("imports", "UPDATE imports SET state = 'done'"),
    ("imports", "UPDATE imports SET choice = 'good_rows'"),
    ("imports", "UPDATE imports SET profile = '{}'"),
    ("import_uploads", "DELETE FROM import_uploads"),
    ("import_profiles", "UPDATE import_profiles SET changed_at = now()"),
    ("places", "DELETE FROM places"),
    ("crime_codes", "UPDATE crime_codes SET category = 'SKD'"),
    ("area_figures", "UPDATE area_figures SET count = 1"),
    ("incident_links", "UPDATE incident_links SET state = 'dismissed'"),
]
# Written only together with a row that is audited; or never by the app (deployment, audit_lines itself).
GO_ALONG = {"incidents", "incident_versions", "run_hotspots", "idempotency_keys", "deployment", "audit_lines"} | {
    "incident_places",
    "turns",
    "joint_hotspots",
    "import_rows",
    "import_problems",
}


def test_every_table_is_audited_or_goes_along_with_one_that_is(superuser: Connection) -> None:
    rows = superuser.execute(
        "SELECT tgrelid::regclass::text, tgdeferrable, tginitdeferred, tgenabled FROM pg_trigger"
        " WHERE tgfoid = 'check_audited'::regproc"
    ).fetchall()
    assert {(d, i, e) for _, d, i, e in rows} == {(True, True, "O")}
    audited = {table for table, *_ in rows}
    assert audited | GO_ALONG == PUBLIC | JOINT | set(CONTENT)
    assert audited - {"joint_runs"} == {table for table, _ in AUDITED_WRITES}


@pytest.fixture
def administrator_of_lindesta(app: Connection, actors: Actors) -> Connection:
    """Everything that a scope can open, at once."""
    scoped(app, actors["coordinator"].organisation_id)
    app.execute("SELECT set_config('lagesbild.administers', 'on', true)")
    app.execute("SELECT set_config('lagesbild.actor', %s, true)", [str(actors["coordinator"].id)])
    return app


@pytest.mark.parametrize(("table", "statement"), AUDITED_WRITES)
def test_a_write_without_an_audit_line_does_not_commit(
    administrator_of_lindesta: Connection, table: str, statement: str
) -> None:
    conn = administrator_of_lindesta
    assert conn.execute(statement).rowcount > 0
    with pytest.raises(psycopg.Error, match=f"a write to {table} has no audit line") as raised:
        conn.commit()
    assert raised.value.sqlstate == "LB001"


@pytest.mark.parametrize(("table", "statement"), AUDITED_WRITES)
def test_the_same_write_with_an_audit_line_would(
    administrator_of_lindesta: Connection, table: str, statement: str
) -> None:
    conn = administrator_of_lindesta
    conn.execute(statement)
    conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    conn.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_noting_that_a_token_was_used_needs_no_audit_line(administrator_of_lindesta: Connection) -> None:
    administrator_of_lindesta.execute("UPDATE tokens SET last_used_on = current_date")
    administrator_of_lindesta.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- row-level security and the spatial index -------------------------------------------------------------------


def test_the_spatial_functions_that_policies_must_not_hide_the_index_from_are_leakproof(superuser: Connection) -> None:
    rows = superuser.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE proleakproof AND oid = ANY (%s::regprocedure[])",
        [
            [
                "geometry_overlaps(geometry, geometry)",
                "st_dwithin(geometry, geometry, double precision)",
                "st_intersects(geometry, geometry)",
            ]
        ],
    ).fetchall()
    assert len(rows) == 3


MANY = """
INSERT INTO incidents (organisation_id, source, category, occurred_from, geom, state, reported_at, changed_at,
                       content_hash)
SELECT o.id, 'est-rapport', 'SKD', now() - make_interval(mins => i),
       ST_SetSRID(ST_MakePoint(15.75 + random() * 0.2, 59.55 + random() * 0.2), 4326), 'approved', now(), now(), ''
  FROM generate_series(1, 20000) AS i, organisations AS o
 WHERE o.slug = 'lindesta-kommun'
"""


def plan(tx: ReadTx, query: sa.TextClause, values: Mapping[str, Any]) -> str:
    """How PostgreSQL would answer, as the app role within the scope."""
    explain = sa.text(f"EXPLAIN {query.text}")
    rows = tx.conn.execute(explain, {name: values[name] for name in explain._bindparams})
    return "\n".join(rows.scalars())


def test_a_map_window_is_found_by_the_spatial_index_under_row_level_security(
    database: Database, db: store.Database, actors: Actors
) -> None:
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute(MANY).rowcount == 20_000
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
        conn.commit()
        conn.autocommit = True
        conn.execute("ANALYZE incidents")
    window = {"west": 15.850, "south": 59.650, "east": 15.860, "north": 59.660}
    with db.read(actors["coordinator"]) as tx:
        wanted = ANYBODYS | {"organisations": list(tx.scope.incidents)}
        by_window = plan(tx, load("incidents").page, wanted | window)
        by_area = plan(tx, load("incidents").page, wanted | {"area": "lindesta-centrum"})
        everything = plan(tx, load("incidents").page, wanted)
        features, _ = incidents.page(tx, incidents.Filter(bbox=tuple(window.values())), limit=100, after=None)  # type: ignore[arg-type]
    for text in (by_window, by_area):
        assert "incidents_geom_idx" in text
        assert "Index Cond: (geom &&" in text
    assert "incidents_geom_idx" not in everything
    assert 0 < len(features) < 100


# --- counters ---------------------------------------------------------------------------------------------------

ORGANISATIONS = ("lindesta-kommun", "hyttfors-kommun")
ADD = """
INSERT INTO incidents (organisation_id, source, category, occurred_from, geom, state, reported_at, changed_at,
                       content_hash)
SELECT o.id, 'x', 'SKD', now(), ST_SetSRID(ST_MakePoint(15, 59), 4326), 'approved', now(), now(), ''
  FROM organisations AS o, generate_series(1, %s) WHERE o.slug = ANY (%s)
"""
PICK = "id IN (SELECT id FROM incidents ORDER BY id LIMIT %s)"
HYTTFORS_ID = "(SELECT id FROM organisations WHERE slug = 'hyttfors-kommun')"
CHANGES = {
    "change": f"UPDATE incidents SET text = 'y' WHERE {PICK}",
    "give away": f"UPDATE incidents SET organisation_id = {HYTTFORS_ID} WHERE {PICK}",
    "remove": f"DELETE FROM incidents WHERE {PICK}",
}
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 4), st.sets(st.sampled_from(ORGANISATIONS), min_size=1)),
        st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 4), st.just(set())),
    ),
    min_size=1,
    max_size=12,
)


def counters(conn: Connection) -> dict[UUID, tuple[int, int]]:
    """row_count and revision of the incidents, by organisation."""
    rows = conn.execute(
        "SELECT organisation_id, row_count, revision FROM collection_counters WHERE collection = 'incidents'"
    )
    return {organisation: (count, revision) for organisation, count, revision in rows}


@given(steps)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counters_are_exact_and_revisions_only_grow(filled: Database, found: list[tuple[str, int, set[str]]]) -> None:
    with psycopg.connect(filled.conninfo()) as conn:
        before = counters(conn)
        for what, n, organisations in found:
            if what == "add":
                changed = conn.execute(ADD, [n, sorted(organisations)]).rowcount
            else:
                changed = conn.execute(CHANGES[what], [n]).rowcount
            after = counters(conn)
            exact: dict[UUID, int] = dict(
                conn.execute("SELECT organisation_id, count(*) FROM incidents GROUP BY 1").fetchall()
            )
            assert {o: count for o, (count, _) in after.items() if count} == exact
            grown = {o for o, (_, revision) in after.items() if revision > before.get(o, (0, 0))[1]}
            same = {o for o, (_, revision) in after.items() if revision == before.get(o, (0, 0))[1]}
            assert grown | same == set(after)
            assert bool(grown) == bool(changed)
            before = after
        conn.rollback()


def test_adoptions_revise_the_hot_spots_of_their_organisation_only(filled_db: store.Database, actors: Actors) -> None:
    def revision(actor: Actor) -> int:
        with filled_db.read(actor) as tx:
            run = hotspots.current_run(tx, None, may_read_runs=True)
        return 0 if run is None else int(run["revision"])

    ours, theirs = revision(actors["coordinator"]), revision(actors["other_coordinator"])
    assert ours > 0
    assert theirs > 0
    with pytest.raises(DBAPIError, match="no audit line"), filled_db.write(actors["coordinator"]) as tx:
        [run] = [r for r in analyses.page(tx, 10) if r["adopted_at"]][:1]
        analyses.take_back(tx, run["id"], NOW)
    assert (revision(actors["coordinator"]), revision(actors["other_coordinator"])) == (ours, theirs)
