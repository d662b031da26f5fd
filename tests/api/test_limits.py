"""Who asks too often waits, in whichever process they ask; the others do not."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.limits import Limits
from app.main import build_app
from app.settings import Settings
from app.store.tx import Database, Turn
from tests.api.conftest import AsRole
from tests.api.wire import HOTSPOTS, INCIDENTS, PROBLEM, report, rows
from tests.conftest import Database as Copy

SECOND = timedelta(seconds=1)


def limit(app: FastAPI, **limits: int) -> None:
    app.state.services = dataclasses.replace(app.state.services, limits=Limits(**limits))


def statuses(ask: Callable[[], object], times: int) -> list[int]:
    return [getattr(ask(), "status_code") for _ in range(times)]  # noqa: B009 -- of any client's answer


@pytest.fixture
def second_process(settings: Settings) -> Iterator[FastAPI]:
    """The same deployment, with pools and memory of its own."""
    app = build_app(settings)
    yield app
    app.state.services.database.engine.dispose()


def test_after_so_many_writes_one_waits(app: FastAPI, as_role: AsRole, database: Copy) -> None:
    limit(app, writes=3)
    coordinator = as_role("coordinator")
    assert statuses(lambda: coordinator.post(INCIDENTS, json=report()), 5) == [201, 201, 201, 429, 429]
    answer = coordinator.post(INCIDENTS, json=report())
    assert (answer.headers["Content-Type"], answer.json()["type"]) == (PROBLEM, "/problems/too-many-requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 20
    assert rows(database) == 3
    assert as_role("reporter").post(INCIDENTS, json=report()).status_code == 201  # somebody else
    assert coordinator.get(INCIDENTS).status_code == 200  # something else


def test_reads_are_counted_too(app: FastAPI, as_role: AsRole) -> None:
    limit(app, reads=2)
    assert statuses(lambda: as_role("leadership").get(HOTSPOTS), 3) == [200, 200, 429]


def test_all_processes_count_together(app: FastAPI, second_process: FastAPI, tokens: Mapping[str, str]) -> None:
    headers = {"Authorization": f"Bearer {tokens['coordinator']}"}
    clients = [TestClient(each, headers=headers) for each in (app, second_process)]
    for each in (app, second_process):
        limit(each, reads=3)
    assert [clients[i % 2].get(INCIDENTS).status_code for i in range(5)] == [200, 200, 200, 429, 429]


def test_an_address_may_do_what_five_accounts_may(app: FastAPI, as_role: AsRole) -> None:
    limit(app, reads=1)
    keys = ("coordinator", "reporter", "analyst", "leadership", "map_client", "police")
    assert [as_role(key).get(HOTSPOTS).status_code for key in keys] == [200] * 5 + [429]


def test_guesses_at_tokens_are_counted_by_address_and_right_ones_still_work(app: FastAPI, as_role: AsRole) -> None:
    limit(app, sign_ins=1)
    stranger = TestClient(app, headers={"Authorization": "Bearer lgb_guess"})
    assert statuses(lambda: stranger.get(INCIDENTS), 7) == [401] * 5 + [429] * 2
    assert as_role("coordinator").get(INCIDENTS).status_code == 200


def test_without_limits_nothing_is_counted(app: FastAPI, as_role: AsRole, database: Copy) -> None:
    limit(app, writes=0, reads=0, sign_ins=0)
    assert statuses(lambda: as_role("coordinator").get(INCIDENTS), 3) == [200] * 3
    assert rows(database, "turns") == 0


def test_no_address_is_stored(app: FastAPI, as_role: AsRole, database: Copy) -> None:
    as_role("coordinator").get(INCIDENTS)
    with psycopg.connect(database.conninfo()) as conn:
        found = str(conn.execute("SELECT t::text FROM turns t").fetchall())
    assert len(found) > 100
    assert "testclient" not in found
    assert "coordinator" not in found


def taken(db: Database, key: bytes = b"k", price: timedelta = SECOND, credit: timedelta = 3 * SECOND) -> bool:
    return db.take_turns([Turn(key=key, price=price, credit=credit)]) is None


def test_turns_are_paid_back_evenly(db: Database, database: Copy) -> None:
    assert [taken(db) for _ in range(4)] == [True, True, True, False]
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("UPDATE turns SET free_at = free_at - interval '1 second'")
    assert [taken(db) for _ in range(2)] == [True, False]
    wait = db.take_turns([Turn(key=b"k", price=SECOND, credit=3 * SECOND)])
    assert wait is not None
    assert timedelta(0) < wait <= SECOND


def test_the_longest_wait_is_told_and_other_keys_are_free(db: Database) -> None:
    tight = Turn(key=b"a", price=10 * SECOND, credit=10 * SECOND)
    wide = Turn(key=b"b", price=SECOND, credit=5 * SECOND)
    assert db.take_turns([tight, wide]) is None
    wait = db.take_turns([tight, wide])
    assert wait is not None
    assert wait > 8 * SECOND
    assert db.take_turns([wide]) is None


def test_what_is_paid_off_is_forgotten(db: Database, database: Copy) -> None:
    for i in range(20):
        taken(db, key=b"old %d" % i)
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("UPDATE turns SET free_at = now() - interval '1 hour'")
    for i in range(15):
        taken(db, key=b"new %d" % i)
    assert rows(database, "turns") == 15
