"""Whether the database is there, at the right migration, and whether a worker is alive."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

WORKER_SILENCE_S = 60


def checks(engine: Engine, schema_head: str) -> dict[str, str]:
    """What is wrong, by what it concerns, in one sentence each; empty when all is well."""
    try:
        with engine.connect() as conn:
            revision = conn.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return {"database": "The database cannot be reached, or is not set up: run `lagesbild migrate`."}
    if revision != schema_head:
        return {
            "schema": f"The database is at revision {revision}, the code at {schema_head}: run `lagesbild migrate`."
        }
    return {}


def worker_is_alive(engine: Engine) -> bool:
    """Whether a worker has been heard of within a minute."""
    statement = text("SELECT max(last_heartbeat) > now() - make_interval(secs => :s) FROM procrastinate_workers")
    with engine.connect() as conn:
        return bool(conn.scalar(statement, {"s": WORKER_SILENCE_S}))
