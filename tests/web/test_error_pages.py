"""What people see when something goes wrong, and what programs get instead."""

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from app.store.engine import APP_ROLE
from app.web import error_pages
from tests.conftest import Database
from tests.web.conftest import Browse, adopt_a_run

SignedIn = Callable[..., TestClient]
NOWHERE_TO_BE_FOUND = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def heading(html: str) -> str:
    return html.partition("<h1>")[2].partition("</h1>")[0]


def test_a_missing_page_is_told_in_the_readers_language(browse: Browse) -> None:
    browser = browse()
    swedish, english = browser.get("/finns-inte"), browser.get("/finns-inte", headers={"Accept-Language": "en"})
    assert (swedish.status_code, heading(swedish.text)) == (404, "Sidan finns inte")
    assert (english.status_code, heading(english.text)) == (404, "There is no such page")
    assert "content-security-policy" in swedish.headers


def test_who_is_signed_in_keeps_the_menu_on_a_missing_page(signed_in: SignedIn) -> None:
    html = signed_in().get("/finns-inte").text
    assert 'aria-label="Huvudmeny"' in html
    assert "Logga ut" in html


@pytest.mark.parametrize(
    "accepted",
    ["*/*", "application/json", "application/json, text/html", "text/html;q=0.4, application/problem+json", ""],
)
def test_programs_get_problem_details(browse: Browse, accepted: str) -> None:
    answer = browse().get("/finns-inte", headers={"Accept": accepted})
    assert (answer.headers["content-type"], answer.json()["type"]) == (
        "application/problem+json",
        "/problems/not-found",
    )


@pytest.mark.parametrize(
    "accepted", ["text/html", "text/html;q=0.9, application/json;q=0.8", "application/json;q=x, text/html"]
)
def test_those_who_would_rather_read_html_get_a_page(browse: Browse, accepted: str) -> None:
    answer = browse().get("/finns-inte", headers={"Accept": accepted})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/hotspots", "/ogc/nothing"])
def test_below_the_programs_addresses_even_browsers_get_problem_details(browse: Browse, path: str) -> None:
    answer = browse().get(path)
    assert answer.status_code in {401, 404}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(browse: Browse) -> None:
    answer = browse().get("/logga-ut")
    assert (answer.status_code, answer.headers["allow"], heading(answer.text)) == (405, "POST", "Sidan finns inte")


def test_a_form_that_cannot_be_read_is_explained_without_its_content(browse: Browse) -> None:
    answer = browse().post("/logga-in", files={"token": ("Secret-Name.txt", b"Secret-Content")})
    assert (answer.status_code, heading(answer.text)) == (422, "Det gick inte att läsa det som skickades")
    assert "Secret" not in answer.text


def test_a_missing_sign_in_leads_to_the_sign_in_page(browse: Browse) -> None:
    answer = browse().get("/karta/bakgrund.geojson")
    assert (answer.status_code, answer.headers["location"]) == (303, "/logga-in?next=%2Fkarta")


def test_without_a_database_people_are_asked_to_wait(browse: Browse) -> None:
    browser = browse(database_url=NOWHERE_TO_BE_FOUND)
    browser.cookies.set("session", "some")
    answer = browser.get("/karta")
    assert (answer.status_code, heading(answer.text)) == (503, "Lägesbild kan inte svara just nu")
    assert answer.headers["retry-after"] == "2"
    assert heading(browser.get("/finns-inte").text) == "Sidan finns inte"


def test_a_basemap_that_cannot_be_read_is_no_stack_trace(signed_in: SignedIn, tmp_path: Path) -> None:
    broken = tmp_path / "broken.geojson"
    broken.write_text("{")
    answer = signed_in(basemap=broken).get("/karta")
    assert (answer.status_code, heading(answer.text)) == (503, "Lägesbild kan inte svara just nu")


@pytest.fixture
def damaged(browse: Browse, database: Database, tokens: Mapping[str, str]) -> TestClient:
    """A browser, signed in where the adopted run's parameters have become unreadable."""
    adopt_a_run(database, tokens["coordinator"])
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")  # no trigger stands in the way
        assert conn.execute("""UPDATE analysis_runs SET params = '{"since": "Secret"}'""").rowcount == 1
    browser = browse(database_url=database.url(APP_ROLE))
    assert browser.post("/logga-in", data={"token": tokens["coordinator"]}).status_code == 303
    return browser


def test_a_fault_of_ours_is_owned_up_to_with_a_number_and_nothing_else(damaged: TestClient) -> None:
    answer = damaged.get("/karta")
    assert (answer.status_code, heading(answer.text)) == (500, "Något gick fel hos oss")
    assert answer.headers["x-request-id"] in answer.text
    assert "content-security-policy" in answer.headers
    assert not any(word in answer.text for word in ("Secret", "Traceback", "ValueError", "analysis parameters"))


def test_a_part_that_fails_is_opened_as_a_page_that_says_why(damaged: TestClient) -> None:
    answer = damaged.get("/karta/plats/1", headers={"HX-Request": "true", "Accept": "text/html"})
    assert (answer.status_code, answer.headers["hx-redirect"], answer.text) == (500, "/karta/plats/1", "")


def test_every_status_has_words() -> None:
    headings = {status: error_pages.message_for(status).heading for status in (403, 404, 405, 413, 422, 500, 503)}
    assert headings[413] == headings[422]
    assert len(set(headings.values())) == 5
