"""One report over HTTP: sent, repeated, read, corrected, withdrawn."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import AsRole
from tests.api.wire import BATCH, INCIDENTS, codes, report, reports, rows
from tests.conftest import Database
from tests.factories import CENTRE, CENTRE_M, HYTTFORS

SPELLINGS = (
    {"lon": CENTRE[0], "lat": CENTRE[1]},
    {"type": "Point", "coordinates": list(CENTRE)},
    {"x": CENTRE_M[0], "y": CENTRE_M[1], "crs": "EPSG:3006"},
    {"x": CENTRE[0], "y": CENTRE[1], "crs": "CRS84"},
)


def stored(client: TestClient, **changes: Any) -> str:
    """The id of a report that was sent just now."""
    answer = client.post(INCIDENTS, json=report(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("position", SPELLINGS, ids=["degrees", "GeoJSON", "metres", "named degrees"])
def test_every_spelling_of_a_position_is_the_same_place(coordinator: TestClient, position: dict[str, Any]) -> None:
    incident_id = stored(coordinator, position=position)
    found = coordinator.get(f"{INCIDENTS}/{incident_id}").json()["position"]
    assert (found["lon"], found["lat"]) == pytest.approx(CENTRE, abs=0.004)


def test_a_report_is_answered_with_its_address_and_found_there(coordinator: TestClient) -> None:
    answer = coordinator.post(
        INCIDENTS,
        json=report(
            occurred_from="2026-11-09T23:30:00+01:00",
            occurred_to="2026-11-10T06:00:00+01:00",
            location_uncertainty_m=20,
            source_ref="LK-1",
            text="Krossad ruta vid entrén.",
            organisation="lindesta-kommun",
        ),
    )
    assert (answer.status_code, answer.json()["created"]) == (201, True)
    found = coordinator.get(answer.headers["Location"]).json()
    assert {k: v for k, v in found.items() if k not in {"id", "reported_at", "changed_at"}} == {
        "organisation": "lindesta-kommun",
        "category": "SKD",
        "occurred_from": "2026-11-09T22:30:00Z",
        "occurred_to": "2026-11-10T05:00:00Z",
        "position": {"lon": 15.85, "lat": 59.65},
        "location_uncertainty_m": 20.0,
        "source": "est-rapport",
        "source_ref": "LK-1",
        "text": "Krossad ruta vid entrén.",
        "marks": [],
        "state": "approved",
        "version": 1,
        "precision": "exact",
        "area": None,
    }


def test_a_source_that_does_not_say_how_sure_it_is_gets_its_usual_uncertainty(coordinator: TestClient) -> None:
    incident_id = stored(coordinator, source="medborgartips")
    assert coordinator.get(f"{INCIDENTS}/{incident_id}").json()["location_uncertainty_m"] == 150.0


def test_a_reporters_word_waits_for_review_unless_the_source_is_trusted(as_role: AsRole) -> None:
    reporter = as_role("reporter")
    states = [
        reporter.get(f"{INCIDENTS}/{stored(reporter, source=source)}").json()["state"]
        for source in ("medborgartips", "est-rapport")
    ]
    assert states == ["submitted", "approved"]


def test_the_same_reference_with_the_same_content_gives_the_same_id(
    coordinator: TestClient, database: Database
) -> None:
    body = report(source_ref="LK-1", text="Klotter.")
    first, again = (coordinator.post(INCIDENTS, json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {"id": first.json()["id"], "created": False}
    assert rows(database) == 1


def test_the_same_reference_with_other_content_is_a_conflict(coordinator: TestClient, database: Database) -> None:
    stored(coordinator, source_ref="LK-1", text="Klotter.")
    answer = coordinator.post(INCIDENTS, json=report(source_ref="LK-1", text="Nedskräpning."))
    assert (answer.status_code, answer.json()["type"], codes(answer)) == (
        409,
        "/problems/conflict",
        [("source_ref", "conflict")],
    )
    assert rows(database) == 1


def test_the_same_reference_of_another_organisation_is_another_report(as_role: AsRole) -> None:
    here = as_role("coordinator").post(INCIDENTS, json=report(source_ref="1"))
    there = as_role("other_coordinator").post(
        INCIDENTS, json=report(source_ref="1", position={"lon": 16.15, "lat": 59.65})
    )
    assert (here.status_code, there.status_code) == (201, 201)


def test_a_reference_taken_by_a_colleague_is_a_conflict_that_tells_nothing(as_role: AsRole) -> None:
    colleague = stored(as_role("reporter"), source_ref="1", text="En sak.")
    answer = as_role("second_reporter").post(INCIDENTS, json=report(source_ref="1", text="En sak."))
    assert (answer.status_code, colleague in answer.text) == (409, False)


def test_a_withdrawn_report_does_not_come_back_by_being_sent_again(coordinator: TestClient) -> None:
    incident_id = stored(coordinator, source_ref="LK-1")
    coordinator.delete(f"{INCIDENTS}/{incident_id}")
    answer = coordinator.post(INCIDENTS, json=report(source_ref="LK-1"))
    assert (answer.status_code, codes(answer)) == (409, [("source_ref", "withdrawn")])


def test_an_idempotency_key_replays_the_answer(coordinator: TestClient, database: Database) -> None:
    key = {"Idempotency-Key": "en-nyckel"}
    first, again = (coordinator.post(INCIDENTS, json=report(), headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])
    other = coordinator.post(INCIDENTS, json=report(category="KLO"), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert rows(database) == 1


def test_an_idempotency_key_is_one_accounts_own(as_role: AsRole, database: Database) -> None:
    for who in ("reporter", "coordinator"):
        answer = as_role(who).post(INCIDENTS, json=report(), headers={"Idempotency-Key": "1"})
        assert answer.status_code == 201
    assert rows(database) == 2


def test_a_refused_request_does_not_use_up_its_idempotency_key(coordinator: TestClient) -> None:
    key = {"Idempotency-Key": "1"}
    refused = coordinator.post(INCIDENTS, json=report(category="XXX"), headers=key)
    mended = coordinator.post(INCIDENTS, json=report(), headers=key)
    assert (refused.status_code, mended.status_code) == (422, 201)


@pytest.mark.parametrize("how", ["reference", "key"])
def test_twenty_senders_of_the_same_report_at_once_store_one(
    live: str, tokens: dict[str, str], database: Database, how: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens['coordinator']}"}
    if how == "key":
        headers["Idempotency-Key"] = "samma"
    body = report(source_ref="LK-1") if how == "reference" else report()

    def send(_n: int) -> httpx2.Response:
        return httpx2.post(live + INCIDENTS, json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert sorted(a.status_code for a in answers) == [200] * 19 + [201]
    assert len({a.json()["id"] for a in answers}) == 1
    assert rows(database) == 1


def test_many_more_requests_than_connections_are_all_answered(
    live: str, tokens: dict[str, str], database: Database
) -> None:
    limits = httpx2.Limits(max_connections=150)
    headers = {"Authorization": f"Bearer {tokens['coordinator']}"}
    with (
        httpx2.Client(base_url=live, headers=headers, limits=limits, timeout=60) as client,
        ThreadPoolExecutor(150) as pool,
    ):
        sent = [pool.submit(client.post, INCIDENTS, json=body) for body in reports(150)]
        statuses = {one.result().status_code for one in sent}
    assert (statuses, rows(database)) == ({201}, 150)


def test_overlapping_batches_in_opposite_order_end_with_each_report_once(
    live: str, tokens: dict[str, str], database: Database
) -> None:
    batch = reports(300)
    headers = {"Authorization": f"Bearer {tokens['coordinator']}"}

    def send(n: int) -> int:
        body = batch if n % 2 else batch[::-1]
        return httpx2.post(live + BATCH, json=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(6)))
    assert sorted(statuses) == [200] * 5 + [201]
    assert rows(database) == 300


def test_a_correction_changes_what_was_sent_and_keeps_what_was(coordinator: TestClient, database: Database) -> None:
    incident_id = stored(coordinator, text="Fel text.", source_ref="LK-1")
    answer = coordinator.patch(
        f"{INCIDENTS}/{incident_id}",
        json={"category": "KLO", "text": "Klotter på gaveln.", "position": {"lon": 15.851, "lat": 59.651}},
    )
    corrected = answer.json()
    assert (answer.status_code, corrected["category"], corrected["text"], corrected["version"]) == (
        200,
        "KLO",
        "Klotter på gaveln.",
        2,
    )
    assert corrected["position"] == {"lon": 15.851, "lat": 59.651}
    with psycopg.connect(database.conninfo()) as conn:
        ((version, content),) = conn.execute("SELECT version, content FROM incident_versions").fetchall()
    assert (version, content["category"], content["text"], content["lon"]) == (1, "SKD", "Fel text.", 15.85)


def test_a_correction_can_take_a_value_away(coordinator: TestClient) -> None:
    incident_id = stored(coordinator, text="Någon text.", occurred_to="2026-11-09T13:00:00Z")
    changed = coordinator.patch(f"{INCIDENTS}/{incident_id}", json={"text": None, "occurred_to": None}).json()
    assert (changed["text"], changed["occurred_to"]) == (None, None)


@pytest.mark.parametrize("changes", [{}, {"category": "SKD"}, {"state": "approved"}])
def test_a_correction_that_changes_nothing_makes_no_version(coordinator: TestClient, changes: dict[str, str]) -> None:
    incident_id = stored(coordinator)
    answer = coordinator.patch(f"{INCIDENTS}/{incident_id}", json=changes)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)


def test_the_first_report_sent_again_after_a_correction_is_still_a_repeat(coordinator: TestClient) -> None:
    incident_id = stored(coordinator, source_ref="LK-1")
    coordinator.patch(f"{INCIDENTS}/{incident_id}", json={"category": "KLO"})
    answer = coordinator.post(INCIDENTS, json=report(source_ref="LK-1"))
    assert (answer.status_code, answer.json()["id"]) == (200, incident_id)
    assert coordinator.get(f"{INCIDENTS}/{incident_id}").json()["category"] == "KLO"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"category": "XXX"}, ("category", "unknown-category")),
        ({"occurred_from": "2030-01-01T00:00:00Z"}, ("occurred_from", "in-future")),
        ({"occurred_to": "2026-11-01T00:00:00Z"}, ("occurred_to", "before-start")),
        ({"position": {"lon": 59.65, "lat": 15.85}}, ("position", "swapped-axes")),
        ({"position": {"lon": 16.15, "lat": 59.65}}, ("position", "outside-area")),
        ({"text": "Ring 070-123 45 67."}, ("text", "personal-data")),
        ({"category": None}, ("category", "string-type")),
        ({"source_ref": "ny"}, ("source_ref", "extra-forbidden")),
    ],
)
def test_a_correction_passes_the_same_rules_as_a_report(
    coordinator: TestClient, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    incident_id = stored(coordinator)
    before = coordinator.get(f"{INCIDENTS}/{incident_id}").json()
    answer = coordinator.patch(f"{INCIDENTS}/{incident_id}", json=changes)
    assert (answer.status_code, codes(answer)) == (422, [problem])
    assert coordinator.get(f"{INCIDENTS}/{incident_id}").json() == before


def test_a_reviewer_moves_a_report_through_its_states_and_no_further(as_role: AsRole) -> None:
    here = f"{INCIDENTS}/{stored(as_role('reporter'), source='medborgartips')}"
    coordinator = as_role("coordinator")
    moved = [coordinator.patch(here, json={"state": state}) for state in ("reviewed", "approved", "submitted")]
    assert [a.status_code for a in moved] == [200, 200, 409]
    assert moved[2].json()["type"] == "/problems/invalid-transition"
    assert coordinator.get(here).json()["state"] == "approved"


def test_a_reporter_corrects_own_reports_but_does_not_review_them(as_role: AsRole) -> None:
    reporter = as_role("reporter")
    here = f"{INCIDENTS}/{stored(reporter)}"
    assert reporter.patch(here, json={"category": "KLO"}).json()["category"] == "KLO"
    assert reporter.patch(here, json={"state": "reviewed"}).status_code == 403
    assert as_role("second_reporter").patch(here, json={"category": "NED"}).status_code == 404
    assert as_role("second_reporter").delete(here).status_code == 404


def test_a_withdrawn_report_leaves_the_list_and_keeps_its_history(coordinator: TestClient, database: Database) -> None:
    here = f"{INCIDENTS}/{stored(coordinator)}"
    answer = coordinator.delete(here)
    assert (answer.status_code, answer.content) == (204, b"")
    assert coordinator.get(here).status_code == 404
    assert coordinator.delete(here).status_code == 404
    assert coordinator.get(INCIDENTS).json()["features"] == []
    (gone,) = coordinator.get(INCIDENTS, params={"state": "withdrawn"}).json()["features"]
    assert gone["properties"]["state"] == "withdrawn"
    assert rows(database, "incident_versions") == 1


def test_incidents_of_another_organisation_do_not_exist(as_role: AsRole) -> None:
    here = f"{INCIDENTS}/{stored(as_role('coordinator'))}"
    stranger = as_role("other_coordinator")
    answers = [stranger.get(here), stranger.patch(here, json={"category": "KLO"}), stranger.delete(here)]
    assert [a.status_code for a in answers] == [404, 404, 404]
    assert stranger.get(INCIDENTS).json()["numberReturned"] == 0


def test_nobody_reports_for_another_organisation(coordinator: TestClient, database: Database) -> None:
    alone = coordinator.post(INCIDENTS, json=report(organisation=HYTTFORS))
    among = coordinator.post(BATCH, json=[report(), report(organisation=HYTTFORS)])
    assert (alone.status_code, among.status_code, rows(database)) == (403, 403, 0)


def test_every_change_is_told_in_the_audit_lines(coordinator: TestClient, database: Database) -> None:
    here = f"{INCIDENTS}/{stored(coordinator)}"
    coordinator.patch(here, json={"category": "KLO"})
    request_id = coordinator.delete(here).headers["X-Request-Id"]
    with psycopg.connect(database.conninfo()) as conn:
        told = conn.execute(
            "SELECT action, subject, request_id, address FROM audit_lines WHERE actor = 'coordinator' ORDER BY id"
        ).fetchall()
    assert [(action, subject) for action, subject, _, _ in told] == [
        (f"incident.{word}", here.rpartition("/")[2]) for word in ("reported", "corrected", "withdrawn")
    ]
    assert told[-1][2:] == (request_id, "testclient")
