"""Settings: LAGESBILD_* in the environment, each with a working default for one machine.

Only main, cli and jobs read them; everything else is handed values.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg"


class Settings(BaseSettings):
    """What a deployment decides. The README holds the same list as a table."""

    model_config = SettingsConfigDict(env_prefix="LAGESBILD_", extra="ignore")

    database_url: str | None = None  # any PostgreSQL with PostGIS; none = a private cluster below `home`
    owner_database_url: str | None = None  # the login that migrates; none = database_url
    home: Path = Path(".lagesbild")  # the private cluster, tokens, secret
    public_url: str | None = None  # what links and cookies say; https makes cookies secure
    trusted_proxies: str = ""  # addresses whose X-Forwarded-* headers are believed, comma-separated
    metric_srid: int = 3006  # the metres of the analysis; fixed at the first migration
    max_body_bytes: Annotated[int, Field(ge=1_024)] = 32 * 1024 * 1024
    max_upload_bytes: Annotated[int, Field(ge=1_024)] = 1024 * 1024 * 1024  # of a file to be imported
    uploads: Path | None = None  # where files to be imported lie; none = `home`/uploads
    basemap: Path | None = None  # a GeoJSON (.gz) file drawn behind the map; none = no background
    worker_processes: Annotated[int, Field(ge=1)] = 1

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _name_the_driver(cls, url: str | None) -> str | None:
        """Take the usual spellings postgres:// and postgresql:// and name our driver."""
        if not url:
            return None
        scheme, _, rest = url.partition("://")
        named = f"{DRIVER}://{rest}" if scheme in {"postgres", "postgresql"} else url
        try:
            is_ours = make_url(named).drivername == DRIVER
        except (ArgumentError, ValueError):
            is_ours = False
        if not is_ours:
            raise ValueError("write it as postgresql://USER@HOST:PORT/DATABASE")
        return named

    @property
    def uploads_folder(self) -> Path:
        """Where files to be imported lie: a folder that web service and worker share."""
        return self.uploads or self.home / "uploads"
