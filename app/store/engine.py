"""Connections: every one acts as the app role, in UTC, and knows where the job tables are."""

from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

APP_ROLE = "lagesbild_app"
JOINT_ROLE = "lagesbild_joint"  # the joint analysis; no other role may become it
# Filters are optional, so a cached generic plan would ignore the index: plan each query for its values.
SESSION = "-c search_path=public,jobs -c timezone=UTC -c plan_cache_mode=force_custom_plan"
OPTIONS = f"-c role={APP_ROLE} {SESSION}"
WEB_TIMEOUT_MS = 15_000
JOB_TIMEOUT_MS = 600_000


def make_engine(
    url: str, *, pool_size: int = 8, statement_timeout_ms: int = WEB_TIMEOUT_MS, role: str = APP_ROLE
) -> Engine:
    """A pool of connections that own nothing and obey row-level security."""
    return create_engine(
        make_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # an error names the statement, never a row's content
        connect_args={
            "options": f"-c role={role} {SESSION} -c statement_timeout={statement_timeout_ms}",
            "application_name": "lagesbild",
            "connect_timeout": 10,
        },
    )


def conninfo(url: str, **extra: str) -> str:
    """The same address as a libpq connection string, for pg_dump, psycopg and the job worker."""
    parts = make_url(url)
    _, wanted = parts.get_dialect()().create_connect_args(parts)  # its reading, also of several hosts
    wanted.pop("context", None)  # psycopg's adapters: no part of an address
    return make_conninfo("", **{**wanted, **extra})
