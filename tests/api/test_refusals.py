"""What must not be stored: each refused with its reason, never a fault, nothing half stored, nothing repeated.

The markers stand for personal data: they are planted in what is sent, and sought in every answer and log line.
"""

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api.conftest import MAX_BODY_BYTES, AsRole
from tests.api.wire import BATCH, INCIDENTS, PROBLEM, codes, report, rows
from tests.conftest import Database

MARKER = "Hemligsson"
JSON = {"Content-Type": "application/json"}


def luhn(digits: str) -> int:
    """The check digit of a personal identity number's nine digits."""
    doubled = (sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(digits))
    return -sum(doubled) % 10


def last_four(date: str) -> str:
    """What follows the six digits of a date in an invented person's number."""
    return f"239{luhn(date + '239')}"


DATE, LATER = "890314", "890374"  # 60 added to the day: a samordningsnummer
LAST = last_four(DATE)
SPELLINGS = (
    f"19{DATE}-{LAST}",
    f"19{DATE}{LAST}",
    f"{DATE}-{LAST}",
    f"{DATE}{LAST}",
    f"{DATE}+{LAST}",
    f"{DATE} {LAST}",
    f"1989-03-14-{LAST}",
    f"{DATE}–{LAST}",
    f"{LATER}-{last_four(LATER)}",
    "".join(chr(0xFF10 + int(d)) for d in DATE + LAST),
    f"{DATE}\u200b-{LAST}",
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture, tokens: dict[str, str]) -> Iterator[None]:
    """No log line of any of these tests may hold what was sent."""
    caplog.set_level(logging.DEBUG)
    for noisy in ("httpx2", "httpcore2", "asyncio"):  # the client's own lines name the address it asks
        caplog.set_level(logging.WARNING, logger=noisy)
    yield
    assert MARKER not in caplog.text
    assert DATE not in caplog.text
    assert tokens["coordinator"] not in caplog.text


@pytest.fixture
def refused(coordinator: TestClient, database: Database) -> Callable[..., list[tuple[str, str]]]:
    """Send a body, be refused with 422 as a problem that does not repeat it, and see that nothing was stored."""

    def send(body: Any, address: str = INCIDENTS) -> list[tuple[str, str]]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = coordinator.post(address, content=content, headers=JSON)
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM), answer.text
        assert MARKER not in answer.text
        assert rows(database) == 0
        return codes(answer)

    return send


