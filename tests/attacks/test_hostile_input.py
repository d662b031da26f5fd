"""What no client of good will would send: in addresses, headers, filters and bodies."""

import ast
import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from app.edge import incoming
from tests.api.wire import ANALYSES, BATCH, HOTSPOTS, INCIDENTS, report, rows
from tests.attacks.conftest import AsRole, Raw, Victim, fails
from tests.conftest import Database

SQL = [
    "' OR '1'='1",
    "'; DROP TABLE incidents; --",
    "SKD' UNION SELECT token_hash::text FROM tokens --",
    "1); SELECT pg_sleep(10); --",
    "') OR set_config('lagesbild.administers', 'on', false) = 'on' --",
    "$$; SET ROLE lagesbild_owner; $$",
    "SKD\\'; RESET ROLE; --",
    ":limit; SELECT 1",
    "%(limit)s",
]
FILTERS = {
    INCIDENTS: ("from", "to", "category", "source", "state", "area", "bbox", "limit", "cursor"),
    HOTSPOTS: ("run", "bbox", "min_count", "category"),
    ANALYSES: ("limit",),
}
ODD = ["\x00", "a\x00b", "\ud83d", "\u202e", "\ufeff", "\u2028", "%00", "𝟙", "İ", "ﬁ", "\x1b[2J", "a\u0301" * 50]
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("words", SQL)
def test_sql_in_every_filter(stranger: TestClient, attacked_database: Database, words: str) -> None:
    usual = {address: stranger.get(address).text for address in FILTERS}
    for address, names in FILTERS.items():
        for name in names:
            answer = stranger.get(address, params={name: words})
            fails(answer, 200, 422)
            if answer.status_code == 200:
                assert json.loads(answer.text).get("features", []) == []
    assert {address: stranger.get(address).text for address in FILTERS} == usual
    assert rows(attacked_database) > 0


@pytest.mark.parametrize("words", SQL)
def test_sql_in_a_report_is_words(stranger: TestClient, words: str) -> None:
    place = {"lon": 16.15, "lat": 59.65}
    made = stranger.post(INCIDENTS, json=report(text=words, source_ref=words, position=place))
    assert made.status_code in {200, 201}
    assert stranger.get(made.headers["Location"]).json()["text"] == words


def test_sql_where_somebody_signs_in(anybody: TestClient) -> None:
    for words in SQL[:3]:  # a password takes its time
        fails(anybody.post("/logga-in", data={"username": words, "password": words}), 422)
    for words in SQL:
        fails(anybody.post("/logga-in", data={"token": words}), 422)
        fails(anybody.get(INCIDENTS, headers={"Authorization": f"Bearer {words}"}), 401)


def test_nothing_that_is_sent_widens_the_scope(as_role: AsRole, attacked_database: Database) -> None:
    """Whatever is sent stays a value: afterwards connections of the pool have no scope, and the app's role."""
    reporter = as_role("reporter")
    for words in (words for words in SQL if "set_config" in words or "ROLE" in words):
        for address, names in FILTERS.items():
            for name in names:
                reporter.get(address, params={name: words})
        reporter.post(INCIDENTS, json=report(source=words[:60], text=words), headers={"Idempotency-Key": "k"})
    assert reporter.get("/api/v1/tokens").status_code == 403
    given = reporter.app.state.services.database.engine  # type: ignore[attr-defined]
    with given.connect() as conn:
        told = conn.exec_driver_sql(
            "SELECT current_user, nullif(current_setting('lagesbild.administers', true), ''),"
            " nullif(current_setting('lagesbild.incidents', true), ''), (SELECT count(*) FROM incidents)"
        ).one()
    assert tuple(told) == ("lagesbild_app", None, None, 0)


