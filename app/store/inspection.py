"""What the catalogue says of a database: versions, rights, row-level security. For `lagesbild doctor`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.errors import SetupError
from app.store.queries import load, record

SQL = load("inspection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server, and what the owner's login may do there."""

    version: str
    major: int
    postgis: str | None  # installed in this database
    postgis_on_offer: str | None
    is_superuser: bool
    unmarked: tuple[str, ...]  # functions that should be leakproof and are not


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRole:
    """What the role of the service could do beyond what it should."""

    owned: int  # objects
    is_unbound: bool  # superuser, or may bypass row-level security
    may_create: bool  # roles or databases
    is_owner: bool  # a member of the owner role
    is_joint: bool  # a member of the role of the joint analysis


def server(url: str) -> Server:
    """Ask with the owner's login. Raises SetupError when the database cannot be reached."""
    with _connection(url) as connection:
        found = record(connection.execute(SQL.server)) or {}
        unmarked = tuple(row.name for row in connection.execute(SQL.unmarked)) if found["postgis"] else ()
        return Server(**found, unmarked=unmarked)


def app_role(url: str) -> AppRole:
    """Of a migrated database."""
    with _connection(url) as connection:
        return AppRole(**record(connection.execute(SQL.role)) or {})


def unforced_tables(url: str) -> tuple[str, ...]:
    """Tables on which row-level security does not hold for everybody."""
    with _connection(url) as connection:
        return tuple(row.name for row in connection.execute(SQL.unforced))


def unbound_login(engine: Engine) -> str | None:
    """The login behind the service's connections, when it could shake row-level security off; None when not."""
    with engine.connect() as connection:
        row = connection.execute(SQL.login).one()
    return row.name if row.is_unbound else None


def joint_login(url: str) -> tuple[str, bool]:
    """Who signs in for the joint analysis, and whether that may become its role. Raises SetupError."""
    with _connection(url) as connection:
        row = connection.execute(SQL.joint_login).one()
        return row.name, row.is_joint


def municipalities_without_catchments(engine: Engine) -> list[str]:
    """By name."""
    with engine.connect() as connection:
        return list(connection.execute(SQL.unsnapped).scalars())


def waiting_analyses(engine: Engine) -> int:
    """How many analyses wait for a worker."""
    with engine.connect() as connection:
        return int(connection.execute(SQL.waiting).scalar_one())


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url, connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise SetupError(f"The database cannot be reached: {str(error.orig).strip().splitlines()[0]}") from error
    except DBAPIError as error:
        raise SetupError(f"The database does not answer as expected: {str(error.orig).splitlines()[0]}") from error
    finally:
        engine.dispose()
