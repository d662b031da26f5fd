"""Times as Swedish and foreign exports write them, to UTC: local clocks, offsets, hours skipped and doubled."""

from datetime import UTC, date, datetime, time

import pytest

from app.core.imports import moments
from app.core.imports.clocks import Clock, Stretch
from app.core.imports.profile import DayOrder, Doubled, Field, Profile, Span
from app.core.imports.source import Cell
from app.core.imports.times import Times

NAIVE = datetime(2024, 3, 5, 22, 15)  # noqa: DTZ001 -- as a sheet has it


def clock(**more: object) -> Clock:
    return Clock(Profile(source="x", **more))  # type: ignore[arg-type]


def said(stretch: Stretch | str) -> str:
    if isinstance(stretch, str):
        return stretch
    ends = (stretch.since, stretch.until) if stretch.until else (stretch.since,)
    return " – ".join(f"{end:%Y-%m-%d %H:%M}" for end in ends)


INSTANT = "2024-03-05 21:15"
THE_DAY = "2024-03-04 23:00 – 2024-03-05 22:59"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-03-05 22:15", INSTANT),
        ("2024-03-05T22:15:00", INSTANT),
        ("2024-03-05 22:15:30.123", INSTANT),
        ("2024-03-05T22:15+01:00", INSTANT),
        ("2024-03-05T21:15:00Z", INSTANT),
        ("2024-03-05 22:15:00 CET", INSTANT),
        ("2024-03-05 kl 22:15", INSTANT),
        ("2024-03-05 kl. 22.15", INSTANT),
        ("2024-03-05, 22:15", INSTANT),
        ("2024-03-05 2215", INSTANT),
        ("2024-03-05\u00a022:15", INSTANT),
        ("5/3 2024 22:15", INSTANT),
        ("5/3/2024 10:15 PM", INSTANT),
        ("5.3.2024 22.15", INSTANT),
        ("5 mars 2024 kl. 22.15", INSTANT),
        ("tisdag den 5 mars 2024 22:15", INSTANT),
        ("March 5, 2024 10:15 p.m.", INSTANT),
        ("Tue, 05 Mar 2024 21:15:00 GMT", INSTANT),
        ("202403052215", INSTANT),
        ("20240305221500", INSTANT),
        ("2403052215", INSTANT),
        ("45356.927083333", INSTANT),
        (45356.927083333, INSTANT),
        ("1709673300", INSTANT),
        (1709673300000, INSTANT),
        ("1709673300000000", INSTANT),
        ("/Date(1709673300000)/", INSTANT),
        (NAIVE, INSTANT),
        (NAIVE.replace(hour=21, tzinfo=UTC), INSTANT),
        ("2026-08-22 9:48:12 +02:00", "2026-08-22 07:48"),
        ("2018/01/01 00:35:11+00", "2018-01-01 00:35"),
        ("2024-03-05", THE_DAY),
        ("5/3 2024", THE_DAY),
        ("5/3-24", THE_DAY),
        ("05-Mar-24", THE_DAY),
        ("20240305", THE_DAY),
        ("240305", THE_DAY),
        (45356, THE_DAY),
        (date(2024, 3, 5), THE_DAY),
        ("3/13/2024", "2024-03-12 23:00 – 2024-03-13 22:59"),
        ("05/03/95", "1995-03-04 23:00 – 1995-03-05 22:59"),
        ("2024-03-05 24:00", "2024-03-05 23:00"),
        ("2024-03", "2024-02-29 23:00 – 2024-03-31 21:59"),
        ("202413", "unknown-date"),
        ("202403", "2024-02-29 23:00 – 2024-03-31 21:59"),
        ("2024M03", "2024-02-29 23:00 – 2024-03-31 21:59"),
        ("mars 2024", "2024-02-29 23:00 – 2024-03-31 21:59"),
        ("2024 mars", "2024-02-29 23:00 – 2024-03-31 21:59"),
        ("2024-03-05 22:15 - 2024-03-06 07:00", "2024-03-05 21:15 – 2024-03-06 06:00"),
        ("2024-03-05 22:15–23:30", "2024-03-05 21:15 – 2024-03-05 22:30"),
        ("2024-03-05 22:15-02:00", "2024-03-06 00:15"),  # an offset, as ISO 8601 reads it
        ("2024-03-05 kl 22-06", "2024-03-05 21:00 – 2024-03-06 05:00"),
        ("2024-03-05 till 2024-03-07", "2024-03-04 23:00 – 2024-03-07 22:59"),
        ("2024-03-05T22:15:00Z/2024-03-06T07:00:00Z", "2024-03-05 22:15 – 2024-03-06 07:00"),
        ("2024-03 - 2024-04", "2024-02-29 23:00 – 2024-04-30 21:59"),
        ("2024-02-30", "unknown-date"),
        ("2024-13-05", "unknown-date"),
        ("0001-01-01", "unknown-date"),
        ("9999-12-31", "9999-12-30 23:00 – 9999-12-31 22:59"),
        ("2024-03-05 25:00", "unreadable-time"),
        ("2024-03-05 13:15 PM", "unreadable-time"),
        ("5 smurf 2024", "unreadable-time"),
        ("99999", "unreadable-time"),
        ("nonsens", "unreadable-time"),
        ("2024-03-05 - 2024-03-06 - 2024-03-07", "unreadable-time"),
        (True, "unreadable-time"),
        (None, "unreadable-time"),
        (b"x", "unreadable-time"),
        ("2024-03-31 02:30", "skipped-time"),
        ("2024-10-27 02:30", "ambiguous-time"),
        ("2024-10-27 02:30+02:00", "2024-10-27 00:30"),
        ("2024-10-27 03:30", "2024-10-27 02:30"),
        ("2024-10-27", "2024-10-26 22:00 – 2024-10-27 22:59"),
        ("2024-10-27 01:00 - 2024-10-27 02:30", "ambiguous-time"),
    ],
)
def test_a_time_is_read_as_it_was_meant(cell: Cell, expected: str) -> None:
    reader = clock()
    assert said(reader.stretch(cell)) == expected
    assert said(reader.stretch(cell)) == expected  # also when it is remembered


