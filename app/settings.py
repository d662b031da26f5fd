"""Settings: LAGESBILD_* in the environment, each with a working default for one machine.

Only main, cli and jobs read them; everything else is handed values.
"""

import json
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.core.disclosure import SMALLEST_COUNT
from app.core.identities import MappingRule

DRIVER = "postgresql+psycopg"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


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
    smallest_count: Annotated[int, Field(ge=2, le=1_000)] = SMALLEST_COUNT  # k: nothing is told of fewer
    joint_database_url: str | None = None  # the login of the joint analysis; none = no joint analysis
    worker_processes: Annotated[int, Field(ge=1)] = 1

    oidc_issuer: str | None = None  # the identity provider, as its discovery document spells it; none = no provider
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None  # none = a public client, held by PKCE alone
    oidc_name: str = ""  # what people call the provider: stands on the sign-in button
    oidc_scopes: str = "openid profile email"
    oidc_audience: str | None = None  # whom the provider's bearer tokens are for; none = the API takes none
    oidc_mapping: Annotated[
        tuple[MappingRule, ...], NoDecode
    ] = ()  # from claims to role and organisation: app.core.identities
    session_hours: Annotated[float, Field(gt=0, le=24 * 7)] = 10
    session_idle_minutes: Annotated[float, Field(gt=0)] = 60
    sign_ins_per_minute: Annotated[int, Field(ge=0)] = 10  # 0 = no limit, for this and the next two
    writes_per_minute: Annotated[int, Field(ge=0)] = 600
    reads_per_minute: Annotated[int, Field(ge=0)] = 600

    @field_validator("oidc_issuer", "public_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        """https, or http on this machine: what is sent there must not be read on the way."""
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.netloc or parts.query or parts.fragment or "@" in url:
            raise ValueError("write it as https://HOST, or https://HOST/PATH")
        return url

    @field_validator("oidc_mapping", mode="before")
    @classmethod
    def _read_the_mapping(cls, given: object) -> object:
        """A JSON list of rules, as it stands in the environment."""
        try:
            return json.loads(given) if isinstance(given, str) else given
        except ValueError as error:
            raise ValueError(
                'write it as JSON: [{"when": {"groups": "G"}, "role": "R", "organisation": "O"}]'
            ) from error

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        """Half of a sign-in is none."""
        if self.oidc_issuer is None:
            return self
        if not (self.oidc_client_id and self.oidc_mapping and self.public_url):
            raise ValueError(
                "LAGESBILD_OIDC_ISSUER needs LAGESBILD_OIDC_CLIENT_ID, LAGESBILD_OIDC_MAPPING and LAGESBILD_PUBLIC_URL"
            )
        for url in (self.oidc_issuer, self.public_url):
            parts = urlsplit(url)
            if parts.scheme != "https" and parts.hostname not in LOOPBACK:
                raise ValueError("sign-in at a provider needs https in LAGESBILD_OIDC_ISSUER and LAGESBILD_PUBLIC_URL")
        if self.oidc_audience == self.oidc_client_id:  # an ID token would pass for a bearer token
            raise ValueError("LAGESBILD_OIDC_AUDIENCE must be the API's own name at the provider, not the client's")
        return self

    @field_validator("database_url", "owner_database_url", "joint_database_url")
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
