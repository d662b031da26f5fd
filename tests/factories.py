"""The small world of the tests: a few invented organisations on square areas, and incidents in them.

Everything here is a plain value; tests/conftest.py puts the world into the template database.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import shapely

from app.actions import accounts, deployments
from app.actions.incidents import Reported, Setting, report_incidents
from app.core.analysis.params import AnalysisParams
from app.core.analysis.tracking import Change, Mark, Ruler, Step
from app.core.geo import Position
from app.core.incidents import IncidentDraft, RawIncident
from app.core.permissions import Actor, Role
from app.store.hotspots import HotSpotRow
from app.store.tx import Database, WriteTx

Acting = Callable[[Actor], WriteTx]  # what the fixtures of tests/conftest.py give
Actors = Mapping[str, Actor]

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
CODE_VERSION = "test"
METRIC_SRID = 3006
SETTING = Setting(now=NOW, metric_srid=METRIC_SRID)

LINDESTA = "lindesta-kommun"
HYTTFORS = "hyttfors-kommun"
POLICE = "polisen-lindadalen"
HOUSING = "lindestahem"
DISTRICT = "lindesta-centrum"
POLICE_AREA = "lpo-lindadalen"

CENTRE = (15.85, 59.65)  # of Lindesta, inside its district
ELSEWHERE = (16.15, 59.65)  # in Hyttfors
CENTRE_M = (547_800.0, 6_612_400.0)  # a round place in the same district, EPSG:3006


def square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as a GeoJSON geometry."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def area(code: str, name: str, kind: str, parent: str | None, geometry: dict[str, Any]) -> dict[str, Any]:
    """An area as a GeoJSON feature."""
    properties = {"code": code, "name": name, "kind": kind, "parent": parent}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


AREAS = (
    area(POLICE_AREA, "Lokalpolisområde Lindådalen", "local_police_area", None, square(15.75, 59.55, 16.25, 59.75)),
    area(LINDESTA, "Lindesta kommun", "municipality", POLICE_AREA, square(15.75, 59.55, 15.95, 59.75)),
    area(HYTTFORS, "Hyttfors kommun", "municipality", POLICE_AREA, square(16.05, 59.55, 16.25, 59.75)),
    area(DISTRICT, "Centrum", "district", LINDESTA, square(15.84, 59.64, 15.86, 59.66)),
)


def organisation(slug: str, name: str, kind: str, **changes: Any) -> dict[str, Any]:
    """An organisation that works in the area of its municipality."""
    usual = {
        "slug": slug,
        "name": name,
        "kind": kind,
        "area": slug,
        "municipality": slug,
        "local_police_area": POLICE_AREA,
        "outside_area": "refuse",
    }
    return usual | changes


ORGANISATIONS = (
    organisation(LINDESTA, "Lindesta kommun", "municipality"),
    organisation(HYTTFORS, "Hyttfors kommun", "municipality"),
    organisation(POLICE, "Polisen Lindådalen", "police", area=POLICE_AREA, municipality=None, outside_area="mark"),
    organisation(HOUSING, "Lindestahem AB", "housing_company", area=LINDESTA, municipality=LINDESTA),
)


def source(organisation: str, name: str, title: str, **changes: Any) -> dict[str, Any]:
    """A source that nobody trusts yet and that does not say how sure its places are."""
    usual = {"organisation": organisation, "name": name, "title": title}
    return usual | {"is_trusted": False, "location_uncertainty_m": None} | changes


SOURCES = (
    source(LINDESTA, "est-rapport", "EST-rapporter", is_trusted=True, location_uncertainty_m=15.0),
    source(LINDESTA, "medborgartips", "Tips från invånare", location_uncertainty_m=150.0),
    source(HYTTFORS, "est-rapport", "EST-rapporter", is_trusted=True, location_uncertainty_m=15.0),
    source(POLICE, "rar", "Polisens anmälningar", is_trusted=True, location_uncertainty_m=83.0),
    source(HOUSING, "fastighetsjour", "Jouren"),
)


def sharing(giver: str, receiver: str, what: str) -> dict[str, Any]:
    """A sharing rule that is in force throughout the tests."""
    purpose = "gemensam lägesbild"
    valid_until = date(2099, 12, 31)
    return {"giver": giver, "receiver": receiver, "what": what, "purpose": purpose, "valid_until": valid_until}


SHARING = (
    sharing(POLICE, LINDESTA, "incidents"),
    sharing(HOUSING, LINDESTA, "incidents"),
    sharing(LINDESTA, POLICE, "hotspots"),
    sharing(LINDESTA, HOUSING, "hotspots"),
)  # Hyttfors gives nothing and gets nothing

# key of the `actors` and `tokens` fixtures: organisation, role
ACCOUNTS = {
    "reporter": (LINDESTA, Role.REPORTER),
    "second_reporter": (LINDESTA, Role.REPORTER),
    "external_reporter": (HOUSING, Role.EXTERNAL_REPORTER),
    "coordinator": (LINDESTA, Role.COORDINATOR),
    "police": (POLICE, Role.POLICE),
    "analyst": (LINDESTA, Role.ANALYST),
    "leadership": (LINDESTA, Role.LEADERSHIP),
    "map_client": (LINDESTA, Role.MAP_CLIENT),
    "auditor": (LINDESTA, Role.AUDITOR),
    "admin": (LINDESTA, Role.ADMIN),
    "other_reporter": (HYTTFORS, Role.REPORTER),
    "other_coordinator": (HYTTFORS, Role.COORDINATOR),
    "other_analyst": (HYTTFORS, Role.ANALYST),
}


def load_world(database: Database) -> dict[str, str]:
    """Fill a migrated database; the token of each account, by its key."""
    with database.write(deployments.installer()) as tx:
        deployments.load_categories(tx)
        deployments.load_areas(tx, AREAS)
        for each in ORGANISATIONS:
            deployments.add_organisation(tx, each)
        deployments.load_sources(tx, SOURCES)
        for rule in SHARING:
            deployments.share(tx, **rule)
        return {key: _issued(tx, slug, key, role) for key, (slug, role) in ACCOUNTS.items()}


def _issued(tx: WriteTx, slug: str, name: str, role: Role) -> str:
    accounts.add_account(tx, organisation=slug, name=name, role=role)
    return accounts.issue_token(tx, organisation=slug, account=name, name="test").secret


def draft(**changes: Any) -> IncidentDraft:
    """An incident that passed every rule: vandalism in the centre of Lindesta a week ago."""
    usual: dict[str, Any] = {
        "category": "SKD",
        "occurred_from": NOW - timedelta(days=7),
        "occurred_to": None,
        "lon": CENTRE[0],
        "lat": CENTRE[1],
        "location_uncertainty_m": None,
        "source": "est-rapport",
        "source_ref": None,
        "text": None,
    }
    return IncidentDraft(**usual | changes)


def raw(**changes: Any) -> RawIncident:
    """The same incident as a sender claims it."""
    usual: dict[str, Any] = {
        "category": "SKD",
        "occurred_from": NOW - timedelta(days=7),
        "position": Position(*CENTRE),
        "source": "est-rapport",
    }
    return RawIncident(**usual | changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Incidents on a grid of 10 m: with the usual rule they are one hot spot, all of them cores from 8 on."""

    count: int = 10
    east_m: float = 0.0  # of CENTRE_M
    north_m: float = 0.0
    category: str = "SKD"
    source: str = "est-rapport"


