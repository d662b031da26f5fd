"""The demo: everything on one machine, started and stopped together."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from app.cli import deployment as deployments
from app.cli import server, setting_up
from app.cli.deployment import Deployment
from app.core.errors import SetupError
from app.store.cluster import Cluster

BASEMAP = "basemap.geojson.gz"
WORKER_STOPS_S = 40


def run(home: Path | None, *, host: str, port: int, is_fresh: bool) -> None:
    """Start all of it, say Ready, and serve until Ctrl-C."""
    settings = deployments.settings_for(home)
    with server.listening(host, port) as socket:
        if is_fresh:
            _forget(settings.home, settings.database_url)
        _say("Starting the database")
        deployment = deployments.start(home)
        try:
            _prepare(deployment)
            served = deployment.settings.model_copy(
                update={"basemap": deployment.settings.basemap or setting_up.sample_folder() / BASEMAP}
            )
            tokens = deployment.settings.home / setting_up.TOKENS_FILE
            with _worker(deployment):
                server.run(served, socket, ready=lambda url: _ready(url, tokens))
        except KeyboardInterrupt:
            pass
        finally:
            if deployment.cluster is not None:
                deployment.cluster.stop()
    _say("Stopped; the data are kept for the next start")


def _prepare(deployment: Deployment) -> None:
    deployments.upgrade(deployment)
    setting_up.load_categories(deployment)
    tokens = deployment.settings.home / setting_up.TOKENS_FILE
    if tokens.exists() and not setting_up.is_empty(deployment):
        return
    if not setting_up.is_empty(deployment):
        raise SetupError(
            f"The database holds organisations, but {tokens} is missing: an earlier demo was interrupted while it was "
            "loading, or this is no demo. Start again with --fresh, or serve it with `lagesbild serve`."
        )
    _say("Loading three invented towns with two years of reports")
    setting_up.load_sample(deployment, _say)


@contextmanager
def _worker(deployment: Deployment) -> Iterator[None]:
    """A worker process beside the server. It leaves when its standard input closes, so no kill orphans it."""
    command = [sys.executable, "-m", "app.cli", "worker", "--home", str(deployment.settings.home), "--while-stdin-open"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as process:  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(WORKER_STOPS_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _forget(home: Path, database_url: str | None) -> None:
    """Remove what an earlier demo stored. Never in a database that somebody else runs."""
    if database_url is not None:
        raise SetupError("--fresh empties only the demo's own database; LAGESBILD_DATABASE_URL names another.")
    if (home / "postgres").exists():
        Cluster(home / "postgres").remove()
    (home / setting_up.TOKENS_FILE).unlink(missing_ok=True)


def _ready(url: str, tokens: Path) -> None:
    typer.echo(f'Ready: {url} – sign in at {url}/logga-in with a token from {tokens}, for example "coordinator"')
    sys.stdout.flush()


def _say(sentence: str) -> None:
    typer.echo(f"== {sentence}", err=True)
