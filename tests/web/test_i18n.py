"""Languages, numbers and dates."""

from datetime import UTC, datetime

import pytest

from app.web import i18n


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "chosen"),
    [
        ("en", "sv", "sv", "en"),
        (None, "en", "sv", "en"),
        (None, None, "de, en-GB;q=0.8, sv;q=0.9", "sv"),
        (None, None, "en-US,en;q=0.9", "en"),
        (None, None, "sv;q=0, en;q=0.1", "en"),
        (None, None, "en;q=high, fi", "sv"),
        ("fi", "<script>", "", "sv"),
        (None, None, None, "sv"),
    ],
)
def test_the_language_is_the_one_asked_for_then_remembered_then_accepted(
    asked: str | None, remembered: str | None, accepted: str | None, chosen: str
) -> None:
    assert i18n.choose_language(asked, remembered, accepted) == chosen


def test_texts_follow_the_language_being_spoken() -> None:
    swedish = i18n.gettext("Logga in"), i18n.ngettext("händelse", "händelser", 2)
    i18n.use_language("en")
    assert swedish == ("Logga in", "händelser")
    assert (i18n.gettext("Logga in"), i18n.ngettext("händelse", "händelser", 2)) == ("Sign in", "incidents")


def test_an_unknown_language_is_spoken_as_swedish() -> None:
    i18n.use_language("xx")
    assert i18n.language().code == "sv"


@pytest.mark.parametrize(
    ("code", "number", "small", "share"),
    [("sv", "4\N{NO-BREAK SPACE}212", "3,5", "46\N{NO-BREAK SPACE}%"), ("en", "4,212", "3.5", "46%")],
)
def test_numbers_are_written_as_in_the_language(code: str, number: str, small: str, share: str) -> None:
    i18n.use_language(code)
    assert (i18n.number(4_212), i18n.number(3.5, 1), i18n.percent(0.46)) == (number, small, share)


def test_a_little_is_never_said_to_be_nothing() -> None:
    shares = [i18n.percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0.0, 0.004, 0.006)]
    assert shares == ["0 %", "<1 %", "1 %"]


@pytest.mark.parametrize(
    ("area_m2", "written"),
    [(843.2, "840 m²"), (9_949, "9 900 m²"), (9_951, "1 ha"), (18_046, "1,8 ha"), (143_000, "14 ha")],
)
def test_areas_are_rounded_to_two_figures_and_large_ones_are_hectares(area_m2: float, written: str) -> None:
    assert i18n.area(area_m2).replace("\N{NO-BREAK SPACE}", " ") == written


def test_a_half_open_period_is_written_with_its_last_day_in_sweden() -> None:
    # the end of September in Stockholm is 22:00 in UTC
    written = i18n.period(datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC))
    assert written == "1\N{EN DASH}30 sep. 2026"


def test_a_period_of_one_day_is_written_as_that_day() -> None:
    written = i18n.period(datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2026, 9, 1, 22, tzinfo=UTC))
    assert written == "1 september 2026"


def test_an_instant_is_written_in_swedish_time() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert (i18n.day(late), i18n.short_day(late)) == ("21 november 2026", "21 nov. 2026")
    assert i18n.moment(late) == "21 nov. 2026 00:30"