def test_sql_is_assembled_nowhere_outside_the_store() -> None:
    app = Path(__file__).resolve().parents[2] / "app"
    setters = [
        file.relative_to(app).as_posix()
        for file in app.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "set_config(" in node.value
    ]
    assert set(setters) == {"store/tx.py"}


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_odd_characters_in_every_filter(stranger: TestClient, odd: str) -> None:
    sent = odd.encode("utf-8", "surrogatepass")
    for address, names in FILTERS.items():
        for name in names:
            quoted = "".join(f"%{byte:02x}" for byte in sent)
            fails(stranger.get(f"{address}?{name}={quoted}"), 200, 422)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_odd_characters_in_a_report(stranger: TestClient, odd: str) -> None:
    for field in ("category", "source", "source_ref", "text", "organisation"):
        body = json.dumps(report(position={"lon": 16.15, "lat": 59.65}) | {field: odd}).encode()
        fails(stranger.post(INCIDENTS, content=body, headers=JSON), 200, 201, 403, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app/settings.py",
        "/static/x/../../../../etc/passwd",
        "/static/x/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/static/x/..%2f..%2f..%2fetc%2fpasswd",
        "/static/x/....//....//etc/passwd",
        "/static/x//etc/passwd",
        "/static/x/app.css%00.js",
        "/static/x/..\\..\\secret",
        "/static/x/%c0%ae%c0%ae/secret",
        "/.env",
        "/.git/config",
        "/secret",
    ],
)
def test_files_that_are_not_for_the_web(raw: Raw, path: str) -> None:
    told = raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert told.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in told


@pytest.mark.parametrize("name", ["lang", "next", "cursor", "plats"])
def test_a_line_break_does_not_make_a_header(anybody: TestClient, as_role: AsRole, name: str) -> None:
    words = "x%0d%0aSet-Cookie:%20session=planted%0d%0aX-Planted:%20yes"
    for address in ("/logga-in", "/karta", "/logga-in/organisation", INCIDENTS):
        answer = as_role("coordinator").get(f"{address}?{name}={words}")
        assert "planted" not in answer.headers.get("set-cookie", "")
        assert "x-planted" not in answer.headers


