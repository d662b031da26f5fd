"""joint: make the joint pictures now, as the schedule does every week."""

import typer

from app import __version__
from app.actions import joint
from app.cli import deployment as deployments
from app.cli.deployment import Deployment, Home
from app.core.errors import SetupError
from app.edge.services import now
from app.store.engine import JOB_TIMEOUT_MS, JOINT_ROLE, make_engine
from app.store.tx import Database


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("joint")(make)


def make(home: Home = None) -> None:
    """Make the joint picture of each local police area, with the standard parameters; the worker does so every week."""
    with deployments.running(home) as deployment:
        deployments.check_migrated(deployment)
        for code, count in make_all(deployment).items():
            typer.echo(f"{code}: {count} joint hot spots")


def make_all(deployment: Deployment) -> dict[str, int]:
    """How many hot spots each picture shows."""
    url = deployment.settings.joint_database_url
    if url is None:
        raise SetupError("Name the login of the joint analysis in LAGESBILD_JOINT_DATABASE_URL.")
    engine = make_engine(url, role=JOINT_ROLE, pool_size=2, statement_timeout_ms=JOB_TIMEOUT_MS)
    try:
        k = deployment.settings.smallest_count
        return joint.make_joint_pictures(Database(engine), now=now(), k=k, code_version=__version__)
    finally:
        engine.dispose()
