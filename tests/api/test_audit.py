"""Reads that are logged, and the log as an auditor reads it over HTTP."""

import csv
import io
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.actions.audit import audit_file
from app.store import audit
from app.store import tx as store
from app.store.tx import Reader
from tests.api.conftest import AsRole
from tests.api.wire import INCIDENTS, codes, report
from tests.conftest import Database
from tests.factories import Actors

AUDIT = "/api/v1/audit"
EXPORT = f"{AUDIT}/export"
Row = tuple[Any, ...]


def lines(database: Database) -> list[Row]:
    """action, subject, figures of every line that an account wrote."""
    with psycopg.connect(database.conninfo()) as conn:
        return conn.execute(
            "SELECT action, subject, figures - 'reading' FROM audit_lines WHERE actor <> 'installation' ORDER BY id"
        ).fetchall()


def of_reads(database: Database) -> list[Row]:
    return [line for line in lines(database) if line[0] in {"incidents.read", "incident.read", "read.ended"}]


def test_a_list_of_incidents_is_logged_with_its_filter_before_and_its_count_after(
    coordinator: TestClient, database: Database
) -> None:
    coordinator.post(INCIDENTS, json=report())
    asked = {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "bbox": "15.8,59.6,15.9,59.7",
        "category": ["SKD", "KLO", "Karl Karlsson"],
        "source": ["est-rapport", "19811218-9876"],
        "area": "lindesta-centrum",
        "state": "approved",
    }
    assert len(coordinator.get(INCIDENTS, params=asked).json()["features"]) == 1
    assert of_reads(database) == [
        (
            "incidents.read",
            None,
            {
                "since": "2026-10-31 23:00:00+00:00",
                "until": "2026-11-30 23:00:00+00:00",
                "bbox": [15.8, 59.6, 15.9, 59.7],
                "categories": ["KLO", "SKD"],
                "unknown_categories": 1,
                "sources": ["est-rapport"],
                "unknown_sources": 1,
                "area": "lindesta-centrum",
                "states": ["approved"],
            },
        ),
        ("read.ended", None, {"rows": 1, "whole": True}),
    ]


def test_words_that_somebody_typed_never_reach_the_log(coordinator: TestClient, database: Database) -> None:
    typed = "Karl Karlsson 19811218-9876"
    for name in ("category", "source", "area", "cursor", "from", "bbox", "limit"):
        coordinator.get(INCIDENTS, params={name: typed})
    assert "Karl" not in str(lines(database))


def test_one_incident_is_logged_by_its_id_whether_it_is_there_or_not(
    coordinator: TestClient, as_role: AsRole, database: Database
) -> None:
    incident_id = coordinator.post(INCIDENTS, json=report()).json()["id"]
    assert coordinator.get(f"{INCIDENTS}/{incident_id}").status_code == 200
    assert as_role("other_coordinator").get(f"{INCIDENTS}/{incident_id}").status_code == 404
    assert of_reads(database) == [
        ("incident.read", incident_id, {}),
        ("read.ended", incident_id, {"rows": 1, "whole": True}),
        ("incident.read", incident_id, {}),
        ("read.ended", incident_id, {"rows": 0, "whole": True}),
    ]


@pytest.mark.parametrize("key", ["leadership", "map_client", "auditor", "admin"])
def test_who_may_not_read_is_refused_and_nothing_is_read(as_role: AsRole, database: Database, key: str) -> None:
    assert as_role(key).get(INCIDENTS).status_code == 403
    assert of_reads(database) == []


def test_an_invalid_filter_is_told_and_not_logged_as_a_read(coordinator: TestClient, database: Database) -> None:
    assert codes(coordinator.get(INCIDENTS, params={"area": "nowhere"})) == [("area", "unknown-area")]
    assert codes(coordinator.get(INCIDENTS, params={"cursor": "x"})) == [("cursor", "invalid-cursor")]
    assert of_reads(database) == []


# --- the auditor -------------------------------------------------------------------------------------------------


