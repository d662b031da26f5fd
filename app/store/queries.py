"""Named queries: every `-- name --` section of sql/*.sql, as a bound-parameter statement.

queries.load("incidents").recent_points
"""

import re
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Result, TextClause, text

_HEADING = re.compile(r"^-- (?P<name>\w+) --$", re.MULTILINE)


def sections(sql: str) -> dict[str, str]:
    """Split a file at its headings: name → statement. Text before the first heading is the file's own note."""
    parts = _HEADING.split(sql)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def load(noun: str) -> SimpleNamespace:
    """The statements of sql/<noun>.sql, by name."""
    sql = resources.files("app.store.sql").joinpath(f"{noun}.sql").read_text(encoding="utf-8")
    statements: dict[str, TextClause] = {name: text(body) for name, body in sections(sql).items()}
    return SimpleNamespace(**statements)


def records(result: Result[Any]) -> list[dict[str, Any]]:
    """All rows, by column name."""
    return [row._asdict() for row in result]


def record(result: Result[Any]) -> dict[str, Any] | None:
    """The first row, by column name; None when there is none."""
    row = result.first()
    return None if row is None else row._asdict()
