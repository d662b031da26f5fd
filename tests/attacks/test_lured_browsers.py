"""A page elsewhere makes a signed-in browser do things, or leads a person astray."""

import re
from collections.abc import Callable, Mapping

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from tests.api.wire import INCIDENTS, report, rows
from tests.attacks.conftest import AsRole, Raw, fails
from tests.conftest import Database

Browser = Callable[[], TestClient]
NOWHERE = "00000000-0000-4000-8000-000000000000"
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://localhost@evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.fixture
def inside(browser: Browser, tokens: Mapping[str, str]) -> TestClient:
    """The coordinator's browser, signed in."""
    found = browser()
    assert found.post("/logga-in", data={"token": tokens["coordinator"]}).status_code == 303
    return found


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_reporting_from_another_site(inside: TestClient, attacked_database: Database, headers: dict[str, str]) -> None:
    before = rows(attacked_database)
    fails(inside.post(INCIDENTS, json=report(), headers=headers), 403)
    assert rows(attacked_database) == before


def test_no_form_and_no_write_at_all_is_taken_from_another_site(attacked: FastAPI, inside: TestClient) -> None:
    tried = 0
    for route in iter_route_contexts(attacked.routes):
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            address = re.sub(r"\{[^}]+\}", NOWHERE, str(route.path))
            fails(inside.request(method, address, headers={"Origin": "https://evil.example"}), 403)
            tried += 1
    assert tried > 12


def test_a_form_of_another_site_with_a_harmless_looking_type(inside: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        fails(inside.post(INCIDENTS, content=b"{}", headers={"Content-Type": kind}), 415)


def test_signing_somebody_in_as_the_attacker(browser: Browser, tokens: Mapping[str, str]) -> None:
    lured = browser()
    headers = {"Origin": "https://evil.example"}
    fails(lured.post("/logga-in", data={"token": tokens["analyst"]}, headers=headers), 403)
    assert "session" not in lured.cookies


def test_no_other_site_may_read_an_answer(inside: TestClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = inside.request(method, INCIDENTS, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_other_site_may_frame_a_page(inside: TestClient) -> None:
    for address in ("/karta", "/logga-in", "/nycklar", "/nowhere"):
        assert "frame-ancestors 'none'" in inside.get(address).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "/" + "x" * 5_000,
        "/karta\r\nSet-Cookie: session=planted",
        "///evil.example",
        " https://evil.example",
        "%2f%2fevil.example",
    ],
)
def test_being_led_away_after_signing_in(browser: Browser, tokens: Mapping[str, str], wanted: str) -> None:
    answer = browser().post("/logga-in", data={"token": tokens["coordinator"], "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, "/karta")
    assert "planted" not in str(answer.headers)
    page = browser().get("/logga-in", params={"next": wanted}).text
    assert set(re.findall(r'name="next" value="([^"]*)"', page)) == {"/karta"}
    assert 'href="/logga-in/organisation?next=%2Fkarta"' in page


def test_being_led_away_by_the_way_to_the_provider(browser: Browser) -> None:
    answer = browser().get("/logga-in/organisation", params={"next": "//evil.example"})
    assert "evil" not in answer.headers["location"]
    assert answer.headers["location"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "",
        "[",
        "127.0.0.1.evil.example:80",
        "LOCALHOST\0",
    ],
)
def test_another_name_of_the_server(raw: Raw, tokens: Mapping[str, str], host: str) -> None:
    told = raw(
        b"GET /api/v1/incidents?limit=1 HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n"
        b"Authorization: Bearer " + tokens["coordinator"].encode() + b"\r\n\r\n"
    )
    assert told.startswith((b"HTTP/1.1 421 ", b"HTTP/1.1 400 "))
    assert b"evil" not in told


def test_two_names_of_the_server(raw: Raw) -> None:
    told = raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert told.startswith((b"HTTP/1.1 421 ", b"HTTP/1.1 400 "))


def test_another_name_in_a_forwarding_header(as_role: AsRole) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example"}
    answer = as_role("coordinator").get(INCIDENTS, params={"limit": 1}, headers=headers)
    assert "evil" not in answer.text
    assert "gopher" not in answer.text


def test_a_script_in_what_is_shown(browser: Browser) -> None:
    nasty = "<script>alert(1)</script>"
    page = browser().get("/logga-in", params={"next": f"/{nasty}", "lang": nasty, nasty: nasty})
    assert nasty not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_headers_of_every_kind_of_answer(anybody: TestClient, inside: TestClient) -> None:
    answers = [
        anybody.get("/logga-in"),
        anybody.get("/nowhere"),
        anybody.get("/static/x/y.css"),
        inside.get("/karta"),
        anybody.get("/", headers={"Host": "evil.example"}),
        anybody.post("/logga-in", headers={"Origin": "https://evil.example"}),
    ]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in answer.headers
