"""audit: seal the log, verify it, decide how long it is kept."""

import getpass
from typing import Annotated

import typer

from app.actions import audit as actions
from app.cli import deployment as deployments
from app.cli.deployment import Home, opened
from app.core.errors import InvalidError
from app.store import audit as store
from app.store.engine import JOB_TIMEOUT_MS

SHOWN = 50
audit = typer.Typer(no_args_is_help=True, help="The audit log: who did or read what. Sealed hourly by the worker.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit, name="audit")


@audit.command()
def seal(home: Home = None) -> None:
    """Seal now what was written since the last time. The worker does it every hour."""
    with opened(home, JOB_TIMEOUT_MS) as database:
        sealed = actions.keep_sealed(database)
    typer.echo(f"Sealed: {sealed:,} lines.")


@audit.command()
def verify(
    home: Home = None,
    *,
    known: Annotated[
        str | None, typer.Option(help="Hash of a seal noted down earlier; it must still be there.")
    ] = None,
) -> None:
    """Look the whole chain through: removed, changed and inserted lines are told by number, and the status is 1.

    Whoever owns the database could make a whole new chain. Note the hash of the newest seal down elsewhere, and give
    it as --known the next time.
    """
    with deployments.running(home) as deployment:
        deployments.check_migrated(deployment)
        verdict = store.verify(deployment.owner_url, known=None if known is None else _hash(known))
    for fault in verdict.faults[:SHOWN]:
        typer.secho(f"{fault.kind:9} {fault.where}", fg="red")
    if len(verdict.faults) > SHOWN:
        typer.echo(f"… and {len(verdict.faults) - SHOWN:,} more")
    typer.echo(
        f"{verdict.seal_count:,} seals, {verdict.line_count:,} sealed lines, {verdict.unsealed_count:,} written since."
    )
    if verdict.seal_hash:
        typer.echo(f"Newest seal: {verdict.seal_hash.hex()}")
    if verdict.faults:
        raise typer.Exit(1)
    typer.echo("Nothing was removed, changed or inserted.")


@audit.command()
def keep(
    months: Annotated[
        int, typer.Option(min=6, max=240, help="Whole months after which a month of the log is dropped.")
    ],
    home: Home = None,
) -> None:
    """Decide how long the log is kept. Needs the owner's login; the log says who decided."""
    with deployments.running(home) as deployment:
        deployments.check_migrated(deployment)
        store.keep(deployment.owner_url, months, f"command line ({getpass.getuser()})")
    typer.echo(f"The audit log is kept for {months} months.")


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidError("Give the hash as `lagesbild audit verify` printed it.") from error
