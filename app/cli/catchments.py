"""catchments: what positions are snapped to for readers who may not see them exactly."""

from pathlib import Path
from typing import Annotated

import typer

from app.actions import catchments as actions
from app.actions import deployments
from app.actions.catchments import Addresses
from app.cli import layers
from app.cli.deployment import Home, opened, settings_for
from app.core.errors import InvalidError
from app.store import catchments as store
from app.store.engine import JOB_TIMEOUT_MS
from app.store.tx import Database

MOST = 1_000

catchments = typer.Typer(
    no_args_is_help=True, help="Catchments: parts of a municipality that positions are snapped to, one set a year."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(catchments, name="catchments")


@catchments.command("make")
def make(
    year: Annotated[int, typer.Option(help="Reports from this year on are snapped by the new set.")],
    municipality: Annotated[str | None, typer.Option(help="An area's code. [all municipalities]")] = None,
    addresses: Annotated[
        Path | None,
        typer.Option(help="GeoJSON or GeoPackage with the addresses. [the places of incidents]"),
    ] = None,
    home: Home = None,
) -> None:
    """Make a year's catchments. They are fixed from then on; each holds at least LAGESBILD_SMALLEST_COUNT addresses."""
    k = settings_for(home).smallest_count
    places = None if addresses is None else addresses_of(addresses)
    with opened(home, JOB_TIMEOUT_MS) as database:
        for code, count in make_all(database, year, k=k, municipality=municipality, addresses=places):
            told = f"{count} catchments of at least {k}" if count else f"fewer than {k} in all, so none were made"
            typer.echo(f"{code} {year}: {told}")


def make_all(
    database: Database, year: int, *, k: int, municipality: str | None = None, addresses: Addresses | None = None
) -> list[tuple[str, int]]:
    """One municipality's set, or those of all, together or not at all; how many catchments each got."""
    with database.write(deployments.installer()) as tx:
        codes = [municipality] if municipality else store.municipalities(tx, MOST)
        return [(code, actions.make_catchments(tx, code, year, k=k, addresses=addresses)) for code in codes]


def addresses_of(file: Path) -> Addresses:
    """A point for each feature, whatever its kind."""
    points = layers.read(file).geometry.dropna().representative_point()
    if points.empty:
        raise InvalidError(f"{file.name} has no addresses.")
    return list(zip(points.x.tolist(), points.y.tolist(), strict=True))
