"""The map page in a real browser: map, list and details in step, for everyone."""

from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage

pytestmark = pytest.mark.e2e

WIDE, NARROW = 1440, 320
READY_MS = 40_000  # software WebGL on a busy machine


def enter(page: Page, token: str, *, lang: str = "sv") -> None:
    """Sign in as a person does."""
    page.goto(f"/logga-in?lang={lang}")
    page.locator("#token").fill(token)
    page.locator("#token").press("Enter")


def sign_in(page: Page, token: str, *, lang: str = "sv") -> None:
    """Sign in and arrive at the map."""
    enter(page, token, lang=lang)
    expect(page.locator(".spots")).to_be_visible()


def wait_for_map(page: Page, how: str = "yes") -> None:
    expect(page.locator("html")).to_have_attribute("data-mapready", how, timeout=READY_MS)


def rows(page: Page) -> Locator:
    return page.locator(".spot")


def heading(page: Page) -> Locator:
    return page.locator("#detalj h2")


def check_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("lang", "scheme", "width"),  # every pair of two of them occurs
    [("sv", "light", WIDE), ("en", "dark", WIDE), ("sv", "dark", NARROW), ("en", "light", NARROW)],
)
def test_everyone_can_use_the_pages(
    open_page: OpenPage,
    sign_in_token: str,
    check_accessible: Callable[[Page], None],
    lang: str,
    scheme: str,
    width: int,
) -> None:
    # axe-core itself writes inline styles, so here the policy is off; every other test has it on
    with open_page(width=width, color_scheme=scheme, bypass_csp=True) as page:
        page.goto(f"/logga-in?lang={lang}")
        check_accessible(page)
        check_fits(page)
        sign_in(page, sign_in_token, lang=lang)
        wait_for_map(page)
        expect(page.locator("html")).to_have_attribute("lang", lang)
        check_accessible(page)
        check_fits(page)
        rows(page).nth(1).press("Enter")
        expect(heading(page)).to_be_focused()
        page.locator("summary").press("Enter")
        expect(page.locator(".rhythm tbody th").first).to_be_visible()
        check_accessible(page)
        check_fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["sv", "en"])
def test_everyone_can_read_the_pages_beside_the_map(
    open_page: OpenPage,
    demo_tokens: Mapping[str, str],
    check_accessible: Callable[[Page], None],
    lang: str,
    scheme: str,
) -> None:
    def check(page: Page, path: str) -> None:
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            expect(page.locator("h1")).to_be_visible()
            check_accessible(page)
            check_fits(page)

    with open_page(color_scheme=scheme, bypass_csp=True) as page:
        check(page, f"/tillganglighet?lang={lang}")
        check(page, "/finns-inte")
        enter(page, demo_tokens["newcomer"], lang=lang)
        expect(page.get_by_role("heading", name={"sv": "Ingen analys", "en": "No analysis"}[lang])).to_be_visible()
        check(page, "/karta")
        enter(page, demo_tokens["admin"], lang=lang)
        expect(
            page.get_by_role("heading", name={"sv": "ingår inte i din roll", "en": "your role"}[lang])
        ).to_be_visible()
        check(page, "/karta")


