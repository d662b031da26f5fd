"""The auditor's page in a real browser: on wide and narrow screens, by keyboard, in both languages."""

import re
from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage

pytestmark = pytest.mark.e2e

WIDE, PHONE, NARROWEST = 1440, 360, 320


def sign_in(page: Page, token: str, lang: str = "sv") -> None:
    """As a person does; an auditor arrives at the log."""
    page.goto(f"/logga-in?lang={lang}")
    page.locator("#token").fill(token)
    page.locator("#token").press("Enter")
    expect(page.locator("table.log").first).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("sv", "light", WIDE), ("en", "dark", PHONE), ("sv", "light", NARROWEST)]
)
def test_everyone_can_use_the_log(
    open_page: OpenPage,
    demo_tokens: Mapping[str, str],
    check_accessible: Callable[[Page], None],
    lang: str,
    scheme: str,
    width: int,
) -> None:
    with open_page(width=width, color_scheme=scheme, bypass_csp=True) as page:
        sign_in(page, demo_tokens["auditor"], lang)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        check_accessible(page)


def test_the_log_is_asked_by_keyboard_alone(open_page: OpenPage, demo_tokens: Mapping[str, str]) -> None:
    with open_page() as page:
        sign_in(page, demo_tokens["auditor"])
        page.locator("#from").focus()
        page.keyboard.type("2001-01-01")
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.type("Loggade in")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("action=session.opened"))
        told = page.locator("table.log:not(.rules) tbody tr td:nth-of-type(2)")
        expect(told.first).to_have_text("Loggade in")
        assert set(told.all_inner_texts()) == {"Loggade in"}


def test_the_file_comes_as_a_file(open_page: OpenPage, demo_tokens: Mapping[str, str]) -> None:
    with open_page(accept_downloads=True) as page:
        sign_in(page, demo_tokens["auditor"])
        with page.expect_download() as download:
            page.get_by_role("link", name="Hämta alla som CSV").click()
        assert download.value.path().read_text(encoding="utf-8-sig").startswith("id,recorded_at,")
