"""The list of incidents: what each filter lets through, and pages that lose and double nothing."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import AsRole
from tests.api.wire import BATCH, GEOJSON, INCIDENTS, PROBLEM, codes, report
from tests.factories import DISTRICT, LINDESTA

# reference: what differs
KNOWN = {
    "midnight": {"occurred_from": "2026-11-08T23:00:00Z"},  # 9 November begins in Stockholm
    "noon": {"occurred_from": "2026-11-09T11:00:00Z", "category": "KLO"},
    "late": {"occurred_from": "2026-11-09T22:59:59Z", "source": "medborgartips"},
    "next": {"occurred_from": "2026-11-09T23:00:00Z", "category": "BED"},
    "north": {"occurred_from": "2026-11-01T12:00:00Z", "position": {"lon": 15.9, "lat": 59.7}},
}


@pytest.fixture
def listed(coordinator: TestClient) -> TestClient:
    """The coordinator, with the known reports stored."""
    answer = coordinator.post(BATCH, json=[report(source_ref=ref, **what) for ref, what in KNOWN.items()])
    assert answer.status_code == 201
    return coordinator


def references(client: TestClient, **filters: Any) -> list[str]:
    """The references that a filter lets through, in the list's order."""
    answer = client.get(INCIDENTS, params=filters)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, GEOJSON)
    return [f["properties"]["source_ref"] for f in answer.json()["features"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["next", "late", "noon", "midnight", "north"]),
        ({"from": "2026-11-09", "to": "2026-11-09"}, ["late", "noon", "midnight"]),
        ({"from": "2026-11-09T11:00:00Z"}, ["next", "late", "noon"]),
        ({"to": "2026-11-09T11:00:00Z"}, ["midnight", "north"]),
        ({"from": "2026-11-09T12:00:00+01:00", "to": "2026-11-09T12:00:01+01:00"}, ["noon"]),
        ({"from": "2026-11-09", "to": "2026-11-08"}, []),
        ({"category": "KLO"}, ["noon"]),
        ({"category": ["KLO", "BED"]}, ["next", "noon"]),
        ({"category": "KLO,BED"}, ["next", "noon"]),
        ({"category": "XXX"}, []),
        ({"source": "medborgartips"}, ["late"]),
        ({"area": DISTRICT}, ["next", "late", "noon", "midnight"]),
        ({"area": LINDESTA}, ["next", "late", "noon", "midnight", "north"]),
        ({"bbox": "15.89,59.69,15.91,59.71"}, ["north"]),
        ({"bbox": "15.9,59.7,15.9,59.7"}, ["north"]),
        ({"state": "approved"}, ["next", "late", "noon", "midnight", "north"]),
        ({"state": ["submitted", "withdrawn"]}, []),
        ({"category": "KLO", "source": "medborgartips"}, []),
    ],
    ids=str,
)
def test_a_filter_lets_through_what_it_says(listed: TestClient, filters: dict[str, Any], expected: list[str]) -> None:
    assert references(listed, **filters) == expected


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("from", "igår", "unreadable-time"),
        ("from", "2026-02-30", "unknown-date"),
        ("to", "2026-11-09T12:00:00", "naive-time"),
        ("to", "9999-12-31", "out-of-range"),
        ("area", "atlantis", "unknown-area"),
        ("bbox", "1,2,3", "invalid-bbox"),
        ("bbox", "17,59,16,60", "invalid-bbox"),
        ("bbox", "nan,59,16,60", "invalid-bbox"),
        ("bbox", "-181,59,16,60", "invalid-bbox"),
        ("cursor", "x", "invalid-cursor"),
        ("cursor", "WzEsMl0", "invalid-cursor"),
        ("cursor", "å", "invalid-cursor"),
        ("limit", "0", "greater-than-equal"),
        ("limit", "10001", "less-than-equal"),
        ("limit", "9" * 5000, "int-parsing-size"),
        ("state", "glad", "enum"),
    ],
)
def test_a_wrong_filter_is_named(listed: TestClient, name: str, value: str, code: str) -> None:
    answer = listed.get(INCIDENTS, params={name: value})
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM)
    assert codes(answer)[0] == (f"{name}.0" if name == "state" else name, code)


@pytest.mark.parametrize("name", ["category", "source", "area", "cursor", "from"])
def test_a_nul_in_a_filter_is_an_ordinary_error(listed: TestClient, name: str) -> None:
    answer = listed.get(f"{INCIDENTS}?{name}=a%00b")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM)


@pytest.mark.parametrize("limit", [1, 7, 20, 10_000])
def test_the_pages_hold_every_report_once_though_many_have_one_time(coordinator: TestClient, limit: int) -> None:
    times = ["2026-11-09T12:00:00Z"] * 17 + ["2026-11-09T12:00:00.000001Z"] * 3 + ["2026-11-08T12:00:00Z"] * 20
    stored = coordinator.post(BATCH, json=[report(occurred_from=t) for t in times]).json()["ids"]
    found: list[str] = []
    address: str | None = f"{INCIDENTS}?limit={limit}"
    pages = 0
    while address:
        page = coordinator.get(address).json()
        assert page["numberReturned"] == len(page["features"]) <= limit
        found += [f["id"] for f in page["features"]]
        address = page["links"][0]["href"] if page["links"] else None
        pages += 1
    assert pages == -(-40 // limit)
    assert len(found) == 40
    assert set(found) == set(stored)


def test_the_next_link_keeps_the_filters_and_what_is_new_does_not_shift_the_pages(listed: TestClient) -> None:
    page = listed.get(INCIDENTS, params={"limit": 2, "category": ["SKD", "KLO"]}).json()
    listed.post(INCIDENTS, json=report(source_ref="newest", occurred_from="2026-11-15T12:00:00Z"))
    follow = listed.get(page["links"][0]["href"]).json()
    found = [f["properties"]["source_ref"] for f in [*page["features"], *follow["features"]]]
    assert found == ["late", "noon", "midnight", "north"]


def test_a_reporter_lists_own_reports_only(as_role: AsRole) -> None:
    as_role("reporter").post(INCIDENTS, json=report(source_ref="mine"))
    as_role("second_reporter").post(INCIDENTS, json=report(source_ref="theirs"))
    assert references(as_role("reporter")) == ["mine"]
    assert sorted(references(as_role("coordinator"))) == ["mine", "theirs"]


def test_a_listed_incident_is_whole_geojson(coordinator: TestClient) -> None:
    text = 'Citat "så", radbrytning\noch \\ samt emoji 🚲'
    coordinator.post(INCIDENTS, json=report(source_ref="1", text=text))
    (found,) = coordinator.get(INCIDENTS).json()["features"]
    assert (found["type"], found["geometry"]) == ("Feature", {"type": "Point", "coordinates": [15.85, 59.65]})
    assert found["properties"]["text"] == text
    assert found["properties"]["organisation"] == LINDESTA
