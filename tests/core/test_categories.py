"""The shipped categories."""

from app.core.categories import SHIPPED, Category


def test_every_code_stands_once() -> None:
    codes = [category.code for category in SHIPPED]
    assert len(codes) == len(set(codes)) == 25


def test_only_fraud_and_events_are_never_clustered() -> None:
    assert {category.code for category in SHIPPED if not category.is_clustered} == {"BED", "ARR"}


def test_harm_weights_lie_between_zero_and_ten_and_only_an_event_has_none() -> None:
    assert all(0 <= category.harm_weight <= 10 for category in SHIPPED)
    assert [category.code for category in SHIPPED if category.harm_weight == 0] == ["ARR"]


def test_a_category_has_a_name_in_both_languages() -> None:
    assert Category("SKD", "Skadegörelse", "Vandalism", 3) in SHIPPED
    assert all(category.sv and category.en for category in SHIPPED)
