"""MapLibre in Chromium: the page's own map, vector tiles, and the page that says what to paste."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.conftest import Served
from tests.e2e.conftest import check_accessible, launch, playwright  # noqa: F401 -- fixtures

pytestmark = pytest.mark.clients

TILES = """async address => {
  const script = document.querySelector('script[type=module]').src;
  const maplibregl = await import(new URL('./vendor/maplibre-gl/dist/maplibre-gl.mjs', script).href);
  const holder = document.body.appendChild(document.createElement('div'));
  holder.style.cssText = 'position:fixed;inset:0;z-index:9';
  const layer = { id: 'dots', type: 'circle', source: 'data', 'source-layer': 'incidents' };
  const tiles = [`${address}/collections/incidents/tiles/WebMercatorQuad/{z}/{y}/{x}`];
  const source = { type: 'vector', tiles, maxzoom: 14 };
  const style = { version: 8, sources: { data: source }, layers: [layer] };
  const map = new maplibregl.Map({ container: holder, style, center: [15.85, 59.65], zoom: 13 });
  const shown = () => map.queryRenderedFeatures().map(feature => feature.properties);
  const seen = () => new Promise(done => map.once('idle', () => done(shown())));
  const near = await seen();
  map.setZoom(8);
  return [near, await seen()];
}"""


@pytest.fixture
def visited(launch: Callable[..., Browser], service: Served) -> Iterator[Page]:  # noqa: F811
    address, token = service
    root = address.removesuffix("/ogc")
    visit = launch("--use-angle=swiftshader", "--enable-unsafe-swiftshader").new_context(
        base_url=root, locale="sv-SE", reduced_motion="reduce", bypass_csp=True, viewport={"width": 1280, "height": 900}
    )
    page = visit.new_page()
    wrongs: list[str] = []
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.goto("/logga-in")
    page.request.post("/logga-in", form={"token": token}, headers={"Origin": root})
    yield page
    visit.close()
    assert wrongs == []


def test_the_page_of_a_collection_has_a_living_map(
    visited: Page,
    check_accessible: Callable[[Page], None],  # noqa: F811
) -> None:
    visited.goto("/ogc/collections/hotspots/items?f=html")
    visited.wait_for_selector("html[data-mapready]", state="attached", timeout=60_000)
    assert visited.get_attribute("html", "data-mapready") == "yes"
    assert visited.locator("table tbody tr").count() == 1
    check_accessible(visited)


def test_vector_tiles_are_drawn_as_points_and_as_counts(visited: Page, service: Served) -> None:
    visited.goto("/ogc/collections/areas/items?f=html")
    near, far = visited.evaluate(TILES, service[0])
    assert len(near) > 20
    assert {"category", "occurred_from"} <= set(near[0])
    assert len(far) > 20
    assert all(set(each) == {"count"} for each in far)


@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_says_what_to_paste(
    visited: Page,
    service: Served,
    check_accessible: Callable[[Page], None],  # noqa: F811
    width: int,
) -> None:
    visited.set_viewport_size({"width": width, "height": 900})
    visited.goto("/anslut")
    assert visited.locator("h1").inner_text() == "Anslut en kartklient"
    assert visited.locator("code", has_text=service[0]).count() > 3
    assert visited.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(visited)
    visited.goto("/anslut?lang=en")
    assert visited.locator("h1").inner_text() == "Connect a map client"