def test_month_first_and_other_zones() -> None:
    american = clock(day_order=DayOrder.MONTH_FIRST, time_zone="America/New_York")
    assert said(american.stretch("3/5/2024 10:15 PM")) == "2024-03-06 03:15"
    assert said(american.stretch("13/5/2024 10:15 PM")) == "2024-05-14 02:15"


@pytest.mark.parametrize(
    ("doubled", "expected"), [(Doubled.FIRST, "2024-10-27 00:30"), (Doubled.SECOND, "2024-10-27 01:30")]
)
def test_the_doubled_hour_can_be_decided(doubled: Doubled, expected: str) -> None:
    assert said(clock(doubled_hour=doubled).stretch("2024-10-27 02:30")) == expected


def test_midnight_can_mean_that_nobody_knows() -> None:
    unknowing = clock(is_midnight_unknown=True)
    assert said(unknowing.stretch("2024-03-05 00:00")) == THE_DAY
    assert said(unknowing.stretch("2024-03-04T23:00Z")) == "2024-03-04 23:00 – 2024-03-05 22:59"
    assert said(unknowing.stretch("2024-03-05 00:01")) == "2024-03-04 23:01"
    assert said(unknowing.stretch("2024-03-05 00:00 - 01:00")) == "2024-03-04 23:00 – 2024-03-05 00:00"


def test_an_offset_can_be_known_to_be_wrong() -> None:
    assert said(clock(is_offset_wrong=True).stretch("2024-03-05 22:15:00+00")) == INSTANT


def test_every_date_can_stand_for_its_month() -> None:
    assert said(clock(span=Span.MONTH).stretch("2024-03-01")) == "2024-02-29 23:00 – 2024-03-31 21:59"


@pytest.mark.parametrize(
    ("day", "hour", "is_compact", "expected"),
    [
        ("2024-03-05", "22:15", False, INSTANT),
        ("2024-03-05", "22.15", False, INSTANT),
        ("2024-03-05", "2215", True, INSTANT),
        ("2024-03-05", "10:15 PM", False, INSTANT),
        ("2024-03-05", time(22, 15), False, INSTANT),
        ("2024-03-05", NAIVE, False, INSTANT),
        ("2024-03-05", 0.927083333, False, INSTANT),
        ("2024-03-05 00:00:00", "22:15:00", False, INSTANT),
        ("2024-03-05 22:15", "0035", False, INSTANT),  # its own time of day counts
        ("2024-03-05", "0815", False, "2024-03-05 07:15"),
        ("2024-03-05", "081500", False, "2024-03-05 07:15"),
        ("2024-03-05", 35, True, "2024-03-04 23:35"),
        ("2024-03-05", 22, False, "2024-03-05 21:00 – 2024-03-05 21:59"),
        ("2024-03-05", "kl 22", False, "2024-03-05 21:00 – 2024-03-05 21:59"),
        ("2024-03-05", "13:00-13:59", False, "2024-03-05 12:00 – 2024-03-05 12:59"),
        ("2024-03-05", "22–02", False, "2024-03-05 21:00 – 2024-03-06 01:00"),
        ("2024-03-05", "Uppgift saknas", False, THE_DAY),
        ("2024-03-05", "", False, THE_DAY),
        ("2024-03-05", "nyss", False, "unreadable-time"),
        ("2024-03-05", b"x", False, "unreadable-time"),
        ("2024-03-05", 99, False, "unreadable-time"),
        ("9999-12-31", "24:00", False, "unknown-date"),
    ],
)
def test_a_day_and_a_time_of_day_in_two_columns(day: Cell, hour: Cell, is_compact: bool, expected: str) -> None:  # noqa: FBT001
    assert said(clock(is_clock_compact=is_compact).stretch(day, hour)) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((2024, 3, 5, 22, 15), INSTANT),
        (("2024", "mars", "5", "22", "15"), INSTANT),
        ((24, 3, 5, "", ""), THE_DAY),
        ((2024, 3, 5, "22-23", ""), "2024-03-05 21:00 – 2024-03-05 22:00"),
        (("2016 prel.", "Maj", "", "", ""), "2016-04-30 22:00 – 2016-05-31 21:59"),
        (("saknas", 3, 5, "", ""), "unreadable-time"),
        ((2024, 13, 5, "", ""), "unknown-date"),
        ((9999, 12, 31, 22, 15), "9999-12-31 21:15"),
        ((9999, 12, 31, 999999, 0), "unknown-date"),
    ],
)
def test_year_month_and_the_rest_in_columns_of_their_own(parts: tuple[Cell, ...], expected: str) -> None:
    assert said(clock().parts(*parts)) == expected


