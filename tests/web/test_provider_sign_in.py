"""Signing in at a real identity provider, and out of it again."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import Database
from tests.provider import OpenIdProvider, come_back_from, openid_provider
from tests.web.conftest import Browse

HERE = "http://localhost"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider(HERE, "https://localhost") as running:
        yield running


@pytest.fixture
def at_door(browse: Browse, provider: OpenIdProvider) -> TestClient:
    """A browser at an application that knows the provider."""
    return browse(public_url=HERE, **provider.settings)


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def left(browser: TestClient, **asked: str) -> str:
    """The provider's address that the browser is sent to."""
    answer = browser.get("/logga-in/organisation", params=asked)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def returned(browser: TestClient, login: str, **asked: str) -> httpx2.Response:
    """What the application answers to somebody who comes back from the provider."""
    return browser.get(come_back_from(left(browser, **asked), login))


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.conninfo()) as conn:
        return conn.execute(query.encode()).fetchall()


def accounts_named(database: Database, name: str) -> list[tuple[Any, ...]]:
    return rows(
        database,
        "SELECT a.name, a.role, o.slug, a.closed_at IS NULL FROM accounts a JOIN organisations o"
        f" ON o.id = a.organisation_id WHERE a.name LIKE '{name}%' ORDER BY a.created_at, a.name",
    )


def test_the_provider_is_asked_with_pkce_state_and_nonce(at_door: TestClient, provider: OpenIdProvider) -> None:
    page = at_door.get("/logga-in", params={"next": "/karta?plats=1"})
    assert 'href="/logga-in/organisation?next=%2Fkarta%3Fplats%3D1"' in page.text
    first, second = query_of(left(at_door)), query_of(left(at_door))
    assert first["response_type"] == "code"
    assert (first["client_id"], first["redirect_uri"]) == ("lagesbild", f"{HERE}/logga-in/svar")
    assert (first["code_challenge_method"], len(first["code_challenge"])) == ("S256", 43)
    assert "openid" in first["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


def test_a_person_comes_back_with_a_role_an_organisation_and_an_account(
    at_door: TestClient, town: Database, provider: OpenIdProvider
) -> None:
    answer = returned(at_door, "anna", next="/karta?lang=sv")
    assert (answer.status_code, answer.headers["location"]) == (303, "/karta?lang=sv")
    assert "Anna Lind" in at_door.get("/karta").text
    assert accounts_named(town, "Anna Lind")[0] == ("Anna Lind", "coordinator", "lindesta-kommun", True)
    assert rows(town, "SELECT issuer, subject FROM identities WHERE subject = 'anna'") == [(provider.issuer, "anna")]
    lines = rows(town, "SELECT actor, action, figures->>'by' FROM audit_lines WHERE actor IN ('sign-in', 'Anna Lind')")
    assert ("sign-in", "account.added", "provider") in lines
    assert ("Anna Lind", "session.opened", None) in lines
    again = returned(at_door, "anna")
    assert again.status_code == 303
    assert len(rows(town, "SELECT FROM identities WHERE subject = 'anna'")) == 1


def test_two_people_of_one_name_are_two_accounts(at_door: TestClient, town: Database) -> None:
    returned(at_door, "anna")
    returned(at_door, "anna2")
    assert {("Anna Lind", "coordinator"), ("Anna Lind (2)", "leadership")} <= {
        row[:2] for row in accounts_named(town, "Anna Lind")
    }


def test_the_session_cookie_is_new_bound_and_unseen_by_scripts(browse: Browse, provider: OpenIdProvider) -> None:
    browser = browse("https://localhost", public_url="https://localhost", **provider.settings)
    browser.cookies.set("__Host-session", "planted")
    cookies = SimpleCookie()
    for header in returned(browser, "anna").headers.get_list("set-cookie"):
        cookies.load(header)
    kept = cookies["__Host-session"]
    assert (kept["secure"], kept["httponly"], kept["path"], kept["domain"], kept["samesite"]) == (
        True, True, "/", "", "lax",
    )  # fmt: skip
    assert kept.value != "planted"
    assert cookies["__Host-signing-in"]["max-age"] == "0"


@pytest.mark.parametrize("login", ["cecilia", "dan"])
def test_whom_the_mapping_has_no_place_for_is_told_so_plainly(at_door: TestClient, town: Database, login: str) -> None:
    answer = returned(at_door, login)
    assert answer.status_code == 403
    assert "Du har ingen roll i Lägesbild" in answer.text
    assert "Be den som sköter Lägesbild i din organisation" in answer.text
    assert "session=" not in answer.headers.get("set-cookie", "")
    assert rows(town, f"SELECT FROM identities WHERE subject = '{login}'") == []
    assert rows(town, "SELECT figures->>'how' FROM audit_lines WHERE action = 'session.refused'")[-1] == ("provider",)


def test_who_loses_the_role_is_signed_out_everywhere_at_the_next_try(browse: Browse, town: Database) -> None:
    with openid_provider(HERE, people={"eva": {"name": "Eva", "groups": ["lb-samordnare"], "tid": "lindesta"}}) as own:

        def elsewhere() -> TestClient:
            """Another computer, and a service that has not seen the provider's last key."""
            return browse(public_url=HERE, **own.settings)

        at_work, at_home = elsewhere(), elsewhere()
        returned(at_work, "eva")
        assert at_work.get("/karta").status_code == 200
        own.people["eva"]["groups"] = ["lb-ledning"]
        own.restart()
        returned(at_home, "eva")
        assert [row[1] for row in accounts_named(town, "Eva")] == ["leadership"]
        own.people["eva"]["tid"] = "hyttfors"
        own.restart()
        at_home = elsewhere()
        returned(at_home, "eva")
        assert [row[1:] for row in accounts_named(town, "Eva")] == [
            ("leadership", "lindesta-kommun", False),
            ("leadership", "hyttfors-kommun", True),
        ]
        assert at_work.get("/karta").status_code == 303  # that account is closed
        own.people["eva"]["groups"] = []
        own.restart()
        assert at_home.get("/karta").status_code == 200
        assert returned(elsewhere(), "eva").status_code == 403
        assert at_home.get("/karta").status_code == 303


def test_a_closed_account_is_not_let_in_again(at_door: TestClient, town: Database) -> None:
    returned(at_door, "bertil")
    with psycopg.connect(town.conninfo()) as conn:
        conn.execute("UPDATE accounts SET closed_at = now() WHERE name = 'Bertil Ek'")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    assert returned(at_door, "bertil").status_code == 403
    assert accounts_named(town, "Bertil Ek") == [("Bertil Ek", "leadership", "hyttfors-kommun", False)]


def test_claims_in_the_id_token_do_as_well(browse: Browse, town: Database) -> None:
    with openid_provider(HERE, claims_from_user_info=False) as own:
        browser = browse(public_url=HERE, **own.settings)
        assert returned(browser, "anna").status_code == 303
        assert browser.get("/karta").status_code == 200


def test_an_answer_is_good_once_and_for_the_browser_that_left(
    browse: Browse, at_door: TestClient, provider: OpenIdProvider
) -> None:
    address = come_back_from(left(at_door), "anna")
    stranger = browse(public_url=HERE, **provider.settings)
    assert stranger.get(address).status_code == 400
    left(stranger)
    told = stranger.get(address)  # with a state that is another's
    assert (told.status_code, "Inloggningen hann bli för gammal" in told.text) == (400, True)
    assert at_door.get(address).status_code == 303
    assert at_door.get(address).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "x"}, 400),
        ({"state": ""}, 400),
        ({"state": "å\udcff"}, 400),
        ({"iss": "https://evil.example"}, 400),
        ({"code": "invented"}, 502),
        ({"error": "access_denied"}, 403),
    ],
)
def test_a_changed_answer_lets_nobody_in(at_door: TestClient, change: dict[str, str], status: int) -> None:
    address = httpx2.URL(come_back_from(left(at_door), "anna"))
    changed = {name: value.encode("utf-8", "surrogateescape").decode("latin-1") for name, value in change.items()}
    answer = at_door.get(str(address.copy_merge_params(changed)))
    assert answer.status_code == status
    assert at_door.get("/karta").status_code == 303


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_coming_back_never_leads_to_another_server(at_door: TestClient, wanted: str) -> None:
    assert returned(at_door, "anna", next=wanted).headers["location"] == "/karta"


