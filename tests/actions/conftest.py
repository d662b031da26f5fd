"""What the audit log says after an action."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest

from tests.conftest import Database

Recorded = Callable[[], list[tuple[str, str | None, Mapping[str, Any]]]]
LINES = "SELECT action, subject, figures FROM audit_lines WHERE actor <> 'installation' ORDER BY id"


@pytest.fixture
def recorded(database: Database) -> Recorded:
    """action, subject and figures of every audit line since the world was made."""

    def lines() -> list[tuple[str, str | None, Mapping[str, Any]]]:
        with psycopg.connect(database.conninfo()) as conn:
            return conn.execute(LINES).fetchall()

    return lines
