"""The incidents: known categories, right times, inside the reporter's area, nothing about persons."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from sample_data import rhythms

STOCKHOLM = ZoneInfo("Europe/Stockholm")
CATEGORIES = {
    "VAL", "RAN", "HOT", "PERS", "SKJ", "BRA", "NAR", "PAV", "INB", "INF", "BIL", "BRN", "TIL",
    "BED", "SKD", "KLO", "NED", "BUS", "TRA", "OLO", "SAM", "SKO", "OTR", "ARR", "OVR",
}  # fmt: skip
PERSONAL = {
    "personal identity number": re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+ ]?\d{4}(?!\d)"),
    "registration plate": re.compile(r"\b[A-ZÅÄÖ]{3}[ -]?\d{2}[A-Z0-9]\b", re.IGNORECASE),
    "phone number": re.compile(r"(?:\+46|\b0\d{1,3})[ -]?\d{2,3}[ -]?\d{2,3}[ -]?\d{0,3}\b"),
    "e-mail": re.compile(r"@"),
}
Rows = list[dict[str, str]]


def _times(rows: Rows, column: str) -> list[datetime]:
    return [datetime.fromisoformat(row[column]) for row in rows]


def test_categories_are_known_and_all_used(incidents: Rows) -> None:
    assert {row["category"] for row in incidents} == CATEGORIES


def test_volumes_are_those_of_three_small_municipalities(incidents: Rows, areas: list[dict[str, Any]]) -> None:
    points = shapely.points([(float(r["lon"]), float(r["lat"])) for r in incidents])
    weekly = {
        a["properties"]["code"]: shapely.contains(shape(a["geometry"]), points).sum() / 104
        for a in areas
        if a["properties"]["kind"] == "municipality"
    }

    assert weekly == {
        "lindesta-kommun": pytest.approx(45, rel=0.1),
        "hyttfors-kommun": pytest.approx(22, rel=0.1),
        "ekhyttan-kommun": pytest.approx(14, rel=0.1),
    }


def test_times_carry_the_offset_that_stockholm_had(incidents: Rows) -> None:
    times = [t for c in ("occurred_from", "occurred_to", "reported_at") for t in _times(incidents, c)]

    assert {t.utcoffset() for t in times} == {timedelta(hours=1), timedelta(hours=2)}
    assert [t for t in times if t.astimezone(STOCKHOLM).utcoffset() != t.utcoffset()] == []


def test_times_lie_in_the_two_years_and_in_order(incidents: Rows) -> None:
    began, ended, reported = (_times(incidents, c) for c in ("occurred_from", "occurred_to", "reported_at"))

    assert min(began) >= datetime(2024, 11, 18, tzinfo=STOCKHOLM)
    assert max(reported) < datetime(2026, 11, 16, tzinfo=STOCKHOLM)
    assert all(a <= b < c for a, b, c in zip(began, ended, reported, strict=True))
    assert len({t.astimezone(STOCKHOLM).isocalendar()[:2] for t in reported}) == 104


def test_rows_are_in_the_order_they_were_reported(incidents: Rows) -> None:
    keys = [(datetime.fromisoformat(r["reported_at"]).astimezone(UTC), r["source"], r["source_ref"]) for r in incidents]

    assert keys == sorted(keys)


def test_references_are_unique_within_organisation_and_source(incidents: Rows) -> None:
    references = [(r["organisation"], r["source"], r["source_ref"]) for r in incidents]

    assert len(set(references)) == len(references)
    assert all(re.fullmatch(r"[A-Z]{2}-202[456]-\d{5}", ref) for _, _, ref in references)


def test_every_position_lies_in_the_reporting_organisations_area(
    incidents: Rows, areas: list[dict[str, Any]], organisations: dict[str, dict[str, Any]]
) -> None:
    shapes = {a["properties"]["code"]: shape(a["geometry"]) for a in areas}
    for slug, organisation in organisations.items():
        own = [(float(r["lon"]), float(r["lat"])) for r in incidents if r["organisation"] == slug]

        assert len(own) > 200
        assert shapely.contains_xy(shapes[organisation["area"]], np.array(own)).all()


@pytest.mark.parametrize("what", sorted(PERSONAL))
def test_no_text_looks_like_personal_data(what: str, incidents: Rows, places: Rows) -> None:
    texts = {r[c] for r in incidents for c in ("text", "source_ref")} | {
        p[c] for p in places for c in ("name", "aliases")
    }

    assert len(texts) > 100
    assert [t for t in texts if PERSONAL[what].search(t)] == []


def test_texts_hold_no_digits_and_stand_on_some_rows_only(incidents: Rows) -> None:
    texts = [r["text"] for r in incidents]

    assert not any(c.isdigit() for t in texts for c in t)
    assert 0.3 < sum(bool(t) for t in texts) / len(texts) < 0.6


def test_most_incidents_share_their_position_with_another(incidents: Rows) -> None:
    at = Counter((r["lon"], r["lat"]) for r in incidents)

    assert sum(n for n in at.values() if n > 1) > 0.5 * len(incidents)


def test_burglaries_are_intervals_and_a_few_last_more_than_four_weeks(incidents: Rows) -> None:
    rows = [r for r in incidents if r["category"] in {"INB", "INF"}]
    lasted = [b - a for a, b in zip(_times(rows, "occurred_from"), _times(rows, "occurred_to"), strict=True)]

    assert sum(d > timedelta(0) for d in lasted) > 0.8 * len(lasted)
    assert 0 < sum(d > timedelta(days=28) for d in lasted) < 0.1 * len(lasted)


def test_fraud_is_only_known_to_the_municipality(incidents: Rows) -> None:
    frauds = [r for r in incidents if r["category"] == "BED"]

    assert {r["location_uncertainty_m"] for r in frauds} == {"5000"}
    assert len({(r["lon"], r["lat"]) for r in frauds}) == 3


def test_schools_are_disturbed_on_school_days_only(incidents: Rows) -> None:
    began = _times([r for r in incidents if r["category"] == "SKO"], "occurred_from")

    assert len(began) > 100
    assert [t for t in began if not rhythms.is_school_day(t.date())] == []


def test_violence_belongs_to_the_nights_of_friday_and_saturday(incidents: Rows) -> None:
    began = _times([r for r in incidents if r["category"] == "VAL"], "occurred_from")
    nights = [(t - timedelta(hours=5)).weekday() for t in began if t.hour >= 20 or t.hour < 5]

    assert len(nights) > 0.6 * len(began)
    assert sum(day in {4, 5} for day in nights) > 0.4 * len(nights)


def test_graffiti_belongs_to_the_lighter_months(incidents: Rows) -> None:
    months = Counter(t.month for t in _times([r for r in incidents if r["category"] == "KLO"], "occurred_from"))

    assert sum(months[m] for m in (4, 5, 6)) > 2 * sum(months[m] for m in (11, 12, 1))
