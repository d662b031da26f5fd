"""Signing in and out, over HTTP: sessions, cookies, and where it leads."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from fastapi.testclient import TestClient

from app.actions.accounts import SESSION_LIFETIME, open_session
from app.core.permissions import Actor
from app.edge.services import now
from app.web.signing_in import own_path
from tests.conftest import Database, opened
from tests.web.conftest import Browse

SignedIn = Callable[..., TestClient]
HTTPS = "https://localhost"
ELSEWHERE = [
    "karta",
    "//evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\\evil.example",
    "/\t/evil.example",
    "/a\r\nb",
    "\\/evil.example",
    " //evil.example",
]


def sign_in(browser: TestClient, token: str, **fields: str) -> SimpleCookie:
    """The cookies that the answer sets."""
    answer = browser.post("/logga-in", data={"token": token, **fields})
    assert answer.status_code == 303, answer.text
    return SimpleCookie(answer.headers["set-cookie"])


def is_inside(browser: TestClient) -> bool:
    return browser.get("/karta").status_code == 200


@pytest.mark.parametrize("wanted", ["/karta", "/karta?plats=1&lang=en"])
def test_a_path_on_this_server_is_where_one_wants_to_go(wanted: str) -> None:
    assert own_path(wanted) == wanted


def test_a_token_is_exchanged_for_a_session_and_leads_to_the_map(browse: Browse, tokens: Mapping[str, str]) -> None:
    browser = browse()
    answer = browser.post("/logga-in", data={"token": f"  {tokens['coordinator']}\n"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/karta")
    assert is_inside(browser)
    assert tokens["coordinator"] not in str(browser.cookies)


def test_scripts_and_other_sites_do_not_get_the_cookie(browse: Browse, tokens: Mapping[str, str]) -> None:
    cookie = sign_in(browse(), tokens["coordinator"])["session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "lax", "/", "")
    assert cookie["secure"] == ""
    assert int(cookie["max-age"]) == SESSION_LIFETIME.total_seconds()


def test_over_https_the_cookie_is_bound_to_this_host_and_to_https(browse: Browse, tokens: Mapping[str, str]) -> None:
    browser = browse(HTTPS, public_url=HTTPS)
    cookie = sign_in(browser, tokens["coordinator"])["__Host-session"]
    assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
    assert is_inside(browser)
    assert "secure" in browser.get("/karta?lang=en").headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("lgb_wrong", "Nyckeln gäller inte."),
        ("x" * 5_000, "Nyckeln gäller inte."),
        ("\x00", "Nyckeln gäller inte."),
        ("", "Fyll i din åtkomstnyckel."),
        (" \t", "Fyll i din åtkomstnyckel."),
    ],
)
def test_without_a_valid_token_the_form_says_what_is_wrong(browse: Browse, token: str, sentence: str) -> None:
    browser = browse()
    answer = browser.post("/logga-in", data={"token": token, "next": "/karta?plats=1"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="/karta?plats=1"' in answer.text
    assert "set-cookie" not in answer.headers
    assert not is_inside(browser)


def test_a_form_without_fields_is_an_empty_one(browse: Browse) -> None:
    answer = browse().post("/logga-in")
    assert (answer.status_code, "Fyll i din åtkomstnyckel." in answer.text) == (422, True)


def test_signing_in_leads_back_to_the_view_that_was_asked_for(browse: Browse, tokens: Mapping[str, str]) -> None:
    browser = browse()
    asked = browser.get("/karta?plats=a%26b")
    assert (asked.status_code, asked.headers["location"]) == (303, "/logga-in?next=%2Fkarta%3Fplats%3Da%2526b")
    assert 'name="next" value="/karta?plats=a%26b"' in browser.get(asked.headers["location"]).text
    answer = browser.post("/logga-in", data={"token": tokens["coordinator"], "next": "/karta?plats=a%26b"})
    assert answer.headers["location"] == "/karta?plats=a%26b"


@pytest.mark.parametrize("wanted", ["", *ELSEWHERE])
def test_signing_in_never_leads_to_another_server(browse: Browse, tokens: Mapping[str, str], wanted: str) -> None:
    browser = browse()
    assert 'name="next" value="/karta"' in browser.get("/logga-in", params={"next": wanted}).text
    answer = browser.post("/logga-in", data={"token": tokens["coordinator"], "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, "/karta")


def test_the_first_page_leads_on(browse: Browse, signed_in: SignedIn) -> None:
    assert browse().get("/").headers["location"] == "/logga-in"
    assert signed_in().get("/").headers["location"] == "/karta"


def test_each_sign_in_is_a_new_session_and_ends_the_one_before(browse: Browse, tokens: Mapping[str, str]) -> None:
    browser, holder_of_a_copy = browse(), browse()
    first = sign_in(browser, tokens["coordinator"])["session"].value
    holder_of_a_copy.cookies.set("session", first)
    assert is_inside(holder_of_a_copy)
    second = sign_in(browser, tokens["analyst"])["session"].value
    assert first != second
    assert is_inside(browser)
    assert not is_inside(holder_of_a_copy)


def test_a_planted_session_is_not_taken_over(browse: Browse, tokens: Mapping[str, str]) -> None:
    browser = browse()
    answer = browser.post("/logga-in", data={"token": tokens["coordinator"]}, headers={"Cookie": "session=planted"})
    assert SimpleCookie(answer.headers["set-cookie"])["session"].value != "planted"


def test_signing_out_ends_the_session_on_the_server_and_in_the_browser(
    browse: Browse, tokens: Mapping[str, str]
) -> None:
    browser, holder_of_a_copy = browse(), browse()
    secret = sign_in(browser, tokens["coordinator"])["session"].value
    holder_of_a_copy.cookies.set("session", secret)
    answer = browser.post("/logga-ut")
    assert (answer.status_code, answer.headers["location"]) == (303, "/logga-in")
    assert (SimpleCookie(answer.headers["set-cookie"])["session"]["max-age"], dict(browser.cookies)) == ("0", {})
    assert not is_inside(holder_of_a_copy)


def test_signing_out_without_a_session_leads_to_the_sign_in_page(browse: Browse) -> None:
    assert browse().post("/logga-ut").headers["location"] == "/logga-in"


@pytest.mark.parametrize(("age", "is_over"), [(timedelta(0), False), (SESSION_LIFETIME + timedelta(minutes=1), True)])
def test_a_session_ends_after_its_time(
    browse: Browse, town: Database, actors: Mapping[str, Actor], age: timedelta, *, is_over: bool
) -> None:
    browser = browse()
    with opened(town) as db, db.write(actors["coordinator"]) as tx:
        browser.cookies.set("session", open_session(tx, now() - age))
    assert is_inside(browser) is not is_over


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_can_neither_sign_anyone_in_nor_out(
    browse: Browse, signed_in: SignedIn, tokens: Mapping[str, str], headers: dict[str, str]
) -> None:
    entering = browse().post("/logga-in", data={"token": tokens["coordinator"]}, headers=headers)
    assert (entering.status_code, "set-cookie" in entering.headers) == (403, False)
    assert "Det här får du inte göra" in entering.text
    inside = signed_in()
    assert inside.post("/logga-ut", headers=headers).status_code == 403
    assert is_inside(inside)


def test_our_own_forms_are_taken(browse: Browse, tokens: Mapping[str, str]) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert browse().post("/logga-in", data={"token": tokens["coordinator"]}, headers=headers).status_code == 303


@pytest.mark.parametrize("secret", ["", "x", "x" * 201])
def test_a_cookie_that_is_no_session_is_no_way_in(browse: Browse, secret: str) -> None:
    browser = browse()
    browser.cookies.set("session", secret)
    assert not is_inside(browser)
