"""Nothing secret or personal that is sent, rightly or wrongly, stands in a log of ours."""

from pathlib import Path

import httpx2
import psycopg
import pytest

from app.actions import sign_ins
from app.actions.deployments import installer
from app.store.engine import APP_ROLE, make_engine
from app.store.tx import Database
from tests.api import processes
from tests.api.wire import INCIDENTS, report
from tests.factories import LINDESTA, NOW

MARKERS = {
    "text": "Kalle Hemligsson",
    "password": "hemliga gäss i gryningen",
    "wrong password": "inte rätt gås alls",
    "wrong token": "lgb_hemlig-nyckel",
    "jwt": "eyJhbGciOiJub25lIn0.aGVtbGln.aGVtbGln",
    "query": "hemlig-plats",
    "cookie": "hemlig-kaka",
    "key": "hemlig-nyckel-till-upprepning",
}


def test_no_marker_stands_in_a_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    streams = tmp_path / "streams"
    usual = processes.subprocess.Popen
    with streams.open("wb") as kept:
        monkeypatch.setattr(processes.subprocess, "Popen", lambda *a, **k: usual(*a, **{"stderr": kept, **k}))
        with processes.deployed() as deployment:
            secrets = _ask_everything(deployment)
            cluster_log = "".join(
                file.read_text(errors="replace") for file in deployment.home.rglob("*log*") if file.is_file()
            )
    told = streams.read_text(errors="replace") + cluster_log
    assert "unforeseen error" in told  # so faults are logged, and where we look
    assert "database system is ready" in told
    assert [name for name, marker in (MARKERS | secrets).items() if marker in told] == []


def _ask_everything(deployment: processes.Deployment) -> dict[str, str]:
    """Every way in that takes a secret, and a fault of ours with each; the secrets beside the markers."""
    url = deployment.cluster.url(processes.DATABASE, APP_ROLE)
    engine = make_engine(url)
    with Database(engine).write(installer()) as tx:
        sign_ins.set_password(
            tx,
            organisation=LINDESTA,
            account="leadership",
            username="ledning",
            password=MARKERS["password"],
            now=NOW,
        )
    engine.dispose()
    token = deployment.tokens["coordinator"]
    conninfo = deployment.cluster.conninfo(processes.DATABASE)
    with httpx2.Client(base_url=deployment.address) as client:
        for is_broken in (False, True):
            if is_broken:
                with psycopg.connect(conninfo) as conn:
                    conn.execute("ALTER TABLE incidents RENAME COLUMN text TO words")
                    conn.execute("ALTER TABLE passwords RENAME COLUMN username TO nickname")
                    conn.execute("ALTER TABLE sessions RENAME COLUMN idle_s TO silence")
            bearer = {"Authorization": f"Bearer {token}"}
            headers = {**bearer, "Idempotency-Key": MARKERS["key"]}
            client.post(INCIDENTS, json=report(text=f"{MARKERS['text']} ringde"), headers=headers)
            client.get(INCIDENTS, params={"source": MARKERS["query"]}, headers=bearer)
            for password in (MARKERS["password"], MARKERS["wrong password"]):
                client.post("/logga-in", data={"username": "ledning", "password": password})
            client.post("/logga-in", data={"token": token})
            client.cookies.clear()
            for secret in (MARKERS["wrong token"], MARKERS["jwt"]):
                client.get(INCIDENTS, headers={"Authorization": f"Bearer {secret}"})
            client.get("/karta", headers={"Cookie": f"session={MARKERS['cookie']}"})
    return {"token": token}