@pytest.mark.parametrize("key", ["k" * 201, "å", "a b", "a\tb", "", "\x7f"])
def test_an_idempotency_key_that_is_none(stranger: TestClient, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1")), (b"Content-Type", b"application/json")]
    fails(stranger.post(INCIDENTS, content=b"{}", headers=headers), 422)


@pytest.mark.parametrize(
    "body",
    [
        b'{"category": "SKD", "category": "KLO"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"text": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe{\x00}\x00",
        '{"text": "x"}'.encode("utf-16"),
        b'{"category": NaN}',
        b"\x00",
        b"null",
        b'"text"',
        b"{" + b",".join(b'"f%d":1' % i for i in range(5_000)) + b"}",
    ],
    ids=[
        "doubled name",
        "deep list",
        "deep object",
        "long number",
        "UTF-16",
        "UTF-16 too",
        "NaN",
        "NUL",
        "null",
        "text",
        "many",
    ],
)
def test_json_that_readers_understand_differently(stranger: TestClient, body: bytes) -> None:
    for address in (INCIDENTS, BATCH):
        fails(stranger.post(address, content=body, headers=JSON), 422)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_a_body_that_grows_when_it_is_unpacked(stranger: TestClient, coding: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000) if "gzip" in coding else zlib.compress(b" " * 50_000_000)
    fails(stranger.post(BATCH, content=bomb, headers={**JSON, "Content-Encoding": coding}), 415)


@pytest.mark.parametrize(
    "kind",
    ["text/html", "application/xml", "application/json, text/xml", "json", "", "application/x-www-form-urlencoded"],
)
def test_a_body_of_another_kind(stranger: TestClient, kind: str) -> None:
    body = json.dumps(report()).encode()
    fails(stranger.post(INCIDENTS, content=body, headers={"Content-Type": kind}), 415)


def test_a_form_where_json_is_wanted_and_json_where_a_form_is(stranger: TestClient, tokens: Mapping[str, str]) -> None:
    fails(stranger.post(INCIDENTS, data={"category": "SKD"}), 415)
    fails(stranger.post("/logga-in", json={"token": tokens["coordinator"]}), 422)


def test_more_than_is_taken(stranger: TestClient, raw: Raw, tokens: Mapping[str, str]) -> None:
    fails(stranger.post(BATCH, content=b"x" * 1_000_001, headers=JSON), 413)
    start = (
        b"POST /api/v1/incidents/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer " + tokens["coordinator"].encode() + b"\r\n"
    )
    told = raw(
        start + b"Transfer-Encoding: chunked\r\n\r\n", *[b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 17, b"0\r\n\r\n"
    )
    assert told.startswith(b"HTTP/1.1 413 ")
    for length in (b"-1", b"1e3", b"+5", b"9" * 400):
        told = raw(start + b"Content-Length: " + length + b"\r\n\r\n")
        assert told[:13] in {b"HTTP/1.1 413 ", b"HTTP/1.1 400 "}, told


def test_two_lengths_at_once(raw: Raw, tokens: Mapping[str, str]) -> None:
    told = raw(
        b"POST /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer " + tokens["coordinator"].encode() + b"\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert b" 20" not in told.split(b"\r\n", 1)[0]


def test_a_body_that_never_ends(raw: Raw, tokens: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "PATIENCE_S", 0.3)
    told = raw(
        b"POST /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5000\r\nAuthorization: Bearer " + tokens["coordinator"].encode() + b"\r\n\r\n",
        *[b" "] * 60,
        pause_s=0.02,
    )
    assert told == b"" or told.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Prefix"])
def test_headers_that_some_servers_obey(anybody: TestClient, as_role: AsRole, name: str) -> None:
    fails(anybody.get("/api/v1/incidents", headers={name: "/api/v1/health"}), 401)
    fails(as_role("leadership").get(INCIDENTS, headers={name: "/api/v1/hotspots"}), 403)
    answer = as_role("coordinator").get(INCIDENTS, params={"limit": 1, "_method": "DELETE"}, headers={name: "DELETE"})
    assert answer.json()["numberReturned"] == 1


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PROPFIND", "LAGESBILD"])
def test_methods_that_nobody_asked_for(stranger: TestClient, victim: Victim, method: str) -> None:
    fails(stranger.request(method, f"{INCIDENTS}/{victim.incident}"), 405)


@pytest.mark.parametrize("id_", ["1", "../1", "%2e%2e", "0" * 36, "{}", "null", "1' OR '1'='1", "%00", "a" * 3_000])
def test_ids_that_are_none(stranger: TestClient, id_: str) -> None:
    for address in (INCIDENTS, ANALYSES, HOTSPOTS, "/api/v1/tokens"):
        fails(stranger.get(f"{address}/{id_}"), 404, 405)


def test_a_very_long_address_and_very_many_headers(raw: Raw) -> None:
    long = raw(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    many = raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + b"X: y\r\n" * 20_000 + b"\r\n")
    for told in (long, many):
        assert b" 500 " not in told.split(b"\r\n", 1)[0]


def test_a_cursor_made_by_an_attacker(stranger: TestClient) -> None:
    for cursor in ("AAAA", "e30=", "W10=", "'", "a" * 300, "9999-12-31T00:00:00Z~x", "%ff"):
        fails(stranger.get(f"{INCIDENTS}?cursor={cursor}"), 200, 422)


def test_the_database_s_words_never_reach_a_client(
    as_role: AsRole, attacked_database: Database, victim: Victim
) -> None:
    with psycopg.connect(attacked_database.conninfo()) as conn:
        conn.execute("ALTER VIEW seen_incidents RENAME COLUMN text TO words")
        conn.commit()
        answers: list[Any] = [as_role("coordinator").get(f"{INCIDENTS}/{victim.incident}")]
        conn.execute("ALTER VIEW seen_incidents RENAME COLUMN words TO text")
    for answer in answers:
        fails(answer, 500)
        assert "column" not in answer.text