def test_signing_out_leads_to_the_provider_and_back(at_door: TestClient, provider: OpenIdProvider) -> None:
    returned(at_door, "anna")
    shown = at_door.post("/logga-ut")
    assert shown.status_code == 200
    found = re.search(r'content="0; url=([^"]+)"', shown.text)
    assert found
    address = found[1].replace("&amp;", "&")
    asked = query_of(address)
    assert address.startswith(f"{provider.issuer}/session/end?")
    assert asked["post_logout_redirect_uri"] == f"{HERE}/utloggad"
    assert asked["id_token_hint"].count(".") == 2
    assert httpx2.get(address).status_code == 200
    assert at_door.get("/karta").status_code == 303
    assert "Du är utloggad ur Lägesbild." in at_door.get("/utloggad").text


def test_without_a_provider_there_is_no_way_to_one(browse: Browse) -> None:
    browser = browse()
    assert "organisation?" not in browser.get("/logga-in").text
    assert browser.get("/logga-in/organisation").status_code == 404
    assert browser.get("/logga-in/svar?code=x&state=y").status_code == 404


def test_a_provider_that_is_silent_is_told_plainly(browse: Browse, provider: OpenIdProvider) -> None:
    unheard = provider.settings | {"oidc_issuer": "http://127.0.0.1:9"}
    answer = browse(public_url=HERE, **unheard).get("/logga-in/organisation")
    assert (answer.status_code, "Inloggningstjänsten svarar inte som den ska" in answer.text) == (502, True)
    misnamed = provider.settings | {"oidc_issuer": f"{provider.issuer}/"}
    assert browse(public_url=HERE, **misnamed).get("/logga-in/organisation").status_code == 502
