"""Which database this command works on: the one the settings name, or the private cluster below the home folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.core.errors import SetupError
from app.settings import Settings
from app.store import migrate
from app.store.cluster import Cluster
from app.store.engine import APP_ROLE, make_engine
from app.store.tx import Database

DATABASE = "lagesbild"

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the private database, tokens and secrets. [.lagesbild]")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Settings whose database addresses are known, and the private cluster when there is one."""

    settings: Settings
    cluster: Cluster | None

    @property
    def owner_url(self) -> str:
        """The login that migrates and backs up."""
        return str(self.settings.owner_database_url or self.settings.database_url)


def settings_for(home: Path | None) -> Settings:
    """The settings of the environment, with the home folder that the command was given."""
    settings = Settings()
    chosen = home or settings.home
    return settings.model_copy(update={"home": chosen.expanduser().absolute()})


def start(home: Path | None) -> Deployment:
    """The deployment, its private cluster started if that is where the data are."""
    settings = settings_for(home)
    settings.home.mkdir(parents=True, exist_ok=True)
    if settings.database_url is not None:
        return Deployment(settings=settings, cluster=None)
    cluster = Cluster(settings.home / "postgres")
    cluster.start()
    cluster.ensure_database(DATABASE)
    found = {"database_url": cluster.url(DATABASE, APP_ROLE), "owner_database_url": cluster.url(DATABASE)}
    return Deployment(settings=settings.model_copy(update=found), cluster=cluster)


@contextmanager
def opened(home: Path | None) -> Iterator[Database]:
    """The migrated database of the deployment; the private cluster is stopped again if this call started it."""
    settings = settings_for(home)
    was_running = settings.database_url is not None or _is_running(settings)
    deployment = start(home)
    engine = make_engine(str(deployment.settings.database_url), pool_size=4)
    try:
        check_migrated(deployment)
        yield Database(engine)
    finally:
        engine.dispose()
        if deployment.cluster is not None and not was_running:
            deployment.cluster.stop()


def upgrade(deployment: Deployment) -> None:
    """Bring the database to the newest schema."""
    migrate.upgrade(deployment.owner_url, deployment.settings.metric_srid)
    migrate.allow_login(deployment.owner_url, str(deployment.settings.database_url))


def check_migrated(deployment: Deployment) -> None:
    """Raise SetupError when the schema is older or newer than the code."""
    found, wanted = migrate.current_revision(deployment.owner_url), migrate.head()
    if found != wanted:
        raise SetupError(
            f"The database is at revision {found or 'none'}, the code at {wanted}: run `lagesbild migrate` first."
        )


def _is_running(settings: Settings) -> bool:
    folder = settings.home / "postgres"
    return folder.exists() and Cluster(folder).is_running()
