"""The map page over HTTP: who sees what."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.permissions import POLICY, May, Role
from tests import factories
from tests.web.conftest import Browse

SignedIn = Callable[..., TestClient]
NOWHERE = "00000000-0000-0000-0000-000000000000"
PART = {"HX-Request": "true", "Accept": "text/html"}
SEES_LINDESTA = {key: role for key, (slug, role) in factories.ACCOUNTS.items() if slug != factories.HYTTFORS}


def place_ids(browser: TestClient) -> list[str]:
    return re.findall(r'class="spot" href="/karta\?plats=([0-9a-f-]{36})"', browser.get("/karta").text)


@pytest.mark.parametrize(("key", "role"), SEES_LINDESTA.items())
def test_each_role_sees_the_map_or_why_it_does_not(signed_in: SignedIn, key: str, role: Role) -> None:
    answer = signed_in(key).get("/karta")
    if May.READ_HOTSPOTS in POLICY[role]:
        assert (answer.status_code, "Platser i rangordning" in answer.text) == (200, True)
    else:
        assert (answer.status_code, "Kartan ingår inte i din roll" in answer.text) == (403, True)
        assert "spots" not in answer.text


def test_the_list_holds_the_places_of_the_adopted_run_in_order(signed_in: SignedIn) -> None:
    html = signed_in().get("/karta").text
    assert re.findall(r'data-rank="(\d+)"', html) == ["1", "2"]
    assert re.findall(r'class="count"><b>(\d+)', html) == ["16", "10"]
    assert "Skadegörelse\N{NO-BREAK SPACE}100\N{NO-BREAK SPACE}%" in html


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("other_coordinator", "Kör en analys för den period ni vill se."),
        ("other_reporter", "Be er trygghetssamordnare"),
    ],
)
def test_without_an_adopted_run_the_page_says_what_to_do(signed_in: SignedIn, key: str, advice: str) -> None:
    browser = signed_in(key)
    answer = browser.get("/karta")
    assert (answer.status_code, advice in answer.text) == (200, True)
    gone = browser.get(f"/karta/plats/{NOWHERE}", headers=PART)
    assert (gone.status_code, gone.headers["hx-redirect"]) == (404, "/karta")


def test_a_link_to_a_place_opens_its_details(signed_in: SignedIn) -> None:
    browser = signed_in()
    second = place_ids(browser)[1]
    html = browser.get(f"/karta?plats={second}").text
    assert f'data-place="{second}"' in html
    assert "Vem som har rapporterat" in html
    assert re.search(r"<th scope=\"row\">Lindesta kommun</th><td class=\"figure\">10</td>", html)
    assert html.count('aria-current="true"') == 1


@pytest.mark.parametrize("wanted", [NOWHERE, "none", "'", "\x00", "å" * 500])
def test_a_link_to_an_unknown_place_says_so_and_shows_the_list(signed_in: SignedIn, wanted: str) -> None:
    answer = signed_in().get("/karta", params={"plats": wanted})
    assert (answer.status_code, "finns inte i den antagna körningen" in answer.text) == (404, True)
    assert 'data-rank="1"' in answer.text


def test_the_details_alone_are_a_part_of_the_page(signed_in: SignedIn) -> None:
    browser = signed_in()
    first = place_ids(browser)[0]
    part = browser.get(f"/karta/plats/{first}", headers=PART)
    assert (part.status_code, f'data-place="{first}"' in part.text, "<html" in part.text) == (200, True, False)
    whole = browser.get(f"/karta/plats/{first}")
    assert (whole.status_code, whole.headers["location"]) == (303, f"/karta?plats={first}")


def test_details_that_are_gone_bring_the_whole_page_up_to_date(signed_in: SignedIn) -> None:
    answer = signed_in().get(f"/karta/plats/{NOWHERE}", headers=PART)
    assert (answer.status_code, answer.headers["hx-redirect"], answer.text) == (404, "/karta", "")


@pytest.mark.parametrize("key", [None, "admin", "auditor"])
def test_details_are_for_those_who_may_see_the_map(browse: Browse, signed_in: SignedIn, key: str | None) -> None:
    browser = browse() if key is None else signed_in(key)
    answer = browser.get(f"/karta/plats/{NOWHERE}", headers=PART)
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["hx-redirect"] == f"/logga-in?next=%2Fkarta%3Fplats%3D{NOWHERE}"


def test_the_background_is_sent_as_it_is_stored_and_its_maker_named(signed_in: SignedIn, basemap_file: Path) -> None:
    browser = signed_in(basemap=basemap_file)
    answer = browser.get("/karta/bakgrund.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.content == gzip.decompress(basemap_file.read_bytes())
    html = browser.get("/karta").text
    assert 'data-basemap="/karta/bakgrund.geojson"' in html
    assert '<p class="attribution">Lantmätargatans karta</p>' in html


def test_without_a_background_the_page_asks_for_none(signed_in: SignedIn) -> None:
    browser = signed_in()
    assert browser.get("/karta/bakgrund.geojson", headers={"Accept": "*/*"}).status_code == 404
    html = browser.get("/karta").text
    assert "data-basemap" not in html
    assert "attribution" not in html


def test_the_background_is_for_those_who_are_signed_in(browse: Browse, basemap_file: Path) -> None:
    answer = browse(basemap=basemap_file).get("/karta/bakgrund.geojson", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")


def test_pages_are_packed_and_kept_by_nobody(signed_in: SignedIn) -> None:
    browser = signed_in()
    packed = browser.get("/karta", headers={"Accept-Encoding": "gzip"})
    plain = browser.get("/karta", headers={"Accept-Encoding": "identity"})
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.text == plain.text
    assert packed.headers["cache-control"] == "no-store"


def test_a_language_asked_for_is_remembered(browse: Browse) -> None:
    browser = browse()
    assert '<html lang="en">' in browser.get("/logga-in?lang=en").text
    assert '<html lang="en">' in browser.get("/logga-in").text
    assert '<html lang="sv">' in browser.get("/logga-in?lang=sv").text


def test_static_files_need_no_sign_in(browse: Browse) -> None:
    browser = browse()
    (address,) = set(re.findall(r"/static/[0-9a-f]{12}/app\.css", browser.get("/logga-in").text))
    assert browser.get(address).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("key", [None, "coordinator", "auditor"])
def test_the_accessibility_statement_is_open_to_all_and_linked_from_every_page(
    browse: Browse, signed_in: SignedIn, key: str | None
) -> None:
    browser = browse() if key is None else signed_in(key)
    answer = browser.get("/tillganglighet")
    assert (answer.status_code, "<h1>Tillgänglighet i Lägesbild</h1>" in answer.text) == (200, True)
    assert '<a href="/tillganglighet">' in browser.get("/karta", follow_redirects=True).text
