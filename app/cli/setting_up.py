"""Fill a new deployment: the shipped categories, and for the demo three invented towns with two years of reports."""

import csv
import gzip
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from app import __version__
from app.actions import accounts, analyses, deployments, incidents, retention, sharing_rules
from app.actions.analyses import AnalysisRequest
from app.actions.imports import catalogues
from app.cli.catchments import make_all
from app.cli.deployment import Deployment
from app.cli.joint import make_all as make_joint
from app.core.disclosure import Precision
from app.core.errors import NotFoundError, SetupError
from app.core.geo import Position
from app.core.incidents import RawIncident
from app.core.periods import stockholm_date, stockholm_day_start
from app.core.permissions import Actor, Role, system_actor
from app.core.retention import RetentionRule
from app.core.sharing_rules import Shared, SharingRule
from app.edge.services import now
from app.store import organisations
from app.store.engine import JOB_TIMEOUT_MS, make_engine
from app.store.tx import Database

TOKENS_FILE = "demo-tokens.json"
MAIN = "lindesta-kommun"
ROWS_AT_A_TIME = 10_000
ANALYSED = timedelta(weeks=52)
BEFORE = timedelta(weeks=26)  # an analysis of half a year ago, so that there is something to compare with
FIRST_CATCHMENTS = 2026  # the demo's only set, so it serves the years before as well
KEPT = RetentionRule(text_after_months=6, position_after_months=24, everything_after_months=60)
Say = Callable[[str], None]
Row = Mapping[str, str]

# key in the tokens file: kind of organisation ("main" is the largest municipality), role, name of the account
DEMO_ACCOUNTS = {
    "reporter": ("main", Role.REPORTER, "Rapportör, gata och park"),
    "external": ("housing_company", Role.EXTERNAL_REPORTER, "Fastighetsskötare"),
    "coordinator": ("main", Role.COORDINATOR, "Trygghetssamordnare"),
    "police": ("police", Role.POLICE, "Kommunpolis"),
    "analyst": ("main", Role.ANALYST, "Analytiker"),
    "leadership": ("main", Role.LEADERSHIP, "Ledningsgrupp"),
    "map_client": ("main", Role.MAP_CLIENT, "Kartklient"),
    "auditor": ("main", Role.AUDITOR, "Dataskyddsombud"),
    "admin": ("main", Role.ADMIN, "Systemförvaltare"),
}


def load_categories(deployment: Deployment) -> None:
    """Add the shipped categories that are missing."""
    with opened(deployment) as database, database.write(deployments.installer()) as tx:
        deployments.load_categories(tx)


def is_empty(deployment: Deployment) -> bool:
    """Whether no organisation has been set up yet."""
    with opened(deployment) as database, database.read(deployments.installer()) as tx:
        return not organisations.page(tx, 1)


def load_sample(deployment: Deployment, say: Say) -> None:
    """The whole demo: towns, organisations, accounts, two years of reports, two adopted analyses.

    The tokens file is written last: while it is missing the demo is unfinished.
    """
    folder = sample_folder()
    with opened(deployment) as database:
        with database.write(deployments.installer()) as tx:
            deployments.load_areas(tx, _by_parent(_json(folder / "areas.geojson")["features"]))
            for organisation in _json(folder / "organisations.json"):
                deployments.add_organisation(tx, organisation)
            deployments.load_sources(tx, [{**s, "is_trusted": s["trusted"]} for s in _json(folder / "sources.json")])
            for rule in _json(folder / "sharing.json"):
                sharing_rules.share(tx, _rule(rule), stockholm_date(now()))
        _load_places(database, folder)
        _set_retention(database, folder)
        newest = _load_incidents(database, folder, say)
        made = make_all(database, FIRST_CATCHMENTS, k=deployment.settings.smallest_count)
        say(f"Made: {sum(count for _, count in made)} catchments that positions are snapped to")
        tokens = _make_accounts(database, folder)
        _analyse(database, tokens["coordinator"], until=newest - BEFORE)
        found = _analyse(database, tokens["coordinator"], until=newest)
        say(f"Analysed: {found} hot spots in the 52 weeks up to {stockholm_date(newest) - timedelta(days=1)}")
    if deployment.settings.joint_database_url is not None:
        joint = make_joint(deployment)
        say(f"Made: a joint picture of {sum(joint.values())} hot spots")
    _write_private(deployment.settings.home / TOKENS_FILE, json.dumps(tokens, indent=2) + "\n")


def sample_folder() -> Path:
    """The sample data: beside the code in a checkout, inside the package in a wheel."""
    here = Path(__file__).resolve()
    for folder in (here.parents[2] / "sample_data", here.parents[1] / "_sample_data"):
        if (folder / "incidents.csv.gz").exists():
            return folder
    raise SetupError("The sample data are missing from this installation.")


