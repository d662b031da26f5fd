"""When the incidents of a place happen, and who told: by hour, weekday and week, to be drawn and read out.

The counts of hours and weekdays are margins of their own; nothing here says which hour of which weekday.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from babel import dates

from app.web import i18n
from app.web.i18n import gettext

WINDOW_H: Final = 4  # the busiest part of the day is told as one stretch of so many hours
HOURS: Final = 24
_ISO_WEEK: Final = re.compile(r"(\d{4})-W0?(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart: its full name, and how many incidents."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns with a title; the axis names a few of them, evenly spread."""

    title: str
    columns: tuple[Column, ...]
    axis: tuple[str, ...]

    @property
    def highest(self) -> int:
        """The largest count, and at least one: the height of the sheet."""
        return max(1, *(column.count for column in self.columns))

    @property
    def summary(self) -> str:
        """Where the highest column stands, in words: flest lördag (57)."""
        most = max(self.columns, key=lambda column: column.count)
        return gettext("flest %(when)s (%(count)s)") % {"when": most.name, "count": i18n.number(most.count)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The counts of one place's incidents."""

    hours: tuple[int, ...]  # 24, clocks in Stockholm
    weekdays: tuple[int, ...]  # 7, Monday first
    weeks: Mapping[str, int]  # 2026-W07: 3, every week of the run's period in order
    tellers: tuple[tuple[str, int], ...]  # name of an organisation, reports; most first
    explanation: Mapping[str, str]  # why it is a hot spot, by language; empty in runs older than the question

    @property
    def why(self) -> str:
        """Why it is a hot spot and how sure that is, in plain sentences; empty where nobody asked."""
        return self.explanation.get(i18n.language().code, "")

    @property
    def charts(self) -> tuple[Chart, Chart, Chart]:
        """Hours, weekdays, weeks."""
        days = _day_names("wide")
        named_weeks = [week_name(week) for week in self.weeks]
        return (
            Chart(
                gettext("Klockslag"),
                tuple(Column(_hours(hour, hour + 1), count) for hour, count in enumerate(self.hours)),
                ("0", "6", "12", "18", "24"),
            ),
            Chart(gettext("Veckodag"), tuple(map(Column, days, self.weekdays)), tuple(_day_names("narrow"))),
            Chart(
                gettext("Vecka"),
                tuple(map(Column, named_weeks, self.weeks.values())),
                tuple(dict.fromkeys((named_weeks[0], named_weeks[-1]))),
            ),
        )

    @property
    def sentence(self) -> str:
        """The commonest weekday and part of the day, in words."""
        total = sum(self.hours)
        day, of_day = max(zip(_day_names("wide"), self.weekdays, strict=True), key=lambda pair: pair[1])
        start, of_window = _busiest(self.hours)
        return gettext(
            "Vanligaste veckodagen är %(day)s, %(day_share)s av händelserna, och vanligaste tiden kl. %(hours)s, "
            "%(hours_share)s."
        ) % {
            "day": day,
            "day_share": i18n.percent(of_day / total),
            "hours": _hours(start, start + WINDOW_H),
            "hours_share": i18n.percent(of_window / total),
        }


def rhythm(statistics: Mapping[str, Any], organisations: Mapping[str, str]) -> Rhythm:
    """Statistics as the analysis stored them. organisations: name by slug; sources are told by whose they are."""
    told: dict[str, int] = {}
    for source in statistics["sources"]:
        slug = source["name"].partition(":")[0]
        name = organisations.get(slug, slug)
        told[name] = told.get(name, 0) + source["count"]
    return Rhythm(
        hours=tuple(statistics["hours"]),
        weekdays=tuple(statistics["weekdays"]),
        weeks=statistics["weeks"],
        tellers=tuple(sorted(told.items(), key=lambda teller: -teller[1])),
        explanation=statistics.get("explanation", {}),
    )


def week_name(iso_week: str) -> str:
    """2026-W07 as people say it: v. 7 2026."""
    found = _ISO_WEEK.fullmatch(iso_week)
    if found is None:
        return iso_week
    return gettext("v. %(week)s %(year)s") % {"week": found[2], "year": found[1]}


def _busiest(hours: Sequence[int]) -> tuple[int, int]:
    """The first hour of the busiest stretch, which may cross midnight, and its count."""
    around = (*hours, *hours[: WINDOW_H - 1])
    counts = [sum(around[start : start + WINDOW_H]) for start in range(len(hours))]
    most = max(counts)
    return counts.index(most), most


def _hours(start: int, end: int) -> str:
    return f"{start}\N{EN DASH}{(end - 1) % HOURS + 1}"


def _day_names(width: Literal["wide", "narrow"]) -> list[str]:
    """Monday first."""
    names = dates.get_day_names(width, context="stand-alone", locale=i18n.language().locale)
    return [names[day] for day in range(7)]
