"""What the deployment hands to every request; made once by app.main."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from starlette.requests import HTTPConnection

from app.actions.accounts import SESSION_IDLE, SESSION_LIFETIME
from app.core.limits import Limits
from app.edge.providers import Provider
from app.store.tx import Database
from app.store.uploads import Uploads


def now() -> datetime:
    """The present instant. Actions and core get it as a value; nothing below the edge reads the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a request may need from outside itself."""

    database: Database
    secret: bytes  # keys ETags, limits and sealed cookies
    metric_srid: int
    code_version: str
    schema_head: str  # the migration this code expects
    slots: asyncio.Semaphore  # how many requests may hold a connection; fewer than there are connections
    max_body_bytes: int
    max_upload_bytes: int
    uploads: Uploads
    is_https: bool  # cookies are marked secure
    basemap: Path | None = None
    provider: Provider | None = None  # where people sign in; none: with passwords and tokens only
    session_lifetime: timedelta = SESSION_LIFETIME
    session_idle: timedelta = SESSION_IDLE
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], datetime] = now


def of(connection: HTTPConnection) -> Services:
    """The services of the running application."""
    return cast("Services", connection.app.state.services)