@pytest.mark.parametrize(
    ("title", "published", "expected"),
    [
        ("20 mars 10:14, Trafikolycka, Malmö", "2023-03-20 10:19:26 +01:00", "2023-03-20 09:14"),
        ("20\u00a0mars\u00a010.14, Rån", "2023-03-20 10:19:26 +01:00", "2023-03-20 09:14"),
        ("31 december 23:14, Rån", "2024-01-01 10:19:26 +01:00", "2023-12-31 22:14"),
        ("29 februari 12:00, Rån", "2026-03-01 10:00", "2024-02-29 11:00"),
        ("30 februari 12:00, Rån", "2026-03-01 10:00", "unknown-date"),
        ("Rån i Malmö", "2026-03-01 10:00", "unreadable-time"),
        ("20 mars 10:14, Rån", "i går", "unreadable-time"),
    ],
)
def test_the_time_of_a_headline_is_the_last_such_before_it_was_published(
    title: str, published: str, expected: str
) -> None:
    assert said(clock().title(title, published)) == expected


def test_many_times_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.imports.clocks._REMEMBERED", 2)
    reader = clock()
    for day in range(1, 9):
        assert said(reader.stretch(f"2024-03-0{day} 12:00")) == f"2024-03-0{day} 11:00"
        assert said(reader.stretch(f"{day}/3 2024 12:00")) == f"2024-03-0{day} 11:00"


def rows_of(**columns: list[Cell]) -> tuple[list[str], dict[int, list[str]]]:
    fields = {target: names for target, names in FIELDS.items() if all(name in columns for name in names)}
    times = Times(Profile(source="x", columns=fields))
    found, problems = times.stretches(columns, len(next(iter(columns.values()))))
    return [said(stretch) if stretch else "" for stretch in found], {
        i: [p.code for p in ps] for i, ps in problems.items()
    }


FIELDS = {Field.OCCURRED_FROM: ("dag", "kl"), Field.OCCURRED_TO: ("slutdag", "slutkl")}


def test_ends_have_their_own_day_or_that_of_the_start() -> None:
    found, problems = rows_of(
        dag=["2024-03-05"] * 5 + [""],
        kl=["12:00"] * 5 + [""],
        slutdag=["2024-03-06", "", "", "i går", "2024-03-06", "2024-03-06"],
        slutkl=["07:00", "13:00", "", "", "", "07:00"],
    )
    assert found == [
        "2024-03-05 11:00 – 2024-03-06 06:00",
        "2024-03-05 11:00 – 2024-03-05 12:00",
        "2024-03-05 11:00",
        "2024-03-05 11:00",
        "2024-03-05 11:00 – 2024-03-06 22:59",
        "",
    ]
    assert problems == {3: ["unreadable-time"], 5: ["missing"]}


def test_an_end_without_columns_for_the_start_day() -> None:
    fields = {Field.YEAR: ("år",), Field.MONTH: ("månad",), Field.OCCURRED_TO: ("slut",)}
    times = Times(Profile(source="x", columns=fields))
    found, _ = times.stretches({"år": [2024], "månad": [3], "slut": ["2024-03-09"]}, 1)
    assert said(found[0] or "") == "2024-02-29 23:00 – 2024-03-09 22:59"


def test_months_are_known_by_name_in_both_languages() -> None:
    assert [moments.month_number(name) for name in ("Januari", "maj", "Okt.", "december", "7")] == [1, 5, 10, 12, 7]
