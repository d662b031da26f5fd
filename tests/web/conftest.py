"""Invented visitors, places and runs for the pages."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from app.core.analysis.params import Weighting
from app.core.permissions import Actor, Role, scope_of
from app.web import i18n
from app.web.places import AdoptedRun, CategoryShare, Listing, Place, listing

ORGANISATION = UUID(int=1)
ACCOUNT = UUID(int=2)
CENTRE = (15.85, 59.64)


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
    path.write_bytes(gzip.compress(json.dumps({"type": "FeatureCollection", "features": features}).encode()))
    return path
