"""Every act and every look at an exact place is in the audit log: asked of the code, and of all addresses in turn."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.privacy import PROCESSED
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from app.store.tables import metadata
from tests.conftest import Database
from tests.guards.conftest import sources
from tests.guards.test_routes import routes

EXACT = {"page", "one"}  # of store/incidents.py: what gives exact positions to a reader
PLACE = (15.8512347, 59.6487651)
TEXT = "Zebrafinkar i busskuren"
TRACES = (re.compile(r"15\.85123"), re.compile(r"59\.64876"), re.compile(TEXT))


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """All functions of a module, by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def takes(function: ast.FunctionDef) -> set[str]:
    """The types that a function's arguments are declared with."""
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return {ast.unparse(a.annotation) for a in arguments if a.annotation}


def called(function: ast.FunctionDef) -> set[str]:
    """What it calls: names, and attributes by their last word."""
    funcs = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {f.id if isinstance(f, ast.Name) else f.attr for f in funcs if isinstance(f, ast.Name | ast.Attribute)}


def records(name: str, known: Mapping[str, ast.FunctionDef], seen: frozenset[str] = frozenset()) -> bool:
    """Whether it writes an audit line itself or through another function of the module."""
    calls = called(known[name])
    return "record" in calls or any(records(n, known, seen | {name}) for n in (calls & known.keys()) - seen - {name})


def test_every_action_that_takes_a_write_transaction_records() -> None:
    acts = [
        (path, name, known)
        for path, tree in sources().items()
        if path.startswith("actions/")
        for known in [functions(tree)]
        for name, function in known.items()
        if not name.startswith("_") and "WriteTx" in takes(function)
    ]
    assert len(acts) > 15
    assert [(path, name) for path, name, known in acts if not records(name, known)] == []


def test_what_gives_exact_positions_takes_an_audited_transaction() -> None:
    known = functions(sources()["store/incidents.py"])
    assert known.keys() >= EXACT
    assert {name: takes(known[name]) & {"ReadTx"} for name in EXACT} == {name: set() for name in EXACT}
    assert all(any("AuditedReadTx" in t for t in takes(known[name])) for name in EXACT)
    assert takes(functions(sources()["store/imports.py"])["preview"]) == {"AuditedReadTx", "UUID"}


@pytest.fixture
def planted(database: Database, tmp_path: Path, tokens: Mapping[str, str]) -> Iterator[tuple[FastAPI, str]]:
    """The whole application, and the id of an incident with an exact place that can be told from every other."""
    app = build_app(Settings(database_url=database.url(APP_ROLE), home=tmp_path))
    with TestClient(app, headers={"Authorization": f"Bearer {tokens['coordinator']}"}) as client:
        body = {
            "category": "SKD",
            "occurred_from": "2026-11-09T12:00:00Z",
            "position": {"lon": PLACE[0], "lat": PLACE[1]},
            "source": "est-rapport",
            "text": TEXT,
        }
        yield app, str(client.post("/api/v1/incidents", json=body).json()["id"])
    app.state.services.database.engine.dispose()


def last_lines(database: Database) -> tuple[int, list[str]]:
    with psycopg.connect(database.conninfo()) as conn:
        rows = conn.execute("SELECT id, action FROM audit_lines ORDER BY id DESC LIMIT 2").fetchall()
    return rows[0][0], [action for _, action in reversed(rows)]


@pytest.mark.parametrize("key", ["coordinator", "analyst", "auditor", "leadership", "map_client", "admin", "police"])
def test_every_address_that_shows_an_exact_place_or_a_text_has_said_so_in_the_log(
    planted: tuple[FastAPI, str], database: Database, tokens: Mapping[str, str], key: str
) -> None:
    app, incident_id = planted
    shown = set()
    tried = 0
    browser = TestClient(app, headers={"Accept": "text/html"})
    browser.post("/logga-in", data={"token": tokens[key]})
    program = TestClient(app, headers={"Authorization": f"Bearer {tokens[key]}"})
    for method, path, _ in routes(app):
        if method != "GET":
            continue
        address = re.sub(r"\{[^}]+\}", incident_id, path)
        client = program if path.startswith(("/api/", "/ogc/")) else browser
        before, _ = last_lines(database)
        text = client.get(address).text
        tried += 1
        if any(trace.search(text) for trace in TRACES):
            after, actions = last_lines(database)
            assert after == before + 2, path
            assert (actions[0].endswith(".read"), actions[1]) == (True, "read.ended"), path
            shown.add(path)
    assert tried > 15
    exact = {"/api/v1/incidents", "/api/v1/incidents/{incident_id:uuid}"}
    assert shown == (exact if key in {"coordinator", "analyst"} else set())


def test_every_table_is_told_of_in_the_privacy_report() -> None:
    assert set(PROCESSED) == set(metadata.tables)
    assert len(PROCESSED) > 15
