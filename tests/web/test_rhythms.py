"""When the incidents of a place happen, in columns and words."""

import pytest

from app.web import i18n
from app.web.rhythms import Rhythm, rhythm, week_name
from tests.web.conftest import ORGANISATIONS, STATISTICS


@pytest.fixture
def told() -> Rhythm:
    return rhythm(STATISTICS, ORGANISATIONS)


def test_every_count_has_a_column_and_the_highest_is_said_in_words(told: Rhythm) -> None:
    hours, weekdays, weeks = told.charts
    assert [column.count for column in hours.columns] == STATISTICS["hours"]
    assert [len(chart.columns) for chart in (hours, weekdays, weeks)] == [24, 7, 3]
    assert [chart.summary for chart in (hours, weekdays, weeks)] == [
        "flest 23–24 (6)",
        "flest söndag (9)",
        "flest v. 2 2026 (16)",
    ]


def test_the_axis_of_weeks_names_the_first_and_the_last(told: Rhythm) -> None:
    assert told.charts[2].axis == ("v. 52 2025", "v. 2 2026")


def test_a_period_of_one_week_names_it_once() -> None:
    _, _, weeks = rhythm({**STATISTICS, "weeks": {"2026-W01": 20}}, {}).charts
    assert (weeks.axis, weeks.highest) == (("v. 1 2026",), 20)


def test_the_busiest_part_of_the_day_may_cross_midnight(told: Rhythm) -> None:
    assert told.sentence.replace("\N{NO-BREAK SPACE}", " ") == (
        "Vanligaste veckodagen är söndag, 45 % av händelserna, och vanligaste tiden kl. 22–2, 80 %."
    )


def test_why_it_is_a_hot_spot_is_told_in_the_language_spoken(told: Rhythm) -> None:
    assert told.why == ""  # an older run
    explained = rhythm({**STATISTICS, "explanation": {"reasons": [], "sv": "Därför.", "en": "That is why."}}, {})
    assert explained.why == "Därför."
    i18n.use_language("en")
    assert explained.why == "That is why."


def test_the_other_language_has_its_own_words(told: Rhythm) -> None:
    i18n.use_language("en")
    assert told.sentence.startswith("The most common weekday is Sunday, 45% of the incidents")
    assert told.charts[2].summary == "most: week 2, 2026 (16)"


def test_sources_are_told_by_whose_they_are_most_first(told: Rhythm) -> None:
    assert told.tellers == (("polisen-lindadalen", 11), ("Lindesta kommun", 9))


def test_an_unreadable_week_is_shown_as_it_is_stored() -> None:
    assert week_name("2026") == "2026"
