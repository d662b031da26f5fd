"""The private cluster on real files and processes: odd paths, kills, races, other people's remains."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.core.errors import SetupError
from app.store.cluster import LONGEST_SOCKET_PATH, Cluster, find_binaries

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, with a space and å in its path; pytest's own are closed."""
    base = Path(tempfile.mkdtemp(prefix="lagesbild-"))
    base.chmod(0o755)
    odd = base / "prov 'på' $plats"
    odd.mkdir()
    yield odd
    shutil.rmtree(base)


@pytest.fixture
def durable(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder / "db")
    yield cluster
    cluster.remove()


@pytest.fixture
def fast(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder / "db", fast=True)
    yield cluster
    cluster.remove()


def test_a_cluster_starts_from_nothing_and_a_second_start_does_nothing(durable: Cluster) -> None:
    assert not durable.is_running()
    assert durable.start()
    assert durable.is_running()
    assert not durable.start()
    assert _shown(durable, "fsync", "synchronous_commit", "full_page_writes") == ["on", "on", "on"]
    durable.stop()
    assert not durable.is_running()
    durable.stop()
    assert durable.start()


def test_it_listens_on_a_closed_socket_only_and_never_runs_as_root(fast: Cluster) -> None:
    fast.start()
    assert _shown(fast, "listen_addresses") == [""]
    assert fast.sockets.stat().st_mode & 0o777 == 0o700
    assert fast.data.stat().st_mode & 0o777 == 0o700
    owner = fast.sockets.stat().st_uid
    assert owner != 0
    assert _users_of(fast) == {owner}


def test_both_connection_strings_reach_the_database_that_was_ensured(fast: Cluster) -> None:
    fast.start()
    assert fast.ensure_database("läges bild")
    assert not fast.ensure_database("läges bild")
    with psycopg.connect(fast.conninfo("läges bild")) as conn:
        assert conn.info.dbname == "läges bild"
    engine = sa.create_engine(fast.url("läges bild"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT current_database()")) == "läges bild"
    engine.dispose()


def test_four_starts_at_once_make_one_server(folder: Path, durable: Cluster) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: Cluster(folder / "db").start(), range(4)))
    assert sorted(started) == [False, False, False, True]
    assert durable.is_running()


def test_committed_rows_outlive_a_killed_server(durable: Cluster) -> None:
    durable.start()
    with psycopg.connect(durable.conninfo(), autocommit=True) as conn:
        conn.execute("CREATE TABLE seen (place text)")
        conn.execute("INSERT INTO seen VALUES ('torget')")
        os.kill(_pid(durable), signal.SIGKILL)
        assert durable.start()
    with psycopg.connect(durable.conninfo()) as conn:
        assert conn.execute("SELECT place FROM seen").fetchall() == [("torget",)]


def test_a_killed_test_server_whose_parent_lives_starts_again(fast: Cluster) -> None:
    fast.start()
    os.kill(_pid(fast), signal.SIGKILL)  # a zombie now, until its parent looks
    assert fast.start()


def test_a_stale_pid_that_a_stranger_carries_does_not_stop_the_start(durable: Cluster) -> None:
    durable.start()
    pid_file = durable.data / "postmaster.pid"
    lines = pid_file.read_text("utf-8").splitlines(keepends=True)
    durable.stop()
    account = _owner(durable)
    with _process_of(account, ["sleep", "60"]) as stranger:
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]), "utf-8")
        lock = durable.sockets / ".s.PGSQL.5432.lock"
        lock.write_text("".join([f"{stranger.pid}\n", *lines[1:]]), "utf-8")
        assert not durable.is_running()
        assert durable.start()
        stranger.kill()


def test_a_swept_socket_is_made_again(durable: Cluster) -> None:
    durable.start()
    before = _pid(durable)
    shutil.rmtree(durable.sockets)
    assert durable.start()
    assert _pid(durable) != before
    with psycopg.connect(durable.conninfo()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["å" * 60, "torget, gatan"], ids=["long", "comma"])
