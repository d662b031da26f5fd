"""The private PostgreSQL cluster of a demo or a test run: make, start, stop.

It lives in one folder, listens on a unix socket only, and never runs as root. After `kill -9` a pid file
cannot be believed (a zombie or a stranger may carry the number): who runs here is read from the working
folders of the machine's processes.
"""

import ctypes
import fcntl
import hashlib
import logging
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from app.core.errors import SetupError
from app.store.cluster.programs import choose, find_binaries

SUPERUSER = "postgres"
LOG = "server.log"  # in the data folder
PORT = 5432  # of the socket's name; no TCP port is opened
LONGEST_SOCKET_PATH = 107  # bytes: sun_path of Linux without its closing NUL
START_S = 300  # crash recovery of a large cluster takes its time
UNANSWERED_S = 10  # a living server that gives no answer for so long has lost its socket

_LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_STEP_S = 0.05

# Statements and details may hold personal data: they stay out of the server's log.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Loses committed rows when the machine or the server dies: for tests only.
_FAST_SETTINGS = {
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
# The shell looks, as the server's user: root in a container may not read the links of other users' processes.
_WHO_WORKS_IN = 'for p in /proc/[0-9]*; do [ "$p/cwd" -ef "$1" ] && echo "${p#/proc/}"; done; :'

_log = logging.getLogger(__name__)


class Cluster:
    """One PostgreSQL cluster in a folder of its own.

    `fast` gives up durability, and lets the server die with the thread that started it: for tests only.
    Run by root, the server runs as the owner of its data, at first the user `postgres`.
    """

    def __init__(self, home: Path, *, fast: bool = False) -> None:
        home = home.resolve()
        self._fast = fast
        self._is_root = os.geteuid() == 0
        self._account = _server_account(home / "data")
        self._child: subprocess.Popen[bytes] | None = None
        self.home = self._enterable(home)
        self.data = self.home / "data"
        self.sockets = _socket_folder(self.home)
        _check_own(self.data)
        self.binaries = choose(find_binaries(), self.data)

    def start(self) -> bool:
        """Make the cluster where there is none, and start it. True when this call started the server."""
        with self._lock():
            self._make()
            if self._answers():
                return False
            if self._wait_for_earlier_server():
                return False
            self._make_socket_folder()
            self._launch()
        return True

    def stop(self) -> None:
        """Stop the server; nothing happens where none runs."""
        if not self.data.exists():
            return
        with self._lock():
            if self.is_running():
                self._stop()

    def remove(self) -> None:
        """Stop the server and delete everything it stored."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether the cluster's own server process is alive."""
        pid = self._recorded_pid()
        if pid is None:
            return False
        if not Path("/proc/self/cwd").exists():  # macOS
            return self._run(self._tool("pg_ctl"), "status").returncode == 0
        return pid in self._processes()

    def conninfo(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """Tell libpq and psycopg where to connect."""
        return make_conninfo(host=str(self.sockets), port=PORT, dbname=database, user=user)

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """Tell SQLAlchemy where to connect."""
        query = {"host": str(self.sockets), "port": str(PORT)}
        return sa.URL.create("postgresql+psycopg", user, database=database, query=query).render_as_string()

    def ensure_database(self, name: str) -> bool:
        """Create the database unless it is there. True when this call created it."""
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return False
            try:
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except psycopg.errors.DuplicateDatabase:  # somebody else was a moment faster
                return False
        return True

    def _make(self) -> None:
        """Make the data folder, whole or not at all."""
        if self.data.exists():
            return
        draft = self.home / "data.draft"  # initdb writes PG_VERSION early: a killed one looks finished
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._hand_over(draft)
        made = self._run(
            self._tool("initdb"), "--pgdata", str(draft), "--username", SUPERUSER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", _LOCALE, *(["--no-sync"] if self._fast else []),
        )  # fmt: skip
        if made.returncode:
            raise SetupError(f"No database could be made in {self.home}: {_last_line(made.stderr)}")
        draft.rename(self.data)

    def _launch(self) -> None:
        settings = _SETTINGS | {"unix_socket_directories": _as_list(self.sockets)}
        if self._fast:
            self._launch_child(_as_options(settings | _FAST_SETTINGS))
        else:
            self._launch_detached(_as_options(settings))

    def _launch_detached(self, options: Sequence[str]) -> None:
        # The log is named from within its folder: pg_ctl lets a shell read the whole path, `$` included.
        command = (self._tool("pg_ctl"), "start", "-w", "-s", "-t", str(START_S), "-l", LOG)
        if self._run(*command, "-o", shlex.join(options), folder=self.data).returncode:
            raise self._no_start()

    def _launch_child(self, options: Sequence[str]) -> None:
        if self._child is not None:
            self._child.wait()  # a killed one
        # The shell opens the log as the server's user; root must not follow a link that this user planted.
        self._child = subprocess.Popen(  # noqa: S603 - our own words only
            ["/bin/sh", "-c", f'exec "$0" "$@" 2>>{LOG}', self._tool("postgres"), *options],
            cwd=self.data, env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            user=self._drop_to, group=self._drop_to_group, extra_groups=[] if self._is_root else None,
            start_new_session=True, preexec_fn=_DIE_WITH_PARENT,  # noqa: PLW1509 - one system call, no Python state
        )  # fmt: skip
        end = time.monotonic() + START_S
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > end:
                raise self._no_start()
            time.sleep(_STEP_S)

    def _no_start(self) -> SetupError:
        return SetupError(f"PostgreSQL did not start. What it says is in {self.data / LOG}")

    def _stop(self) -> None:
        mode = "immediate" if self._fast else "fast"
        stopped = self._run(self._tool("pg_ctl"), "stop", "-w", "-s", "-t", str(START_S), "-m", mode)
        if stopped.returncode:
            raise SetupError(f"PostgreSQL in {self.home} did not stop: {_last_line(stopped.stderr)}")
        if self._child is not None:
            self._child.wait()

    def _wait_for_earlier_server(self) -> bool:
        """See an earlier server through its start or its end. True when it came to answer."""
        end = time.monotonic() + UNANSWERED_S
        while self.is_running():
            if self._answers():
                return True
            if self._has_lost_its_socket() or time.monotonic() > end:
                self._stop()
            time.sleep(_STEP_S)
        while left := self._processes():  # orphans of a killed server leave by themselves
            if time.monotonic() > end:
                raise SetupError(f"An earlier server's processes still use {self.data}; end them: {sorted(left)}")
            time.sleep(_STEP_S)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return False

    def _has_lost_its_socket(self) -> bool:
        """Somebody swept it away, and no server makes it again before it starts anew."""
        with suppress(FileNotFoundError):
            is_ready = "\nready" in (self.data / "postmaster.pid").read_text("utf-8")
            return is_ready and not (self.sockets / f".s.PGSQL.{PORT}").exists()
        return False

    def _answers(self) -> bool:
        asked = self._run(self._tool("pg_isready"), "-q", "-h", str(self.sockets), "-p", str(PORT))
        return asked.returncode == 0

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text("utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):  # not there, or only half written
            return None

    def _processes(self) -> set[int]:
        """Live processes that work in the data folder: all of this cluster's; a zombie has no folder."""
        return {int(pid) for pid in self._run("/bin/sh", "-c", _WHO_WORKS_IN, "sh", str(self.data)).stdout.split()}

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One start or stop at a time, whoever asks."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise SetupError(f"The database's folder {self.home} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make_socket_folder(self) -> None:
        """Make a folder closed to everybody else: who reaches the socket is let in without a password."""
        with suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            self._hand_over(self.sockets)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._account.pw_uid or found.st_mode & 0o077:
            raise SetupError(
                f"{self.sockets} was made by somebody else or is open to others; remove it and start again"
            )
        for remains in self.sockets.glob(".s.PGSQL.*"):
            remains.unlink()

    def _enterable(self, home: Path) -> Path:
        """Go elsewhere when the server's user cannot reach the home: /root and its like are closed to it."""
        if not self._is_root:
            return home
        nearest = next(folder for folder in (home, *home.parents) if folder.is_dir())
        if self._run("test", "-x", str(nearest)).returncode == 0:
            return home
        reachable = Path("/var/lib/lagesbild") / _short_name(home)
        _log.warning("%s is closed to user %s: the database is in %s", home, self._account.pw_name, reachable)
        return reachable

    def _hand_over(self, folder: Path) -> None:
        if self._is_root:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)

    def _tool(self, name: str) -> str:
        return str(self.binaries.folder / name)

    @property
    def _drop_to(self) -> int | None:
        return self._account.pw_uid if self._is_root else None

    @property
    def _drop_to_group(self) -> int | None:
        return self._account.pw_gid if self._is_root else None

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's: PGHOST, PGOPTIONS and their kind would change what the tools do."""
        data = str(self.data) if hasattr(self, "data") else ""
        return {"PATH": os.defpath, "LC_ALL": _LOCALE, "HOME": self._account.pw_dir, "PGDATA": data}

    def _run(self, *command: str, folder: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own words only
            command,
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=self._drop_to,
            group=self._drop_to_group,
            extra_groups=[] if self._is_root else None,
        )


def _server_account(data: Path) -> pwd.struct_passwd:
    """Whom the server runs as: ourselves; for root the owner of the data, or `postgres`."""
    try:
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        return pwd.getpwuid(data.stat().st_uid) if data.exists() else pwd.getpwnam(SUPERUSER)
    except KeyError as error:
        raise SetupError(f"PostgreSQL needs a user of this machine to run as: {error.args[0]}") from error


def _check_own(data: Path) -> None:
    if data.exists() and not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        owner = data.stat().st_uid
        raise SetupError(
            f"The database in {data.parent} belongs to the user with number {owner}: run this as that user"
        )


def _socket_folder(home: Path) -> Path:
    """In the home, or in a short one: a socket's path has a limit in bytes, and libpq splits hosts at commas."""
    beside = home / "run"
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and "," not in str(home):
        return beside
    return Path("/tmp") / f"lagesbild-{_short_name(home)}"  # noqa: S108 - its owner and mode are checked before use


def _short_name(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def _as_list(folder: Path) -> str:
    """One element of a PostgreSQL list setting: a comma in the path must not split it."""
    return '"' + str(folder).replace('"', '""') + '"'


def _as_options(settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _last_line(output: str) -> str:
    return output.strip().rpartition("\n")[2]


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)  # SIGQUIT is PostgreSQL's immediate shutdown


_DIE_WITH_PARENT = _die_with_parent if sys.platform == "linux" else None
