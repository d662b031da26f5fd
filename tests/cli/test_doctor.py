"""doctor: each thing that can be wrong is found, and the way out is named."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.analysis import dbscan
from app.store import migrate
from app.store.cluster import SUPERUSER
from app.store.engine import APP_ROLE, JOINT_ROLE
from tests.cli.conftest import Run, Said


def test_a_healthy_deployment_has_nothing_wrong(lagesbild: Run, world: Any) -> None:
    dbscan.prepare()
    said = lagesbild("doctor")
    assert said.status == 0
    assert {line[:5] for line in said.lines} == {"ok   ", "note "}
    assert [line[7:] for line in said.lines if line.startswith("note")] == [
        "No joint pictures: LAGESBILD_JOINT_DATABASE_URL names no login to make them.",
        (
            "Hyttfors kommun, Lindesta kommun: no catchments, so who sees positions snapped sees none there; "
            "run `lagesbild catchments make`."
        ),
        "No worker is alive just now: analyses asked for on the web wait until `lagesbild worker` runs.",
        "No basemap: the map has no background. LAGESBILD_BASEMAP names a GeoJSON file.",
    ]


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ("", "The analysis engine is not compiled for this code and machine: the next worker does it when it starts"),
        ("import sys; sys.modules['numba'] = None", "numba is not installed: analyses use scikit-learn"),
    ],
    ids=["fresh", "without numba"],
)
def test_an_analysis_engine_that_is_not_ready_is_noted(
    first: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    program = f"{first}\nfrom app.cli.doctor import _analysis_engine\nprint(_analysis_engine().sentence)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(sentence)


def test_no_database_yet_is_wrong_and_none_is_made(
    lagesbild: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAGESBILD_DATABASE_URL", raising=False)
    said = lagesbild("doctor", "--home", tmp_path / "new")
    assert said.status == 1
    assert said.out.startswith(f"wrong  There is no database in {tmp_path / 'new'} yet")
    assert not (tmp_path / "new").exists()
    assert lagesbild("doctor", "--worker", "--home", tmp_path / "new").status == 1


def test_a_server_that_does_not_answer_is_wrong(lagesbild: Run, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAGESBILD_OWNER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    said = lagesbild("doctor")
    assert said.status == 1
    assert "wrong  The database cannot be reached: " in said.out
    assert "ok     The browser libraries are there." in said.out  # the rest is looked at all the same


def test_an_empty_database_without_postgis_is_wrong(lagesbild: Run, empty: Any) -> None:
    wrongs = _wrong(lagesbild("doctor"))
    assert wrongs[0] == "PostGIS is on the server but not in this database: run `lagesbild migrate`."
    assert wrongs[1] == "The database cannot be reached, or is not set up: run `lagesbild migrate`."


def test_an_older_schema_is_wrong(lagesbild: Run, world: Any) -> None:
    _execute(world, "UPDATE alembic_version SET version_num = '0001'")
    assert _wrong(lagesbild("doctor")) == [
        f"The database is at revision 0001, the code at {migrate.head()}: run `lagesbild migrate`."
    ]
    assert lagesbild("doctor", "--worker").status == 1


def test_a_table_without_forced_row_level_security_is_wrong(lagesbild: Run, world: Any) -> None:
    _execute(world, "ALTER TABLE incidents NO FORCE ROW LEVEL SECURITY")
    (sentence,) = _wrong(lagesbild("doctor"))
    assert sentence.startswith("Row-level security does not hold for incidents: ")


def test_a_service_role_that_owns_something_is_wrong(lagesbild: Run, world: Any) -> None:
    _execute(
        world,
        "GRANT CREATE ON SCHEMA public TO lagesbild_app",
        "SET ROLE lagesbild_app",
        "CREATE VIEW seen AS SELECT 1",
    )
    (sentence,) = _wrong(lagesbild("doctor"))
    assert sentence == "The service's role owns 1 objects (REASSIGN OWNED BY lagesbild_app TO lagesbild_owner)."


def test_missing_leakproof_marks_are_worth_a_note(lagesbild: Run, world: Any) -> None:
    _execute(world, "ALTER FUNCTION st_dwithin(geometry, geometry, double precision) NOT LEAKPROOF")
    said = lagesbild("doctor")
    assert said.status == 0
    assert "note   1 spatial functions are not marked leakproof, so the scope's index carries" in said.out


def test_a_superuser_behind_the_service_is_worth_a_note(lagesbild: Run, world: Any, use: Callable[..., None]) -> None:
    use(world, login=SUPERUSER)
    said = lagesbild("doctor")
    assert said.status == 0
    assert f"note   The service signs in as {SUPERUSER}, which could shake row-level security off" in said.out


def test_the_joint_analysis_needs_a_login_that_the_service_has_not(
    lagesbild: Run, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, variable = [], "LAGESBILD_JOINT_DATABASE_URL"
    monkeypatch.setenv(variable, world.url(JOINT_ROLE))
    assert lagesbild("migrate").status == 0  # lets it log in
    for url in (world.url(JOINT_ROLE), world.url(APP_ROLE), "postgresql://nobody@127.0.0.1:1/nothing"):
        monkeypatch.setenv(variable, url)
        told += [line for line in lagesbild("doctor").lines if "joint " in line]
    assert told[:2] == [
        "ok     The joint analysis has a login of its own.",
        f"wrong  {variable} names lagesbild_app, which may not make joint pictures: lagesbild_joint may.",
    ]
    assert told[2].startswith("wrong  The login of the joint analysis: The database cannot be reached: ")


def test_a_living_worker_is_told_by_its_heartbeat(lagesbild: Run, world: Any) -> None:
    assert lagesbild("doctor", "--worker").out == (
        "wrong  No worker has been heard of for a minute: start `lagesbild worker`.\n"
    )
    _execute(world, "INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes')")
    assert lagesbild("doctor", "--worker").status == 1
    _execute(world, "UPDATE jobs.procrastinate_workers SET last_heartbeat = now()")
    said = lagesbild("doctor", "--worker")
    assert (said.status, said.out) == (0, "ok     A worker is alive.\n")
    assert "ok     A worker is alive." in lagesbild("doctor").lines


def test_analyses_that_wait_for_a_worker_are_wrong(lagesbild: Run, world: Any) -> None:
    _execute(
        world,
        "SET search_path = jobs",
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name) VALUES ('analyse', 'analyse')",
    )
    assert _wrong(lagesbild("doctor")) == ["1 analyses wait and no worker is alive: start `lagesbild worker`."]


def test_a_secret_that_others_can_read_is_wrong(lagesbild: Run, world: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    secret = home / "secret"
    secret.write_bytes(b"x" * 32)
    secret.chmod(0o644)
    assert _wrong(lagesbild("doctor")) == [
        f"{secret} can be read by others: chmod 600 {secret}, and make what is in it anew."
    ]
    secret.chmod(0o600)
    assert f"ok     {secret} can be read by its owner only." in lagesbild("doctor").lines


def test_the_basemap_is_read(lagesbild: Run, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "map.geojson.gz"
    monkeypatch.setenv("LAGESBILD_BASEMAP", str(file))
    assert _wrong(lagesbild("doctor")) == [f"LAGESBILD_BASEMAP names {file}, and there is no such file."]
    file.write_bytes(b"no map")
    (sentence,) = _wrong(lagesbild("doctor"))
    assert sentence.startswith(f"The basemap {file} cannot be read: ")
    file.write_bytes(gzip.compress(json.dumps({"features": []}).encode()))
    assert f"ok     The basemap {file} has 0 shapes." in lagesbild("doctor").lines


def _wrong(said: Said) -> list[str]:
    found = [line.removeprefix("wrong  ") for line in said.lines if line.startswith("wrong")]
    assert (said.status == 1) == bool(found)
    return found


def _execute(database: Any, *statements: str) -> None:
    with _connected(database) as conn:
        for statement in statements:
            conn.execute(statement)


@contextmanager
def _connected(database: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.conninfo(), autocommit=True) as conn:
        yield conn
