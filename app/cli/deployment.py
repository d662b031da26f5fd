"""Which database this command works on: the one the settings name, or the private cluster below the home folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from app.core.errors import SetupError
from app.settings import Settings
from app.store import migrate
from app.store.cluster import Cluster
from app.store.engine import APP_ROLE, JOINT_ROLE, WEB_TIMEOUT_MS, make_engine
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
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_setting(p['loc'])}{p['msg']}" for p in error.errors())
        raise SetupError(f"The settings cannot be used: {wrong}") from error
    chosen = home or settings.home
    return settings.model_copy(update={"home": chosen.expanduser().absolute()})


def _setting(place: tuple[int | str, ...]) -> str:
    """The setting that is wrong; none when several do not go together."""
    return f"LAGESBILD_{str(place[0]).upper()}: " if place else ""


def start(home: Path | None) -> Deployment:
    """The deployment, its private cluster started if that is where the data are."""
    return _start(settings_for(home))[0]


@contextmanager
def running(home: Path | None) -> Iterator[Deployment]:
    """The deployment for one command; the private cluster is stopped again if this call started it."""
    deployment, has_started = _start(settings_for(home))
    try:
        yield deployment
    finally:
        if deployment.cluster is not None and has_started:
            deployment.cluster.stop()


@contextmanager
def connected(deployment: Deployment, statement_timeout_ms: int = WEB_TIMEOUT_MS) -> Iterator[Database]:
    """The migrated database of a running deployment, as the app role."""
    engine = make_engine(str(deployment.settings.database_url), pool_size=4, statement_timeout_ms=statement_timeout_ms)
    try:
        check_migrated(deployment)
        yield Database(engine)
    finally:
        engine.dispose()


@contextmanager
def opened(home: Path | None, statement_timeout_ms: int = WEB_TIMEOUT_MS) -> Iterator[Database]:
    """The migrated database for one command; the private cluster is stopped again if this call started it."""
    with running(home) as deployment, connected(deployment, statement_timeout_ms) as database:
        yield database


def upgrade(deployment: Deployment) -> None:
    """Bring the database to the newest schema."""
    migrate.upgrade(deployment.owner_url, deployment.settings.metric_srid)
    migrate.allow_login(deployment.owner_url, str(deployment.settings.database_url))
    if deployment.settings.joint_database_url is not None:
        migrate.allow_login(deployment.owner_url, deployment.settings.joint_database_url)


def check_migrated(deployment: Deployment) -> None:
    """Raise SetupError when the schema is older or newer than the code."""
    found, wanted = migrate.current_revision(deployment.owner_url), migrate.head()
    if found != wanted:
        raise SetupError(
            f"The database is at revision {found or 'none'}, the code at {wanted}: run `lagesbild migrate` first."
        )


def is_running(settings: Settings) -> bool:
    """Whether the private cluster runs."""
    folder = settings.home / "postgres"
    return folder.exists() and Cluster(folder).is_running()


def _start(settings: Settings) -> tuple[Deployment, bool]:
    """The deployment, and whether this call started its private cluster."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"The home folder {settings.home} cannot be made: {error.strerror}") from error
    if settings.database_url is not None:
        return Deployment(settings=settings, cluster=None), False
    cluster = Cluster(settings.home / "postgres")
    has_started = cluster.start()
    cluster.ensure_database(DATABASE)
    found = {
        "database_url": cluster.url(DATABASE, APP_ROLE),
        "owner_database_url": cluster.url(DATABASE),
        "joint_database_url": cluster.url(DATABASE, JOINT_ROLE),
    }
    return Deployment(settings=settings.model_copy(update=found), cluster=cluster), has_started
