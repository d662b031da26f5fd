"""init: set up a municipality, question by question; every answer is an option as well.

All answers are read and checked before anything is written, and all of it is written in one transaction.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import numpy as np
import shapely
import typer
from shapely.geometry.base import BaseGeometry

from app.actions import accounts, catchments, deployments
from app.actions.catchments import Addresses
from app.cli import deployment as cli_deployments
from app.cli import layers, setting_up
from app.cli.catchments import addresses_of
from app.cli.deployment import Home
from app.core import geo
from app.core.errors import InvalidError, LagesbildError
from app.core.organisations import Kind, checked_slug, slugified
from app.core.periods import stockholm_date
from app.core.permissions import Role
from app.edge.services import now
from app.store import accounts as stored_accounts
from app.store import areas, organisations
from app.store.tx import Database, ReadTx, WriteTx
from app.web import basemap as basemaps

NONE: Final = "-"  # the answer that means: leave it out
ADMINISTRATOR: Final = "Systemförvaltare"
COORDINATOR: Final = "Trygghetssamordnare"
MOST_ACCOUNTS: Final = 10_000
EXAMPLES = """Examples:

lagesbild init

lagesbild init --no-input --name "Lindesta kommun" --boundary boundary.geojson --areas districts.gpkg --area-name namn
--coordinator Trygghetssamordnare"""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A part of the municipality."""

    code: str
    name: str
    outline: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """All answers."""

    name: str
    slug: str
    boundary: BaseGeometry | None
    districts: tuple[District, ...]
    addresses: Addresses | None
    police_area: str | None
    administrator: str | None
    coordinator: str | None
    basemap: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options as they were written; what is None is asked for."""

    name: str | None
    slug: str | None
    boundary: str | None
    districts: str | None
    attributes: tuple[str, str | None]  # the districts' name and code
    addresses: str | None
    police_area: str | None
    administrator: str | None
    coordinator: str | None
    basemap: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Takes an answer from its option, else asks, else takes the usual."""

    may_ask: bool

    def answer(
        self, given: str | None, option: str, question: str, read: Callable[[str], _Answer], usual: str | None = None
    ) -> _Answer:
        """The answer, read. A wrong option ends the command with a sentence; a wrong typed answer is asked again."""
        if given is not None:
            return read(given.strip() or NONE)
        if not self.may_ask:
            if usual is None:
                raise InvalidError(f"Say {option}.")
            return read(usual)
        while True:
            typed: str = typer.prompt(question, default=usual)
            try:
                return read(typed.strip() or NONE)
            except LagesbildError as error:
                typer.secho(error.message, fg="red")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(init)


def init(  # noqa: PLR0913 -- one option for each answer
    *,
    name: Annotated[str | None, typer.Option(help='What it is called, e.g. "Lindesta kommun".')] = None,
    slug: Annotated[str | None, typer.Option(help="Its short name in addresses and files. [from the name]")] = None,
    boundary: Annotated[
        str | None,
        typer.Option(help="GeoJSON or GeoPackage with one polygon, or - for none. Reports outside it are refused."),
    ] = None,
    areas_file: Annotated[
        str | None, typer.Option("--areas", help="GeoJSON or GeoPackage with districts, or - for none.")
    ] = None,
    area_name: Annotated[str, typer.Option(help="The districts' attribute that holds the name.")] = "name",
    area_code: Annotated[
        str | None, typer.Option(help="The districts' attribute that holds a code. [made from the name]")
    ] = None,
    addresses: Annotated[
        str | None,
        typer.Option(help="GeoJSON or GeoPackage with the addresses that positions are snapped to, or - for none."),
    ] = None,
    police_area: Annotated[
        str | None, typer.Option(help="Code of the local police area, e.g. lpo-lindadalen, or - for none.")
    ] = None,
    admin: Annotated[
        str | None, typer.Option(help="Name of an administrator's account, or - for none. Its token is printed.")
    ] = None,
    coordinator: Annotated[
        str | None, typer.Option(help="Name of a coordinator's account, or - for none. Its token is printed.")
    ] = None,
    basemap: Annotated[
        str | None, typer.Option(help="GeoJSON file (may be gzipped) to draw behind the map, or - for none.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing; what is not said is left out.")] = False,
    home: Home = None,
) -> None:
    """Set up a municipality: boundary, districts, first accounts.

    Asks question by question, and works without a network. The database is made and brought to the newest schema first.
    Run it again for a second municipality; one that is there already is refused, and nothing is changed.
    """
    given = Given(
        name=name,
        slug=slug,
        boundary=boundary,
        districts=areas_file,
        attributes=(area_name, area_code),
        addresses=addresses,
        police_area=police_area,
        administrator=admin,
        coordinator=coordinator,
        basemap=basemap,
    )
    with cli_deployments.running(home) as deployment:
        cli_deployments.upgrade(deployment)
        setting_up.load_categories(deployment)
        with cli_deployments.connected(deployment) as database:
            with database.read(deployments.installer()) as tx:
                srid = organisations.metric_srid(tx)
            wanted = _asked(Asker(may_ask=not no_input), given, database, srid)
            with database.write(deployments.installer()) as tx:
                tokens = _write(tx, wanted)
                year, k = stockholm_date(now()).year, deployment.settings.smallest_count
                made = _make_catchments(tx, wanted, year, k)
    _tell(wanted, tokens, srid)
    _tell_next(wanted, made, year)


