"""Invented visitors, places and runs for the pages, and the pages themselves over HTTP.

browse       browse(): a browser at the application, on a database in which Lindesta has adopted a run
signed_in    signed_in("coordinator"): the same after signing in with that account's token
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.actions import analyses
from app.actions.accounts import credential_hash
from app.core.analysis.params import Weighting
from app.core.permissions import Actor, Role, scope_of
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from app.web import i18n
from app.web.places import AdoptedRun, CategoryShare, Listing, Place, listing
from tests import factories
from tests.conftest import Database, Server, copied, opened
from tests.factories import Group

ORGANISATION = UUID(int=1)
ACCOUNT = UUID(int=2)
CENTRE = (15.85, 59.64)
STATISTICS: Mapping[str, Any] = {  # of twenty incidents, most of them in the night to Sunday
    "hours": [5, 3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 6],
    "weekdays": [1, 1, 0, 2, 2, 5, 9],
    "weeks": {"2025-W52": 4, "2026-W01": 0, "2026-W02": 16},
    "sources": [
        {"name": "lindesta-kommun:est-rapport", "count": 4},
        {"name": "polisen-lindadalen:rar", "count": 11},
        {"name": "lindesta-kommun:medborgartips", "count": 5},
    ],
}
ORGANISATIONS = {"lindesta-kommun": "Lindesta kommun"}
GROUPS = (Group(count=16), Group(count=10, east_m=600, category="KLO"))
AS_BROWSERS_DO = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "sv"}


class Browse(Protocol):
    """A new browser at a new application; `settings` are the deployment's, as in app.settings."""

    def __call__(self, url: str = "http://localhost", **settings: Any) -> TestClient:
        """Redirects are not followed."""


@pytest.fixture(scope="session")
def town(cluster: Server, template_database: str, tokens: Mapping[str, str]) -> Iterator[Database]:
    """The small world, in which Lindesta has adopted a run with two places; for reading."""
    with copied(cluster, template_database) as copy:
        adopt_a_run(copy, tokens["coordinator"])
        yield copy


def adopt_a_run(database: Database, coordinator_token: str) -> None:
    """Report what makes two places, analyse and adopt."""
    with opened(database) as db:
        coordinator = db.signed_in(credential_hash(coordinator_token), is_session=False)
        assert coordinator
        factories.reported(db, coordinator, factories.raws_of(*GROUPS))
        analyses.run_and_adopt(
            db,
            coordinator,
            analyses.AnalysisRequest(replicates=19),
            clock=lambda: factories.NOW,
            code_version=factories.CODE_VERSION,
            srid=factories.METRIC_SRID,
        )


@pytest.fixture
def browse(town: Database, tmp_path: Path) -> Iterator[Browse]:
    with ExitStack() as stack:

        def opened_at(url: str = "http://localhost", **settings: Any) -> TestClient:
            usual: dict[str, Any] = {"database_url": town.url(APP_ROLE), "home": tmp_path}
            app = build_app(Settings(**usual | settings))
            stack.callback(app.state.services.database.engine.dispose)
            return TestClient(app, url, follow_redirects=False, headers=AS_BROWSERS_DO)

        yield opened_at


@pytest.fixture
def signed_in(browse: Browse, tokens: Mapping[str, str]) -> Callable[..., TestClient]:
    """A browser in which the owner of an account has signed in."""

    def enter(key: str = "coordinator", **settings: Any) -> TestClient:
        browser = browse(**settings)
        assert browser.post("/logga-in", data={"token": tokens[key]}).status_code == 303
        return browser

    return enter


def square(longitude: float, latitude: float, side: float = 0.002) -> list[list[float]]:
    """A closed ring around a point."""
    h = side / 2
    corners = [(-h, -h), (h, -h), (h, h), (-h, h), (-h, -h)]
    return [[longitude + x, latitude + y] for x, y in corners]


@pytest.fixture(autouse=True)
def _swedish() -> Iterator[None]:
    """Every test begins and ends in Swedish: the language is kept in a context variable."""
    i18n.use_language("sv")
    yield
    i18n.use_language("sv")


