"""A deployment of real processes: a durable cluster and a server, both of which can be killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from app.store import migrate, tx
from app.store.cluster import Cluster
from app.store.engine import APP_ROLE, make_engine
from tests import factories

CHECKOUT = Path(__file__).resolve().parents[2]
DATABASE = "lagesbild"


class Deployment:
    """What `lagesbild serve` runs on, filled with the world of tests/factories.py."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cluster = Cluster(home / "postgres")
        self.tokens: Mapping[str, str] = {}
        self.address = ""
        self._server: subprocess.Popen[str] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def set_up(self) -> None:
        """Make the database and the world in it."""
        self.cluster.start()
        self.cluster.ensure_database(DATABASE)
        migrate.upgrade(self.cluster.url(DATABASE), factories.METRIC_SRID)
        migrate.allow_login(self.cluster.url(DATABASE), self.cluster.url(DATABASE, APP_ROLE))
        engine: sa.Engine = make_engine(self.cluster.url(DATABASE, APP_ROLE))
        self.tokens = factories.load_world(tx.Database(engine))
        engine.dispose()

    def serve(self) -> None:
        """Start the server and wait until it answers."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--home", self.home, "--port", "0"],
            cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._server.stdout
        line = self._server.stdout.readline()
        assert line.startswith("Ready: "), line
        self.address = line.split()[1]

    def work(self) -> None:
        """Start a worker. What one left behind that was killed just now is taken up as if a minute had passed."""
        with psycopg.connect(self.cluster.conninfo(DATABASE)) as conn:
            conn.execute("UPDATE jobs.procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 day'")
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker", "--home", self.home],
            cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def kill_worker(self) -> None:
        """As when the machine's memory ran out."""
        assert self.worker
        self.worker.kill()
        self.worker.wait()
        self.worker = None

    def kill_server(self) -> None:
        """As when the machine's memory ran out."""
        assert self._server
        assert self._server.stdout
        self._server.kill()
        self._server.wait()
        self._server.stdout.close()
        self._server = None

    def kill_database(self) -> None:
        """The postmaster first, then all its children."""
        postmaster = self.cluster._recorded_pid()
        assert postmaster in self.cluster._processes()
        os.kill(postmaster, signal.SIGKILL)
        for pid in self.cluster._processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it followed the postmaster by itself

    def tear_down(self) -> None:
        """Leave nothing behind."""
        if self.worker:
            self.kill_worker()
        if self._server:
            self.kill_server()
        self.cluster.remove()
        shutil.rmtree(self.home, ignore_errors=True)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application of this process on a port of its own; the address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def deployed() -> Iterator[Deployment]:
    """A deployment in a folder of its own, served, and gone afterwards."""
    home = Path(tempfile.gettempdir()) / f"lagesbild-{uuid.uuid4().hex[:12]}"  # user postgres must be let in
    home.mkdir(mode=0o755)
    deployment = Deployment(home)
    try:
        deployment.set_up()
        deployment.serve()
        yield deployment
    finally:
        deployment.tear_down()
