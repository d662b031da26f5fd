"""Signing in at a real identity provider in a real browser, and out of both; with a password; keys for programs."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from app.actions import deployments, sign_ins
from app.cli import setting_up
from app.cli.deployment import Deployment
from app.edge.services import now
from app.main import build_app
from app.settings import Settings
from tests.e2e.conftest import OpenPage
from tests.provider import OpenIdProvider, openid_provider

pytestmark = pytest.mark.e2e

USERNAME, PASSWORD, NEW_PASSWORD = "ledningen", "gröna äpplen i oktober", "nio älgar vid sjön"
PHONE = {"width": 360, "height": 800}


@pytest.fixture(scope="module")
def provided(demo: Settings) -> Iterator[tuple[str, OpenIdProvider]]:
    """The address of the demo's application where people sign in at a provider, and the provider."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with openid_provider(address) as provider:
            named = {"public_url": address, "oidc_name": "Lindesta kommun", **provider.settings}
            app = build_app(Settings(**demo.model_dump() | named))
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield address, provider
            server.should_exit = True
            thread.join()
            app.state.services.database.engine.dispose()


@pytest.fixture
def visit(launch: Callable[..., Browser], provided: tuple[str, OpenIdProvider]) -> Iterator[Page]:
    """A page that may go to the provider as well: whose own pages are not ours to judge."""
    context = launch().new_context(base_url=provided[0], locale="sv-SE", reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def with_password(demo: Settings) -> str:
    """The leadership of the demo signs in with a password."""
    account = setting_up.DEMO_ACCOUNTS["leadership"][2]
    with (
        setting_up.opened(Deployment(settings=demo, cluster=None)) as database,
        database.write(deployments.installer()) as tx,
    ):
        sign_ins.set_password(
            tx, organisation=setting_up.MAIN, account=account, username=USERNAME, password=PASSWORD, now=now()
        )
    return account


def sign_in_at_provider(page: Page, login: str) -> None:
    page.goto("/karta")
    page.get_by_role("link", name="Logga in med Lindesta kommun").click()
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def test_a_person_signs_in_at_the_provider_and_out_of_both(visit: Page, provided: tuple[str, OpenIdProvider]) -> None:
    sign_in_at_provider(visit, "anna")
    expect(visit.locator(".spots")).to_be_visible()
    assert visit.url == f"{provided[0]}/karta"
    expect(visit.locator(".who")).to_contain_text("Anna Lind")
    cookies = {cookie["name"]: cookie for cookie in visit.context.cookies(provided[0])}
    assert (cookies["session"]["httpOnly"], cookies["session"]["sameSite"]) == (True, "Lax")
    assert "signing-in" not in cookies

    visit.get_by_role("button", name="Logga ut").click()
    visit.wait_for_url(re.compile(re.escape(provided[1].issuer)))
    visit.get_by_role("button", name="Yes, sign me out").click()
    visit.wait_for_url(f"{provided[0]}/utloggad**")
    expect(visit.get_by_role("heading", name="Utloggad")).to_be_visible()
    visit.goto("/karta")
    visit.get_by_role("link", name="Logga in med Lindesta kommun").click()
    expect(visit.locator("input[name=login]")).to_be_visible()  # the provider asks anew


def test_a_person_without_a_role_is_told_so(visit: Page) -> None:
    sign_in_at_provider(visit, "cecilia")
    expect(visit.get_by_role("heading", name="Du har ingen roll i Lägesbild")).to_be_visible()
    visit.goto("/karta")
    expect(visit.get_by_role("heading", name="Logga in")).to_be_visible()


def test_the_sign_in_page_is_accessible_with_all_ways_in(
    visit: Page, with_password: str, check_accessible: Callable[[Page], None]
) -> None:
    visit.set_viewport_size(PHONE)
    visit.goto("/logga-in")
    for summary in visit.locator("summary").all():
        summary.click()
    expect(visit.locator("#token")).to_be_visible()
    expect(visit.locator("#password")).to_be_visible()
    check_accessible(visit)


def test_a_password_lets_in_is_changed_and_lets_in_anew(
    open_page: OpenPage, with_password: str, check_accessible: Callable[[Page], None]
) -> None:
    with open_page() as page:
        for password, opens in ((PASSWORD, True), (PASSWORD, False), (NEW_PASSWORD, True)):
            page.goto("/logga-in")
            page.get_by_label("Användarnamn").fill(USERNAME)
            page.get_by_label("Lösenord").fill(password)
            page.get_by_label("Lösenord").press("Enter")
            if not opens:
                expect(page.get_by_role("alert")).to_contain_text("Användarnamnet eller lösenordet stämmer inte.")
                continue
            expect(page.locator(".who")).to_contain_text(with_password)
            if password == PASSWORD:
                page.goto("/konto/losenord")
                check_accessible(page)
                page.get_by_label("Nuvarande lösenord").fill(PASSWORD)
                page.get_by_label("Nytt lösenord").fill(NEW_PASSWORD)
                page.get_by_role("button", name="Byt lösenord").click()
                expect(page.get_by_role("status")).to_contain_text("Lösenordet är bytt.")
            page.get_by_role("button", name="Logga ut").click()


def test_an_administrator_makes_a_key_for_a_program_and_revokes_it(
    open_page: OpenPage, demo_tokens: Mapping[str, str], check_accessible: Callable[[Page], None]
) -> None:
    with open_page() as page:
        page.goto("/logga-in?next=/nycklar")
        if page.locator("#token").is_hidden():
            page.get_by_text("Logga in med åtkomstnyckel").click()
        page.locator("#token").fill(demo_tokens["admin"])
        page.locator("#token").press("Enter")
        page.get_by_label("Konto").select_option(label="lindesta-kommun: Kartklient (map_client)")
        page.get_by_label("Används till").fill("QGIS på planenheten")
        page.get_by_label("hotspots").check()
        page.get_by_role("button", name="Skapa nyckel").click()
        secret = page.locator(".secret").inner_text()
        assert secret.startswith("lgb_")
        check_accessible(page)

        def is_let_in() -> int:
            headers = {"Authorization": f"Bearer {secret}", "Cookie": ""}
            return page.request.get("/api/v1/hotspots", headers=headers).status

        row = page.get_by_role("row").filter(has_text="QGIS på planenheten")
        expect(row).to_contain_text("hotspots")
        assert is_let_in() == 200
        row.get_by_role("button", name="Återkalla").click()
        expect(row).to_have_count(0)
        assert is_let_in() == 401


def test_the_keys_page_fits_a_phone(
    open_page: OpenPage, demo_tokens: Mapping[str, str], check_accessible: Callable[[Page], None]
) -> None:
    with open_page(**PHONE) as page:
        page.goto("/logga-in?next=/nycklar")
        if page.locator("#token").is_hidden():
            page.get_by_text("Logga in med åtkomstnyckel").click()
        page.locator("#token").fill(demo_tokens["admin"])
        page.locator("#token").press("Enter")
        expect(page.get_by_role("heading", name="Ny nyckel")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        check_accessible(page)
