"""What was acknowledged is stored, whatever is killed, and sending all of it again stores nothing twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx2
import psycopg
import pytest

from tests.api.processes import DATABASE, Deployment, deployed
from tests.api.wire import INCIDENTS, report

SENDERS = 200
KILLED_AFTER = 60  # acknowledgements


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """A durable database and a server of its own process."""
    with deployed() as made:
        yield made


class Senders:
    """Two hundred senders of one report each, who note what they were told."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self.deployment = deployment
        self.name = name
        self.acknowledged: dict[str, str] = {}  # reference: id
        self.is_enough = Event()
        self.limits = httpx2.Limits(max_connections=SENDERS)
        self.headers = {"Authorization": f"Bearer {deployment.tokens['coordinator']}"}

    @contextmanager
    def all_at_once(self) -> Iterator[None]:
        """Set all of them off; at the end each has its answer, or none."""
        address = self.deployment.address
        with (
            httpx2.Client(base_url=address, headers=self.headers, limits=self.limits, timeout=60) as client,
            ThreadPoolExecutor(SENDERS) as pool,
        ):
            for n in range(SENDERS):
                pool.submit(self._send, client, f"{self.name}-{n}")
            yield

    def _send(self, client: httpx2.Client, reference: str) -> None:
        try:
            answer = client.post(INCIDENTS, json=report(source_ref=reference))
        except httpx2.TransportError:
            return  # nobody answered: it may be stored or not
        if answer.status_code in {200, 201}:
            self.acknowledged[reference] = answer.json()["id"]
        if len(self.acknowledged) >= KILLED_AFTER:
            self.is_enough.set()


def stored(deployment: Deployment, name: str) -> dict[str, str]:
    """Reference and id of what the database holds of these senders; every reference once."""
    with psycopg.connect(deployment.cluster.conninfo(DATABASE)) as conn:
        found = conn.execute(
            "SELECT source_ref, id::text FROM incidents WHERE starts_with(source_ref, %s)", (f"{name}-",)
        ).fetchall()
    assert len({ref for ref, _ in found}) == len(found)
    return dict(found)


def kill_in_the_middle(deployment: Deployment, name: str) -> None:
    """One round: send, kill, start again, compare, send again, compare."""
    first = Senders(deployment, name)
    with first.all_at_once():
        assert first.is_enough.wait(60)
        deployment.kill_server()
        deployment.kill_database()
    assert KILLED_AFTER <= len(first.acknowledged) < SENDERS
    deployment.cluster.start()
    deployment.serve()
    kept = stored(deployment, name)
    assert kept.items() >= first.acknowledged.items()
    again = Senders(deployment, name)
    with again.all_at_once():
        pass
    assert again.acknowledged.items() >= kept.items()
    assert stored(deployment, name) == again.acknowledged
    assert len(again.acknowledged) == SENDERS


def test_what_was_acknowledged_outlives_the_death_of_server_and_database(deployment: Deployment) -> None:
    kill_in_the_middle(deployment, "once")


@pytest.mark.long
def test_what_was_acknowledged_outlives_ten_deaths(deployment: Deployment) -> None:
    for n in range(10):
        kill_in_the_middle(deployment, f"round{n}")