def _asked(asker: Asker, given: Given, database: Database, srid: int) -> Municipality:
    """All answers, in the order in which they are asked for."""
    name = asker.answer(given.name, "--name", "Name of the municipality", _name)
    slug = asker.answer(given.slug, "--slug", "Short name", lambda typed: _free_slug(database, typed), slugified(name))
    boundary, districts = _asked_outlines(asker, given, slug, srid)
    addresses = None
    if boundary is not None:
        addresses = asker.answer(given.addresses, "--addresses", "File with addresses", _addresses, NONE)
    police_area = asker.answer(given.police_area, "--police-area", "Code of the local police area", _code, NONE)
    administrator, coordinator = _asked_accounts(asker, given, database)
    return Municipality(
        name=name,
        slug=slug,
        boundary=boundary,
        districts=districts,
        addresses=addresses,
        police_area=police_area,
        administrator=administrator,
        coordinator=coordinator,
        basemap=asker.answer(given.basemap, "--basemap", "File to draw behind the map", _basemap, NONE),
    )


def _asked_outlines(
    asker: Asker, given: Given, slug: str, srid: int
) -> tuple[BaseGeometry | None, tuple[District, ...]]:
    boundary = asker.answer(
        given.boundary,
        "--boundary",
        "File with the boundary (- for none: reports from anywhere are taken)",
        lambda typed: _boundary(typed, srid),
        NONE,
    )
    districts = asker.answer(
        given.districts,
        "--areas",
        "File with districts",
        lambda typed: _districts(typed, slug, boundary, given.attributes, srid),
        NONE,
    )
    return boundary, districts


def _asked_accounts(asker: Asker, given: Given, database: Database) -> tuple[str | None, str | None]:
    with database.read(deployments.installer()) as tx:
        usual = NONE if _has_administrator(tx) else ADMINISTRATOR
    administrator = asker.answer(given.administrator, "--admin", "Account of the administrator", _optional, usual)
    usual = COORDINATOR if asker.may_ask else NONE
    coordinator = asker.answer(given.coordinator, "--coordinator", "Account of the coordinator", _optional, usual)
    if administrator is not None and administrator == coordinator:
        raise InvalidError("The administrator and the coordinator need accounts of their own: each has one role.")
    return administrator, coordinator


def _write(tx: WriteTx, wanted: Municipality) -> list[tuple[str, Role, str]]:
    """Store all of it; account, role and secret of each token."""
    deployments.load_areas(tx, _features(tx, wanted))
    deployments.add_organisation(
        tx,
        {
            "slug": wanted.slug,
            "name": wanted.name,
            "kind": Kind.MUNICIPALITY,
            "area": wanted.slug if wanted.boundary is not None else None,
            "municipality": wanted.slug,
            "local_police_area": wanted.police_area,
            "outside_area": "refuse",
        },
    )
    made = []
    for account, role in ((wanted.administrator, Role.ADMIN), (wanted.coordinator, Role.COORDINATOR)):
        if account is not None:
            accounts.add_account(tx, organisation=wanted.slug, name=account, role=role)
            token = accounts.issue_token(tx, organisation=wanted.slug, account=account, name="init")
            made.append((account, role, token.secret))
    return made


def _make_catchments(tx: WriteTx, wanted: Municipality, year: int, k: int) -> int:
    if wanted.addresses is None:
        return 0
    return catchments.make_catchments(tx, wanted.slug, year, k=k, addresses=wanted.addresses)


def _features(tx: ReadTx, wanted: Municipality) -> Iterator[dict[str, Any]]:
    has_police_area = wanted.police_area is not None and areas.exists(tx, wanted.police_area)
    if wanted.boundary is not None:
        parent = wanted.police_area if has_police_area else None
        yield _feature(wanted.slug, wanted.name, "municipality", parent, wanted.boundary)
    for district in wanted.districts:
        parent = None if wanted.boundary is None else wanted.slug
        yield _feature(district.code, district.name, "district", parent, district.outline)


def _feature(code: str, name: str, kind: str, parent: str | None, outline: BaseGeometry) -> dict[str, Any]:
    properties = {"code": code, "name": name, "kind": kind, "parent": parent}
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(outline)}


def _has_administrator(tx: ReadTx) -> bool:
    return any(
        account["role"] == Role.ADMIN and account["closed_at"] is None
        for account in stored_accounts.page(tx, MOST_ACCOUNTS)
    )