def test_a_path_that_no_socket_may_have_gets_a_short_socket_folder(folder: Path, name: str) -> None:
    cluster = Cluster(folder / name, fast=True)
    try:
        assert len(os.fsencode(cluster.sockets / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
        cluster.start()
        with psycopg.connect(cluster.conninfo()) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.remove()
    assert not cluster.sockets.exists()


def test_somebody_elses_socket_folder_is_refused(folder: Path) -> None:
    cluster = Cluster(folder / ("å" * 60), fast=True)
    cluster.sockets.symlink_to(folder)
    try:
        with pytest.raises(SetupError, match="remove it and start again"):
            cluster.start()
    finally:
        cluster.sockets.unlink()
        cluster.remove()


def test_data_of_another_major_are_refused_with_a_way_out(durable: Cluster, folder: Path) -> None:
    durable.data.mkdir(parents=True)
    (durable.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(SetupError, match=r"made by PostgreSQL 9.*Install PostgreSQL 9 .*move the folder away"):
        Cluster(folder / "db")


def test_a_half_made_cluster_is_made_anew(fast: Cluster) -> None:
    draft = fast.home / "data.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("15\n")
    assert fast.start()


def test_a_broken_cluster_says_where_its_log_is(durable: Cluster) -> None:
    durable.start()
    durable.stop()
    (durable.data / "postgresql.conf").write_text("no such setting\n")
    with pytest.raises(SetupError, match=r"did not start.*server\.log"):
        durable.start()


def test_a_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(SetupError, match="cannot be written"):
        Cluster(folder / "file" / "db").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_a_folder_closed_to_the_servers_user_moves_the_data(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.chmod(0o700)
    cluster = Cluster(folder / "db", fast=True)
    assert cluster.home.parent == Path("/var/lib/lagesbild")
    assert f"{folder / 'db'} is closed to user postgres" in caplog.text
    try:
        assert cluster.start()
    finally:
        cluster.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_root_runs_a_users_cluster_as_that_user(durable: Cluster) -> None:
    durable.start()
    durable.stop()
    nobody = pwd.getpwnam("nobody")
    for path in (durable.home, *durable.home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    cluster = Cluster(durable.home)
    assert cluster.start()
    assert _users_of(cluster) == {nobody.pw_uid}


def test_a_killed_parent_leaves_no_test_server(folder: Path, fast: Cluster) -> None:
    begin = (
        "import time; from pathlib import Path; from app.store.cluster import Cluster\n"
        f"c = Cluster(Path({str(folder / 'db')!r}), fast=True); c.start(); print('up', flush=True); time.sleep(60)"
    )
    with _python(begin) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        assert fast.is_running()
        parent.kill()
    _wait_until_gone(fast)


def test_a_killed_test_run_leaves_neither_server_nor_files(folder: Path) -> None:
    users = folder / "users"
    begin = (
        "import fcntl, subprocess, sys, time\n"
        f"hold = open({str(users)!r}, 'w'); fcntl.flock(hold, fcntl.LOCK_SH)\n"
        f"keeper = subprocess.Popen([sys.executable, '-m', 'tests.keeper', {str(folder / 'db')!r}, {str(users)!r}])\n"
        "time.sleep(60)"
    )
    with _python(begin) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        cluster = Cluster(folder / "db", fast=True)
        assert cluster.is_running()
        run.kill()
        _wait_until_gone(cluster)
        _wait_until(lambda: not cluster.home.exists())


def test_the_installed_server_can_be_found_and_has_postgis(postgis: psycopg.Connection) -> None:
    installed = find_binaries()
    assert [binaries.major for binaries in installed] == sorted({b.major for b in installed}, reverse=True)
    row = postgis.execute("SELECT postgis_lib_version()").fetchone()
    assert row
    assert tuple(map(int, row[0].split(".")[:2])) >= (3, 3)


def _shown(cluster: Cluster, *settings: str) -> list[str]:
    with psycopg.connect(cluster.conninfo()) as conn:
        rows = [conn.execute("SELECT current_setting(%s)", (setting,)).fetchone() for setting in settings]
    return [row[0] for row in rows if row]


def _pid(cluster: Cluster) -> int:
    pid = cluster._recorded_pid()
    assert pid is not None
    return pid


def _users_of(cluster: Cluster) -> set[int]:
    """Whom its processes run as; some of them are gone before one can look."""
    found = set()
    for pid in cluster._processes():
        with suppress(FileNotFoundError):
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


def _owner(cluster: Cluster) -> pwd.struct_passwd:
    return pwd.getpwuid(cluster.data.stat().st_uid)


def _process_of(account: pwd.struct_passwd, command: list[str]) -> subprocess.Popen[bytes]:
    others = os.geteuid() == 0
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        user=account.pw_uid if others else None,
        group=account.pw_gid if others else None,
        extra_groups=[] if others else None,
    )


def _python(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def _wait_until_gone(cluster: Cluster) -> None:
    _wait_until(lambda: not cluster._processes())
    assert not cluster.is_running()


def _wait_until(holds: Callable[[], bool], limit_s: float = 15) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
