"""The application on a real database, asked over HTTP.

client      nobody in particular, on a fresh copy of the world
as_role     as_role("coordinator"): the same with the token of that account
live        a real server on a port of its own, with the same application
worked      works off the queue with a real worker and returns when it is empty
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.jobs.worker import build_worker
from app.main import build_app
from app.settings import Settings
from app.store import tx
from app.store.engine import APP_ROLE
from tests import factories
from tests.api.processes import served
from tests.conftest import Database

AsRole = Callable[[str], TestClient]
MAX_BODY_BYTES = 4 * 1024 * 1024


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """A deployment on the test's own copy of the world."""
    return Settings(database_url=database.url(APP_ROLE), home=tmp_path, max_body_bytes=MAX_BODY_BYTES)


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    """The application, at noon on the day of factories.NOW."""
    built = build_app(settings)
    built.state.services = dataclasses.replace(built.state.services, clock=lambda: factories.NOW)
    yield built
    built.state.services.database.engine.dispose()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Requests without a token."""
    return TestClient(app)


@pytest.fixture
def as_role(app: FastAPI, tokens: Mapping[str, str]) -> AsRole:
    """Requests with the token of an account in factories.ACCOUNTS."""
    return lambda key: TestClient(app, headers={"Authorization": f"Bearer {tokens[key]}"})


@pytest.fixture
def coordinator(as_role: AsRole) -> TestClient:
    """The coordinator of Lindesta, whose reports need no review."""
    return as_role("coordinator")


@pytest.fixture
def live(app: FastAPI) -> Iterator[str]:
    """The address of a real server."""
    with served(app) as address:
        yield address


@pytest.fixture
def worked(settings: Settings, db: tx.Database) -> Callable[[], None]:
    """Work off what is queued."""
    worker = build_worker(settings, db)

    def work() -> None:
        with worker.open():
            worker.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)

    return work