def _name(typed: str) -> str:
    if typed == NONE or not slugified(typed):
        raise InvalidError("Give the municipality a name.")
    return typed


def _optional(typed: str) -> str | None:
    return None if typed == NONE else typed


def _code(typed: str) -> str | None:
    return None if typed == NONE else checked_slug(typed)


def _free_slug(database: Database, typed: str) -> str:
    slug = checked_slug(typed)
    with database.read(deployments.installer()) as tx:
        if organisations.by_slug(tx, slug) is not None or areas.exists(tx, slug):
            raise InvalidError(f"There is already an organisation or an area {slug}; nothing was changed.")
    return slug


def _file(typed: str) -> Path:
    return Path(typed).expanduser().absolute()


def _boundary(typed: str, srid: int) -> BaseGeometry | None:
    if typed == NONE:
        return None
    layer = layers.read(_file(typed))
    if len(layer) != 1:
        raise InvalidError(
            f"{_file(typed).name} has {len(layer)} features and should have one, the municipality: dissolve them first."
        )
    return layers.polygon(layer.geometry.iloc[0], "The boundary", srid)


def _districts(
    typed: str, slug: str, boundary: BaseGeometry | None, attributes: tuple[str, str | None], srid: int
) -> tuple[District, ...]:
    if typed == NONE:
        return ()
    layer = layers.read(_file(typed))
    for attribute in filter(None, attributes):
        if attribute not in layer.columns:
            known = ", ".join(str(column) for column in layer.columns if column != layer.geometry.name)
            raise InvalidError(
                f"The districts have no attribute {attribute}, but {known or 'none'}: use --area-name, --area-code."
            )
    found = tuple(_district(row, slug, attributes, srid) for row in layer.to_dict("records"))
    codes = [district.code for district in found]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise InvalidError(f"Several districts have the code {', '.join(twice)}: name an attribute with --area-code.")
    if boundary is not None and (outside := [d.name for d in found if not d.outline.intersects(boundary)]):
        raise InvalidError(f"These districts lie outside the boundary: {', '.join(outside)}.")
    return found


def _district(row: Mapping[Any, Any], slug: str, attributes: tuple[str, str | None], srid: int) -> District:
    name_attribute, code_attribute = attributes
    name = _text(row[name_attribute])
    if not name:
        raise InvalidError(f"A district has no {name_attribute}.")
    code = slugified(_text(row[code_attribute]) if code_attribute else name)
    if not code:
        raise InvalidError(f"The district {name} has no code that can be used: name an attribute with --area-code.")
    return District(
        code=f"{slug}-{code}", name=name, outline=layers.polygon(row["geometry"], f"The district {name}", srid)
    )


def _addresses(typed: str) -> Addresses | None:
    return None if typed == NONE else addresses_of(_file(typed))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 -- NaN is not itself


def _basemap(typed: str) -> Path | None:
    if typed == NONE:
        return None
    file = _file(typed)
    if not file.is_file():
        raise InvalidError(f"There is no file {file}.")
    basemaps.background(file)
    return file


def _tell(wanted: Municipality, tokens: list[tuple[str, Role, str]], srid: int) -> None:
    typer.echo(f"{wanted.name} is set up as {wanted.slug}.")
    if wanted.boundary is None:
        typer.echo("It has no boundary: reports are taken from anywhere, so a mistyped place is not noticed.")
    else:
        parts = f", {len(wanted.districts)} districts" if wanted.districts else ""
        typer.echo(f"Boundary: {_area_km2(wanted.boundary, srid):,.1f} km²{parts}. Reports outside it are refused.")
    for account, role, secret in tokens:
        typer.echo(f"Token of {account} ({role}): {secret}")
    if tokens:
        typer.echo(
            "Tokens are shown this once. Hand each to the function it is for; `lagesbild tokens issue` makes more."
        )


def _tell_next(wanted: Municipality, made: int, year: int) -> None:
    if made:
        typer.echo(f"Positions are snapped to {made} catchments for those who may not see them exactly.")
    typer.echo("\nNext:")
    if wanted.basemap is not None:
        typer.echo(f"  export LAGESBILD_BASEMAP={wanted.basemap}")
    typer.echo("  lagesbild doctor                     is all as it should be?")
    typer.echo("  lagesbild serve                      and beside it: lagesbild worker")
    typer.echo(f"  lagesbild import FILE --source NAME --organisation {wanted.slug}")
    if wanted.boundary is not None and not made:
        typer.echo(f"  lagesbild catchments make --year {year}")
        typer.echo("      once there are reports, or with --addresses: who sees positions snapped sees none before")
    typer.echo("  sign in at http://127.0.0.1:8000/logga-in with a token")


def _area_km2(outline: BaseGeometry, srid: int) -> float:
    def metric(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(geo.to_metric(points[:, 0], points[:, 1], srid))

    return float(shapely.transform(outline, metric).area) / 1e6
