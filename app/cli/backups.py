"""backup and restore: the whole database in one file, and the proof that it comes back."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli import deployment as deployments
from app.cli.deployment import Deployment, Home
from app.edge.services import now
from app.store import backups, migrate

BACKUP_EXAMPLE = "Once a night, for example: lagesbild backup /backups/lagesbild-$(date +%F).dump"
RESTORE_EXAMPLE = """For example: lagesbild restore lagesbild-2026-11-16.dump --home restored

Another server's database is named by LAGESBILD_DATABASE_URL and LAGESBILD_OWNER_DATABASE_URL."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=BACKUP_EXAMPLE)(backup)
    app.command(epilog=RESTORE_EXAMPLE)(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write; FILE.json is written beside it.")],
    home: Home = None,
) -> None:
    """Write the whole database to FILE, while the service goes on.

    FILE is what pg_dump writes (custom format); FILE.json says how many rows each table has, the last audit line, the
    schema's revision and FILE's checksum. `lagesbild restore` needs both and compares everything. Only you can read
    them, and they hold exact places and free text: keep them as carefully as the database. Nothing is replaced:
    give every backup a name of its own.

    Not in the file: the settings, and the home folder's secret, which a new one makes anew.
    """
    file = file.expanduser().absolute()
    with deployments.running(home) as deployment:
        made = backups.dump(deployment.owner_url, file, now=now(), program_folder=_programs(deployment))
    typer.echo(f"Backed up to {file}: {made.bytes:,} bytes, {_told(made.contents)}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `lagesbild backup` wrote.")],
    home: Home = None,
) -> None:
    """Fill an EMPTY database from FILE, and compare every count with FILE.json.

    A database that has tables is refused: restore into a new home folder or a new database. Either all of the backup
    is there afterwards or nothing is; any difference ends with an error.
    """
    file = file.expanduser().absolute()
    with deployments.running(home) as deployment:
        found = backups.restore(deployment.owner_url, file, program_folder=_programs(deployment)).contents
        migrate.allow_login(deployment.owner_url, str(deployment.settings.database_url))
    typer.echo(f"Restored from {file}: {_told(found)}")
    typer.echo("Every table, the audit log and the revision are as they were.")
    if found.revision != migrate.head():
        typer.echo(f"This version of Lägesbild wants revision {migrate.head()}: run `lagesbild migrate`.")


def _programs(deployment: Deployment) -> Path | None:
    """The private cluster's own programs; a server elsewhere is dumped with what this machine has."""
    return None if deployment.cluster is None else deployment.cluster.binaries.folder


def _told(contents: backups.Contents) -> str:
    rows = sum(contents.tables.values())
    return (
        f"{len(contents.tables)} tables with {rows:,} rows, audit log up to line {contents.last_audit_line}, "
        f"revision {contents.revision}"
    )
