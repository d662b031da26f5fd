"""The documents name every setting and every command, and none that there is not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from app.cli import app
from app.settings import Settings
from tests.guards.conftest import CHECKOUT

DOCUMENTS = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
FOR_TESTS = {"LAGESBILD_TEST_DATABASE_URL"}  # of the tests, no setting of the service


def text() -> str:
    """Everything a reader may find."""
    assert len(DOCUMENTS) > 3
    return "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)


def settings() -> list[str]:
    """What a deployment decides, as it is spelled in the environment."""
    return [f"LAGESBILD_{name.upper()}" for name in Settings.model_fields]


def commands() -> list[str]:
    """Every command, like `users add`."""

    def below(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
        parts = getattr(command, "commands", {})
        for name, part in parts.items():
            yield from below(part, (*path, name))
        if path and not parts:
            yield " ".join(path)

    return list(below(typer.main.get_command(app)))


def test_there_are_settings_and_commands() -> None:
    assert len(settings()) > 5
    assert len(commands()) > 10


@pytest.mark.parametrize("setting", settings())
def test_the_readme_has_a_row_for_every_setting(setting: str) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{setting}` \|", readme, re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_the_documents_name_every_command(command: str) -> None:
    assert re.search(rf"lagesbild {command}\b", text())


def test_the_documents_name_no_setting_that_there_is_not() -> None:
    assert set(re.findall(r"LAGESBILD_[A-Z_]+[A-Z]", text())) - FOR_TESTS <= set(settings())


def test_the_documents_name_no_command_that_there_is_not() -> None:
    named = re.findall(r"(?:^|`|uv run )lagesbild ([a-z-]+(?: [a-z]+)?)", text(), re.MULTILINE)
    assert len(named) > 5
    known = {word for command in commands() for word in (command, command.split()[0])}
    assert {n for n in named if n not in known and n.split()[0] not in known} == set()


def test_every_link_between_the_documents_leads_somewhere() -> None:
    links = [
        (document, link)
        for document in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    ]
    assert len(links) > 3
    assert [str(link) for document, link in links if not (document.parent / link).exists()] == []