@pytest.fixture
def make_visitor() -> Callable[[Role], Actor]:
    """A person of one role."""

    def make(role: Role = Role.COORDINATOR) -> Actor:
        return Actor(
            id=ACCOUNT,
            name="Trygghetssamordnare",
            role=role,
            organisation_id=ORGANISATION,
            organisation="lindesta-kommun",
            organisation_name="Lindesta kommun",
            token_id=UUID(int=3),
            scope=scope_of(role, ACCOUNT, ORGANISATION),
        )

    return make


@pytest.fixture
def make_place() -> Callable[..., Place]:
    """A place of one rank with so many incidents."""

    def make(rank: int = 1, count: int = 26, **changes: object) -> Place:
        longitude, latitude = CENTRE[0] + 0.004 * rank, CENTRE[1] + 0.002 * rank
        values: dict[str, object] = {
            "id": str(UUID(int=100 + rank)),
            "rank": rank,
            "landmark": "Järntorget",
            "district": "Centrum",
            "town": "Lindesta",
            "incident_count": count,
            "weighted_value": count * 3.0,
            "density_per_km2": 1_440.5,
            "area_m2": 18_046.0,
            "categories": (
                CategoryShare(sv="Skadegörelse", en="Vandalism", count=12, share=0.46),
                CategoryShare(sv="Klotter", en="Graffiti", count=8, share=0.31),
                CategoryShare(sv="Rån", en="Robbery", count=1, share=0.04),
            ),
            "first_seen": datetime(2026, 7, 3, 12, tzinfo=UTC),
            "last_seen": datetime(2026, 9, 28, 12, tzinfo=UTC),
            "longitude": longitude,
            "latitude": latitude,
            "rings": (square(longitude, latitude),),
        }
        return Place(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def run() -> AdoptedRun:
    """A run over the third quarter, Swedish time."""
    return AdoptedRun(
        id=str(UUID(int=50)),
        since=datetime(2026, 6, 30, 22, tzinfo=UTC),
        until=datetime(2026, 9, 30, 22, tzinfo=UTC),
        data_cut_off=datetime(2026, 10, 1, 4, tzinfo=UTC),
        adopted_at=datetime(2026, 10, 2, 8, tzinfo=UTC),
        eps_m=75.0,
        min_incidents=8,
        tuning=None,
        doubtful_places=(),
        weighting=Weighting.COUNT,
        incident_count=4_212,
    )


@pytest.fixture
def make_listing(run: AdoptedRun, make_place: Callable[..., Place]) -> Callable[..., Listing]:
    """A list with places of these counts, largest first."""

    def make(counts: tuple[int, ...] = (95, 40, 26, 12, 8), total: int | None = None) -> Listing:
        places = [make_place(rank, count) for rank, count in enumerate(counts, start=1)]
        return listing(run, places, len(places) if total is None else total)

    return make


@pytest.fixture
def basemap_file(tmp_path: Path) -> Path:
    """A very small town: a district, a square, a street, a river and a forest track without a name."""

    def feature(layer: str, shape: str, coordinates: object, **properties: str) -> dict[str, object]:
        return {
            "type": "Feature",
            "properties": {"layer": layer, **properties},
            "geometry": {"type": shape, "coordinates": coordinates},
        }

    x, y = CENTRE
    features = [
        feature("districts", "Polygon", [square(x, y, 0.02)], name="Centrum"),
        feature("places", "Point", [x, y], kind="poi", name="Järntorget"),
        feature("places", "Point", [x, y], kind="town", name="Lindesta"),
        feature(
            "roads",
            "LineString",
            [[x - 0.01, y + 0.003], [x + 0.01, y + 0.003]],
            kind="street",
            name="Ågatan",
        ),
        feature("roads", "LineString", [[x - 0.02, y], [x + 0.02, y]], kind="primary", name="Storvägen"),
        feature("roads", "LineString", [[x - 0.02, y + 0.006], [x + 0.02, y + 0.006]], kind="street"),
        feature("water", "Polygon", [square(x, y - 0.01, 0.004)], kind="river", name="Lindån"),
    ]
    path = tmp_path / "basemap.geojson.gz"
    collection = {"type": "FeatureCollection", "attribution": "Lantmätargatans karta", "features": features}
    path.write_bytes(gzip.compress(json.dumps(collection).encode()))
    return path
