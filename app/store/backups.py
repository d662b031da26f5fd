"""Backups: pg_dump's archive of the whole database and, beside it, what the archive must bring back.

The archive and the counts come from one snapshot, so a service that goes on writing does not make them differ.
Row-level security with FORCE hides rows even from a table's owner: a superuser's login bypasses it; any other
login dumps with row security on, and only when a policy shows it every row of every table.
Passwords reach the programs in their environment, never on the command line.
"""

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.errors import SetupError
from app.store import migrate
from app.store.cluster import program_folders
from app.store.engine import conninfo
from app.store.queries import load

SQL = load("backups")
LOCK_WAIT = "60s"  # a migration under way makes the backup fail, not hang
_VERSION = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database holds, as far as a restored one must hold the same."""

    tables: Mapping[str, int]  # rows, by schema and table
    last_audit_line: int | None
    revision: str | None

    def differences(self, other: "Contents") -> list[str]:
        """One sentence for each thing that is not the same in the other."""
        found = [
            f"{name}: {self.tables.get(name, 'no table')} in the backup, {other.tables.get(name, 'no table')} here"
            for name in sorted(self.tables.keys() | other.tables.keys())
            if self.tables.get(name) != other.tables.get(name)
        ]
        if self.last_audit_line != other.last_audit_line:
            found.append(f"last audit line: {self.last_audit_line} in the backup, {other.last_audit_line} here")
        if self.revision != other.revision:
            found.append(f"revision: {self.revision} in the backup, {other.revision} here")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What lies beside an archive, in FILE.json."""

    made_at: str
    server: int  # PostgreSQL's major
    pg_dump: str
    bytes: int
    sha256: str  # of the archive
    contents: Contents

    @classmethod
    def read(cls, archive: Path) -> Self:
        """The manifest of an archive. Raises SetupError when it is missing or not ours."""
        file = manifest_file(archive)
        try:
            values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return cls(**values | {"contents": Contents(**values["contents"])})
        except FileNotFoundError as error:
            raise SetupError(
                f"{file} is missing: it says what {archive.name} must bring back. Put it beside the archive again."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(f"{file} cannot be read as what `lagesbild backup` writes.") from error


def manifest_file(archive: Path) -> Path:
    """Where an archive's manifest lies."""
    return archive.with_name(f"{archive.name}.json")


def dump(url: str, archive: Path, *, now: datetime, program_folder: Path | None = None) -> Manifest:
    """Write the whole database and its manifest, readable by their owner only; whole or not at all.

    program_folder: where the server's own pg_dump lies, when that is known. Raises SetupError.
    """
    _check_free(archive)
    with _snapshot(url) as (connection, snapshot):
        contents = _contents(connection)
        if contents.revision is None:
            raise SetupError("There is nothing to back up: the database is not set up (`lagesbild migrate`).")
        server = _server_major(connection)
        pg_dump, version = _program("pg_dump", server, program_folder)
        options = [
            "--format=custom",
            "--no-unlogged-table-data",
            "--no-password",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={LOCK_WAIT}",
        ]
        if not connection.scalar(SQL.sees_all):
            _check_nothing_hidden(connection)
            options.append("--enable-row-security")
        with _draft_of(archive) as draft:
            with draft.open("wb") as file:
                _run([pg_dump, *options], url, "The backup was not made", stdout=file.fileno())
            _check_listed(draft, contents, server, program_folder)
            manifest = Manifest(
                made_at=now.isoformat(),
                server=server,
                pg_dump=version,
                bytes=draft.stat().st_size,
                sha256=_sha256(draft),
                contents=contents,
            )
            with _draft_of(manifest_file(archive)) as beside:
                beside.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
                beside.rename(manifest_file(archive))
            draft.rename(archive)
    return manifest


def restore(url: str, archive: Path, *, program_folder: Path | None = None) -> Manifest:
    """Fill an empty database from an archive, and prove that it holds what the archive was made from.

    All of it or nothing. Raises SetupError when the archive is damaged, the database is not empty, the restoring
    fails, or anything differs afterwards.
    """
    if not archive.is_file():
        raise SetupError(f"There is no backup {archive}.")
    manifest = Manifest.read(archive)
    if _sha256(archive) != manifest.sha256:
        raise SetupError(f"{archive} is not the file that was written: its checksum differs. Nothing was restored.")
    with _connection(url) as connection:
        server = _server_major(connection)
        _check_empty(connection)
    if server < manifest.server:
        raise SetupError(
            f"The backup comes from PostgreSQL {manifest.server} and this server is {server}: "
            "restore it into the same version or a newer one."
        )
    oldest = max(server, int(float(manifest.pg_dump)))
    pg_restore, _ = _program("pg_restore", oldest, program_folder)
    migrate.bootstrap(url)
    options = ["--exit-on-error", "--single-transaction", "--no-comments", "--no-password"]
    target = f"--dbname={conninfo_to_dict(conninfo(url)).get('dbname', '')}"
    _run([pg_restore, *options, target, str(archive)], url, "The backup was not restored")
    with _connection(url) as connection:
        wrong = manifest.contents.differences(_contents(connection))
    if wrong:
        raise SetupError("The restored database is NOT the one backed up; do not use it. " + "; ".join(wrong))
    return manifest


def contents(url: str) -> Contents:
    """What the database holds now. Raises SetupError when it cannot be reached."""
    with _connection(url) as connection:
        return _contents(connection)


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
    except OperationalError as error:
        raise SetupError(f"The database cannot be reached: {str(error.orig).strip().splitlines()[0]}") from error
    except DBAPIError as error:
        raise SetupError(f"This login may not read all of the database: {error.orig}") from error
    finally:
        engine.dispose()


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[Connection, str]]:
    with _connection(url) as connection:
        yield connection, str(connection.scalar(SQL.snapshot))


