"""Bearer tokens of a real identity provider at the API."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.permissions import Role
from app.edge.providers import REST
from app.edge.services import now
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from tests.api.wire import HOTSPOTS, INCIDENTS, report
from tests.conftest import Database
from tests.provider import PROGRAM, OpenIdProvider, openid_provider

HERE = "http://localhost"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider(HERE) as running:
        yield running


@pytest.fixture
def app(database: Database, tmp_path: Path, provider: OpenIdProvider) -> Iterator[FastAPI]:
    """The application, where people and programs come from the provider."""
    known = {"database_url": database.url(APP_ROLE), "home": tmp_path, "public_url": HERE}
    built = build_app(Settings(**known, **provider.settings))
    yield built
    built.state.services.database.engine.dispose()


def status(app: FastAPI, token: str, address: str = HOTSPOTS) -> int:
    client = TestClient(app, HERE, headers={"Authorization": f"Bearer {token}"})
    return client.get(address).status_code


def test_a_program_is_let_in_by_the_provider_s_word_and_gets_an_account(
    app: FastAPI, provider: OpenIdProvider, database: Database
) -> None:
    token = provider.program_token()
    assert [status(app, token) for _ in range(3)] == [200] * 3
    assert status(app, token, INCIDENTS) == 403  # a map client
    client = TestClient(app, HERE, headers={"Authorization": f"Bearer {token}"})
    assert client.post(INCIDENTS, json=report()).status_code == 403
    with psycopg.connect(database.conninfo()) as conn:
        found = conn.execute(
            "SELECT a.name, a.role, o.slug, i.issuer FROM accounts a JOIN identities i ON i.account_id = a.id"
            " JOIN organisations o ON o.id = a.organisation_id"
        ).fetchall()
    assert found == [("kartprogram", Role.MAP_CLIENT, "lindesta-kommun", provider.issuer)]


def test_a_program_without_a_role_is_not_let_in(
    app: FastAPI, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROGRAM, "groups", [])
    provider.restart()
    assert status(app, provider.program_token()) == 401
    monkeypatch.undo()
    provider.restart()


def test_a_token_for_another_service_is_not_taken(app: FastAPI, provider: OpenIdProvider) -> None:
    with openid_provider(HERE) as stranger:
        assert status(app, stranger.program_token()) == 401


def test_after_the_provider_changed_its_key_new_tokens_are_taken_and_old_ones_are_not(
    app: FastAPI, provider: OpenIdProvider
) -> None:
    old = provider.program_token()
    assert status(app, old) == 200
    provider.restart()
    new = provider.program_token()
    assert status(app, new) == 401  # the keys were fetched just now
    app.state.services.provider._clock = lambda: now() + REST + timedelta(seconds=1)
    assert status(app, new) == 200
    assert status(app, old) == 401


def test_a_token_ends_with_its_time(app: FastAPI, provider: OpenIdProvider) -> None:
    token = provider.program_token()
    app.state.services.provider._clock = lambda: now() + timedelta(seconds=700)
    assert status(app, token) == 401


def test_without_a_provider_its_tokens_are_nothing(
    database: Database, tmp_path: Path, provider: OpenIdProvider
) -> None:
    built = build_app(Settings(database_url=database.url(APP_ROLE), home=tmp_path))
    assert status(built, provider.program_token()) == 401
    built.state.services.database.engine.dispose()
