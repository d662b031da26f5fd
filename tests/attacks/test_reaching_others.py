"""Somebody who is signed in reaches for what another municipality has."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.wire import ANALYSES, BATCH, HOTSPOTS, INCIDENTS, report, rows
from tests.attacks.conftest import MARKER, AsRole, Victim, fails
from tests.conftest import Database
from tests.factories import CENTRE, DISTRICT, ELSEWHERE, LINDESTA

NOWHERE = "00000000-0000-4000-8000-000000000000"
HERS = {"position": {"lon": ELSEWHERE[0], "lat": ELSEWHERE[1]}}  # where the other municipality may report


def test_reading_a_report_by_its_id(stranger: TestClient, victim: Victim) -> None:
    fails(stranger.get(f"{INCIDENTS}/{victim.incident}"), 404)


def test_changing_a_report_by_its_id(stranger: TestClient, victim: Victim) -> None:
    fails(stranger.patch(f"{INCIDENTS}/{victim.incident}", json={"category": "KLO"}), 404)


def test_withdrawing_a_report_by_its_id(stranger: TestClient, as_role: AsRole, victim: Victim) -> None:
    fails(stranger.delete(f"{INCIDENTS}/{victim.incident}"), 404)
    assert as_role("coordinator").get(f"{INCIDENTS}/{victim.incident}").status_code == 200


def test_reading_a_run_by_its_id(stranger: TestClient, victim: Victim) -> None:
    fails(stranger.get(f"{ANALYSES}/{victim.run}"), 404)


def test_cancelling_and_adopting_a_run_by_its_id(stranger: TestClient, victim: Victim) -> None:
    for method, path in (("DELETE", ""), ("POST", "/adopt"), ("DELETE", "/adopt")):
        fails(stranger.request(method, f"{ANALYSES}/{victim.run}{path}"), 404)


def test_reading_a_hot_spot_by_its_id(stranger: TestClient, victim: Victim) -> None:
    fails(stranger.get(f"{HOTSPOTS}/{victim.hotspot}"), 404)
    fails(stranger.get(f"{HOTSPOTS}/{victim.hotspot}", params={"run": victim.run}), 404)


def test_reading_another_s_run_as_the_list(stranger: TestClient, victim: Victim) -> None:
    fails(stranger.get(HOTSPOTS, params={"run": victim.run}), 404)


def test_what_is_another_s_and_what_is_not_there_answer_alike(stranger: TestClient, victim: Victim) -> None:
    def told(method: str, path: str) -> tuple[int, str, Mapping[str, str]]:
        answer = stranger.request(method, path, json={} if method == "PATCH" else None)
        own = {name: v for name, v in answer.headers.items() if name not in {"x-request-id", "date"}}
        return answer.status_code, answer.text, own

    for method, address, real in (
        ("GET", INCIDENTS, victim.incident),
        ("PATCH", INCIDENTS, victim.incident),
        ("DELETE", INCIDENTS, victim.incident),
        ("GET", ANALYSES, victim.run),
        ("GET", HOTSPOTS, victim.hotspot),
    ):
        assert told(method, f"{address}/{real}") == told(method, f"{address}/{NOWHERE}")


@pytest.mark.parametrize(
    "probe",
    [
        {"area": LINDESTA},
        {"area": DISTRICT},
        {"bbox": f"{CENTRE[0] - 0.01},{CENTRE[1] - 0.01},{CENTRE[0] + 0.01},{CENTRE[1] + 0.01}"},
        {"bbox": "-180,-90,180,90"},
        {"state": ["approved", "withdrawn", "rejected", "purged"]},
        {"source": "est-rapport"},
        {"category": "SKD", "from": "1990-01-01", "to": "2030-01-01"},
        {"organisation": LINDESTA},
        {"limit": 10_000},
    ],
    ids=" ".join,
)
def test_probing_with_filters(stranger: TestClient, probe: dict[str, Any]) -> None:
    answer = stranger.get(INCIDENTS, params=probe)
    fails(answer, 200)
    found = answer.json()["features"]
    assert all(abs(f["geometry"]["coordinates"][0] - ELSEWHERE[0]) < 0.1 for f in found)


def test_continuing_another_s_list_with_its_cursor(stranger: TestClient, as_role: AsRole) -> None:
    first = as_role("coordinator").get(INCIDENTS, params={"limit": 2}).json()
    link = next(link["href"] for link in first["links"] if link["rel"] == "next")
    cursor = link.partition("cursor=")[2].partition("&")[0]
    fails(stranger.get(f"{INCIDENTS}?cursor={cursor}"), 200)


def test_probing_by_reference_whether_a_report_is_there(stranger: TestClient, victim: Victim) -> None:
    taken = stranger.post(INCIDENTS, json=report(source_ref=victim.source_ref + "-new", **HERS))
    same = stranger.post(INCIDENTS, json=report(source_ref=victim.source_ref + "x", **HERS))
    assert (taken.status_code, same.status_code) == (201, 201)  # references of others are not in the way


def test_probing_another_account_s_idempotency_keys(as_role: AsRole, attacked_database: Database) -> None:
    headers = {"Idempotency-Key": "the-victim-s-key"}
    told = as_role("coordinator").post(INCIDENTS, json=report(), headers=headers)
    before = rows(attacked_database)
    for key in ("reporter", "second_reporter"):
        answer = as_role(key).post(INCIDENTS, json=report(), headers=headers)
        assert answer.status_code == 201
        assert answer.json()["id"] != told.json()["id"]
    assert rows(attacked_database) == before + 2


def test_reporting_in_another_s_name(stranger: TestClient) -> None:
    fails(stranger.post(INCIDENTS, json=report(organisation=LINDESTA)), 403)
    fails(stranger.post(BATCH, json=[report(organisation=LINDESTA)]), 403, 422)


@pytest.mark.parametrize(
    "extra",
    ["id", "organisation_id", "state", "reported_by", "reported_at", "version", "marks", "content_hash", "__class__"],
)
def test_setting_what_is_not_the_sender_s_to_set(stranger: TestClient, extra: str) -> None:
    fails(stranger.post(INCIDENTS, json=report(**HERS) | {extra: "approved"}), 422)


def test_approving_one_s_own_report_as_a_reporter(as_role: AsRole) -> None:
    reporter = as_role("reporter")
    made = reporter.post(INCIDENTS, json=report(source="medborgartips"))
    fails(reporter.patch(made.headers["Location"], json={"state": "approved"}), 403)
    fails(reporter.patch(made.headers["Location"], json={"organisation_id": NOWHERE}), 422)


def test_reading_a_colleague_s_report_as_a_reporter(as_role: AsRole, victim: Victim) -> None:
    fails(as_role("reporter").get(f"{INCIDENTS}/{victim.incident}"), 404)
    fails(as_role("reporter").get(INCIDENTS), 200)


@pytest.mark.parametrize("key", ["admin", "auditor", "leadership", "map_client"])
def test_reading_reports_without_a_role_for_it(as_role: AsRole, victim: Victim, key: str) -> None:
    fails(as_role(key).get(INCIDENTS), 403)
    fails(as_role(key).get(f"{INCIDENTS}/{victim.incident}"), 403)


@pytest.mark.parametrize("key", ["coordinator", "police", "analyst", "auditor", "map_client"])
def test_making_a_key_for_oneself(as_role: AsRole, key: str) -> None:
    body = {"organisation": LINDESTA, "account": "admin", "name": "x", "ends_at": "2027-01-01T00:00:00Z"}
    fails(as_role(key).post("/api/v1/tokens", json=body), 403)
    fails(as_role(key).get("/api/v1/tokens"), 403)
    fails(as_role(key).delete(f"/api/v1/tokens/{NOWHERE}"), 403)


def test_a_tag_of_another_s_answer_is_no_key_to_it(stranger: TestClient, as_role: AsRole) -> None:
    theirs = as_role("coordinator").get(HOTSPOTS)
    assert MARKER not in json.dumps(theirs.json())
    answer = stranger.get(HOTSPOTS, headers={"If-None-Match": theirs.headers["ETag"]})
    assert answer.status_code == 200  # its own list, not "you have it"
    assert answer.headers["ETag"] != theirs.headers["ETag"]


def test_no_shared_cache_keeps_what_one_person_may_see(as_role: AsRole, anybody: TestClient) -> None:
    for address in (HOTSPOTS, INCIDENTS):
        answer = as_role("coordinator").get(address, headers={"X-Forwarded-Host": "evil.example"})
        assert "private" in answer.headers["Cache-Control"] or answer.headers["Cache-Control"] == "no-store"
        assert "evil.example" not in answer.text
    fails(anybody.get(f"{HOTSPOTS}/x.css"), 404)  # no longer address that a cache takes for a style sheet
    fails(anybody.get(f"{HOTSPOTS};x.js"), 404)
