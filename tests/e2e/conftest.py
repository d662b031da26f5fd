"""The demo on a real server, and a real browser that tolerates nothing.

live_server      address of the application with the sample towns and an adopted analysis; one for each worker
demo_tokens      demo_tokens["coordinator"]: the demo's tokens, and "newcomer": of an organisation without a run
sign_in_token    that of the coordinator
open_page        a page on it: a request to another server, a script error or a policy report fails the test
"""

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from app.actions import accounts
from app.actions.deployments import add_organisation, installer
from app.cli import deployment as deployments
from app.cli import setting_up
from app.cli.demo import BASEMAP
from app.cli.deployment import Deployment
from app.core.permissions import Role
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from tests.conftest import Server, copied

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NEWCOMER: Mapping[str, Any] = {
    "slug": "lindeskolan",
    "name": "Lindeskolan",
    "kind": "school",
    "area": setting_up.MAIN,
    "municipality": setting_up.MAIN,
    "local_police_area": None,
    "outside_area": "mark",
}
FAILED_REQUESTS = ("Failed to load resource", "htmx: htmx:error: Failed to fetch")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class OpenPage(Protocol):
    """Opens a page in a visit of its own; whatever the page did wrong fails the test when it closes."""

    def __call__(
        self, *flags: str, width: int = 1440, height: int = 900, **context: Any
    ) -> AbstractContextManager[Page]:
        """`flags` are Chromium's, `context` is Playwright's."""


@pytest.fixture(scope="session")
def demo(cluster: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The sample towns in a database of their own, set up as `lagesbild demo` does."""
    with copied(cluster, "template0") as empty:
        settings = Settings(
            database_url=empty.url(APP_ROLE),
            owner_database_url=empty.url(),
            home=tmp_path_factory.mktemp("demo"),
            basemap=setting_up.sample_folder() / BASEMAP,
        )
        deployment = Deployment(settings=settings, cluster=None)
        deployments.upgrade(deployment)
        setting_up.load_categories(deployment)
        setting_up.load_sample(deployment, lambda _: None)
        yield settings


@pytest.fixture(scope="session")
def demo_tokens(demo: Settings) -> Mapping[str, str]:
    tokens: dict[str, str] = json.loads((demo.home / setting_up.TOKENS_FILE).read_text(encoding="utf-8"))
    with (
        setting_up.opened(Deployment(settings=demo, cluster=None)) as database,
        database.write(installer()) as tx,
    ):
        add_organisation(tx, NEWCOMER)
        slug, name = NEWCOMER["slug"], "Ny samordnare"
        accounts.add_account(tx, organisation=slug, name=name, role=Role.COORDINATOR)
        issued = accounts.issue_token(tx, organisation=slug, account=name, name="test")
    return tokens | {"newcomer": issued.secret}


@pytest.fixture(scope="session")
def sign_in_token(demo_tokens: Mapping[str, str]) -> str:
    return demo_tokens["coordinator"]


@pytest.fixture(scope="session")
def live_server(demo: Settings) -> Iterator[str]:
    app = build_app(demo)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    app.state.services.database.engine.dispose()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Chromium with these flags, started once for each set of them."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.fail("These tests need Chromium: apt-get install chromium")
    always = ["--lang=sv-SE", "--force-color-profile=srgb", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    started: dict[tuple[str, ...], Browser] = {}

    def start(*flags: str) -> Browser:
        if flags not in started:
            started[flags] = playwright.chromium.launch(executable_path=program, args=[*always, *flags])
        return started[flags]

    yield start
    for browser in started.values():
        browser.close()


@pytest.fixture
def open_page(launch: Callable[..., Browser], live_server: str) -> OpenPage:
    @contextmanager
    def opened(*flags: str, width: int = 1440, height: int = 900, **context: Any) -> Iterator[Page]:
        settings: dict[str, Any] = {
            "base_url": live_server,
            "locale": "sv-SE",
            "timezone_id": "Europe/Stockholm",
            "reduced_motion": "reduce",
            "service_workers": "block",
            "viewport": {"width": width, "height": height},
        }
        visit = launch(*flags).new_context(**(settings | context))
        page = visit.new_page()
        wrongs: list[str] = []
        page.on("request", lambda request: _check_address(request.url, live_server, wrongs))
        page.on("pageerror", lambda error: wrongs.append(str(error)))
        page.on("console", lambda message: _check_message(message, wrongs))
        try:
            yield page
        finally:
            visit.close()
        assert wrongs == []

    return opened


def _check_address(address: str, ours: str, wrongs: list[str]) -> None:
    if not address.startswith((f"{ours}/", "data:", "blob:", "about:")):
        wrongs.append(f"request to {address}")


def _check_message(message: ConsoleMessage, wrongs: list[str]) -> None:
    """Errors the browser prints, except notes on requests that failed: some tests want those."""
    if message.type == "error" and not message.text.startswith(FAILED_REQUESTS):
        wrongs.append(message.text)


@pytest.fixture
def check_accessible() -> Callable[[Page], None]:
    """Fail on anything that axe-core objects to."""
    if not AXE.is_file():
        pytest.fail("axe-core is missing: run `npm ci --ignore-scripts` or `pip install -e .`")
    script = AXE.read_text(encoding="utf-8")

    def check(page: Page) -> None:
        page.evaluate(script)
        result = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
        found = [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in result["violations"]]
        assert found == []

    return check