def test_list_details_and_address_are_in_step_by_keyboard_alone(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_text("Hoppa till listan med platser")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(rows(page).nth(0)).to_be_focused()
        page.keyboard.press("Tab")
        expect(rows(page).nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        second = rows(page).nth(1).get_attribute("data-id")
        expect(heading(page)).to_be_focused()
        expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
        expect(page).to_have_url(f"{page.url.split('/karta')[0]}/karta?plats={second}")
        page.get_by_role("link", name="Nästa").press("Enter")
        expect(rows(page).nth(2)).to_have_attribute("aria-current", "true")
        expect(rows(page).nth(1)).not_to_have_attribute("aria-current", "true")
        page.keyboard.press("Escape")
        expect(page.locator("#detalj")).to_be_hidden()
        expect(rows(page).nth(2)).to_be_focused()
        assert page.url.endswith("/karta")


def test_a_click_on_the_map_chooses_the_place_in_the_list(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        rows(page).nth(0).click()
        name = heading(page).inner_text()
        middle = _middle_of_free_map(page)
        page.wait_for_timeout(500)  # the map has jumped to the place; it must also have drawn it
        page.keyboard.press("Escape")
        expect(page.locator("#detalj")).to_be_hidden()
        page.mouse.click(*middle)
        expect(heading(page)).to_have_text(name)
        expect(rows(page).nth(0)).to_have_attribute("aria-current", "true")


def _middle_of_free_map(page: Page) -> tuple[float, float]:
    """Where a chosen place lies: the middle of what the details leave of the map."""
    canvas, detail = page.locator("#map").bounding_box(), page.locator("#detalj").bounding_box()
    assert canvas
    assert detail
    return (canvas["x"] + detail["x"]) / 2, canvas["y"] + canvas["height"] / 2


def test_a_link_to_a_place_opens_its_details(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        third = rows(page).nth(2).get_attribute("data-id")
        page.goto(f"/karta?plats={third}")
        expect(rows(page).nth(2)).to_have_attribute("aria-current", "true")
        expect(page.locator("#detalj [data-place]")).to_have_attribute("data-place", str(third))
        page.goto("/karta?plats=00000000-0000-0000-0000-000000000000")
        expect(page.get_by_role("alert")).to_contain_text("finns inte i den antagna körningen")


def test_without_webgl_the_drawn_map_takes_its_place_and_stays_in_step(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page("--disable-3d-apis") as page:
        sign_in(page, sign_in_token)
        wait_for_map(page, "none")
        expect(page.locator("[data-notice=drawn]")).to_be_visible()
        expect(page.locator(".overview")).to_be_visible()
        expect(page.locator(".overview .spot-mark")).to_have_count(rows(page).count())
        rows(page).nth(1).press("Enter")
        expect(heading(page)).to_be_focused()
        second = rows(page).nth(1).get_attribute("data-id")
        expect(page.locator(".spot-mark.is-chosen")).to_have_attribute("data-id", str(second))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_without_javascript_list_drawn_map_and_details_work(
    open_page: OpenPage, sign_in_token: str, width: int
) -> None:
    with open_page(width=width, java_script_enabled=False) as page:
        sign_in(page, sign_in_token)
        expect(page.locator(".overview")).to_be_visible()
        name = rows(page).nth(1).locator("b").first.inner_text()
        rows(page).nth(1).click()
        expect(heading(page)).to_have_text(name)
        expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
        page.locator("[data-close]").click()
        expect(page.locator("#detalj")).to_be_hidden()


def test_when_the_places_cannot_be_fetched_the_drawn_map_stays_and_a_notice_says_so(
    open_page: OpenPage, sign_in_token: str
) -> None:
    with open_page() as page:
        page.route("**/api/v1/hotspots*", lambda route: route.fulfill(status=503, body="{}"))
        sign_in(page, sign_in_token)
        wait_for_map(page, "none")
        expect(page.locator("[data-notice=late]")).to_be_visible()
        expect(page.locator(".overview")).to_be_visible()


def test_when_the_server_is_gone_a_choice_says_so_and_the_list_stays(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        page.route("**/karta/plats/*", lambda route: route.abort())
        rows(page).nth(0).click()
        expect(page.locator("[data-notice=offline]")).to_be_visible()
        expect(rows(page).nth(0)).to_be_visible()


def test_a_place_that_is_no_longer_there_brings_the_map_up_to_date(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        lost = "00000000-0000-0000-0000-000000000000"
        page.route("**/karta/plats/*", lambda route: route.continue_(url=f"{page.url}/plats/{lost}"))
        with page.expect_navigation(url="**/karta"):
            rows(page).nth(0).click()
        expect(page.locator("#detalj")).to_be_hidden()
        expect(rows(page).nth(0)).to_be_visible()


def test_a_change_of_theme_keeps_map_and_choice(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page(color_scheme="light") as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        rows(page).nth(0).click()
        expect(heading(page)).to_be_visible()
        page.emulate_media(color_scheme="dark")
        expect(page.locator("body")).to_have_css("color", "rgb(236, 232, 223)")
        expect(page.locator("#map canvas")).to_be_visible()
        expect(rows(page).nth(0)).to_have_attribute("aria-current", "true")


def test_paper_gets_the_drawn_map_and_the_list(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        wait_for_map(page)
        page.emulate_media(media="print")
        expect(page.locator(".overview")).to_be_visible()
        expect(page.locator("#map")).to_be_hidden()
        expect(rows(page).last).to_be_visible()


def test_the_language_link_keeps_the_view_and_the_choice_is_remembered(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        first = rows(page).nth(0).get_attribute("data-id")
        page.goto(f"/karta?plats={first}")
        wait_for_map(page)
        page.get_by_role("link", name="Nästa").click()
        expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
        second = rows(page).nth(1).get_attribute("data-id")
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", name="Places by rank")).to_be_visible()
        expect(page.locator("#detalj [data-place]")).to_have_attribute("data-place", str(second))
        page.goto("/karta")
        expect(page.get_by_role("heading", name="Places by rank")).to_be_visible()


def test_a_wrong_key_is_explained_and_a_right_one_leads_back_to_the_view(
    open_page: OpenPage, sign_in_token: str
) -> None:
    with open_page() as page:
        page.goto("/karta?lang=sv&plats=none")
        page.locator("#token").fill("wrong")
        page.get_by_role("button", name="Logga in").click()
        expect(page.get_by_role("alert")).to_contain_text("Nyckeln gäller inte.")
        page.locator("#token").fill(sign_in_token)
        page.get_by_role("button", name="Logga in").click()
        expect(page.get_by_role("alert")).to_contain_text("finns inte i den antagna körningen")


def test_after_signing_out_the_map_asks_for_a_key_again(open_page: OpenPage, sign_in_token: str) -> None:
    with open_page() as page:
        sign_in(page, sign_in_token)
        page.get_by_role("button", name="Logga ut").click()
        expect(page.locator("#token")).to_be_visible()
        page.goto("/karta")
        expect(page.locator("#token")).to_be_visible()
