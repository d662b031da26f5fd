"""Rules of retention: which can be used, and counts that add up."""

import pytest

from app.core.errors import InvalidError
from app.core.retention import MOST_RULES, Purged, RetentionRule, check_rules

CATEGORIES = frozenset({"SKD", "KLO"})


def wrong(*rules: RetentionRule) -> list[tuple[str, str]]:
    """Field and code of everything that is wrong with the rules."""
    try:
        check_rules(rules, CATEGORIES)
    except InvalidError as error:
        return [(p.field, p.code) for p in error.problems]
    return []


def test_rules_for_everything_a_source_a_category_and_both_stand_side_by_side() -> None:
    usual = RetentionRule(text_after_months=6, position_after_months=24, everything_after_months=60)
    tips = RetentionRule(source="medborgartips", text_after_months=1)
    vandalism = RetentionRule(category="SKD", everything_after_months=600)
    both = RetentionRule(source="medborgartips", category="SKD", position_after_months=12)
    assert wrong(usual, tips, vandalism, both) == []
    assert wrong() == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (RetentionRule(), ("0", "no-limit")),
        (RetentionRule(text_after_months=0), ("0.text_after_months", "out-of-range")),
        (RetentionRule(everything_after_months=601), ("0.everything_after_months", "out-of-range")),
        (RetentionRule(text_after_months=7, position_after_months=6), ("0", "out-of-order")),
        (RetentionRule(text_after_months=7, everything_after_months=6), ("0", "out-of-order")),
        (RetentionRule(category="XXX", text_after_months=6), ("0.category", "unknown-category")),
        (RetentionRule(source=" ", text_after_months=6), ("0.source", "invalid-source")),
        (RetentionRule(source="a\x00", text_after_months=6), ("0.source", "invalid-source")),
    ],
)
def test_a_rule_that_cannot_be_used_is_told_by_its_place(rule: RetentionRule, told: tuple[str, str]) -> None:
    assert wrong(rule) == [told]


def test_two_rules_for_the_same_incidents_are_refused() -> None:
    rule = RetentionRule(category="SKD", text_after_months=6)
    assert wrong(rule, rule) == [("1", "doubled")]


def test_there_is_an_end_to_the_number_of_rules() -> None:
    rules = [RetentionRule(source=f"s{n}", text_after_months=6) for n in range(MOST_RULES + 1)]
    assert wrong(*rules) == [("", "too-many")]


def test_counts_add_up() -> None:
    one = Purged(texts=1, positions=2, incidents=3, keys=4, runs=5, outlines=6)
    assert one + one == Purged(texts=2, positions=4, incidents=6, keys=8, runs=10, outlines=12)
    assert one.touched == 6
