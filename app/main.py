"""Put the parts together: the only place that knows all of them.

uvicorn --factory app.main:from_environment
"""

import asyncio
import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from app import __version__
from app.api import routes
from app.core.errors import SetupError
from app.core.limits import Limits
from app.edge import problems, same_site
from app.edge.providers import Provider, Registration
from app.edge.services import Services, now
from app.edge.shell import Shell
from app.ogc import routes as map_routes
from app.settings import Settings
from app.store import migrate
from app.store.engine import make_engine
from app.store.tx import Database
from app.store.uploads import Uploads
from app.web import data_pages, error_pages, pages, signing_in, static_files

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
        provider=provider_of(settings),
        session_lifetime=timedelta(hours=settings.session_hours),
        session_idle=timedelta(minutes=settings.session_idle_minutes),
        limits=Limits(
            sign_ins=settings.sign_ins_per_minute,
            writes=settings.writes_per_minute,
            reads=settings.reads_per_minute,
        ),
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
    map_routes.install(app, page=data_pages.answer)
    app.add_middleware(
        Shell,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        is_https=is_https,
        hosts=same_site.hosts_of(settings.public_url),
    )
    return app


def provider_of(settings: Settings) -> Provider | None:
    """The identity provider that the settings name."""
    if settings.oidc_issuer is None:
        return None
    here = str(settings.public_url).rstrip("/")
    secret = settings.oidc_client_secret
    registration = Registration(
        issuer=settings.oidc_issuer,
        client_id=str(settings.oidc_client_id),
        client_secret=None if secret is None else secret.get_secret_value(),
        name=settings.oidc_name,
        scopes=settings.oidc_scopes,
        audience=settings.oidc_audience,
        mapping=settings.oidc_mapping,
        callback=f"{here}{signing_in.CALLBACK}",
        after=f"{here}{signing_in.SIGNED_OUT}",
    )
    return Provider(registration, now)


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
