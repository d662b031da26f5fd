"""Put the parts together: the only place that knows all of them.

uvicorn --factory app.main:from_environment
"""

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path

from fastapi import FastAPI

from app import __version__
from app.api import routes
from app.core.errors import SetupError
from app.edge import problems
from app.edge.services import Services
from app.edge.shell import Shell
from app.settings import Settings
from app.store import migrate
from app.store.engine import make_engine
from app.store.tx import Database
from app.store.uploads import Uploads
from app.web import error_pages, pages, static_files

SECRET_BYTES = 32
CONNECTIONS = 8
CONNECTIONS_OF_PAGES = 2  # pages begin and end a transaction in one thread, so these always come back


def build_app(settings: Settings) -> FastAPI:
    """The whole application on the database that the settings name."""
    if settings.database_url is None:
        raise SetupError(
            "No database is named: set LAGESBILD_DATABASE_URL, or start with `lagesbild demo`, which brings its own."
        )
    static_files.check_browser_libraries()
    is_https = (settings.public_url or "").startswith("https://")
    services = Services(
        database=Database(make_engine(settings.database_url, pool_size=CONNECTIONS)),
        slots=asyncio.Semaphore(CONNECTIONS - CONNECTIONS_OF_PAGES),
        secret=secret_of(settings.home),
        metric_srid=settings.metric_srid,
        code_version=__version__,
        schema_head=migrate.head(),
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        uploads=Uploads(settings.uploads_folder),
        is_https=is_https,
        basemap=settings.basemap,
    )
    app = FastAPI(
        title="Lägesbild",
        version=__version__,
        description="Incident reports in, hot spots out: GeoJSON for the joint situation picture.",
        openapi_url=f"{routes.PREFIX}/openapi.json",
        docs_url=None,  # the usual pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.services = services
    app.openapi = lambda: routes.document(app)  # type: ignore[method-assign]
    problems.install(app, page=error_pages.answer)
    app.include_router(routes.router)
    app.include_router(pages.router)
    app.add_middleware(
        Shell,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        is_https=is_https,
    )
    return app


def from_environment() -> FastAPI:
    """The application as LAGESBILD_* describe it."""
    return build_app(Settings())


def secret_of(home: Path) -> bytes:
    """The deployment's secret key: made at the first start, readable by its owner only.

    It appears whole or not at all, so that processes starting together agree on one.
    """
    file = home / "secret"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f"secret.{secrets.token_hex(8)}"
        with open(draft, "xb", opener=_private) as f:
            f.write(secrets.token_bytes(SECRET_BYTES))
        with suppress(FileExistsError):  # another process was first
            os.link(draft, file)
        draft.unlink()
    return file.read_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
