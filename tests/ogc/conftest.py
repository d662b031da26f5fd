"""The map service on a small world: incidents of several kinds, adopted hot spots of two organisations.

mapped      the world, on a fresh copy that all tests of a module share: for reading
reading     reading("coordinator"): requests with the token of that account
live_map    the address of a real server on the same world
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import build_app
from app.settings import Settings
from app.store import tx
from app.store.engine import APP_ROLE
from tests import factories
from tests.api.processes import served
from tests.conftest import Database, Server, copied, opened
from tests.factories import CENTRE, NOW, Actors, Group, adopted_run, raw, raws_of, reported

Reading = Callable[[str], TestClient]
COUNT = 48  # incidents of Lindesta
TEXT = "Krossad ruta vid Ågatan, ”hörnet” = öppet"


def filled(db: tx.Database, actors: Actors) -> None:
    """Incidents in Lindesta and of the police, two adopted runs in Lindesta and one in Hyttfors."""
    raws = raws_of(Group(count=20), Group(count=14, east_m=700, category="KLO"), Group(count=10, north_m=900))
    odd = [
        raw(text=TEXT, source_ref="=1+1", occurred_from=NOW - timedelta(days=70)),
        raw(category="BUS", occurred_from=NOW - timedelta(days=3), occurred_to=NOW - timedelta(days=1)),
        raw(category="BUS", source_ref="ÅÄÖ-1"),
        raw(category="OTR", source_ref="b-2"),
    ]
    assert len(raws) + len(odd) == COUNT
    reported(db, actors["coordinator"], [*raws, *odd])
    reported(db, actors["police"], [raw(source="rar", category="SKD", source_ref=f"P-{i}") for i in range(5)])
    for place in ((15.83, 59.64), CENTRE):
        adopted_run(db, actors["coordinator"], place)
    adopted_run(db, actors["other_coordinator"], factories.ELSEWHERE)


@pytest.fixture(scope="module")
def world(cluster: Server, template_database: str, actors: Actors) -> Iterator[Database]:
    with copied(cluster, template_database) as copy:
        with opened(copy) as db:
            filled(db, actors)
        yield copy


@pytest.fixture(scope="module")
def map_app(world: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    settings = Settings(
        database_url=world.url(APP_ROLE),
        home=tmp_path_factory.mktemp("home"),
        reads_per_minute=0,
        sign_ins_per_minute=0,
    )
    built = build_app(settings)
    yield built
    built.state.services.database.engine.dispose()


@pytest.fixture(scope="module")
def reading(map_app: FastAPI, tokens: Mapping[str, str]) -> Reading:
    return lambda key: TestClient(map_app, headers={"Authorization": f"Bearer {tokens[key]}"})


@pytest.fixture(scope="module")
def live_map(map_app: FastAPI) -> Iterator[str]:
    with served(map_app) as address:
        yield address


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path


def crowd(world: Database, count: int) -> None:
    """So many more incidents in Lindesta, spread over the municipality."""
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("SELECT set_config('lagesbild.audited', pg_current_xact_id()::text, true)")
        conn.execute(
            """
            INSERT INTO incidents (organisation_id, source, source_ref, category, occurred_from, geom, text, state,
                                   reported_at, changed_at, content_hash)
            SELECT o.id, 'est-rapport', 'många-' || n, CASE n %% 3 WHEN 0 THEN 'SKD' WHEN 1 THEN 'KLO' ELSE 'BUS' END,
                   timestamptz '2026-01-01' + n * interval '1 minute',
                   ST_SetSRID(ST_MakePoint(15.76 + 0.18 * ((n * 7919) %% 10007) / 10007.0,
                                           59.56 + 0.18 * ((n * 104729) %% 10009) / 10009.0), 4326),
                   'Åskådare såg något', 'approved', now(), now(), ''
              FROM organisations AS o, generate_series(1, %s) AS n
             WHERE o.slug = 'lindesta-kommun'
            """,
            (count,),
        )
    with psycopg.connect(world.conninfo(), autocommit=True) as conn:
        conn.execute("ANALYZE incidents")
