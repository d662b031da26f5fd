"""The repository as data: the source files of app/ as syntax trees, and the application without a database."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.main import build_app
from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
APP = CHECKOUT / "app"


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of app/, by its path below app/."""
    found = {
        file.relative_to(APP).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(APP.rglob("*.py"))
    }
    assert len(found) > 50
    return found


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A deployment whose database nobody asks."""
    return Settings(database_url="postgresql+psycopg:///nobody_asks", home=tmp_path)


@pytest.fixture
def application(settings: Settings) -> Iterator[FastAPI]:
    """The whole application."""
    app = build_app(settings)
    yield app
    app.state.services.database.engine.dispose()
