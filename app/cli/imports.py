"""import, places import, crime-codes: files in, and what helps to understand them."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from app.actions import deployments
from app.actions.imports import catalogues, reports, requests
from app.actions.imports.work import Workplace, propose_links, work_on_import
from app.cli.deployment import Home, connected, opened, running
from app.cli.setting_up import organisation_actor
from app.core.errors import InvalidError
from app.core.imports.crime_codes import SHIPPED
from app.core.imports.states import AT_WORK, Choice, State
from app.core.incidents import SOURCE_MAX_CHARS
from app.core.permissions import Actor
from app.edge.services import now
from app.store import crime_codes, imports, organisations
from app.store.engine import JOB_TIMEOUT_MS
from app.store.imports import NewImport
from app.store.tx import Database
from app.store.uploads import Uploads

INTERRUPTED = 130  # as shells count Ctrl-C
NOTES_AT_A_TIME = 1_000
LOOKED_AGAIN_S = 0.1
LANGUAGE = "en"
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
IMPORT_EXAMPLES = """Examples:

lagesbild import reports.xlsx --source vaktbolaget --organisation lindesta-kommun --dry-run

lagesbild import reports.gpkg --source est-rapport --organisation lindesta-kommun --all-or-nothing"""
Organisation = Annotated[str, typer.Option(help="Whose they are: the organisation's slug, e.g. lindesta-kommun.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import", epilog=IMPORT_EXAMPLES)(import_file)
    places = typer.Typer(no_args_is_help=True, help="The place register that imports look names up in.")
    places.command("import")(import_places)
    app.add_typer(places, name="places")
    codes = typer.Typer(no_args_is_help=True, help="Which category the police's crime codes are.")
    codes.command("list")(list_crime_codes)
    codes.command("set")(set_crime_code)
    codes.command("reset")(reset_crime_code)
    app.add_typer(codes, name="crime-codes")


def _checked_source(name: str) -> str:
    if not 1 <= len(name.strip()) <= SOURCE_MAX_CHARS:
        raise typer.BadParameter(f"Give the source a name of 1 to {SOURCE_MAX_CHARS} characters.")
    return name.strip()


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, XLSX, GeoJSON, GeoPackage, Shapefile (zip) or GeoParquet.")
    ],
    source: Annotated[str, typer.Option(help="Where the rows come from, e.g. est-rapport.", callback=_checked_source)],
    organisation: Organisation,
    *,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Store nothing when any row is refused.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, store nothing.")] = False,
    profile: Annotated[
        Path | None,
        typer.Option(help="JSON file: how to read the rows, where the guess is wrong; all or some of its fields."),
    ] = None,
    home: Home = None,
) -> None:
    """Import incidents from a file, as the web does: read it, check every row, let the good ones in.

    How the file is to be read is guessed from its columns and values, or known from the source's last file, and told.
    Where it is wrong, give --profile, for example {"columns": {"occurred_from": ["Datum", "Tid"]}, "day_order": "mdy",
    "categories": {"Klotter": "KLO"}}; it is remembered for the source when the rows are in.

    Refused rows are listed with row and column, and the exit status is 1. The same file can be imported again: what is
    there already is not doubled, and what has changed is changed. Ctrl-C stops, and takes back what went in.
    """
    if not file.is_file():
        raise InvalidError(f"There is no file {file}.")
    with running(home) as deployment, connected(deployment, JOB_TIMEOUT_MS) as database:
        actor = organisation_actor(database, organisation, "import")
        place = Workplace(
            database=database,
            uploads=Uploads(deployment.settings.uploads_folder),
            clock=now,
            srid=_metric_srid(database),
            is_deferring=False,
        )
        choice = Choice.ALL_OR_NOTHING if all_or_nothing else Choice.GOOD_ROWS
        desk = _Desk(place, actor, _taken_in(place, actor, file, source, _given(profile)))
        found = desk.checked_and_stored(None if dry_run else choice)
        desk.tell(found)
        links = propose_links(database, found["id"], actor.organisation_id, now()) if not dry_run else 0
    if links:
        typer.echo(f"{links:,} pairs of reports may tell of one incident: GET /api/v1/incident-links")
    if found["state"] == State.FAILED:
        raise InvalidError(found["failure"][LANGUAGE])
    if found["bad_count"] + found["held_count"]:
        raise typer.Exit(1)


def import_places(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with semicolons, UTF-8.")],
    organisation: Organisation,
    home: Home = None,
) -> None:
    """Load the place register: name;aliases;lon;lat;location_uncertainty_m, and municipality if you have it.

    Aliases are parted by vertical bars. The file takes the place of the register that is there.
    """
    if not file.is_file():
        raise InvalidError(f"There is no file {file}.")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidError(f"{file.name} is not UTF-8: save it again as “CSV UTF-8”.") from error
    register = catalogues.read_places(lines, organisation)
    with opened(home) as database:
        actor = organisation_actor(database, organisation, "command line")
        with database.write(actor) as tx:
            count = catalogues.load_places(tx, register)
    typer.echo(f"{count:,} places.")


def list_crime_codes(organisation: Organisation, home: Home = None) -> None:
    """Print the crosswalk from crime codes to categories; * marks what the organisation has changed."""
    with opened(home) as database:
        actor = organisation_actor(database, organisation, "command line")
        with database.read(actor) as tx:
            own = crime_codes.own(tx)
    merged = {**SHIPPED, **own}
    for code in sorted(merged):
        typer.echo(f"{code}\t{merged[code]}" + ("\t*" if code in own else ""))


def set_crime_code(
    code: Annotated[str, typer.Argument(help='A crime code, or the beginning of codes: "08*".')],
    category: Annotated[str, typer.Argument(help="A category's code.")],
    organisation: Organisation,
    home: Home = None,
) -> None:
    """Say what category a crime code is."""
    with opened(home) as database:
        actor = organisation_actor(database, organisation, "command line")
        with database.write(actor) as tx:
            catalogues.put_crime_code(tx, code, category)


def reset_crime_code(
    code: Annotated[str, typer.Argument(help="A crime code.")], organisation: Organisation, home: Home = None
) -> None:
    """Go back to the category that is shipped for a crime code."""
    with opened(home) as database:
        actor = organisation_actor(database, organisation, "command line")
        with database.write(actor) as tx:
            catalogues.reset_crime_code(tx, code)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One import at the command line: works on it here, and tells how it goes."""

    place: Workplace
    actor: Actor
    import_id: UUID

    def checked_and_stored(self, choice: Choice | None) -> dict[str, Any]:
        """The import when nothing more happens. Without a choice nothing goes in."""
        try:
            self._work()
            found = self._found()
            self._tell_guess()
            if found["state"] != State.CHECKED:
                return found
            if choice is None or (choice is Choice.ALL_OR_NOTHING and found["bad_count"] + found["held_count"]):
                self._cancel()
                return found
            with self.place.database.write(self.actor) as tx:
                requests.commit_import(tx, self.import_id, choice, now(), is_deferred=False)
            self._work()
        except KeyboardInterrupt:
            self._cancel()
            work_on_import(self.place, self.import_id, self.actor.organisation_id)
            typer.echo("Interrupted: nothing of the file is in.", err=True)
            raise typer.Exit(INTERRUPTED) from None
        return self._found()

    def tell(self, found: dict[str, Any]) -> None:
        """What is wrong with which row, and the figures."""
        after = -1
        while notes := self._notes(after):
            for note in notes:
                typer.echo(f"row {note.number}: {reports.sentence(note, LANGUAGE)}")
            after = notes[-1].number
        typer.echo(_summary(found))

    def _work(self) -> None:
        """In a thread, so that this one can draw and be interrupted."""
        with ThreadPoolExecutor(1) as pool, _progress() as show:
            work = pool.submit(work_on_import, self.place, self.import_id, self.actor.organisation_id)
            try:
                while wait([work], LOOKED_AGAIN_S).not_done:
                    show(self._found())
            except KeyboardInterrupt:
                self._cancel()
                wait([work])
                raise
        work.result()

    def _cancel(self) -> None:
        with self.place.database.write(self.actor) as tx:
            held = imports.lock(tx, self.import_id)
            if held is not None and held.state in {*AT_WORK, State.CHECKED}:
                requests.cancel_import(tx, self.import_id, now(), is_deferred=False)

    def _found(self) -> dict[str, Any]:
        with self.place.database.read(self.actor) as tx:
            found = imports.one(tx, self.import_id)
        assert found is not None  # noqa: S101 -- this command made it
        return found

    def _notes(self, after: int) -> list[imports.RowNote]:
        with self.place.database.read(self.actor) as tx:
            return imports.notes(tx, self.import_id, after=after, limit=NOTES_AT_A_TIME)

    def _tell_guess(self) -> None:
        """How the file was understood, for somebody who may know better."""
        with self.place.database.read(self.actor) as tx:
            guess = imports.guess(tx, self.import_id)
        if not guess:
            return
        kind = [guess[part] for part in ("format", "encoding", "layer") if guess[part]]
        separator = guess["separator"] and f"parted by {SEPARATORS.get(guess['separator'], guess['separator'])}"
        typer.echo(f"Read as {', '.join([*kind, *filter(None, [separator])])}.", err=True)
        for reason in guess["reasons"]:
            typer.echo(reason[LANGUAGE], err=True)
        if guess["unread_columns"]:
            typer.echo(f"Not read: {', '.join(guess['unread_columns'])}", err=True)
        if guess["missing"]:
            typer.echo(f"Not found: {', '.join(guess['missing'])}. Say with --profile which column it is.", err=True)


