"""What the analysis writes is what the pages read."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from shapely import box

from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.run import HotSpot
from app.core.analysis.tracking import Change
from app.render import hotspots as written
from app.web import basemap, visits
from tests.web.conftest import CENTRE, square

NAMES = {"SKD": {"sv": "Skadegörelse", "en": "Vandalism"}}


@pytest.fixture
def params() -> AnalysisParams:
    return AnalysisParams(
        since=datetime(2026, 6, 30, 22, tzinfo=UTC),
        until=datetime(2026, 9, 30, 22, tzinfo=UTC),
        organisations=("lindesta-kommun",),
        now=datetime(2026, 10, 1, 4, tzinfo=UTC),
        categories=("SKD",),
        rule=ClusterRule(eps_m=60.0, min_incidents=7),
    )


@pytest.fixture
def row(params: AnalysisParams) -> Mapping[str, Any]:
    """One row of the ranked list, its properties as the renderer wrote them."""
    hotspot = HotSpot(
        key=UUID(int=9),
        rank=3,
        count=20,
        core_incident_count=15,
        weighted_value=44.5,
        recency_value=12.5,
        harm_value=44.5,
        recent_count=3,
        usual_count=1.5,
        area_m2=15_000,
        density_per_km2=1_333.3,
        outline=box(0, 0, 1, 1),
        outline_wgs84=box(0, 0, 1, 1),
        centre=CENTRE,
        first_seen=datetime(2026, 7, 3, 12, tzinfo=UTC),
        last_seen=datetime(2026, 9, 28, 12, tzinfo=UTC),
        categories=(("SKD", 15, 0.75), ("NEW", 5, 0.25)),
        sources=(("vakt", 20),),
        hours=(0,) * 24,
        weekdays=(0,) * 7,
        weeks=(),
        place_uncertainty_m=None,
        core_places=((1, 2, 15),),
    )
    properties = json.loads(written.properties(hotspot, params, "f" * 16))
    geometry = {"type": "Polygon", "coordinates": [square(*CENTRE)]}
    return {"id": hotspot.key, "geometry": geometry, "change": "growing", "related": [], **properties}


def test_a_row_of_the_ranked_list_becomes_a_place(row: Mapping[str, Any], basemap_file: Path) -> None:
    place = visits.place_of(row, NAMES, basemap.background(basemap_file).gazetteer)
    assert (place.id, place.rank, place.incident_count) == (str(UUID(int=9)), 3, 20)
    assert (place.area_m2, place.density_per_km2, place.weighted_value) == (15_000, 1_333.3, 44.5)
    assert (place.name, place.district, place.town) == ("Vid Järntorget", "Centrum", "Lindesta")
    assert (place.longitude, place.latitude) == CENTRE
    assert (place.first_seen, place.last_seen) == (
        datetime(2026, 7, 3, 12, tzinfo=UTC),
        datetime(2026, 9, 28, 12, tzinfo=UTC),
    )
    assert len(place.rings[0]) == 5
    assert place.change is Change.GROWING
    assert visits.place_of({**row, "change": None}, NAMES, basemap.NOTHING.gazetteer).change is None


def test_a_row_of_what_is_there_no_longer_becomes_a_lost_place(basemap_file: Path) -> None:
    row = {"centre": CENTRE, "rank_before": 4, "count_before": 9, "related": []}
    gazetteer = basemap.background(basemap_file).gazetteer
    gone, part = (visits.lost_place_of(row | {"related": r}, gazetteer) for r in ([], [UUID(int=9)]))
    assert (gone.name, gone.where, gone.count_before, gone.change) == ("Vid Järntorget", "Centrum", 9, Change.GONE)
    assert (part.into, part.change) == (str(UUID(int=9)), Change.MERGED)
    assert visits.lost_place_of(row, basemap.NOTHING.gazetteer).name == "Plats 4"


def test_a_category_unknown_by_now_is_shown_by_its_code(row: Mapping[str, Any]) -> None:
    place = visits.place_of(row, NAMES, basemap.NOTHING.gazetteer)
    assert [(part.sv, part.en, part.count, part.share) for part in place.categories] == [
        ("Skadegörelse", "Vandalism", 15, 0.75),
        ("NEW", "NEW", 5, 0.25),
    ]


def test_a_run_is_read_from_its_parameters(params: AnalysisParams) -> None:
    instant = datetime(2026, 10, 2, tzinfo=UTC)
    run = visits.run_of(
        {
            "id": UUID(int=50),
            "params": params.as_json(),
            "data_cut_off": instant,
            "adopted_at": instant,
            "incident_count": 4_212,
            "findings": None,
        }
    )
    assert (run.why_this_rule, run.questions) == ("", ())
    assert run.id == str(UUID(int=50))
    assert (run.since, run.until) == (params.since, params.until)
    assert (run.eps_m, run.min_incidents, run.weighting) == (60.0, 7, params.weighting)
    assert (run.data_cut_off, run.adopted_at, run.incident_count) == (instant, instant, 4_212)


def test_a_chosen_rule_comes_with_its_reason_and_questions(params: AnalysisParams) -> None:
    instant = datetime(2026, 10, 2, tzinfo=UTC)
    question = {"lon": 15.85, "lat": 59.65, "sv": "Hände det där?", "en": "Did it happen there?"}
    findings = {
        "eps_m": 54.0,
        "min_incidents": 6,
        "tuning": {"sv": "Därför.", "en": "Because."},
        "doubtful_places": [question],
    }
    run = visits.run_of(
        {
            "id": UUID(int=50),
            "params": replace(params, rule=None).as_json(),
            "data_cut_off": instant,
            "adopted_at": instant,
            "incident_count": 4_212,
            "findings": findings,
        }
    )
    assert (run.eps_m, run.min_incidents, run.why_this_rule) == (54.0, 6, "Därför.")
    assert run.questions == ("59.65000, 15.85000: Hände det där?",)
