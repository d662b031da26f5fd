"""Real map clients against a real server with a few thousand incidents.

A client that is not there fails its tests: `./dev test` installs them where apt is.
"""

import shutil
from collections.abc import Callable, Mapping

import pytest

from tests.conftest import Database
from tests.ogc.conftest import crowd, live_map, map_app, world  # noqa: F401 -- fixtures

COUNT = 6_000
Served = tuple[str, str]  # the address of the landing page, and a token


@pytest.fixture(scope="module")
def service(world: Database, live_map: str, tokens: Mapping[str, str]) -> Served:  # noqa: F811
    crowd(world, COUNT)
    return f"{live_map}/ogc", tokens["coordinator"]


@pytest.fixture
def program() -> Callable[[str], str]:
    def found(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.fail(f"{name} is missing: run ./dev test, or apt-get install gdal-bin python3-qgis")
        return path

    return found
