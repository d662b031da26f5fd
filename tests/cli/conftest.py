"""The real command, in this process: words in, exit status and both streams out."""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import sql

from app.cli import main
from app.store.engine import APP_ROLE

BOUNDARY = {
    "type": "Polygon",
    "coordinates": [[[15.7, 59.5], [16.0, 59.5], [16.0, 59.8], [15.7, 59.8], [15.7, 59.5]]],
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Run(Protocol):
    def __call__(self, *words: object, answers: str | None = None) -> Said: ...


@pytest.fixture
def lagesbild(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; what it may not do is leave with anything but an exit status."""

    def run(*words: object, answers: str | None = None) -> Said:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(answers or ""))
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        streams = capsys.readouterr()
        assert "Traceback" not in streams.err
        return Said(int(left.value.code or 0), streams.out, streams.err)

    return run


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Let the settings name a database, and a home folder of the test's own."""

    def name(database: Any, *, login: str = APP_ROLE) -> None:
        monkeypatch.setenv("LAGESBILD_DATABASE_URL", database.url(login))
        monkeypatch.setenv("LAGESBILD_OWNER_DATABASE_URL", database.url())
        monkeypatch.setenv("LAGESBILD_HOME", str(tmp_path / "home"))
        for setting in ("LAGESBILD_BASEMAP", "LAGESBILD_METRIC_SRID"):
            monkeypatch.delenv(setting, raising=False)

    return name


@pytest.fixture
def world(database: Any, use: Callable[..., None]) -> Any:
    """A database with the small world, named by the settings."""
    use(database)
    return database


@dataclass(frozen=True, slots=True)
class Empty:
    """A database without anything."""

    server: Any
    name: str

    def url(self, user: str = "postgres") -> str:
        return str(self.server.url(self.name, user))

    def conninfo(self) -> str:
        return str(self.server.conninfo(self.name))


@pytest.fixture
def make_empty(cluster: Any) -> Iterator[Callable[[], Empty]]:
    """New databases without anything, gone after the test."""
    made: list[str] = []

    def execute(statement: str, name: str) -> None:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def make() -> Empty:
        made.append(f"empty_{uuid.uuid4().hex}")
        execute("CREATE DATABASE {} TEMPLATE template0", made[-1])
        return Empty(cluster, made[-1])

    yield make
    for name in made:
        execute("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty(make_empty: Callable[[], Empty], use: Callable[..., None]) -> Empty:
    """A database without anything, named by the settings."""
    made = make_empty()
    use(made)
    return made


@pytest.fixture
def ask(world: Any) -> Callable[..., list[tuple[Any, ...]]]:
    """Look into the database of the settings as its superuser."""

    def query(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(world.conninfo()) as conn:
            return conn.execute(statement).fetchall()

    return query


@pytest.fixture
def geojson(tmp_path: Path) -> Callable[..., Path]:
    """Write features as a GeoJSON file: geometries, or pairs of a geometry and its properties."""

    def write(name: str, *features: Any, **members: Any) -> Path:
        pairs = [each if isinstance(each, tuple) else (each, {}) for each in features]
        listed = [{"type": "Feature", "geometry": g, "properties": p} for g, p in pairs]
        file = tmp_path / name
        file.write_text(json.dumps({"type": "FeatureCollection", "features": listed} | members), encoding="utf-8")
        return file

    return write
