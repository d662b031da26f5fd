"""doctor: look at everything the service needs, and say what to do about what is wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Engine

from app.cli import deployment as deployments
from app.cli.deployment import Deployment, Home
from app.cli.setting_up import TOKENS_FILE
from app.core.analysis import dbscan
from app.core.errors import LagesbildError, SetupError
from app.settings import Settings
from app.store import health, inspection, migrate
from app.store.cluster import OLDEST_MAJOR, OLDEST_POSTGIS
from app.store.engine import make_engine
from app.web import basemap, static_files

SECRET_FILES: Final = ("secret", TOKENS_FILE)
GIGABYTE: Final = 1024**3
LITTLE_DISK_BYTES: Final = 5 * GIGABYTE
NO_DISK_BYTES: Final = GIGABYTE // 2
COLOURS: Final = {"ok": "green", "note": "yellow", "wrong": "red"}
EXAMPLES = """Examples:

lagesbild doctor

lagesbild doctor --worker   (health check of a worker's container)"""


class Verdict(StrEnum):
    """How one thing is."""

    OK = "ok"
    NOTE = "note"  # works, and could be better
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, and what to do about it."""

    verdict: Verdict
    sentence: str


def ok(sentence: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, sentence)


def note(sentence: str) -> Finding:
    """Good to know."""
    return Finding(Verdict.NOTE, sentence)


def wrong(sentence: str) -> Finding:
    """To be put right."""
    return Finding(Verdict.WRONG, sentence)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(doctor)


def doctor(
    home: Home = None,
    *,
    worker: Annotated[bool, typer.Option("--worker", help="Only ask whether a worker is alive.")] = False,
) -> None:
    """Look at everything the service needs: database, rights, worker, disk, files.

    Each line is ok, note (works, could be better) or wrong, with what to do. The exit status is 1 when anything is
    wrong. Nothing is changed; a private database that rests is started for the questions and stopped again.
    """
    settings = deployments.settings_for(home)
    found = _worker_alone(settings) if worker else _everything(settings)
    has_wrong = False
    for finding in found:
        typer.secho(f"{finding.verdict:5}", fg=COLOURS[finding.verdict], nl=False)
        typer.echo(f"  {finding.sentence}")
        has_wrong = has_wrong or finding.verdict is Verdict.WRONG
    if has_wrong:
        raise typer.Exit(1)


def _everything(settings: Settings) -> Iterator[Finding]:
    yield from _database(settings)
    yield _disk(settings.home)
    yield from _secrets(settings.home)
    yield _browser_libraries()
    yield _analysis_engine()
    yield _basemap(settings.basemap)


def _worker_alone(settings: Settings) -> Iterator[Finding]:
    """Quick, for a health check: nothing is started for it."""
    silent = wrong("No worker has been heard of for a minute: start `lagesbild worker`.")
    if settings.database_url is None and not deployments.is_running(settings):
        yield silent
        return
    with deployments.running(settings.home) as deployment, _engine(deployment) as engine:
        if problems := health.checks(engine, migrate.head()):
            yield from map(wrong, problems.values())
            return
        yield ok("A worker is alive.") if health.worker_is_alive(engine) else silent


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url is None and not (settings.home / "postgres").exists():
        yield wrong(
            f"There is no database in {settings.home} yet, and LAGESBILD_DATABASE_URL names none: run `lagesbild init` "
            "or `lagesbild demo`."
        )
        return
    try:
        with deployments.running(settings.home) as deployment:
            server = inspection.server(deployment.owner_url)
            yield _postgresql(server)
            yield _postgis(server)
            with _engine(deployment) as engine:
                problems = health.checks(engine, migrate.head())
                yield from map(wrong, problems.values())
                if problems:
                    return
                yield ok(f"The schema is at revision {migrate.head()}, as the code wants it.")
                yield _index(server)
                yield _role(inspection.app_role(deployment.owner_url))
                yield _login(inspection.unbound_login(engine))
                yield _joint(deployment.settings.joint_database_url)
                yield _security(inspection.unforced_tables(deployment.owner_url))
                yield _catchments(inspection.municipalities_without_catchments(engine))
                yield _worker(engine)
    except LagesbildError as error:
        yield wrong(error.message)


def _postgresql(server: inspection.Server) -> Finding:
    if server.major < OLDEST_MAJOR:
        return wrong(f"PostgreSQL {server.version} is too old: move to {OLDEST_MAJOR} or later.")
    return ok(f"PostgreSQL {server.version}.")


def _postgis(server: inspection.Server) -> Finding:
    oldest = ".".join(map(str, OLDEST_POSTGIS))
    if server.postgis is None and server.postgis_on_offer is None:
        return wrong(f"The server has no PostGIS: install PostGIS {oldest} or later for PostgreSQL {server.major}.")
    if server.postgis is None:
        who = "run `lagesbild migrate`" if server.is_superuser else "let its administrator run app/store/bootstrap.sql"
        return wrong(f"PostGIS is on the server but not in this database: {who}.")
    if _version(server.postgis) < OLDEST_POSTGIS:
        return wrong(f"PostGIS {server.postgis} is too old: move to {oldest} or later.")
    if server.postgis_on_offer not in (None, server.postgis):
        return note(
            f"PostGIS {server.postgis}; the server offers {server.postgis_on_offer}: ALTER EXTENSION postgis UPDATE."
        )
    return ok(f"PostGIS {server.postgis}.")


def _version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _index(server: inspection.Server) -> Finding:
    if server.unmarked:
        return note(
            f"{len(server.unmarked)} spatial functions are not marked leakproof, so the scope's index carries searches "
            "by place; slower. A superuser can mark them: app/store/bootstrap.sql, section leakproof."
        )
    return ok("The spatial index works under row-level security.")


def _role(role: inspection.AppRole) -> Finding:
    found = [
        sentence
        for holds, sentence in (
            (role.is_unbound, "may pass over row-level security (ALTER ROLE lagesbild_app NOSUPERUSER NOBYPASSRLS)"),
            (role.may_create, "may make roles or databases (ALTER ROLE lagesbild_app NOCREATEROLE NOCREATEDB)"),
            (role.is_owner, "is a member of lagesbild_owner (REVOKE lagesbild_owner FROM lagesbild_app)"),
            (role.is_joint, "may use what is for the joint analysis alone (REVOKE lagesbild_joint FROM lagesbild_app)"),
            (role.owned > 0, f"owns {role.owned} objects (REASSIGN OWNED BY lagesbild_app TO lagesbild_owner)"),
        )
        if holds
    ]
    if found:
        return wrong(f"The service's role {' and '.join(found)}.")
    return ok("The service's role owns nothing and obeys row-level security.")


def _login(unbound: str | None) -> Finding:
    if unbound is not None:
        return note(
            f"The service signs in as {unbound}, which could shake row-level security off: let LAGESBILD_DATABASE_URL "
            "name lagesbild_app, and LAGESBILD_OWNER_DATABASE_URL the login that migrates."
        )
    return ok("The service signs in with a login that cannot shake row-level security off.")


def _joint(url: str | None) -> Finding:
    if url is None:
        return note("No joint pictures: LAGESBILD_JOINT_DATABASE_URL names no login to make them.")
    try:
        login, is_joint = inspection.joint_login(url)
    except SetupError as error:
        return wrong(f"The login of the joint analysis: {error.message}")
    if not is_joint:
        return wrong(
            f"LAGESBILD_JOINT_DATABASE_URL names {login}, which may not make joint pictures: lagesbild_joint may."
        )
    return ok("The joint analysis has a login of its own.")


def _security(unforced: tuple[str, ...]) -> Finding:
    if unforced:
        return wrong(
            f"Row-level security does not hold for {', '.join(unforced)}: ALTER TABLE … ENABLE ROW LEVEL SECURITY, "
            "FORCE ROW LEVEL SECURITY, and find out who changed it."
        )
    return ok("Row-level security holds on every table, for its owner as well.")


def _catchments(without: list[str]) -> Finding:
    if without:
        return note(
            f"{', '.join(without)}: no catchments, so who sees positions snapped sees none there; "
            "run `lagesbild catchments make`."
        )
    return ok("Every municipality has catchments that positions are snapped to.")


def _worker(engine: Engine) -> Finding:
    if health.worker_is_alive(engine):
        return ok("A worker is alive.")
    if waiting := inspection.waiting_analyses(engine):
        return wrong(f"{waiting} analyses wait and no worker is alive: start `lagesbild worker`.")
    return note("No worker is alive just now: analyses asked for on the web wait until `lagesbild worker` runs.")


def _disk(home: Path) -> Finding:
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    told = f"{free / GIGABYTE:,.1f} GB are free where {home} lies"
    if free < NO_DISK_BYTES:
        return wrong(f"Only {told}: make room before the database stops.")
    if free < LITTLE_DISK_BYTES:
        return note(f"{told}: make room in time.")
    return ok(f"{told}.")


def _secrets(home: Path) -> Iterator[Finding]:
    for name in SECRET_FILES:
        file = home / name
        if not file.exists():
            continue
        if file.stat().st_mode & 0o077:
            yield wrong(f"{file} can be read by others: chmod 600 {file}, and make what is in it anew.")
        else:
            yield ok(f"{file} can be read by its owner only.")


def _browser_libraries() -> Finding:
    try:
        static_files.check_browser_libraries()
    except SetupError as error:
        return wrong(error.message)
    return ok("The browser libraries are there.")


def _analysis_engine() -> Finding:
    if not dbscan.has_kernel():
        return note("numba is not installed: analyses use scikit-learn, a hundred times slower and with more memory.")
    if not dbscan.is_prepared():
        return note(
            "The analysis engine is not compiled for this code and machine: the next worker does it when it starts, "
            "in half a minute; or run `python -m app.core.analysis.kernel`."
        )
    return ok("The analysis engine is compiled.")


def _basemap(file: Path | None) -> Finding:
    if file is None:
        return note("No basemap: the map has no background. LAGESBILD_BASEMAP names a GeoJSON file.")
    if not file.is_file():
        return wrong(f"LAGESBILD_BASEMAP names {file}, and there is no such file.")
    try:
        shapes = basemap.background(file).shapes
    except (LagesbildError, OSError) as error:
        return wrong(f"The basemap {file} cannot be read: {error}")
    return ok(f"The basemap {file} has {len(shapes):,} shapes.")


@contextmanager
def _engine(deployment: Deployment) -> Iterator[Engine]:
    """Connections as the service has them."""
    engine = make_engine(str(deployment.settings.database_url), pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()
