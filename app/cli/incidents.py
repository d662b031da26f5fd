"""import and analyse: data in, hot spots out, without the web."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    del app