Refused = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"position": {"lon": 59.65, "lat": 15.85}}, ("position", "swapped-axes")),
        ({"position": {"type": "Point", "coordinates": [59.65, 15.85]}}, ("position", "swapped-axes")),
        ({"position": {"x": 6_612_400, "y": 547_800, "crs": "EPSG:3006"}}, ("position", "swapped-axes")),
        ({"position": {"lon": 0, "lat": 0}}, ("position", "null-island")),
        ({"position": {"x": 0, "y": -0.0, "crs": "EPSG:3006"}}, ("position", "null-island")),
        ({"position": {"lon": 18.07, "lat": 59.33}}, ("position", "outside-area")),
        ({"position": {"lon": 15.85, "lat": 91}}, ("position.lat", "out-of-range")),
        ({"position": {"lon": 547_800, "lat": 6_612_400}}, ("position", "out-of-range")),
        ({"position": {"x": 1, "y": 2, "crs": MARKER}}, ("position", "unknown-crs")),
        ({"position": {"lon": "15.85", "lat": 59.65}}, ("position.lon", "float-type")),
        ({"position": {"lon": 15.85}}, ("position.lat", "missing")),
        ({"position": {"x": 1, "crs": "EPSG:3006"}}, ("position.y", "missing")),
        ({"position": {"lon": 15.85, "lat": 59.65, "alt": 3}}, ("position.alt", "extra-forbidden")),
        ({"position": {"type": "Point", "coordinates": [1, 2, 3]}}, ("position.coordinates", "too-long")),
        ({"position": {"type": MARKER, "coordinates": [1, 2]}}, ("position.type", "literal-error")),
        ({"position": MARKER}, ("position", "model-type")),
        ({"position": None}, ("position", "model-type")),
        ({"position": []}, ("position", "model-type")),
        ({"occurred_from": "2026-11-16T12:05:01Z"}, ("occurred_from", "in-future")),
        ({"occurred_from": "1989-12-31T23:59:59Z"}, ("occurred_from", "too-early")),
        ({"occurred_from": "0001-01-01T00:00:00+14:00"}, ("occurred_from", "too-early")),
        ({"occurred_from": "9999-12-31T23:59:59-14:00"}, ("occurred_from", "in-future")),
        ({"occurred_from": "2026-11-09"}, ("occurred_from", "naive-time")),
        ({"occurred_from": "2026-11-09T12:00:00"}, ("occurred_from", "naive-time")),
        ({"occurred_from": MARKER}, ("occurred_from", "datetime-type")),
        ({"occurred_from": "1762689600"}, ("occurred_from", "datetime-type")),
        ({"occurred_from": 1_762_689_600}, ("occurred_from", "datetime-type")),
        ({"occurred_from": None}, ("occurred_from", "datetime-type")),
        ({"occurred_to": "2026-11-09T11:59:59Z"}, ("occurred_to", "before-start")),
        ({"occurred_to": "2026-12-24T15:00:00Z"}, ("occurred_to", "in-future")),
        ({"category": "XXX"}, ("category", "unknown-category")),
        ({"category": "skd"}, ("category", "unknown-category")),
        ({"category": MARKER}, ("category", "unknown-category")),
        ({"category": 7}, ("category", "string-type")),
        ({"category": "S\x00KD"}, ("category", "unknown-category")),
        ({"location_uncertainty_m": -1}, ("location_uncertainty_m", "out-of-range")),
        ({"location_uncertainty_m": 1e300}, ("location_uncertainty_m", "out-of-range")),
        ({"location_uncertainty_m": True}, ("location_uncertainty_m", "float-type")),
        ({"source": ""}, ("source", "missing")),
        ({"source": "a\x00b"}, ("source", "control-character")),
        ({"source": MARKER * 10}, ("source", "string-too-long")),
        ({"source_ref": "a\x00b"}, ("source_ref", "control-character")),
        ({"source_ref": MARKER * 20}, ("source_ref", "string-too-long")),
        ({"source_ref": 17}, ("source_ref", "string-type")),
        ({"text": "före\x00efter"}, ("text", "control-character")),
        ({"text": MARKER + "\x1b[31m"}, ("text", "control-character")),
        ({"text": MARKER * 401}, ("text", "string-too-long")),
        ({"text": [MARKER]}, ("text", "string-type")),
        ({"text": "en halv \ud83d tecken"}, ("text", "string-unicode")),
        ({"source": "\udfff"}, ("source", "string-unicode")),
        ({"text_reviewed": "yes"}, ("text_reviewed", "bool-type")),
        ({"occured_from": MARKER}, ("occured_from", "extra-forbidden")),
        ({"id": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}, ("id", "extra-forbidden")),
        ({"state": "approved"}, ("state", "extra-forbidden")),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_wrong_value_is_refused_by_name(refused: Refused, changes: dict[str, Any], problem: tuple[str, str]) -> None:
    assert refused(report(**changes)) == [problem]
    assert refused([report(), report(**changes)], BATCH) == [(f"1.{problem[0]}", problem[1])]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize(("field", "place"), [("position.lon", "15.875"), ("location_uncertainty_m", "7.25")])
