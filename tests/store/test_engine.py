"""Addresses of databases: one spelling for SQLAlchemy, the same one for libpq."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from app.store.engine import OPTIONS, conninfo
from tests.conftest import Database as Copy


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg:///x", {"dbname": "x"}),
        (
            "postgresql+psycopg://u:p%40%3A%20w@h:6543/x",
            {"user": "u", "password": "p@: w", "host": "h", "port": "6543", "dbname": "x"},
        ),
        (
            "postgresql+psycopg://u@/x?host=/run/a%20b&port=5433",
            {"user": "u", "host": "/run/a b", "port": "5433", "dbname": "x"},
        ),
        ("postgresql+psycopg://u@/x?host=a&host=b:6", {"user": "u", "host": "a,b", "port": ",6", "dbname": "x"}),
        ("postgresql+psycopg://h/x?sslmode=require", {"host": "h", "dbname": "x", "sslmode": "require"}),
    ],
)
def test_an_address_says_the_same_to_libpq(url: str, expected: dict[str, str]) -> None:
    assert conninfo_to_dict(conninfo(url)) == expected


def test_what_is_added_to_an_address_reaches_the_server(database: Copy) -> None:
    with psycopg.connect(conninfo(database.url("lagesbild_app"), options=OPTIONS)) as conn:
        row = conn.execute("SELECT current_user, current_setting('search_path')").fetchone()
    assert row == ("lagesbild_app", "public,jobs")
