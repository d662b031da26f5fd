"""demo, serve, worker, migrate: what runs."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from app.cli import deployment as deployments
from app.cli.deployment import Home

Port = Annotated[int, typer.Option(help="TCP port; 0 takes a free one.", min=0, max=65535)]
Host = Annotated[str, typer.Option(help="Address to listen on.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(demo)
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


def demo(
    home: Home = None,
    port: Port = 8000,
    host: Host = "127.0.0.1",
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget everything an earlier demo stored.")] = False,
) -> None:
    """Start everything with three invented towns: database, sample data, an adopted analysis, web and worker.

    Ctrl-C stops all of it; the data stay for the next start. One token for each role lies in
    HOME/demo-tokens.json: paste one at the sign-in page, or send it as `Authorization: Bearer <token>`.
    """
    from app.cli import demo as demos

    with _stopped_by_a_signal():
        demos.run(home, host=host, port=port, is_fresh=fresh)


def serve(home: Home = None, port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Serve the web and the API. Needs a migrated database; analyses need a `lagesbild worker` beside it.

    Ctrl-C stops it, and the private database if this command started that.
    """
    from app.cli import server

    with _stopped_by_a_signal(), deployments.running(home) as deployment:
        deployments.check_migrated(deployment)
        with server.listening(host, port) as socket:
            server.run(deployment.settings, socket, ready=lambda url: typer.echo(f"Ready: {url}"))


def worker(
    home: Home = None,
    *,
    while_stdin_open: Annotated[
        bool, typer.Option("--while-stdin-open", hidden=True, help="Stop when standard input closes.")
    ] = False,
) -> None:
    """Run the background jobs: analyses and upkeep.

    Ctrl-C stops it when the job under way is done, and the private database if this command started that.
    """
    from app.jobs import worker as workers

    if while_stdin_open:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    with _stopped_by_a_signal(), deployments.running(home) as deployment:
        deployments.check_migrated(deployment)
        typer.echo("Worker: waiting for jobs")
        workers.run(deployment.settings)


def migrate(home: Home = None) -> None:
    """Bring the database to the newest schema. Safe to run again; run it before every new version serves."""
    from app.cli import setting_up
    from app.store import migrate as migrations

    with deployments.running(home) as deployment:
        deployments.upgrade(deployment)
        setting_up.load_categories(deployment)
    typer.echo(f"The database is at revision {migrations.head()}.")


@contextmanager
def _stopped_by_a_signal() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does, so that it stops what it started; neither is a fault."""
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop_at_end_of_input() -> None:
    """The process that started this one is gone when its end of the pipe closes."""
    while os.read(0, 1):  # not sys.stdin: its lock would be held while the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
