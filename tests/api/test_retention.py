"""Rules of retention and the report for impact assessments, over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import AsRole
from tests.api.wire import INCIDENTS, codes, report

RULES = "/api/v1/retention/rules"
PREVIEW = "/api/v1/retention/preview"
PRIVACY = "/api/v1/privacy"


def rule(**changes: Any) -> dict[str, Any]:
    usual = {
        "source": None,
        "category": None,
        "text_after_months": 6,
        "position_after_months": 24,
        "everything_after_months": 60,
    }
    return usual | changes


def test_rules_are_set_as_a_whole_and_read_by_the_auditor(coordinator: TestClient, as_role: AsRole) -> None:
    wanted = {"rules": [rule(), rule(source="est-rapport", text_after_months=3)]}
    assert coordinator.put(RULES, json=wanted).json() == wanted
    assert as_role("auditor").get(RULES).json() == wanted
    assert as_role("other_coordinator").get(RULES).json() == {"rules": []}
    assert coordinator.put(RULES, json={"rules": []}).json() == {"rules": []}


def test_rules_that_cannot_be_used_are_told_by_field(coordinator: TestClient) -> None:
    answer = coordinator.put(RULES, json={"rules": [rule(), rule(category="XXX", text_after_months=30)]})
    assert (answer.status_code, codes(answer)) == (
        422,
        [("1", "out-of-order"), ("1.category", "unknown-category")],
    )
    for wrong in (rule(text_after_months=0), rule(text_after_months="6"), rule(months=3), {}):
        body = {"rules": [wrong]}
        assert coordinator.put(RULES, json=body).status_code == 422
    assert coordinator.get(RULES).json() == {"rules": []}


@pytest.mark.parametrize(
    ("key", "reads", "sets"),
    [
        ("coordinator", 200, 200),
        ("police", 200, 200),
        ("auditor", 200, 403),
        ("admin", 403, 403),
        ("reporter", 403, 403),
    ],
)
def test_who_reads_and_who_sets(as_role: AsRole, key: str, reads: int, sets: int) -> None:
    client = as_role(key)
    assert client.get(RULES).status_code == reads
    assert client.put(RULES, json={"rules": [rule()]}).status_code == sets
    assert client.get(PREVIEW).status_code == sets
    assert client.get(PRIVACY).status_code == reads


def test_the_preview_counts_by_rule(coordinator: TestClient) -> None:
    for months_old in ("2026-11-01", "2026-03-01", "2020-01-01"):
        body = report(occurred_from=f"{months_old}T12:00:00Z", text="Krossade rutor.")
        assert coordinator.post(INCIDENTS, json=body).status_code == 201
    coordinator.put(RULES, json={"rules": [rule()]})
    assert coordinator.get(PREVIEW).json() == {
        "due": [{"source": None, "category": None, "texts": 1, "positions": 0, "incidents": 1}]
    }


def test_the_privacy_report_is_made_of_the_rules_and_tables_as_they_are(
    coordinator: TestClient, as_role: AsRole
) -> None:
    coordinator.post(INCIDENTS, json=report(text="Krossade rutor."))
    coordinator.put(RULES, json={"rules": [rule()]})
    answer = as_role("auditor").get(PRIVACY)
    found = answer.json()
    assert (found["organisation"], found["incident_count"], found["audit_keep_months"]) == ("lindesta-kommun", 1, 24)
    assert found["retention"] == [rule()]
    assert {(s["giver"], s["receiver"]) for s in found["sharing"]} >= {("polisen-lindadalen", "lindesta-kommun")}
    assert all(entry["why"] and entry["kept"] for entry in found["processed"])
    assert "Krossade" not in answer.text
    assert "privacy.read" in {line["action"] for line in as_role("auditor").get("/api/v1/audit").json()["lines"]}
