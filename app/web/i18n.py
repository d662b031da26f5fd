"""Swedish and English: texts, numbers and dates.

The Swedish text is the message id; English is a catalogue, read straight from its .po file. One context
variable holds the language, because one template environment serves all: environments overlaid per
language share their globals and mix the catalogues up.

After a changed text, in app/web:
    pybabel extract -F babel.cfg --no-location --sort-output -o messages.pot .
    pybabel update -i messages.pot -d locale -l en --no-fuzzy-matching --ignore-obsolete
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DEFAULT: Final = "sv"
HERE: Final = Path(__file__).parent
STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
HECTARE_M2: Final = 10_000
SMALLEST_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages: its code, its own name for itself, and the locale of numbers and dates."""

    code: str
    name: str
    locale: Locale


LANGUAGES: Final = {
    "sv": Language("sv", "Svenska", Locale("sv", "SE")),
    "en": Language("en", "English", Locale("en", "GB")),
}
_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def catalogue_path(code: str) -> Path:
    """Where the translations of a language lie."""
    return HERE / "locale" / code / "LC_MESSAGES" / "messages.po"


def _load(code: str) -> NullTranslations:
    """Read a .po file without a compile step; compiled files would only go stale."""
    compiled = BytesIO()
    with catalogue_path(code).open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


_CATALOGUES: Final[dict[str, NullTranslations]] = {"sv": NullTranslations(), "en": _load("en")}


def choose_language(asked: str | None, remembered: str | None, accepted: str | None) -> str:
    """Take the first known language of: the query, the cookie, the Accept-Language header, the default."""
    for code in (asked, remembered, *_by_preference(accepted or "")):
        if code in LANGUAGES:
            return code
    return DEFAULT


def _by_preference(header: str) -> Iterable[str]:
    """Language codes of an Accept-Language header, most wanted first; unreadable weights count as none."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        weight = parameter.strip().removeprefix("q=") or "1"
        try:
            weighted.append((float(weight), tag.strip()[:2].lower()))
        except ValueError:
            continue
    return [code for weight, code in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


def use_language(code: str) -> None:
    """Speak this language for the rest of the present request."""
    _current.set(code if code in LANGUAGES else DEFAULT)


def language() -> Language:
    """The language being spoken."""
    return LANGUAGES[_current.get()]


def other_language() -> Language:
    """The language that the reader can change to."""
    return LANGUAGES["en" if _current.get() == "sv" else "sv"]


def gettext(message: str) -> str:
    """Translate a Swedish text."""
    return str(_CATALOGUES[_current.get()].gettext(message))


def ngettext(singular: str, plural: str, number: int) -> str:
    """Translate a Swedish text that depends on a number."""
    return str(_CATALOGUES[_current.get()].ngettext(singular, plural, number))


def number(value: float, digits: int = 0) -> str:
    """Write a number with at most so many decimals: 4 212 in Swedish, 4,212 in English."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=language().locale)


def percent(share: float) -> str:
    """Write a share between 0 and 1 in whole percent; a little is never said to be nothing."""
    if 0 < share < SMALLEST_SHARE / 2:
        return f"<{numbers.format_percent(SMALLEST_SHARE, locale=language().locale)}"
    return numbers.format_percent(share, locale=language().locale)


def area(area_m2: float) -> str:
    """Write an area as a person would say it: to two figures, in m² or, when large, in hectares."""
    rounded = float(f"{area_m2:.2g}")
    if rounded >= HECTARE_M2:
        return f"{number(rounded / HECTARE_M2, 1)}\N{NO-BREAK SPACE}ha"
    return f"{number(rounded)}\N{NO-BREAK SPACE}m²"


def day(value: date | datetime) -> str:
    """Write the day of an instant as seen in Sweden: 21 november 2026."""
    return dates.format_date(_local_day(value), "long", locale=language().locale)


def short_day(value: date | datetime) -> str:
    """The same in little room: 21 nov. 2026."""
    return dates.format_date(_local_day(value), "medium", locale=language().locale)


def moment(value: datetime) -> str:
    """Write an instant to the minute, Swedish time: 21 nov. 2026 06:00."""
    local = value.astimezone(STOCKHOLM)
    return dates.format_datetime(local, "d MMM y HH:mm", locale=language().locale)


def period(since: datetime, until: datetime) -> str:
    """Write a half-open period by its first and last day: 1–30 september 2026."""
    last_instant = until - timedelta(microseconds=1)
    first, last = _local_day(since), _local_day(max(since, last_instant))
    if first == last:
        return day(first)
    skeleton = "yMMMMd"
    return dates.format_interval(first, last, skeleton, locale=language().locale)


def _local_day(value: date | datetime) -> date:
    return value.astimezone(STOCKHOLM).date() if isinstance(value, datetime) else value
