"""How unusual, in words."""

from dataclasses import replace

import pytest

from app.core.analysis.deviations.visibility import Visibility
from app.render.deviations import rarity, sight

VISIBLE = Visibility(
    window_days=28,
    reports_a_week=12.2,
    calm=4,
    usual=6,
    busy=11,
    baseline_weeks=52,
    knows_seasons=True,
    is_calibrated=True,
)


@pytest.mark.parametrize(
    ("years", "sv", "en"),
    [
        (3.2, "Så mycket blir det av en slump ungefär en gång på 3 år.", "Chance does as much about once in 3 years."),
        (1.1, "Så mycket blir det av en slump ungefär en gång om året.", "Chance does as much about once a year."),
        (0.25, "Så mycket blir det av en slump ungefär 4 gånger om året.", "Chance does as much about 4 times a year."),
        (
            None,
            "Så ovanligt har det inte varit någon gång under de 2,5 år som prövats.",
            "Nothing so unusual was seen in the 2.5 years that were tried.",
        ),
    ],
)
def test_how_rare_it_is(years: float | None, sv: str, en: str) -> None:
    told = rarity(years, 2.5)
    assert (told.sv, told.en) == (sv, en)


def test_what_cannot_be_seen_is_said() -> None:
    told = sight(VISIBLE)
    assert told.en == (
        "With 12 reports a week, fewer than 6 extra reports in 4 weeks are often invisible; "
        "where much is reported it may take 11."
    )
    assert "färre än 6 extra rapporter på 4 veckor ofta inte" in told.sv


def test_a_young_history_says_so() -> None:
    told = sight(replace(VISIBLE, is_calibrated=False, knows_seasons=False))
    assert told.sv.endswith("Årstider kan inte vägas in förrän det finns två års rapporter.")
    assert "set by chance, not by own history" in told.en