def raws_of(*groups: Group) -> list[RawIncident]:
    """The groups as reports with references, one a day, newest a week ago."""
    return [_one_of(group, g, i) for g, group in enumerate(groups) for i in range(group.count)]


def _one_of(group: Group, g: int, i: int) -> RawIncident:
    x = CENTRE_M[0] + group.east_m + 10 * (i % 4)
    y = CENTRE_M[1] + group.north_m + 10 * (i // 4)
    return raw(
        category=group.category,
        occurred_from=NOW - timedelta(days=7 + i),
        position=Position(x, y, f"EPSG:{METRIC_SRID}"),
        source=group.source,
        source_ref=f"{group.category}-{g}-{i}",
    )


def reported(database: Database, actor: Actor, raws: Sequence[RawIncident]) -> Reported:
    """What became of reports that the actor sent just now."""
    with database.write(actor) as tx:
        return report_incidents(tx, raws, SETTING)


def params(**changes: Any) -> AnalysisParams:
    """An analysis of the vandalism in Lindesta during the last year."""
    usual: dict[str, Any] = {
        "since": NOW - timedelta(weeks=52),
        "until": NOW,
        "organisations": (LINDESTA,),
        "now": NOW,
        "categories": ("SKD",),
    }
    return AnalysisParams(**usual | changes)


def hotspot_row(rank: int = 1, **changes: Any) -> HotSpotRow:
    """A hot spot of ten incidents in the centre of Lindesta, ready to be stored."""
    west, south = CENTRE
    outline = shapely.box(west, south, west + 0.001, south + 0.001)
    usual: dict[str, Any] = {
        "hotspot_id": UUID(int=rank),
        "rank": rank,
        "count": 10,
        "weighted_value": 10.0,
        "categories": ("SKD", "KLO"),
        "properties": json.dumps({"rank": rank, "count": 10}),
        "statistics": json.dumps({"hours": [0] * 24}),
        "core_places": ((21_900, 264_400 + rank, 10),),
        "wkb": shapely.to_wkb(outline),
    }
    return HotSpotRow(**usual | changes)


def step(rank: int = 1, **changes: Any) -> Step:
    """What an adoption says of the hot spot of that rank: it is new, and known by an id of its own."""
    mark = Mark(count=10, x=547_512.5, y=6_610_012.5, ruler=Ruler(eps_m=75.0, min_incidents=8, weeks=52.0))
    usual: dict[str, Any] = {"id": UUID(int=100 + rank), "key": UUID(int=rank), "change": Change.NEW, "related": ()}
    return Step(**{**usual, "mark": mark, **changes})


def ids_of(features: Iterable[str]) -> list[str]:
    """The ids of GeoJSON features given as texts."""
    return [json.loads(feature)["id"] for feature in features]
