"""What a run says of itself, in figures and in words."""

import json
from dataclasses import replace

import pytest

from app.core.analysis.doubtful_places import Doubt, DoubtfulPlace
from app.core.analysis.params import ClusterRule
from app.core.analysis.run import Findings
from app.core.analysis.tuning import Reason, Tuning
from app.render import findings as render
from app.render.sentences import number, percent

TUNING = Tuning(
    rule=ClusterRule(eps_m=54, min_incidents=6),
    reason=Reason.WIDENED,
    incident_count=1_200,
    active_m2=8_250_000.0,
    area_share=0.01,
    flagged_share=0.00987654,
    max_area_m2=250_000.0,
)
FOUND = Findings(
    params_fingerprint="0" * 16,
    rule=TUNING.rule,
    tuning=TUNING,
    incident_count=1_200,
    clustered_count=400,
    noise_count=800,
    weeks=(),
    hotspots=(),
    doubtful=(),
)


def test_a_chosen_rule_is_told_with_its_figures() -> None:
    told = json.loads(render.as_text(FOUND))
    assert (told["eps_m"], told["min_incidents"], told["doubtful_places"]) == (54.0, 6, [])
    assert {name: told["tuning"][name] for name in ("reason", "active_km2", "flagged_share")} == {
        "reason": "widened",
        "active_km2": 8.25,
        "flagged_share": 0.009877,
    }


def test_a_given_rule_needs_no_explanation() -> None:
    assert json.loads(render.as_text(replace(FOUND, tuning=None)))["tuning"] is None


def test_why_is_said_in_both_languages() -> None:
    why = render.why_this_rule(TUNING)
    assert why.sv == (
        "En plats är där minst 6 händelser ligger inom 54 meter. "
        "Med 5 skulle mer än 1\N{NO-BREAK SPACE}% av den aktiva marken pekas ut."
    )
    assert why.en == (
        "A hot spot is where at least 6 incidents lie within 54 metres. "
        "With 5, more than 1% of the active ground would be marked."
    )


def test_too_few_incidents_are_owned_up_to() -> None:
    why = render.why_this_rule(replace(TUNING, reason=Reason.TOO_FEW))
    assert "så få att mindre än 1\N{NO-BREAK SPACE}%" in why.sv
    assert "so few incidents that less than 1%" in why.en


def test_a_doubtful_position_becomes_a_question() -> None:
    station = DoubtfulPlace(x=500_000.0, y=6_600_000.0, count=1_234, share=0.0371, mixture=0.9, doubts=(Doubt.MIXED,))
    [asked] = json.loads(render.as_text(replace(FOUND, doubtful=(station,))))["doubtful_places"]
    assert (asked["lon"], round(asked["lat"], 2), asked["doubts"]) == (15.0, 59.54, ["mixed"])
    assert asked["sv"].startswith("1\N{NO-BREAK SPACE}234 händelser, 3,7\N{NO-BREAK SPACE}% av alla, har exakt samma")
    assert asked["en"].startswith("1,234 incidents, 3.7% of all, have exactly the same position.")


@pytest.mark.parametrize(
    ("value", "sv", "en"),
    [(3, "3", "3"), (3.25, "3,2", "3.2"), (12.7, "13", "13"), (1_234, "1\N{NO-BREAK SPACE}234", "1,234")],
)
def test_numbers_are_written_as_each_language_does(value: float, sv: str, en: str) -> None:
    assert (number(value, "sv"), number(value, "en")) == (sv, en)


@pytest.mark.parametrize(
    ("share", "sv", "en"),
    [
        (0.01, "1\N{NO-BREAK SPACE}%", "1%"),
        (0.0123, "1,2\N{NO-BREAK SPACE}%", "1.2%"),
        (0.1234, "12\N{NO-BREAK SPACE}%", "12%"),
        (0.0005, "0,05\N{NO-BREAK SPACE}%", "0.05%"),
    ],
)
def test_shares_are_written_as_each_language_does(share: float, sv: str, en: str) -> None:
    assert (percent(share, "sv"), percent(share, "en")) == (sv, en)