def _given(profile: Path | None) -> dict[str, Any] | None:
    if profile is None:
        return None
    try:
        given = json.loads(profile.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidError(f"{profile} cannot be read as JSON.") from error
    if not isinstance(given, dict):
        raise InvalidError(f"{profile} holds no JSON object.")
    return given


def _taken_in(place: Workplace, actor: Actor, file: Path, source: str, given: dict[str, Any] | None) -> UUID:
    """A copy of the file as an upload, and the import of it."""
    import_id = uuid4()
    with place.uploads.receive(import_id) as copy, file.open("rb") as original:
        shutil.copyfileobj(original, copy)
    new = NewImport(
        id=import_id,
        source=source,
        file_name=file.name,
        file_bytes=file.stat().st_size,
        row_count=None,
        choice=None,
        given=given,
    )
    with place.database.write(actor) as tx:
        requests.request_import(tx, new, now(), is_deferred=False)
    return import_id


def _summary(found: dict[str, Any]) -> str:
    figures = (
        f"{found['read_count']:,} rows: {found['good_count']:,} good ({found['created_count']:,} new, "
        f"{found['updated_count']:,} changed), {found['doubled_count']:,} doubled, {found['bad_count']:,} bad, "
        f"{found['held_count']:,} held"
    )
    if found["state"] == State.DONE:
        return f"{figures}."
    return f"Nothing was stored. It would have been {figures}."


class _Show:
    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._task = progress.add_task("Reading", total=None)

    def __call__(self, found: dict[str, Any]) -> None:
        words = "Importing" if found["state"] == State.IMPORTING else "Reading"
        self._progress.update(self._task, description=words, completed=found["read_count"], total=found["row_count"])


@contextmanager
def _progress() -> Iterator[_Show]:
    """A bar on a terminal's standard error; silence elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Show(progress)


def _metric_srid(database: Database) -> int:
    with database.read(deployments.installer()) as tx:
        return organisations.metric_srid(tx)
