"""One small world under attack: two municipalities with a report, an adopted run and a hot spot each.

attacked    the application; its limits are off unless a test sets some
victim      what Lindesta has, and an attacker wants
as_role     as_role("other_coordinator"): requests with that account's token
browser     browser(): a browser at the same application, from an address of its own if need be
raw         raw(b"GET / HTTP/1.1 …"): the same application behind a real server, byte by byte
"""

import dataclasses
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.actions import accounts, analyses, sign_ins
from app.actions.deployments import installer
from app.core.identities import MappingRule
from app.core.permissions import Role
from app.edge.providers import Provider
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from tests import factories
from tests.api.processes import served
from tests.conftest import Database, Server, copied, opened
from tests.factories import CENTRE, ELSEWHERE, LINDESTA, Group
from tests.forging import AUDIENCE, KEY, Told, invented_provider, show

MARKER = "Hemligsson"
HERE = "http://localhost"
USERNAME, PASSWORD = "ledning", "gröna äpplen i oktober"
AS_BROWSERS_DO = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "sv"}
AsRole = Callable[[str], TestClient]
Raw = Callable[..., bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """What Lindesta has."""

    incident: str
    source_ref: str
    run: str
    hotspot: str
    text: str = f"Talade med {MARKER}."


@pytest.fixture(scope="session")
def invented() -> Iterator[Told]:
    """An identity provider whose keys we hold; whom it names is in Lindesta, with the role of a map client."""
    with invented_provider() as told:
        told.claims = {"tid": "lindesta"}
        show(told, KEY)
        yield told


@pytest.fixture(scope="session")
def attacked_database(cluster: Server, template_database: str) -> Iterator[Database]:
    with copied(cluster, template_database) as copy:
        yield copy


@pytest.fixture(scope="session")
def application(
    attacked_database: Database, invented: Told, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FastAPI]:
    app = build_app(
        Settings(
            database_url=attacked_database.url(APP_ROLE),
            home=tmp_path_factory.mktemp("attacked"),
            max_body_bytes=1_000_000,
            oidc_issuer=invented.issuer,
            oidc_client_id="lagesbild",
            oidc_audience=AUDIENCE,
            oidc_mapping=(MappingRule(when={"tid": "lindesta"}, role=Role.MAP_CLIENT, organisation=LINDESTA),),
            public_url=HERE,
            sign_ins_per_minute=0,
            writes_per_minute=0,
            reads_per_minute=0,
        )
    )
    given = app.state.services
    provider = Provider(given.provider.registration, lambda: invented.now)
    app.state.services = dataclasses.replace(given, provider=provider)
    yield app
    given.database.engine.dispose()


@pytest.fixture
def attacked(application: FastAPI) -> Iterator[FastAPI]:
    """The application; what a test sets on its services is undone."""
    given = application.state.services
    yield application
    application.state.services = given


@pytest.fixture(scope="session")
def victim(attacked_database: Database, tokens: Mapping[str, str]) -> Victim:
    """Fill the world, once."""
    with opened(attacked_database) as db:
        for key, place in (("coordinator", CENTRE), ("other_coordinator", ELSEWHERE)):
            actor = db.signed_in(accounts.credential_hash(tokens[key]), is_session=False)
            assert actor
            east = 0.0 if place is CENTRE else 17_000.0
            group = Group(count=10, east_m=east)
            raws = [
                dataclasses.replace(r, text=f"Talade med {MARKER}." if east == 0 else "x")
                for r in factories.raws_of(group)
            ]
            reported = factories.reported(db, actor, raws)
            analyses.run_and_adopt(
                db,
                actor,
                analyses.AnalysisRequest(replicates=19),
                clock=lambda: factories.NOW,
                code_version=factories.CODE_VERSION,
                srid=factories.METRIC_SRID,
            )
            if place is CENTRE:
                ids = reported.ids
        with db.write(installer()) as tx:
            sign_ins.set_password(
                tx,
                organisation=LINDESTA,
                account="leadership",
                username=USERNAME,
                password=PASSWORD,
                now=factories.NOW,
            )
    with psycopg.connect(attacked_database.conninfo()) as conn:
        row = conn.execute(
            "SELECT h.run_id, h.hotspot_id FROM run_hotspots h JOIN organisations o ON o.id = h.organisation_id"
            " WHERE o.slug = %s",
            [LINDESTA],
        ).fetchone()
    assert row
    return Victim(incident=str(ids[0]), source_ref="SKD-0-0", run=str(row[0]), hotspot=str(row[1]))


@pytest.fixture
def anybody(attacked: FastAPI, victim: Victim) -> TestClient:
    """A stranger on the network."""
    return TestClient(attacked, HERE, follow_redirects=False)


@pytest.fixture
def as_role(attacked: FastAPI, victim: Victim, tokens: Mapping[str, str]) -> AsRole:
    def client(key: str) -> TestClient:
        headers = {"Authorization": f"Bearer {tokens[key]}"}
        return TestClient(attacked, HERE, headers=headers, follow_redirects=False)

    return client


@pytest.fixture
def stranger(as_role: AsRole) -> TestClient:
    """The coordinator of the other municipality: signed in, and with nothing to look for in Lindesta."""
    return as_role("other_coordinator")


@pytest.fixture
def browser(attacked: FastAPI, victim: Victim) -> Callable[..., TestClient]:
    def opened_at(address: str = "testclient") -> TestClient:
        return TestClient(attacked, HERE, follow_redirects=False, headers=AS_BROWSERS_DO, client=(address, 50_000))

    return opened_at


@pytest.fixture
def raw(attacked: FastAPI, victim: Victim) -> Iterator[Raw]:
    """Send bytes to a real server, and read until it hangs up."""
    with served(attacked) as address:
        parts = urlsplit(address)

        def send(*pieces: bytes, pause_s: float = 0.0) -> bytes:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
                try:
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause_s)
                except OSError:
                    pass  # hung up on; what was said before is to be read
                told = b""
                try:
                    while piece := connection.recv(10_000):
                        told += piece
                except ConnectionResetError:
                    pass
                return told

        yield send


def fails(answer: Any, *statuses: int) -> None:
    """The attack came to nothing: answered as expected, and nothing of the victim's in it."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert MARKER not in answer.text
    assert "Traceback" not in answer.text
    assert "psycopg" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
