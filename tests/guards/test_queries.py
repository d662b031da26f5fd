"""Every named query fits the migrated schema, and every one is used."""

import ast
from collections.abc import Iterator, Mapping
from importlib import resources

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.store.engine import APP_ROLE
from app.store.queries import load, sections
from tests.conftest import Database, Server, copied
from tests.guards.conftest import sources

UTILITIES = {("incidents", "stage"), ("incidents", "fill")}  # not to be prepared: carried out instead, in this order


def nouns() -> dict[str, Mapping[str, sa.TextClause]]:
    """The queries of every file of store/sql, by noun."""
    folder = resources.files("app.store.sql")
    files = [f for f in folder.iterdir() if f.name.endswith(".sql")]
    return {f.name.removesuffix(".sql"): vars(load(f.name.removesuffix(".sql"))) for f in files}


QUERIES = [(noun, name) for noun, queries in sorted(nouns().items()) for name in queries]


@pytest.fixture(scope="module")
def app_connection(cluster: Server, template_database: str) -> Iterator[psycopg.Connection]:
    """The app role on the migrated schema."""
    with copied(cluster, template_database) as copy:
        options = "-c search_path=public,jobs"
        with psycopg.connect(copy.conninfo(APP_ROLE), autocommit=True, options=options) as conn:
            for noun, name in sorted(UTILITIES, reverse=True):
                carried_out(conn, str(nouns()[noun][name].text))
            yield conn


def carried_out(conn: psycopg.Connection, statement: str) -> None:
    """A statement that is no query."""
    if "FROM STDIN" not in statement:
        conn.execute(statement.encode())
        return
    with conn.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.set_types(["int4"])


def test_there_are_queries() -> None:
    assert len(QUERIES) > 40
    assert set(QUERIES) > UTILITIES


@pytest.mark.parametrize(("noun", "name"), QUERIES)
def test_every_query_can_be_prepared_by_the_app_role(app_connection: psycopg.Connection, noun: str, name: str) -> None:
    if (noun, name) in UTILITIES:
        return  # carried out by the fixture
    compiled = nouns()[noun][name].compile(dialect=PGDialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    app_connection.execute(f"PREPARE {noun}_{name} AS {compiled}".encode())


def used(tree: ast.Module) -> set[tuple[str, str]]:
    """(noun, name) of every query that a module of the store asks for, as SQL.name with SQL = load(noun)."""
    loaded = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "load"
    }
    return {
        (loaded[node.value.id], node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in loaded
    }


def test_every_query_is_used_and_every_one_that_is_used_is_there() -> None:
    assert {query for tree in sources().values() for query in used(tree)} == set(QUERIES)


def test_every_list_that_can_grow_has_a_limit() -> None:
    short = {("categories", "page"), ("organisations", "slugs_of"), ("sources", "named")}  # few by nature
    short |= {("known_hotspots", "known"), ("known_hotspots", "changes")}  # a list that lacks one says it is gone
    short |= {("imports", "twins")}  # as many as were asked about
    of_the_schema = {"backups", "inspection"}  # as many as there are tables
    unlimited = {
        (noun, name)
        for noun, queries in nouns().items()
        for name, query in queries.items()
        if noun not in of_the_schema
        if "ORDER BY" in query.text and " LIMIT " not in query.text and "INSERT" not in query.text
        if "string_agg" not in query.text  # one row: all hot spots of a run, all points of an analysis
    }
    assert unlimited - short == set()


def test_no_statement_is_written_outside_the_store() -> None:
    words = ("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "ST_")
    found = [
        (path, node.value[:40])
        for path, tree in sources().items()
        if not path.startswith("store/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lstrip().startswith(words)
    ]
    assert found == []


def test_bootstrap_is_split_into_steps_with_names(database: Database) -> None:
    steps = sections(resources.files("app.store").joinpath("bootstrap.sql").read_text(encoding="utf-8"))
    assert list(steps) == ["roles", "extension", "leakproof"]
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        for statement in steps.values():  # again does no harm
            conn.execute(statement.encode())