def test_numbers_that_are_none_are_refused(refused: Refused, number: str, field: str, place: str) -> None:
    body = json.dumps(report(position={"lon": 15.875, "lat": 59.65}, location_uncertainty_m=7.25))
    body = body.replace(place, number)
    assert refused(body.encode()) == [(field, "not-finite")]
    assert refused(f"[{body}]".encode(), BATCH) == [(f"0.{field}", "not-finite")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "missing"),
        (b"{", "not-json"),
        (b"not json " + MARKER.encode(), "not-json"),
        (b"{'category': 'SKD'}", "not-json"),
        (b'{"text": "a\nb"}', "not-json"),
        (b'{"text": "\xff\xfe"}', "not-utf-8"),
        (b'{"text": "\xed\xa0\x80"}', "not-utf-8"),
        (json.dumps(report()).encode("utf-16"), "not-utf-8"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too-deep"),
        (b'{"location_uncertainty_m": ' + b"9" * 5_000 + b"}", "number-too-long"),
        (b'{"category": "SKD", "category": "KLO"}', "doubled-name"),
        (b'{"category": "SKD", "c\\u0061tegory": "KLO"}', "doubled-name"),
        (json.dumps(report(**{f"k{n}": MARKER for n in range(200)})).encode(), "too-many-members"),
        (b"null", "model-type"),
        (b"5", "model-type"),
        (b'"text"', "model-type"),
        (b"[]", "model-type"),
        (b"{}", "missing"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_that_cannot_be_read_is_refused(refused: Refused, body: bytes, code: str) -> None:
    assert {found for _, found in refused(body)} == {code}
    if code not in {"missing", "model-type"}:
        assert {found for _, found in refused(body, BATCH)} == {code}


@pytest.mark.parametrize("digits", [400, 4_000])
def test_a_whole_number_beyond_all_measure_is_refused(refused: Refused, digits: int) -> None:
    body = json.dumps(report(location_uncertainty_m=7)).replace(": 7", ": " + "9" * digits)
    ((field, _),) = refused(body.encode())
    assert field == "location_uncertainty_m"


def test_a_body_with_a_byte_order_mark_is_read(coordinator: TestClient) -> None:
    answer = coordinator.post(INCIDENTS, content=b"\xef\xbb\xbf" + json.dumps(report()).encode(), headers=JSON)
    assert answer.status_code == 201


@pytest.mark.parametrize("address", [INCIDENTS, BATCH])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "json"},
        {"Content-Type": ""},
        JSON | {"Content-Encoding": "gzip"},
        JSON | {"Content-Encoding": "br"},
    ],
    ids=str,
)
def test_only_plain_json_is_taken(
    coordinator: TestClient, database: Database, address: str, headers: dict[str, str]
) -> None:
    body = json.dumps([report()] if address == BATCH else report()).encode()
    answer = coordinator.post(address, content=body, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (415, PROBLEM)
    assert rows(database) == 0


def test_a_compressed_body_is_not_unpacked(coordinator: TestClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    answer = coordinator.post(BATCH, content=bomb, headers=JSON)
    assert (answer.status_code, codes(answer)) == (422, [("", "not-utf-8")])


@pytest.mark.parametrize("address", [INCIDENTS, BATCH])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not(
    coordinator: TestClient, database: Database, address: str, *, is_declared: bool
) -> None:
    body = json.dumps(report(text="x" * MAX_BODY_BYTES)).encode()
    parts = (body[i : i + 65_536] for i in range(0, len(body), 65_536))
    answer = coordinator.post(address, content=body if is_declared else parts, headers=JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)
    assert answer.json()["type"] == "/problems/too-large"
    assert rows(database) == 0


def test_a_text_of_megabytes_is_refused_for_its_length(refused: Refused) -> None:
    assert refused(report(text="å" * 600_000)) == [("text", "string-too-long")]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("field", ["text", "source"])
@pytest.mark.parametrize("reviewed", [False, True])
def test_an_identity_number_is_refused_however_it_is_spelled(
    coordinator: TestClient, database: Database, spelling: str, field: str, *, reviewed: bool
) -> None:
    body = report(text_reviewed=reviewed) | {field: f"se {spelling} nu"}
    answer = coordinator.post(INCIDENTS, json=body)
    assert (answer.status_code, codes(answer)) == (422, [(field, "personal-data")])
    assert spelling not in answer.text
    assert rows(database) == 0


def test_a_reference_that_looks_like_an_identity_number_is_stored_and_marked(coordinator: TestClient) -> None:
    answer = coordinator.post(INCIDENTS, json=report(source_ref=SPELLINGS[0]))
    assert answer.status_code == 201
    found = coordinator.get(answer.headers["Location"]).json()
    assert (found["source_ref"], found["marks"]) == (SPELLINGS[0], ["reference-looks-like-personal-number"])


@pytest.mark.parametrize(
    "text",
    ["Bilen ABC 12D stod kvar.", "Skriv till eva@example.se", "Ring 070-174 06 58"],
    ids=["plate", "mail", "phone"],
)
def test_softer_personal_data_is_refused_until_a_person_vouches_for_the_text(
    coordinator: TestClient, database: Database, text: str
) -> None:
    refused = coordinator.post(INCIDENTS, json=report(text=text))
    assert (refused.status_code, codes(refused), rows(database)) == (422, [("text", "personal-data")], 0)
    assert coordinator.post(INCIDENTS, json=report(text=text, text_reviewed=True)).status_code == 201


def test_an_organisation_may_take_reports_outside_its_area_and_have_them_marked(as_role: AsRole) -> None:
    police = as_role("police")  # its organisation marks
    answer = police.post(INCIDENTS, json=report(position={"lon": 18.07, "lat": 59.33}))
    assert answer.status_code == 201
    assert police.get(answer.headers["Location"]).json()["marks"] == ["outside-area"]


def test_all_problems_of_a_report_are_told_at_once(refused: Refused) -> None:
    wrong = report(category="XXX", occurred_from="2030-01-01T00:00:00Z", position={"lon": 0, "lat": 0}, source="")
    assert {field for field, _ in refused(wrong)} == {"category", "occurred_from", "position", "source"}


def test_names_of_fields_that_look_like_content_are_not_repeated(coordinator: TestClient) -> None:
    body = report() | {SPELLINGS[0]: 1, SPELLINGS[1]: 1, "Kalle Hemligsson ringde": 2}
    answer = coordinator.post(INCIDENTS, content=json.dumps(body), headers=JSON)
    assert (answer.status_code, codes(answer)) == (422, [("?", "extra-forbidden")] * 3)
    assert "Kalle" not in answer.text


def test_a_fault_of_ours_is_told_without_what_was_sent(
    app: FastAPI, coordinator: TestClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("ALTER TABLE incidents RENAME COLUMN text TO words")
    answer = coordinator.post(INCIDENTS, json=report(text=f"Talade med {MARKER}."))
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert MARKER not in answer.text
    (line,) = (r.getMessage() for r in caplog.records if r.name == "app.edge.shell")
    assert answer.headers["X-Request-Id"] in line
    assert "incidents.py" in line
