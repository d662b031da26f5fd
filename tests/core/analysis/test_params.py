"""Parameters: one form, one fingerprint, plain refusals."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.core.analysis.params import AnalysisParams, ClusterRule, Weighting

PARAMS = AnalysisParams(
    since=datetime(2026, 1, 1, tzinfo=UTC),
    until=datetime(2026, 7, 1, tzinfo=UTC),
    organisations=("lindesta-kommun",),
    now=datetime(2026, 7, 2, 8, 30, tzinfo=UTC),
    categories=("SKD", "KLO"),
    area="centrum",
    rule=ClusterRule(eps_m=50.5, min_incidents=6),
    weighting=Weighting.HARM,
    weights=(("SKD", 3.0), ("KLO", 2.0)),
    seed=7,
)


def test_the_shipped_rule_is_75_metres_and_8_incidents() -> None:
    assert ClusterRule() == ClusterRule(eps_m=75.0, min_incidents=8)


@pytest.mark.parametrize("eps_m", [0.0, -5.0, 0.99, 10_000.1, float("nan"), float("inf")])
def test_a_distance_that_means_nothing_is_refused(eps_m: float) -> None:
    with pytest.raises(ValueError, match="eps_m must be between 1 and 10000 metres"):
        ClusterRule(eps_m=eps_m)


def test_a_single_incident_is_no_group() -> None:
    with pytest.raises(ValueError, match="min_incidents must be at least 2, got 1"):
        ClusterRule(min_incidents=1)


def test_json_and_back_is_the_same_request() -> None:
    assert AnalysisParams.from_json(PARAMS.as_json()) == PARAMS


def test_json_is_canonical_text() -> None:
    text = PARAMS.as_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert json.loads(text)["rule"] == {"eps_m": 50.5, "min_incidents": 6}
    assert json.loads(text)["since"] == "2026-01-01T00:00:00+00:00"


def test_the_fingerprint_of_a_known_request_never_changes() -> None:
    assert PARAMS.fingerprint() == "652035a610ba4528"


@pytest.mark.parametrize(
    "same",
    [
        {"now": datetime(2027, 1, 1, tzinfo=UTC)},
        {"categories": ("KLO", "SKD")},
        {"weights": (("KLO", 2), ("SKD", 3))},
        {"max_uncertainty_m": 300},
        {"since": datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
    ],
)
def test_asking_later_or_in_another_order_is_the_same_analysis(same: dict[str, Any]) -> None:
    assert replace(PARAMS, **same).fingerprint() == PARAMS.fingerprint()


@pytest.mark.parametrize(
    "other",
    [
        {"since": datetime(2026, 1, 2, tzinfo=UTC)},
        {"until": datetime(2026, 7, 2, tzinfo=UTC)},
        {"organisations": ("lindesta-kommun", "mora-kommun")},
        {"categories": ("SKD",)},
        {"area": None},
        {"rule": ClusterRule(eps_m=50.0, min_incidents=6)},
        {"rule": ClusterRule(eps_m=50.5, min_incidents=7)},
        {"weighting": Weighting.OWN},
        {"weighting": Weighting.RECENCY},
        {"weights": (("SKD", 3.0), ("KLO", 2.5))},
        {"seed": 8},
        {"max_interval_days": 14},
        {"max_uncertainty_m": 299.0},
    ],
)
def test_anything_that_can_change_the_result_changes_the_fingerprint(other: dict[str, Any]) -> None:
    assert replace(PARAMS, **other).fingerprint() != PARAMS.fingerprint()


def test_the_share_to_fill_matters_where_the_rule_is_chosen_and_only_there() -> None:
    chosen = replace(PARAMS, rule=None)
    assert chosen.fingerprint() != replace(chosen, area_share=0.02).fingerprint()
    assert PARAMS.fingerprint() == replace(PARAMS, area_share=0.02).fingerprint()


def test_a_request_without_a_rule_comes_back_without_one() -> None:
    chosen = replace(PARAMS, rule=None, area_share=0.02, max_area_m2=100_000)
    assert AnalysisParams.from_json(chosen.as_json()) == chosen


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"until": datetime(2026, 1, 1, tzinfo=UTC)}, "The period must end after it begins."),
        ({"since": datetime(2026, 1, 1)}, "since must say its time zone."),  # noqa: DTZ001
        ({"organisations": ()}, "At least one organisation is needed."),
        ({"area_share": 0.21}, "area_share must be between 0.0001 and 0.2, got 0.21"),
        ({"area_share": float("nan")}, "area_share must be between 0.0001 and 0.2, got nan"),
        ({"max_area_m2": 49_999}, "max_area_m2 must be between 50000 and 1000000000 square metres, got 49999"),
        ({"organisations": ("a", "a")}, "The same organisation was named twice."),
        ({"categories": ()}, "At least one category is needed."),
        ({"categories": ("SKD", "SKD")}, "The same category was named twice."),
        ({"weights": (("SKD", 1.0), ("SKD", 2.0))}, "The same weight for category was named twice."),
        ({"weights": (("SKD", -1.0),)}, "Weights must be numbers from zero up."),
        ({"weights": (("SKD", float("nan")),)}, "Weights must be numbers from zero up."),
        ({"weights": ()}, "The weighting harm needs weights."),
        ({"seed": -1}, "The seed must be zero or more and max_interval_days at least one."),
        ({"max_interval_days": 0}, "The seed must be zero or more and max_interval_days at least one."),
        ({"max_uncertainty_m": 0.0}, "max_uncertainty_m must be more than zero."),
        ({"max_uncertainty_m": float("nan")}, "max_uncertainty_m must be more than zero."),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_in_a_plain_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(PARAMS, **wrong)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rule":{"eps":1}}', '"rule"'])
def test_text_that_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"parameters|must be|not a valid|Expecting|needed"):
        AnalysisParams.from_json(text)


@pytest.mark.parametrize("change", [{"colour": "red"}, {"weighting": "guess"}, {"seed": "x"}, {"weights": [1]}])
def test_stored_parameters_with_foreign_values_are_refused(change: dict[str, Any]) -> None:
    text = json.dumps(json.loads(PARAMS.as_json()) | change)
    with pytest.raises(ValueError, match=r"parameters|must be|not a valid|Expecting|needed"):
        AnalysisParams.from_json(text)
