"""Who may do what over HTTP: every role at every route, as the policy says, and nobody without a token."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.core.permissions import POLICY, May, Role
from app.edge.shell import HEADERS
from tests.api.conftest import AsRole
from tests.api.wire import ANALYSES, BATCH, CATCHMENTS, HOTSPOTS, INCIDENTS, PROBLEM, SHARING, report, rule
from tests.factories import ACCOUNTS, HYTTFORS, LINDESTA

NOWHERE = "00000000-0000-4000-8000-000000000000"
NOBODY_NEEDS = "everybody who is signed in"
TOKENS = "/api/v1/tokens"
IMPORTS = "/api/v1/imports"
ONE_IMPORT = f"{IMPORTS}/{NOWHERE}"
LINKS = "/api/v1/incident-links"
NO_CODE = "x"
NEW_TOKEN = {"organisation": LINDESTA, "account": "map_client", "name": "x", "ends_at": "2027-01-01T00:00:00Z"}
Needs = set[May] | str

# method and address: what one of these permissions is needed for; what is sent; the answer to those who may
ROUTES: dict[tuple[str, str], tuple[Needs, Any, int]] = {
    ("POST", INCIDENTS): ({May.REPORT_INCIDENTS}, report(), 201),
    ("POST", BATCH): ({May.REPORT_INCIDENTS}, [report()], 201),
    ("GET", INCIDENTS): ({May.READ_INCIDENTS, May.READ_OWN_INCIDENTS}, None, 200),
    ("GET", f"{INCIDENTS}/{NOWHERE}"): ({May.READ_INCIDENTS, May.READ_OWN_INCIDENTS}, None, 404),
    ("PATCH", f"{INCIDENTS}/{NOWHERE}"): ({May.REVIEW_INCIDENTS, May.CORRECT_OWN_INCIDENTS}, {}, 404),
    ("DELETE", f"{INCIDENTS}/{NOWHERE}"): ({May.REVIEW_INCIDENTS, May.CORRECT_OWN_INCIDENTS}, None, 404),
    ("POST", ANALYSES): ({May.RUN_ANALYSES}, {}, 202),
    ("GET", ANALYSES): ({May.READ_ANALYSES}, None, 200),
    ("GET", f"{ANALYSES}/{NOWHERE}"): ({May.READ_ANALYSES}, None, 404),
    ("DELETE", f"{ANALYSES}/{NOWHERE}"): ({May.RUN_ANALYSES}, None, 404),
    ("POST", f"{ANALYSES}/{NOWHERE}/adopt"): ({May.ADOPT_ANALYSES}, None, 404),
    ("DELETE", f"{ANALYSES}/{NOWHERE}/adopt"): ({May.ADOPT_ANALYSES}, None, 404),
    ("GET", HOTSPOTS): ({May.READ_HOTSPOTS}, None, 200),
    ("GET", f"{HOTSPOTS}/changes"): ({May.READ_HOTSPOTS}, None, 200),
    ("GET", f"{HOTSPOTS}/{NOWHERE}"): ({May.READ_HOTSPOTS}, None, 404),
    ("GET", SHARING): ({May.READ_SHARING}, None, 200),
    ("POST", SHARING): ({May.ADMINISTER}, rule(), 201),
    ("DELETE", f"{SHARING}/{NOWHERE}"): ({May.ADMINISTER}, None, 404),
    ("GET", "/api/v1/joint-hotspots"): ({May.READ_HOTSPOTS}, None, 200),
    ("GET", CATCHMENTS): (NOBODY_NEEDS, None, 200),
    ("POST", TOKENS): ({May.ADMINISTER}, NEW_TOKEN, 201),
    ("GET", TOKENS): ({May.ADMINISTER}, None, 200),
    ("DELETE", f"{TOKENS}/{NOWHERE}"): ({May.ADMINISTER}, None, 404),
    ("GET", "/api/v1/audit"): ({May.READ_AUDIT}, None, 200),
    ("GET", "/api/v1/audit/export"): ({May.READ_AUDIT}, None, 200),
    ("GET", "/api/v1/retention/rules"): ({May.READ_RETENTION}, None, 200),
    ("PUT", "/api/v1/retention/rules"): ({May.SET_RETENTION}, {"rules": []}, 200),
    ("GET", "/api/v1/retention/preview"): ({May.SET_RETENTION}, None, 200),
    ("GET", "/api/v1/privacy"): ({May.READ_RETENTION}, None, 200),
    ("POST", IMPORTS): ({May.IMPORT_FILES}, None, 422),
    ("GET", IMPORTS): ({May.IMPORT_FILES}, None, 200),
    ("GET", ONE_IMPORT): ({May.IMPORT_FILES}, None, 404),
    ("PATCH", ONE_IMPORT): ({May.IMPORT_FILES}, {"profile": {}}, 404),
    ("DELETE", ONE_IMPORT): ({May.IMPORT_FILES}, None, 404),
    ("POST", f"{ONE_IMPORT}/commit"): ({May.IMPORT_FILES}, {}, 404),
    ("POST", f"{ONE_IMPORT}/cancel"): ({May.IMPORT_FILES}, None, 404),
    ("POST", f"{ONE_IMPORT}/places"): ({May.IMPORT_FILES}, {"row": 1, "place": NOWHERE}, 404),
    ("GET", f"{ONE_IMPORT}/errors"): ({May.IMPORT_FILES}, None, 404),
    ("GET", f"{ONE_IMPORT}/errors.csv"): ({May.IMPORT_FILES}, None, 404),
    ("GET", f"{ONE_IMPORT}/events"): ({May.IMPORT_FILES}, None, 404),
    ("GET", "/api/v1/places"): ({May.IMPORT_FILES}, None, 200),
    ("GET", "/api/v1/crime-codes"): ({May.IMPORT_FILES}, None, 200),
    ("PUT", f"/api/v1/crime-codes/{NO_CODE}"): ({May.IMPORT_FILES}, {"category": "SKD"}, 422),
    ("DELETE", f"/api/v1/crime-codes/{NO_CODE}"): ({May.IMPORT_FILES}, None, 422),
    ("GET", "/api/v1/area-figures"): ({May.READ_INCIDENTS}, None, 200),
    ("GET", LINKS): ({May.REVIEW_INCIDENTS}, None, 200),
    ("POST", LINKS): ({May.REVIEW_INCIDENTS}, {"first_id": NOWHERE, "second_id": NOWHERE[:-1] + "1"}, 404),
    ("POST", f"{LINKS}/{NOWHERE}/decision"): ({May.REVIEW_INCIDENTS}, {"state": "confirmed"}, 404),
    ("GET", "/api/v1/areas"): (NOBODY_NEEDS, None, 200),
    ("GET", "/api/v1/categories"): (NOBODY_NEEDS, None, 200),
    ("GET", "/api/v1/organisations"): (NOBODY_NEEDS, None, 200),
}
PUBLIC = {"/api/v1/health", "/api/v1/health/ready"}
OF_EACH_ROLE = {str(role): key for key, (_, role) in reversed(ACCOUNTS.items())}


def test_every_route_stands_in_the_table(app: FastAPI) -> None:
    found = {
        (method, str(route.path).replace(":uuid}", "}"))
        for route in iter_route_contexts(app.routes)
        if str(route.path).startswith("/api/v1/") and "openapi" not in str(route.path)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert len(found) > 10
    told = {(method, _pattern(address)) for method, address in ROUTES} | {("GET", address) for address in PUBLIC}
    assert {(method, _pattern(path)) for method, path in found} == told


def _pattern(path: str) -> str:
    return "/".join("*" if "{" in part or part in {NOWHERE, NO_CODE} else part for part in path.split("/"))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_the_policy_says_and_nothing_else(as_role: AsRole, role: Role) -> None:
    client = as_role(OF_EACH_ROLE[role])
    found, expected = {}, {}
    for (method, address), (needs, body, usual) in ROUTES.items():
        found[method, address] = client.request(method, address, json=body).status_code
        may = needs == NOBODY_NEEDS or bool(POLICY[role] & set(needs))
        expected[method, address] = usual if may else 403
    assert found == expected


def test_without_a_token_only_health_answers(client: TestClient) -> None:
    for (method, address), (_, body, _) in ROUTES.items():
        answer = client.request(method, address, json=body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM), address
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert [client.get(address).status_code for address in sorted(PUBLIC)] == [200, 200]


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Bearer x", "Bearer " + "x" * 10_000, "Basic eDp5", "x", "", "Bearer å\x7f"]
)
def test_a_token_that_is_none_is_refused(client: TestClient, value: str) -> None:
    answer = client.get(INCIDENTS, headers=[(b"Authorization", value.encode("latin-1"))])
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)


def test_runs_of_another_organisation_do_not_exist(as_role: AsRole) -> None:
    run = as_role("coordinator").post(ANALYSES, json={}).json()
    stranger = as_role("other_coordinator")
    here = f"{ANALYSES}/{run['id']}"
    answers = [
        stranger.get(here),
        stranger.delete(here),
        stranger.post(f"{here}/adopt"),
        stranger.delete(f"{here}/adopt"),
        stranger.get(HOTSPOTS, params={"run": run["id"]}),
    ]
    assert [a.status_code for a in answers] == [404] * 5
    assert stranger.get(ANALYSES).json() == {"analyses": []}
    assert as_role("coordinator").get(here).json()["state"] == "queued"


def test_an_analyst_reads_the_own_organisation_only(as_role: AsRole) -> None:
    as_role("coordinator").post(INCIDENTS, json=report())
    assert as_role("analyst").get(INCIDENTS).json()["numberReturned"] == 1
    assert as_role("other_analyst").get(INCIDENTS).json()["numberReturned"] == 0
    assert ACCOUNTS["other_analyst"][0] == HYTTFORS


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/incidents", 404),
        ("GET", "/api/v1/incidents/7", 404),
        ("GET", "/api/v1/incidents/%00", 404),
        ("PUT", INCIDENTS, 405),
        ("PATCH", BATCH, 405),
        ("GET", BATCH, 405),
        ("POST", HOTSPOTS, 405),
        ("TRACE", INCIDENTS, 405),
        ("OPTIONS", f"{ANALYSES}/{NOWHERE}/adopt", 405),
    ],
)
def test_what_is_not_there_is_told_as_a_problem(
    coordinator: TestClient, method: str, address: str, status: int
) -> None:
    answer = coordinator.request(method, address, follow_redirects=False)
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["status"]) == (status, PROBLEM, status)


@pytest.mark.parametrize(
    ("address", "methods"),
    [
        (INCIDENTS, "GET, HEAD, POST"),
        (BATCH, "POST"),
        (f"{INCIDENTS}/{NOWHERE}", "DELETE, GET, HEAD, PATCH"),
        (f"{ANALYSES}/{NOWHERE}/adopt", "DELETE, POST"),
    ],
)
def test_a_wrong_method_is_told_all_right_ones(coordinator: TestClient, address: str, methods: str) -> None:
    assert coordinator.put(address).headers["Allow"] == methods


def test_every_answer_carries_the_security_headers(coordinator: TestClient, client: TestClient) -> None:
    answers = [
        client.get("/api/v1/health"),
        client.get(INCIDENTS),
        coordinator.get(INCIDENTS),
        coordinator.get("/api/v1/nothing"),
        coordinator.put(INCIDENTS),
        coordinator.post(INCIDENTS, content=b"{", headers={"Content-Type": "application/json"}),
        coordinator.post(INCIDENTS, content=b"x" * 5_000_000),
    ]
    assert [a.status_code for a in answers] == [200, 401, 200, 404, 405, 422, 413]
    for answer in answers:
        assert answer.headers.items() >= {(k.lower(), v) for k, v in HEADERS.items()}
        assert answer.headers["Cache-Control"] == "no-store"
    assert len({a.headers["X-Request-Id"] for a in answers}) == len(answers)


def test_head_is_get_without_its_body(coordinator: TestClient) -> None:
    got, headed = coordinator.get(INCIDENTS), coordinator.head(INCIDENTS)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]
