"""backup and restore: what is written comes back whole, and anything else is refused."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from app.core.errors import SetupError
from app.store import backups, migrate
from app.store.engine import APP_ROLE
from tests.cli.conftest import Run

MOMENT = datetime(2026, 11, 16, tzinfo=UTC)
PASSWORD = "hemligt '\\% å"  # what an address and an environment must carry unharmed


@pytest.fixture
def saved(lagesbild: Run, world: Any, tmp_path: Path) -> Path:
    file = tmp_path / "saved.dump"
    assert lagesbild("backup", file).status == 0
    return file


@pytest.fixture
def member(world: Any, cluster: Any) -> Iterator[str]:
    """A login with a password and no special rights, but a member of the owner role."""
    name = f"member_{os.getpid()}"
    with psycopg.connect(cluster.conninfo(), autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x' IN ROLE lagesbild_owner")
        yield name
        conn.execute(f"DROP ROLE {name}")


def test_the_files_are_whole_and_closed_to_others(saved: Path, ask: Callable[..., Any]) -> None:
    manifest = backups.Manifest.read(saved)
    assert {file.name for file in saved.parent.iterdir()} == {"saved.dump", "saved.dump.json", "home"}
    assert [file.stat().st_mode & 0o777 for file in (saved, backups.manifest_file(saved))] == [0o600, 0o600]
    assert manifest.bytes == saved.stat().st_size
    assert manifest.contents.last_audit_line == ask("SELECT max(id) FROM audit_lines")[0][0]
    assert manifest.contents.tables["public.tokens"] == ask("SELECT count(*) FROM tokens")[0][0]


def test_it_says_what_was_written(lagesbild: Run, world: Any, tmp_path: Path) -> None:
    said = lagesbild("backup", tmp_path / "a.dump")
    assert said.out.startswith(f"Backed up to {tmp_path / 'a.dump'}: ")


def test_a_restored_service_goes_on_where_it_was(
    lagesbild: Run, saved: Path, make_empty: Callable[[], Any], use: Callable[..., None]
) -> None:
    target = make_empty()
    use(target)
    assert lagesbild("restore", saved).status == 0
    last = backups.contents(target.url()).last_audit_line
    assert (
        lagesbild("users", "add", "--organisation", "lindesta-kommun", "--name", "Ny", "--role", "police").status == 0
    )
    assert backups.contents(target.url()).last_audit_line == (last or 0) + 1
    with psycopg.connect(target.server.conninfo(target.name, APP_ROLE)) as conn:
        assert conn.execute("SELECT count(*) FROM incidents").fetchall() == [(0,)]  # no scope, no rows
        assert conn.execute("SELECT count(*) FROM audit_lines").fetchall() == [(0,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("DELETE FROM audit_lines")
    assert lagesbild("doctor").status == 0


def test_an_older_backup_says_that_it_wants_migrating(
    lagesbild: Run, world: Any, make_empty: Callable[[], Any], use: Callable[..., None], tmp_path: Path
) -> None:
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0001'")
    assert lagesbild("backup", tmp_path / "old.dump").status == 0
    use(make_empty())
    said = lagesbild("restore", tmp_path / "old.dump")
    assert said.status == 0
    assert said.lines[-1].endswith("run `lagesbild migrate`.")


def test_a_database_with_tables_is_not_restored_into(lagesbild: Run, saved: Path, world: Any) -> None:
    before = backups.contents(world.url())
    said = lagesbild("restore", saved)
    assert said.status == 2
    assert said.err.startswith("The database is not empty: it has ")
    assert backups.contents(world.url()) == before


def test_a_damaged_or_foreign_file_is_refused_before_anything_is_done(
    lagesbild: Run, saved: Path, make_empty: Callable[[], Any], use: Callable[..., None]
) -> None:
    target = make_empty()
    use(target)
    whole = saved.read_bytes()
    saved.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert lagesbild("restore", saved).err == (
        f"{saved} is not the file that was written: its checksum differs. Nothing was restored.\n"
    )
    beside = backups.manifest_file(saved)
    for content in ("no json", "{}", "[]", '{"contents": {}}'):
        beside.write_text(content, encoding="utf-8")
        said = lagesbild("restore", saved)
        assert (said.status, said.err) == (2, f"{beside} cannot be read as what `lagesbild backup` writes.\n")
    beside.unlink()
    assert lagesbild("restore", saved).err.startswith(f"{beside} is missing")
    saved.unlink()
    assert lagesbild("restore", saved).err == f"There is no backup {saved}.\n"
    assert backups.contents(target.url()).tables == {}


def test_an_archive_that_is_none_leaves_the_database_empty(
    lagesbild: Run, saved: Path, make_empty: Callable[[], Any], use: Callable[..., None]
) -> None:
    target = make_empty()
    use(target)
    saved.write_bytes(b"PGDMP is not enough")
    _edit(saved, sha256=backups._sha256(saved))
    said = lagesbild("restore", saved)
    assert said.status == 2
    assert said.err.startswith("The backup was not restored: pg_restore: error: ")
    assert backups.contents(target.url()).tables == {}


def test_any_difference_after_restoring_is_told_loudly(
    lagesbild: Run, saved: Path, make_empty: Callable[[], Any], use: Callable[..., None]
) -> None:
    contents = json.loads(backups.manifest_file(saved).read_text(encoding="utf-8"))["contents"]
    wrong = {
        "tables": contents["tables"] | {"public.incidents": 7, "public.gone": 1},
        "last_audit_line": 1,
        "revision": "9999",
    }
    _edit(saved, contents=wrong)
    use(make_empty())
    said = lagesbild("restore", saved)
    assert said.status == 2
    assert said.err == (
        "The restored database is NOT the one backed up; do not use it. public.gone: 1 in the backup, no table here; "
        f"public.incidents: 7 in the backup, 0 here; last audit line: 1 in the backup, {contents['last_audit_line']} "
        f"here; revision: 9999 in the backup, {contents['revision']} here\n"
    )


def test_a_backup_of_a_newer_server_is_refused(
    lagesbild: Run, saved: Path, make_empty: Callable[[], Any], use: Callable[..., None]
) -> None:
    _edit(saved, server=99)
    use(make_empty())
    said = lagesbild("restore", saved)
    assert said.status == 2
    assert said.err.startswith("The backup comes from PostgreSQL 99 and this server is ")


def test_no_backup_is_replaced_and_no_folder_is_made(lagesbild: Run, saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    assert lagesbild("backup", saved).err == (
        f"{saved} is there already; backups never replace one another. Choose another name.\n"
    )
    assert saved.read_bytes() == before
    said = lagesbild("backup", tmp_path / "nowhere" / "a.dump")
    assert (said.status, said.err) == (2, f"There is no folder {tmp_path / 'nowhere'}.\n")


def test_an_empty_database_is_not_backed_up(lagesbild: Run, empty: Any, tmp_path: Path) -> None:
    said = lagesbild("backup", tmp_path / "a.dump")
    assert (said.status, said.err) == (
        2,
        "There is nothing to back up: the database is not set up (`lagesbild migrate`).\n",
    )
    assert not list(tmp_path.glob("*.dump*"))


def test_rows_are_not_hidden_from_a_member_of_the_owner_role(
    lagesbild: Run, world: Any, member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backups.contents(world.url())
    monkeypatch.setenv("LAGESBILD_OWNER_DATABASE_URL", world.url(member))
    assert lagesbild("backup", tmp_path / "a.dump").status == 0
    assert backups.Manifest.read(tmp_path / "a.dump").contents == whole
    assert whole.tables["public.tokens"] > 0
    assert sum(rows for name, rows in whole.tables.items() if name.startswith("public.audit_lines_")) > 0


def test_a_login_that_may_not_change_roles_leaves_the_service_its_login(world: Any, member: str) -> None:
    with_password = make_url(world.url(APP_ROLE)).set(password="new").render_as_string(hide_password=False)
    migrate.allow_login(world.url(member), with_password)
    migrate.allow_login(world.url(member), world.url(APP_ROLE))
    with psycopg.connect(world.server.conninfo(world.name, APP_ROLE)) as conn:
        assert conn.execute("SELECT current_user").fetchall() == [(APP_ROLE,)]


def test_a_login_from_which_rows_are_hidden_makes_no_backup(
    lagesbild: Run, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAGESBILD_OWNER_DATABASE_URL", world.url(APP_ROLE))
    said = lagesbild("backup", tmp_path / "a.dump")
    assert said.status == 2
    assert said.err.startswith("This login may not read all of the database: ")
    with psycopg.connect(world.conninfo(), autocommit=True) as conn:
        conn.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")
    said = lagesbild("backup", tmp_path / "a.dump")
    assert said.status == 2
    assert said.err.startswith("Row-level security would hide rows of accounts, ")
    assert not list(tmp_path.glob("*.dump*"))


def test_an_old_pg_dump_is_refused_and_a_missing_one_is_named(world: Any, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    archive = tmp_path / "a.dump"
    with pytest.raises(SetupError, match=r"pg_dump was not found on this machine: install PostgreSQL's client"):
        backups.dump(world.url(), archive, now=MOMENT, program_folder=programs)
    old = programs / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n", encoding="utf-8")
    old.chmod(0o755)
    with pytest.raises(SetupError, match=r"pg_dump 9 on this machine is older than what it must read"):
        backups.dump(world.url(), archive, now=MOMENT, program_folder=programs)


def test_an_archive_that_lacks_a_table_is_thrown_away(world: Any, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, says in (("pg_dump", "not an archive"), ("pg_restore", "1; 0 1 TABLE DATA public incidents owner")):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{name} 99.1" || echo "{says}"\n', encoding="utf-8"
        )
        program.chmod(0o755)
    with pytest.raises(SetupError, match=r"The backup lacks jobs\.procrastinate_events, .*thrown away"):
        backups.dump(world.url(), tmp_path / "a.dump", now=MOMENT, program_folder=programs)
    assert not list(tmp_path.glob("*a.dump*"))


def test_a_password_goes_through_the_environment_only(world: Any, tmp_path: Path) -> None:
    """A pg_dump that writes down its words and its environment in place of a dump."""
    programs = tmp_path / "bin"
    programs.mkdir()
    seen = tmp_path / "seen"
    program = programs / "pg_dump"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo 99 && exit\necho "$@" >"{seen}"; env >>"{seen}"; exit 1\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    url = make_url(world.url()).set(password=PASSWORD).render_as_string(hide_password=False)
    with pytest.raises(SetupError, match="The backup was not made: no reason given"):
        backups.dump(url, tmp_path / "a.dump", now=MOMENT, program_folder=programs)
    words, environment = seen.read_text(encoding="utf-8").split("\n", 1)
    assert "hemligt" not in words
    assert f"PGPASSWORD={PASSWORD}" in environment.splitlines()
    assert f"PGDATABASE={world.name}" in environment.splitlines()


def test_a_server_that_does_not_answer_is_told_in_a_sentence(
    lagesbild: Run, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAGESBILD_OWNER_DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/nothing")
    said = lagesbild("backup", tmp_path / "a.dump")
    assert said.status == 2
    assert said.err.startswith("The database cannot be reached: ")


def _edit(archive: Path, **changes: Any) -> None:
    file = backups.manifest_file(archive)
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")
