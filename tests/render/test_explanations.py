"""Why a place is a hot spot, in words that a meeting understands."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from shapely import box

from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.run import HotSpot
from app.core.analysis.significance import Significance
from app.render.explanations import explained

RULE = ClusterRule(eps_m=57, min_incidents=12)
PARAMS = AnalysisParams(
    since=datetime(2025, 1, 1, tzinfo=UTC),
    until=datetime(2026, 1, 1, tzinfo=UTC),
    organisations=("lindesta-kommun",),
    now=datetime(2026, 1, 1, tzinfo=UTC),
    categories=("SKD",),
)
CERTAIN = Significance(
    p_value=0.001, p_low=0.0, p_high=0.0037, count=48, expected_count=9.26, excess_ratio=5.18, replicates=999
)
HOTSPOT = HotSpot(
    key=UUID(int=9),
    rank=1,
    count=48,
    core_incident_count=40,
    weighted_value=48.0,
    recency_value=12.5,
    harm_value=None,
    recent_count=3,
    usual_count=1.5,
    area_m2=15_000,
    density_per_km2=3_200.0,
    outline=box(0, 0, 1, 1),
    outline_wgs84=box(0, 0, 1, 1),
    centre=(15.85, 59.65),
    first_seen=datetime(2025, 1, 3, 12, tzinfo=UTC),
    last_seen=datetime(2025, 9, 28, 12, tzinfo=UTC),
    categories=(("SKD", 48, 1.0),),
    sources=(("vakt", 48),),
    hours=(0,) * 24,
    weekdays=(0,) * 7,
    weeks=(),
    place_uncertainty_m=83.0,
    significance=CERTAIN,
    place_certainty=0.96,
    core_places=((1, 2, 15),),
)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_certain_hot_spot_at_a_sure_place_is_explained_in_three_sentences() -> None:
    told = explained(HOTSPOT, RULE, PARAMS)
    assert told["reasons"] == ["crowded", "certain", "place-sure"]
    assert plain(told["sv"]) == (
        "48 händelser på 52 veckor, där minst 12 ligger inom 57 meter; normalt vore 9,3. "
        "Det är inte en slump: bara 0,1 % av slumpade orter utan särskilda platser har något så tydligt. "
        "Läget är säkert: platsen hittas igen i 96 % av försöken när varje händelse flyttas så långt som dess position "
        "är osäker."
    )
    assert told["en"].startswith("48 incidents in 52 weeks, where at least 12 lie within 57 metres; normal would be")
    assert "It is not chance: only 0.1% of random towns" in told["en"]


@pytest.mark.parametrize(
    ("p_value", "p_high", "reason", "sv", "en"),
    [
        (0.03, 0.05, "likely", "Det är troligen inte en slump: bara 3 %", "It is probably not chance: only 3%"),
        (0.4, 0.45, "could-be-chance", "Det kan vara en slump: en så tydlig", "It could be chance: as clear a crowd"),
    ],
)
def test_what_is_less_certain_is_told_so(p_value: float, p_high: float, reason: str, sv: str, en: str) -> None:
    found = replace(CERTAIN, p_value=p_value, p_high=p_high, expected_count=23.4)
    told = explained(replace(HOTSPOT, significance=found), RULE, PARAMS)
    assert told["reasons"][1] == reason
    assert sv in plain(told["sv"])
    assert en in told["en"]
    assert "normalt vore 23." in told["sv"]


@pytest.mark.parametrize(
    ("found_again", "reason", "sv"),
    [(0.9, "place-sure", "säkert"), (0.5, "place-fairly-sure", "ganska säkert"), (0.12, "place-unsure", "osäkert")],
)
def test_how_sure_the_place_is_follows_how_often_it_is_found_again(found_again: float, reason: str, sv: str) -> None:
    told = explained(replace(HOTSPOT, place_certainty=found_again), RULE, PARAMS)
    assert told["reasons"][2] == reason
    assert f"Läget är {sv}:" in told["sv"]


def test_without_a_test_only_the_crowd_is_told() -> None:
    told = explained(replace(HOTSPOT, significance=None, place_certainty=None), RULE, PARAMS)
    assert told["reasons"] == ["crowded"]
    assert told["sv"] == "48 händelser på 52 veckor, där minst 12 ligger inom 57 meter."
