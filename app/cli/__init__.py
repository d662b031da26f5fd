"""The `lagesbild` command: the same actions as the web, for the person at the machine."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from app import __version__
from app.cli import (
    accounts,
    audit,
    backtest,
    backtest_deviations,
    backups,
    catchments,
    doctor,
    imports,
    incidents,
    joint,
    municipality,
    organisations,
    retention,
    running,
    sharing,
)
from app.core.errors import LagesbildError

app = typer.Typer(
    name="lagesbild",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph
    help="Lägesbild: incident reports in, hot spots out. Start with `lagesbild demo`.",
)
running.register(app)
municipality.register(app)
imports.register(app)
incidents.register(app)
backtest.register(app)
backtest_deviations.register(app)
organisations.register(app)
accounts.register(app)
sharing.register(app)
catchments.register(app)
joint.register(app)
audit.register(app)
retention.register(app)
backups.register(app)
doctor.register(app)


@app.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(__version__)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command; an error of ours is one sentence, not a stack trace."""
    try:
        app(words)
    except LagesbildError as error:
        typer.secho(error.message, err=True, fg="red")
        for problem in error.problems[:20]:
            typer.echo(f"  {problem.field}: {problem.message}", err=True)
        sys.exit(2)
    sys.exit(0)