def _contents(connection: Connection) -> Contents:
    named = [(row.schema, row.name) for row in connection.execute(SQL.tables)]
    quoted = connection.dialect.identifier_preparer.quote_identifier
    counts = {
        f"{schema}.{name}": int(
            connection.exec_driver_sql(f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}").scalar_one()
        )
        for schema, name in named
    }
    parents = counts.keys() | set(connection.execute(SQL.parents).scalars())
    return Contents(
        tables=counts,
        last_audit_line=_largest(connection, "id", "audit_lines") if "public.audit_lines" in parents else None,
        revision=_largest(connection, "version_num", "alembic_version") if "public.alembic_version" in counts else None,
    )


def _largest(connection: Connection, column: str, table: str) -> Any:
    return connection.scalar(text(f"SELECT max({column}) FROM public.{table}"))


def _server_major(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def _check_nothing_hidden(connection: Connection) -> None:
    hidden = [row.name for row in connection.execute(SQL.hidden)]
    if hidden:
        raise SetupError(
            f"Row-level security would hide rows of {', '.join(hidden)} from this login: back up as a superuser, or as "
            f"a member of {migrate.OWNER} (LAGESBILD_OWNER_DATABASE_URL)."
        )


def _check_empty(connection: Connection) -> None:
    found = [f"{row.schema}.{row.name}" for row in connection.execute(SQL.tables)]
    if found:
        raise SetupError(
            f"The database is not empty: it has {len(found)} tables, {found[0]} among them. Nothing was changed. "
            "Restore into a new database or a new home folder."
        )


def _check_free(archive: Path) -> None:
    if not archive.parent.is_dir():
        raise SetupError(f"There is no folder {archive.parent}.")
    for file in (archive, manifest_file(archive)):
        if file.exists():
            raise SetupError(f"{file} is there already; backups never replace one another. Choose another name.")


def _check_listed(archive: Path, contents: Contents, server: int, program_folder: Path | None) -> None:
    """The archive can be read, and holds rows for every table that was counted."""
    pg_restore, _ = _program("pg_restore", server, program_folder)
    said = _run([pg_restore, "--list", str(archive)], None, "The backup cannot be read again")
    listed = {".".join(m.groups()) for m in re.finditer(r"TABLE DATA (\S+) (\S+) \S+$", said, re.MULTILINE)}
    if missing := contents.tables.keys() - listed:
        raise SetupError(f"The backup lacks {', '.join(sorted(missing))}; it was thrown away.")


def _program(name: str, oldest: int, folder: Path | None) -> tuple[str, str]:
    """The program and its version: the given folder's, else the oldest on this machine that is new enough."""
    folders = [folder] if folder is not None else program_folders(name)
    paths = dict.fromkeys(path for f in folders if (path := f / name).exists())
    found = sorted(((_version(path), path) for path in paths), key=lambda versioned: versioned[0])
    if not found:
        raise SetupError(
            f"{name} was not found on this machine: install PostgreSQL's client programs, {oldest} or later."
        )
    for version, path in found:
        if version[0] >= oldest:
            return str(path), ".".join(map(str, version))
    newest = found[-1][0][0]
    raise SetupError(f"{name} {newest} on this machine is older than what it must read: install PostgreSQL {oldest}'s.")


def _version(program: Path) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - a path we found
    number = _VERSION.search(said.stdout)
    return tuple(map(int, number[0].split("."))) if number else (0,)


def _run(command: Sequence[str], url: str | None, failure: str, *, stdout: int = subprocess.PIPE) -> str:
    """Run one of PostgreSQL's programs; what it says. Raises SetupError with its last line."""
    done = subprocess.run(  # noqa: S603 - our own words and a file's name
        command,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"} | ({} if url is None else _as_environment(url)),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        complaint = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines()
        raise SetupError(f"{failure}: {(complaint or ['no reason given'])[0]}")
    return done.stdout or ""


def _as_environment(url: str) -> dict[str, str]:
    """How to connect, as libpq's variables: what the address says over what the caller's environment says."""
    said = conninfo_to_dict(conninfo(url))
    return {
        option.envvar.decode(): str(value)
        for option in pq.Conninfo.get_defaults()
        if option.envvar and (value := said.get(option.keyword.decode(), (option.val or b"").decode()))
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _draft_of(file: Path) -> Iterator[Path]:
    """A new file in the same folder, mode 0600, gone afterwards unless it was renamed."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
