"""Bring a database to the newest schema: bootstrap by an administrator, then migrations by the owner role."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.core.errors import SetupError
from app.store.engine import APP_ROLE, JOINT_ROLE
from app.store.queries import sections
from app.store.tables import metadata

OWNER = "lagesbild_owner"
NOT_OURS = {"spatial_ref_sys", "alembic_version"}


def is_ours(name: str | None, type_: str, parent_names: object) -> bool:
    """Whether Alembic compares this table: not PostGIS's own, not Alembic's, not the audit log's monthly parts."""
    del parent_names
    return not (type_ == "table" and (name in NOT_OURS or (name or "").startswith("audit_lines_")))


def _config() -> Config:
    """Alembic's settings, found beside the code in a checkout and inside the package in a wheel."""
    here = Path(__file__).resolve()
    folder = next(f for f in (here.parents[2] / "migrations", here.parents[1] / "_migrations") if f.is_dir())
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision in the code."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise SetupError("The installation has no migrations; reinstall it.")
    return revision


def current_revision(url: str) -> str | None:
    """The revision of the database; None for an empty one. Raises SetupError when it cannot be reached."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise SetupError(f"The database cannot be reached: {_first_line(error)}") from error
    finally:
        engine.dispose()


def allow_login(owner_url: str, app_url: str) -> None:
    """Let the app or the joint role log in as `app_url` says, when that names it; others are the administrator's.

    A role that may log in and needs no new password is left alone. Raises SetupError when this login may not change it.
    """
    wanted = make_url(app_url)
    role = wanted.username
    if role not in {APP_ROLE, JOINT_ROLE}:
        return
    literal = "" if wanted.password is None else f" PASSWORD {_quoted(str(wanted.password))}"
    engine = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            may_login = connection.scalar(text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :r"), {"r": role})
            if may_login and not literal:
                return
            connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN{literal}".replace("%", "%%"))
    except ProgrammingError as error:
        if may_login:
            return  # the administrator chose the password; a wrong one shows when the app connects
        raise SetupError(
            f"This database login may not let {role} log in ({_first_line(error)}). Let the database's "
            f"administrator run ALTER ROLE {role} LOGIN PASSWORD '…', or name another login in "
            "LAGESBILD_DATABASE_URL."
        ) from error
    finally:
        engine.dispose()


def _quoted(text_: str) -> str:
    """A literal of SQL; role passwords cannot be bound."""
    return "'" + text_.replace("'", "''") + "'"


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no answer"])[0]


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    """A connection that acts as the owner role."""
    engine = create_engine(url, connect_args={"options": f"-c role={OWNER} -c search_path=public -c timezone=UTC"})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def bootstrap(url: str) -> None:
    """Make roles, the PostGIS extension and the leakproof marks, as far as the login may.

    Raises SetupError with the way out when the login may not.
    """
    steps = sections(resources.files("app.store").joinpath("bootstrap.sql").read_text(encoding="utf-8"))
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for name, statement in steps.items():
                _step(connection, name, statement)
    except OperationalError as error:
        raise SetupError(f"The database cannot be reached: {_first_line(error)}") from error
    finally:
        engine.dispose()


def _step(connection: Connection, name: str, statement: str) -> None:
    if name == "extension" and connection.scalar(text("SELECT true FROM pg_extension WHERE extname = 'postgis'")):
        return
    try:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            raise
        raise SetupError(
            f"This database login may not set up '{name}' ({_first_line(error)}). "
            "Let the database's administrator run app/store/bootstrap.sql once, or set "
            "LAGESBILD_OWNER_DATABASE_URL to a login that may."
        ) from error


def upgrade(url: str, metric_srid: int, revision: str = "head") -> None:
    """Bootstrap if needed and run the migrations up to `revision`."""
    bootstrap(url)
    with owner_connection(url) as connection:
        command.upgrade(_with(connection, metric_srid), revision)


def downgrade(url: str, revision: str) -> None:
    """Run the migrations down to `revision` ("base" empties the database)."""
    with owner_connection(url) as connection:
        command.downgrade(_with(connection, 0), revision)


def drift(url: str) -> list[object]:
    """What differs between the database and app.store.tables; empty when nothing does."""
    with owner_connection(url) as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": is_ours, "compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))


def _with(connection: Connection, metric_srid: int) -> Config:
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["metric_srid"] = metric_srid
    return config
