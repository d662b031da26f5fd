"""Points that are no places: told from ordinary ones by how many rows and how many addresses they have."""

from typing import Any

import pytest
import shapely

from app.core.imports.coarse import Survey
from app.core.imports.known import NamedArea
from app.core.imports.profile import Field
from app.core.imports.reader import Reader
from tests.core.imports.rows import GOOD, known, profile, table

FIELDS = {Field.ADDRESS: ("gata",)}


def surveyed(rows: list[dict[str, Any]], **more: Any) -> list[tuple[str, float, float]]:
    columns, made = table(*(GOOD | {"gata": ""} | row for row in rows))
    knowing = known(places=(), **more)
    survey = Survey(Reader(columns, profile(FIELDS), knowing), knowing)
    for at in range(0, len(made), 100):
        survey.add(made[at : at + 100])
    return [(p.reason, p.lon, round(p.uncertainty_m)) for p in survey.coarse_points()]


def scattered(count: int) -> list[dict[str, Any]]:
    return [{"lon": 18 + i / 1_000, "lat": 59.3 + i % 7 / 1_000, "gata": f"Gatan {i}"} for i in range(count)]


def test_ordinary_places_are_not_coarse() -> None:
    busy = [{"lon": 18.5, "gata": "Torget"}] * 20
    assert surveyed([*scattered(100), *busy, {"lon": ""}]) == []
    assert surveyed([{"lon": ""}]) == []


def test_a_default_address_stands_out() -> None:
    found = surveyed([*scattered(150), *[{"lon": 18.075, "gata": "Stationen"}] * 60])
    assert [(reason, lon) for reason, lon, _ in found] == [("default-address", 18.075)]
    assert 1_000 < found[0][2] < 10_000


def test_one_point_for_many_addresses_is_coarse() -> None:
    many = [{"lon": 18.5, "gata": f"Vägen {i}"} for i in range(20)]
    assert surveyed([*scattered(100), *many]) == [("many-addresses", 18.5, 2_000)]


def test_the_middle_of_an_area_is_coarse_as_the_area_is_large() -> None:
    area = NamedArea(code="x", name="Lindesta", geometry=shapely.box(18.45, 59.28, 18.55, 59.38))
    middle = [{"lon": 18.5, "lat": 59.33, "gata": gata} for gata in ("a", "b") for _ in range(4)]
    ((reason, lon, uncertainty_m),) = surveyed([*scattered(100), *middle], areas=[area])
    assert (reason, lon, 3_000 < uncertainty_m < 6_500) == ("centroid", 18.5, True)


def test_a_feed_that_knows_only_towns_is_coarse_everywhere() -> None:
    rows = [{"lon": 18 + i % 4, "gata": "Skåne län" if i % 4 == 3 else f"Ort {i % 4}"} for i in range(400)]
    assert sorted(surveyed(rows)) == [
        ("centroid", 18.0, 5_000), ("centroid", 19.0, 5_000), ("centroid", 20.0, 5_000), ("centroid", 21.0, 60_000),
    ]  # fmt: skip


def test_many_points_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.imports.coarse._MOST_POINTS", 10)
    rows = [{"lon": 18 + i / 1_000} for i in range(150)] + [{"lon": 18.5, "gata": f"Vägen {i}"} for i in range(20)]
    assert surveyed(rows) == [("many-addresses", 18.5, 2_000)]