def test_the_auditor_reads_who_did_what_and_is_in_the_log_too(as_role: AsRole, coordinator: TestClient) -> None:
    incident_id = coordinator.post(INCIDENTS, json=report(text="Krossade rutor.")).json()["id"]
    coordinator.get(INCIDENTS)
    found = as_role("auditor").get(AUDIT).json()
    told = [(line["actor"], line["action"], line["figures"].get("rows")) for line in found["lines"]]
    assert told[:4] == [
        ("auditor", "audit.read", None),
        ("coordinator", "read.ended", 1),
        ("coordinator", "incidents.read", None),
        ("coordinator", "incident.reported", None),
    ]
    reported = found["lines"][3]
    assert (reported["subject"], reported["organisation"], reported["address"]) == (
        incident_id,
        "lindesta-kommun",
        "testclient",
    )
    assert "Krossade" not in str(found)


def test_filters_narrow_the_log(as_role: AsRole, coordinator: TestClient) -> None:
    coordinator.post(INCIDENTS, json=report())
    auditor = as_role("auditor")

    def actions(**asked: Any) -> set[str]:
        return {line["action"] for line in auditor.get(AUDIT, params=asked).json()["lines"]}

    assert actions(actor="coordinator") == {"incident.reported"}
    assert actions(action="account.added") == {"account.added"}
    assert actions(organisation="hyttfors-kommun") == set()
    assert actions(to="2020-01-01") == set()
    assert "incident.reported" in actions(**{"from": "2020-01-01"})
    for name, value in (
        ("action", "no.such"),
        ("from", "igår"),
        ("limit", "0"),
        ("before", "0"),
        ("before", str(2**63)),
    ):
        assert auditor.get(AUDIT, params={name: value}).status_code == 422
    assert auditor.get(AUDIT, params={"actor": "a\x00b"}).status_code == 422


def test_pages_lead_from_one_to_the_next(as_role: AsRole) -> None:
    auditor = as_role("auditor")
    asked: dict[str, Any] = {"limit": 10, "actor": "installation"}
    seen: list[int] = []
    while True:
        found = auditor.get(AUDIT, params=asked).json()
        seen += [line["id"] for line in found["lines"]]
        if found["next_before"] is None:
            break
        asked["before"] = found["next_before"]
    assert len(seen) > 20
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("address", [AUDIT, EXPORT])
@pytest.mark.parametrize("key", ["reporter", "coordinator", "police", "analyst", "leadership", "map_client", "admin"])
def test_nobody_else_reads_the_log(as_role: AsRole, key: str, address: str) -> None:
    assert as_role(key).get(address).status_code == 403


def test_the_export_is_the_same_lines_as_csv_and_logged_before_and_after(as_role: AsRole, database: Database) -> None:
    answer = as_role("auditor").get(EXPORT, params={"actor": "installation"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="granskning.csv"'
    assert answer.text.startswith("\ufeffid,recorded_at,")
    heading, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    assert tuple(heading) == audit.COLUMNS
    assert lines(database) == [
        ("audit.exported", None, {"by_actor": True}),
        ("read.ended", None, {"rows": len(rows), "whole": True}),
    ]


def test_an_export_in_many_portions_has_every_line_once(db: store.Database, actors: Actors) -> None:
    portions = list(audit_file(Reader(db, actors["auditor"]), audit.Filter(actor="installation"), at_a_time=7))
    assert len(portions) > 3
    ids = [row[0] for row in csv.reader(io.StringIO("".join(portions), newline=""))][1:]
    assert len(ids) == len(set(ids)) > 20


def test_an_export_that_breaks_off_says_how_far_it_came(db: store.Database, actors: Actors, database: Database) -> None:
    portions = audit_file(Reader(db, actors["auditor"]), audit.Filter(actor="installation"), at_a_time=7)
    next(portions)
    assert lines(database)[-1][0] == "audit.exported"
    portions.close()  # type: ignore[attr-defined]  # it is a generator
    assert lines(database)[-1] == ("read.ended", None, {"rows": 7, "whole": False})


def test_a_name_that_looks_like_a_formula_stays_a_name(
    as_role: AsRole, app: FastAPI, database: Database, db: store.Database
) -> None:
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute(
            "INSERT INTO audit_lines (actor, role, action, organisation_id)"
            " VALUES ('=HYPERLINK(\"http://x\")', 'x', 'x', '00000000-0000-0000-0000-000000000000')"
        )
    answer = as_role("auditor").get(EXPORT)
    [row] = [r for r in csv.reader(io.StringIO(answer.text, newline="")) if "HYPERLINK" in r[2]]
    assert row[2] == '\'=HYPERLINK("http://x")'
