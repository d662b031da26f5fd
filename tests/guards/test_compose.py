"""The production form: what can be said of it without an engine, and its database's entry point run for real."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = CHECKOUT / "docker-compose.yml"
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE)["services"]
LASTING = sorted(SERVICES.keys() - {"migrate"})


def test_the_compose_file_is_one() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_image_has_the_major_that_the_tests_run_on(postgis: psycopg.Connection) -> None:
    assert postgis.info.server_version // 10_000 == int(_major())


@pytest.mark.parametrize("service", LASTING)
def test_a_lasting_service_says_how_it_feels_and_comes_back(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_container_is_closed_and_reaps_its_orphans(service: str) -> None:
    given = SERVICES[service]
    assert (given["init"], given["read_only"], given["cap_drop"]) == (True, True, ["ALL"])
    assert given["security_opt"] == ["no-new-privileges:true"]


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_only_the_database_and_the_migration_know_the_owners_password() -> None:
    knowing = {name for name, service in SERVICES.items() if "OWNER_PASSWORD" in str(service.get("environment"))}
    assert knowing == {"db", "migrate"}


def test_only_the_database_and_the_worker_know_the_password_of_the_joint_analysis() -> None:
    knowing = {name for name, service in SERVICES.items() if "JOINT_PASSWORD" in str(service.get("environment"))}
    assert knowing == {"db", "worker"}


def test_the_app_and_the_worker_connect_as_the_role_that_owns_nothing() -> None:
    logins = {SERVICES[name]["environment"]["LAGESBILD_DATABASE_URL"].split(":")[1] for name in ("app", "worker")}
    assert logins == {"//lagesbild_app"}


def test_nothing_is_left_to_a_default() -> None:
    wanted = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", COMPOSE.read_text("utf-8"))
    assert {name for name, _ in wanted} == {
        "LAGESBILD_SITE",
        "LAGESBILD_OWNER_PASSWORD",
        "LAGESBILD_APP_PASSWORD",
        "LAGESBILD_JOINT_PASSWORD",
    }
    assert [name for name, rest in wanted if not rest.startswith(":?")] == []


def test_every_image_that_is_built_has_its_stage() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)
    targets = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert targets == {"db", "app"}
    assert targets < set(stages)


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert kept
    assert sorted(name for name in kept if not (CHECKOUT / name).exists()) == []
    assert (CHECKOUT / ".docker" / "db-entrypoint").stat().st_mode & 0o111


@pytest.mark.skipif(os.geteuid() != 0, reason="it runs as user postgres, as in the image")
def test_the_databases_entry_point_sets_up_a_server_and_renews_its_passwords() -> None:
    with _folder() as data:
        with _entry_point(data, "first") as port:
            with _connected(port, "postgres", "owner-first") as conn:
                assert conn.execute("SELECT postgis_version() IS NOT NULL").fetchone() == (True,)
                conn.execute("CREATE TABLE seen (place text)")
            for user, password in (("lagesbild_app", "app-first"), ("lagesbild_joint", "joint-first")):
                with _connected(port, user, password) as conn:
                    role = (
                        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = user"
                    )
                    assert conn.execute(role).fetchone() == (False, False, False, False)
        with _entry_point(data, "second") as port:
            with _connected(port, "postgres", "owner-second") as conn:
                assert conn.execute("SELECT count(*) FROM seen").fetchone() == (0,)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                _connected(port, "lagesbild_app", "app-first")


def _major() -> str:
    found = re.search(r"^ENV POSTGRES_MAJOR=(\d+)$", DOCKERFILE, re.MULTILINE)
    assert found
    return found[1]


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of user postgres with the entry point in it: the checkout may be closed to that user."""
    folder = Path(tempfile.mkdtemp(prefix="lagesbild-"))
    shutil.copy(CHECKOUT / ".docker" / "db-entrypoint", folder)
    shutil.chown(folder, "postgres", "postgres")
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _entry_point(folder: Path, word: str) -> Iterator[int]:
    """The server that the image's entry point becomes, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": os.defpath,
        "POSTGRES_MAJOR": _major(),
        "PGDATA": str(folder / "data"),
        "PGHOST": str(folder),
        "PGPORT": str(port),
        "LAGESBILD_OWNER_PASSWORD": f"owner-{word}",
        "LAGESBILD_APP_PASSWORD": f"app-{word}",
        "LAGESBILD_JOINT_PASSWORD": f"joint-{word}",
    }
    server = subprocess.Popen(
        [folder / "db-entrypoint", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
        cwd=folder,
        env=environment,
        user="postgres",
        group="postgres",
        extra_groups=[],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(server, port, f"owner-{word}")
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _wait_for(server: "subprocess.Popen[bytes]", port: int, password: str) -> None:
    end = time.monotonic() + 30
    while server.poll() is None:
        try:
            return _connected(port, "postgres", password).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.1)
    pytest.fail(f"the entry point ended with {server.returncode}")


def _connected(port: int, user: str, password: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=port, user=user, password=password, dbname="lagesbild", autocommit=True
    )
