"""organisations: who takes part beside the municipality that `lagesbild init` sets up."""

from typing import Annotated

import typer

from app.actions import deployments as actions
from app.cli.deployment import Home, opened
from app.core.ingest import OutsideArea
from app.core.organisations import Kind, slugified
from app.store import organisations as store

organisations = typer.Typer(no_args_is_help=True, help="Organisations: police, housing companies, guards, schools …")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(organisations, name="organisations")


@organisations.command("list")
def list_organisations(home: Home = None) -> None:
    """List all organisations, with their municipality, local police area and the area of their reports."""
    with opened(home) as database, database.read(actions.installer()) as tx:
        for row in store.page(tx, actions.MOST_ORGANISATIONS):
            place = f"{row['municipality'] or '-':24} {row['local_police_area'] or '-':20}"
            area = f"{row['outside_area']} outside {row['area']}" if row["area"] else "reports from anywhere"
            typer.echo(f"{row['slug']:28} {row['kind']:16} {place} {row['name']}: {area}")


@organisations.command("add")
def add_organisation(
    *,
    name: Annotated[str, typer.Option(help='What it is called, e.g. "Lindestahem AB".')],
    kind: Annotated[Kind, typer.Option(help="What it is. A municipality is set up with `lagesbild init`.")],
    slug: Annotated[str | None, typer.Option(help="Its short name. [from the name]")] = None,
    municipality: Annotated[
        str | None, typer.Option(help="The municipality it works in, by its short name; police may leave it out.")
    ] = None,
    police_area: Annotated[
        str | None, typer.Option(help="Code of its local police area. [that of the municipality]")
    ] = None,
    area: Annotated[
        str | None, typer.Option(help="Code of the area of its reports. [the municipality; police: the police area]")
    ] = None,
    outside: Annotated[
        OutsideArea | None, typer.Option(help="Reports from outside the area. [refuse; police: mark]")
    ] = None,
    home: Home = None,
) -> None:
    """Add an organisation. Give it accounts with `lagesbild users add`; nothing is shared until a rule says so."""
    partner = actions.Partner(
        slug=slugified(name) if slug is None else slug,
        name=name,
        kind=kind,
        municipality=municipality,
        police_area=police_area,
        area=area,
        outside_area=outside,
    )
    with opened(home) as database, database.write(actions.installer()) as tx:
        actions.add_partner(tx, partner)
    typer.echo(f"Added: {name}, {kind}, as {partner.slug}")
