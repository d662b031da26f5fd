"""Which PostgreSQL with PostGIS is installed here, and which of them goes with some data."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import SetupError

OLDEST_MAJOR = 15
OLDEST_POSTGIS = (3, 3)

_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_HOW_TO_INSTALL = (
    f"Install PostgreSQL {OLDEST_MAJOR} or later with PostGIS {'.'.join(map(str, OLDEST_POSTGIS))} or later "
    "(Debian: apt-get install postgresql-postgis; Fedora: dnf install postgresql-server postgis; "
    "macOS: brew install postgis), or set LAGESBILD_DATABASE_URL to a server that has them."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL that has PostGIS."""

    folder: Path
    major: int


def find_binaries() -> list[Binaries]:
    """Every installed PostgreSQL that is new enough and has PostGIS, newest first.

    Raises SetupError, with how to install them, when there is none.
    """
    found = {
        folder: major for folder in program_folders("postgres", "initdb") if (major := _major(folder)) >= OLDEST_MAJOR
    }
    if not found:
        raise SetupError(f"PostgreSQL was not found on this machine. {_HOW_TO_INSTALL}")
    able = [Binaries(folder, major) for folder, major in found.items() if _postgis(folder, major) >= OLDEST_POSTGIS]
    if not able:
        raise SetupError(f"PostgreSQL in {next(iter(found))} has no PostGIS of use here. {_HOW_TO_INSTALL}")
    return sorted(able, key=lambda binaries: binaries.major, reverse=True)


def program_folders(*programs: str) -> Iterator[Path]:
    """Where PostgreSQL's programs may lie: the usual folders, and those on the path that hold one of `programs`."""
    for pattern in _FOLDERS:
        yield from Path("/").glob(pattern[1:])
    for program in programs:
        if path := shutil.which(program):
            yield Path(path).parent
            yield Path(path).resolve().parent


def _major(folder: Path) -> int:
    """Read the version of the PostgreSQL in the folder; 0 where there is no whole one."""
    if not all((folder / program).exists() for program in ("postgres", "initdb", "pg_ctl", "pg_isready")):
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - a path we found
    number = re.search(r"\d+", said.stdout)
    return int(number[0]) if number else 0


def _postgis(folder: Path, major: int) -> tuple[int, ...]:
    """Read the version of PostGIS beside this PostgreSQL; () for none. pg_config may be missing."""
    shares = (
        folder.parent / "share/extension",
        folder.parent / "share/postgresql/extension",
        folder.parent / f"share/postgresql@{major}/extension",
        Path(f"/usr/share/postgresql/{major}/extension"),
        Path("/usr/share/pgsql/extension"),
    )
    for share in shares:
        control = share / "postgis.control"
        if control.exists():
            version = re.search(r"default_version\s*=\s*'(\d+)\.(\d+)", control.read_text("utf-8"))
            return (int(version[1]), int(version[2])) if version else ()
    return ()


def choose(installed: Sequence[Binaries], data: Path) -> Binaries:
    """Take the newest, or for data that exist the one that made them: data belong to one major."""
    try:
        made_by = int((data / "PG_VERSION").read_text("ascii"))
    except (FileNotFoundError, NotADirectoryError):
        return installed[0]
    for binaries in installed:
        if binaries.major == made_by:
            return binaries
    raise SetupError(
        f"The database in {data.parent} was made by PostgreSQL {made_by}, and PostgreSQL "
        f"{installed[0].major} is installed. Install PostgreSQL {made_by} with PostGIS, "
        "or move the folder away to begin with an empty database."
    )