@contextmanager
def opened(deployment: Deployment) -> Iterator[Database]:
    """The database as the app role, for long work."""
    engine = make_engine(str(deployment.settings.database_url), pool_size=2, statement_timeout_ms=JOB_TIMEOUT_MS)
    try:
        yield Database(engine)
    finally:
        engine.dispose()


def organisation_actor(database: Database, slug: str, name: str) -> Actor:
    """The command line at work for one organisation. Raises NotFoundError."""
    with database.read(deployments.installer()) as tx:
        found = organisations.by_slug(tx, slug)
    if found is None:
        raise NotFoundError(f"There is no organisation {slug}; `lagesbild users list` shows those there are.")
    return system_actor(name, found["id"], slug=slug)


def _load_places(database: Database, folder: Path) -> None:
    """The place register of each municipality, for all its organisations."""
    lines = (folder / "places.csv").read_text(encoding="utf-8").splitlines()
    for organisation in _json(folder / "organisations.json"):
        slug, municipality = organisation["slug"], organisation["municipality"]
        register = [p for p in catalogues.read_places(lines, slug) if municipality in (p.within, None)]
        with database.write(organisation_actor(database, slug, "sample data")) as tx:
            catalogues.load_places(tx, register)


def _set_retention(database: Database, folder: Path) -> None:
    """The same rules for every organisation."""
    for organisation in _json(folder / "organisations.json"):
        with database.write(organisation_actor(database, organisation["slug"], "sample data")) as tx:
            retention.set_retention(tx, [KEPT], now())


def _load_incidents(database: Database, folder: Path, say: Say) -> datetime:
    """Report every row for its organisation; the start of the week after the last incident."""
    by_organisation: dict[str, list[Row]] = defaultdict(list)
    with gzip.open(folder / "incidents.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_organisation[row["organisation"]].append(row)
    for slug, rows in by_organisation.items():
        actor = organisation_actor(database, slug, "sample data")
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            chunk = rows[start : start + ROWS_AT_A_TIME]
            with database.write(actor) as tx:
                incidents.report_incidents(
                    tx,
                    [_raw(row) for row in chunk],
                    incidents.Setting(now=now(), metric_srid=_srid(database)),
                    reported_ats=[datetime.fromisoformat(row["reported_at"]) for row in chunk],
                )
        say(f"Loaded: {len(rows):,} reports of {slug}")
    last = max(datetime.fromisoformat(row["occurred_from"]) for rows in by_organisation.values() for row in rows)
    return stockholm_day_start(stockholm_date(last) + timedelta(days=7 - stockholm_date(last).weekday()))


def _srid(database: Database) -> int:
    with database.read(deployments.installer()) as tx:
        return organisations.metric_srid(tx)


def _make_accounts(database: Database, folder: Path) -> dict[str, str]:
    first_of_kind = {o["kind"]: o["slug"] for o in reversed(_json(folder / "organisations.json"))}
    secrets = {}
    with database.write(deployments.installer()) as tx:
        for key, (kind, role, name) in DEMO_ACCOUNTS.items():
            slug = MAIN if kind == "main" else first_of_kind[kind]
            accounts.add_account(tx, organisation=slug, name=name, role=role)
            secrets[key] = accounts.issue_token(tx, organisation=slug, account=name, name="demo").secret
    return secrets


def _analyse(database: Database, coordinator_token: str, until: datetime) -> int:
    """Run and adopt the demo's analysis as its coordinator; how many hot spots it found."""
    coordinator = database.signed_in(accounts.credential_hash(coordinator_token), is_session=False)
    if coordinator is None:
        raise SetupError("The demo's coordinator cannot sign in; start again with --fresh.")
    wanted = AnalysisRequest(since=until - ANALYSED, until=until)
    return analyses.run_and_adopt(
        database, coordinator, wanted, clock=now, code_version=__version__, srid=_srid(database)
    )


def _rule(row: Mapping[str, Any]) -> SharingRule:
    return SharingRule(
        giver=row["giver"],
        receiver=row["receiver"],
        what=Shared(row["what"]),
        precision=Precision(row["precision"]),
        categories=tuple(row["categories"]) if row["categories"] else None,
        purpose=row["purpose"],
        valid_until=date.fromisoformat(row["valid_until"]),
    )


def _raw(row: Row) -> RawIncident:
    return RawIncident(
        category=row["category"],
        occurred_from=datetime.fromisoformat(row["occurred_from"]),
        occurred_to=datetime.fromisoformat(row["occurred_to"]) if row["occurred_to"] else None,
        position=Position(float(row["lon"]), float(row["lat"])),
        location_uncertainty_m=float(row["location_uncertainty_m"]) if row["location_uncertainty_m"] else None,
        source=row["source"],
        source_ref=row["source_ref"],
        text=row["text"] or None,
    )


def _by_parent(features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parents before children."""
    order = {"local_police_area": 0, "municipality": 1, "district": 2}
    return sorted(features, key=lambda f: order[f["properties"]["kind"]])


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte, and all of it or nothing."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
        f.write(text)
    draft.replace(file)
