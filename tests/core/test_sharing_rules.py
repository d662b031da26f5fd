"""Which sharing rules may be made."""

from datetime import date
from typing import Any

import pytest

from app.core.disclosure import Precision
from app.core.sharing_rules import PURPOSE_MAX_CHARS, Shared, SharingRule, problems_of

TODAY = date(2026, 11, 16)


def rule(**changes: Any) -> SharingRule:
    """Everything that the police know of vandalism, to Lindesta, for a day."""
    usual: dict[str, Any] = {
        "giver": "polisen",
        "receiver": "lindesta",
        "what": Shared.INCIDENTS,
        "precision": Precision.SNAPPED,
        "categories": ("SKD",),
        "purpose": "gemensam lägesbild",
        "valid_until": TODAY,
    }
    return SharingRule(**usual | changes)


def problems(**changes: Any) -> list[tuple[str, str]]:
    """Field and code of each."""
    found = problems_of(rule(**changes), today=TODAY, known_categories={"SKD", "KLO"})
    return [(problem.field, problem.code) for problem in found]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"categories": None},
        {"what": Shared.HOTSPOTS, "categories": None, "precision": Precision.AREA},
        {"receiver": None, "precision": Precision.EXACT},
    ],
)
def test_a_whole_rule_may_be_made(changes: dict[str, Any]) -> None:
    assert problems(**changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"purpose": " "}, [("purpose", "missing")]),
        ({"purpose": "x" * (PURPOSE_MAX_CHARS + 1)}, [("purpose", "too-long")]),
        ({"valid_until": date(2026, 11, 15)}, [("valid_until", "past")]),
        ({"receiver": "polisen"}, [("receiver", "same-party")]),
        ({"categories": ()}, [("categories", "missing")]),
        ({"categories": ("SKD", "XXX")}, [("categories.1", "unknown-category")]),
        ({"what": Shared.HOTSPOTS}, [("categories", "whole-hotspots")]),
        ({"receiver": None}, [("precision", "joint-is-exact")]),
        ({"receiver": None, "what": Shared.HOTSPOTS, "categories": None}, [("precision", "joint-is-exact")]),
    ],
)
def test_a_rule_that_means_nothing_is_refused(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(**changes) == expected
