"""What measurements share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know --json."""
    parser.addoption("--json", action="store_true", help="print the figures as JSON too")
