"""A real browser that tolerates nothing: no request to another server, no script error, no policy report."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class OpenPage(Protocol):
    """Opens a page in a visit of its own; whatever the page did wrong fails the test when it closes."""

    def __call__(
        self, *flags: str, width: int = 1440, height: int = 900, **context: Any
    ) -> AbstractContextManager[Page]:
        """`flags` are Chromium's, `context` is Playwright's."""


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
    """Errors the browser prints, except its note on an answer of 4xx or 5xx: some tests want those."""
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
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
