"""Migrations: up, down and up again leave the same schema, and down leaves nothing."""

from itertools import pairwise

import psycopg
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from app.core.errors import SetupError
from app.store import migrate
from app.store.engine import APP_ROLE
from tests.conftest import Database, Server

SCHEMA = """
SELECT 'column', attrelid::regclass::text || '.' || attname,
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attacl)
  FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE attnum > 0 AND NOT attisdropped AND relkind = 'r' AND relowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(k.oid)
  FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = conrelid WHERE relowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE relowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', roles, cmd, qual, with_check) FROM pg_policies
 UNION ALL
SELECT 'trigger', tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(t.oid)
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid
 WHERE NOT tgisinternal AND relowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'function', oid::regprocedure::text, concat_ws(' ', prosrc, prosecdef, proacl, proconfig)
  FROM pg_proc WHERE proowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'table', oid::regclass::text,
       concat_ws(' ', relrowsecurity, relforcerowsecurity,
                 (SELECT string_agg(a::text, ',' ORDER BY a::text)
                    FROM unnest(coalesce(relacl, acldefault('r', relowner))) AS a))
  FROM pg_class WHERE relkind IN ('r', 'S', 'v') AND relowner = 'lagesbild_owner'::regrole
 UNION ALL
SELECT 'type', oid::regtype::text, typtype::text FROM pg_type
 WHERE typowner = 'lagesbild_owner'::regrole AND typtype IN ('e', 'd')
 UNION ALL
SELECT 'schema', nspname, coalesce(nspacl::text, '') FROM pg_namespace WHERE nspowner = 'lagesbild_owner'::regrole
"""


@pytest.fixture
def empty(cluster: Server, postgis: psycopg.Connection) -> Database:
    """A database with PostGIS and nothing of ours."""
    return Database(cluster, postgis.info.dbname)


def schema(database: Database) -> dict[tuple[str, str], str]:
    """Everything in the database that belongs to the owner role: (kind, name) → definition."""
    with psycopg.connect(database.conninfo()) as conn:
        found = {(kind, name): text for kind, name, text in conn.execute(SCHEMA)}
    return {key: text for key, text in found.items() if not key[1].startswith(("alembic_version", "pg_toast"))}


def revisions() -> list[str]:
    """All revisions, first to last."""
    script = ScriptDirectory.from_config(migrate._config())
    return [r.revision for r in reversed(list(script.walk_revisions()))]


def test_there_is_one_newest_revision_and_one_line_to_it() -> None:
    script = ScriptDirectory.from_config(migrate._config())
    assert script.get_heads() == [migrate.head()]
    assert script.get_bases() == [revisions()[0]]
    assert len(revisions()) >= 3


def test_the_tables_in_the_code_are_the_tables_in_the_database(database: Database) -> None:
    assert migrate.drift(database.url()) == []


def test_a_difference_would_be_told(database: Database) -> None:
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("ALTER TABLE incidents ADD COLUMN nickname text")
    assert "nickname" in str(migrate.drift(database.url()))


def test_every_revision_goes_up_down_and_up_again(empty: Database) -> None:
    url = empty.url()
    assert migrate.current_revision(url) is None
    migrate.upgrade(url, 3006, revisions()[0])
    steps = revisions()
    seen = {steps[0]: schema(empty)}
    for before, revision in pairwise(steps):
        migrate.upgrade(url, 3006, revision)
        assert migrate.current_revision(url) == revision
        seen[revision] = schema(empty)
        assert seen[revision] != seen[before]
        migrate.downgrade(url, before)
        assert schema(empty) == seen[before]
        migrate.upgrade(url, 3006, revision)
        assert schema(empty) == seen[revision]
    assert len(seen[migrate.head()]) > 200


def test_down_to_the_base_leaves_nothing_of_ours(empty: Database) -> None:
    migrate.upgrade(empty.url(), 3006)
    assert schema(empty) != {}
    migrate.downgrade(empty.url(), "base")
    assert schema(empty) == {}
    assert migrate.current_revision(empty.url()) is None
    migrate.upgrade(empty.url(), 3006)
    assert migrate.current_revision(empty.url()) == migrate.head()


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = schema(database)
    migrate.upgrade(database.url(), 3006)
    assert schema(database) == before


def test_a_deployment_may_compute_in_other_metres(empty: Database) -> None:
    migrate.upgrade(empty.url(), 3011)
    with psycopg.connect(empty.conninfo()) as conn:
        assert conn.execute("SELECT metric_srid FROM deployment").fetchone() == (3011,)
        assert conn.execute("SELECT Find_SRID('public', 'incidents', 'geom_metric')").fetchone() == (3011,)


def test_a_login_that_may_not_set_up_is_told_the_way_out(database: Database) -> None:
    with pytest.raises(SetupError, match=r"may not set up 'roles'.*LAGESBILD_OWNER_DATABASE_URL"):
        migrate.bootstrap(database.url(APP_ROLE))


def test_a_database_that_cannot_be_reached_is_told_plainly(cluster: Server) -> None:
    url = cluster.url("no_such_database")
    for ask in (migrate.bootstrap, migrate.current_revision):
        with pytest.raises(SetupError, match=r"cannot be reached: .*no_such_database"):
            ask(url)


def test_only_our_own_role_is_given_a_login(database: Database) -> None:
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        conn.execute("ALTER ROLE lagesbild_read NOLOGIN")
        migrate.allow_login(database.url(), database.url("lagesbild_read"))
        assert conn.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'lagesbild_read'").fetchone() == (False,)


def test_any_password_becomes_a_literal() -> None:
    assert migrate._quoted("it's 100 % \\ here") == "'it''s 100 % \\ here'"
    assert make_url("postgresql+psycopg://u:a%27b@/x").password == "a'b"


def test_alembic_leaves_the_tables_of_others_alone() -> None:
    assert not migrate.is_ours("spatial_ref_sys", "table", {})
    assert not migrate.is_ours("alembic_version", "table", {})
    assert migrate.is_ours("incidents", "table", {})
    assert migrate.is_ours("spatial_ref_sys", "column", {})


def test_a_database_keeps_what_is_in_it_when_it_is_migrated_again(database: Database) -> None:
    statement = sa.text("SELECT count(*) FROM accounts")
    engine = sa.create_engine(database.url())
    with engine.connect() as conn:
        before = conn.scalar(statement)
    migrate.upgrade(database.url(), 3006)
    with engine.connect() as conn:
        assert conn.scalar(statement) == before
        assert before
    engine.dispose()


def test_hot_spots_from_before_they_were_followed_get_cores_from_their_outlines(empty: Database) -> None:
    migrate.upgrade(empty.url(), 3006, "0003")
    outline = "ST_Transform(ST_MakeEnvelope(547510, 6612010, 547540, 6612020, 3006), 4326)"
    with psycopg.connect(empty.conninfo()) as conn:
        conn.execute(
            f"""
            INSERT INTO organisations (slug, name, kind) VALUES ('x', 'x', 'municipality');
            INSERT INTO analysis_runs (organisation_id, params, fingerprint, requested_at, requested_by, code_version)
            SELECT id, '{{}}', '', now(), id, '' FROM organisations;
            INSERT INTO run_hotspots
            SELECT id, id, organisation_id, 1, 9, 9, '{{}}', '{{}}', '{{}}', {outline} FROM analysis_runs;
            INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x');
            """
        )
    migrate.upgrade(empty.url(), 3006)
    with psycopg.connect(empty.conninfo()) as conn:
        [(squares,)] = conn.execute("SELECT core_places FROM run_hotspots").fetchall()
    assert squares == [21900, 264480, 1, 21901, 264480, 1]
