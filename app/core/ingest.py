"""From what senders claim to drafts that may be stored, or to every reason why not.

The one gate: reports, imports and the police layer all pass here. Each row is judged alone, and a problem
never repeats the value that caused it, because that value may be personal data.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.core import geo, incidents, personal_data
from app.core.errors import FieldProblem
from app.core.incidents import IncidentDraft, RawIncident
from app.core.periods import is_naive
from app.core.personal_data import Pattern

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE: Final = timedelta(minutes=5)

OUTSIDE_AREA_MARK: Final = "outside-area"
REFERENCE_MARK: Final = "reference-looks-like-personal-number"

# Control characters other than tab and the ends of lines, and halves of characters.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class OutsideArea(StrEnum):
    """What happens to an incident outside the organisation's area."""

    REFUSE = "refuse"
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRules:
    """What one organisation accepts at one instant. Without an area, anywhere in Sweden will do."""

    now: datetime
    categories: frozenset[str]
    area: BaseGeometry | None = None  # WGS84
    outside_area: OutsideArea = OutsideArea.REFUSE
    metric_srid: int = geo.SWEREF99_TM

    def __post_init__(self) -> None:
        if is_naive(self.now):
            raise ValueError("now needs a time zone")
        object.__setattr__(self, "now", self.now.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Checked:
    """One entry a row, in the order of the rows: a draft, or None and at least one problem."""

    drafts: list[IncidentDraft | None]
    problems: list[tuple[FieldProblem, ...]]


_UNKNOWN_CATEGORY = FieldProblem("category", "unknown-category", "Use one of the category codes of the organisation.")
_OUTSIDE_AREA = FieldProblem(
    "position", "outside-area", "Check the position: it lies outside the area of the organisation."
)
_BEFORE_START = FieldProblem(
    "occurred_to", "before-start", "Give an occurred_to that is not earlier than occurred_from."
)
_NO_SOURCE = FieldProblem("source", "missing", "Say which source the incident comes from.")
_UNCERTAINTY_NOT_FINITE = FieldProblem(
    "location_uncertainty_m", "not-finite", "Give the uncertainty of the position as an ordinary number."
)
_UNCERTAINTY_RANGE = FieldProblem(
    "location_uncertainty_m",
    "out-of-range",
    f"Give the uncertainty of the position in metres, from 0 to {incidents.LOCATION_UNCERTAINTY_MAX_M:,.0f}.",
)
_PATTERN_WORDS: Final = {
    Pattern.IDENTITY_NUMBER: "a personal identity number",
    Pattern.REGISTRATION_PLATE: "a registration plate",
    Pattern.EMAIL_ADDRESS: "an e-mail address",
    Pattern.PHONE_NUMBER: "a telephone number",
}


def check(raws: Sequence[RawIncident], rules: IngestRules) -> Checked:
    """Judge every row by every rule.

    All problems of a row are told, not only the first. Raises SetupError for a metric system not in metres.
    """
    located = geo.locate([raw.position for raw in raws], rules.metric_srid, is_area_given=rules.area is not None)
    outside = _rows_outside(located, rules.area)
    lon, lat = located.lon.tolist(), located.lat.tolist()
    latest = rules.now + CLOCK_TOLERANCE
    # Few sources send many rows.
    clean_source = lru_cache(maxsize=1024)(_clean_source)
    checked = Checked([], [])
    for row, raw in enumerate(raws):
        problems: list[FieldProblem] = []
        marks: tuple[str, ...] = ()
        if raw.category not in rules.categories:
            problems.append(_UNKNOWN_CATEGORY)
        if row in located.problems:
            problems.append(located.problems[row])
        elif row in outside:
            if rules.outside_area is OutsideArea.REFUSE:
                problems.append(_OUTSIDE_AREA)
            marks += (OUTSIDE_AREA_MARK,)
        occurred_from, occurred_to = _interval(raw, latest, problems)
        problems += _uncertainty_problems(raw.location_uncertainty_m)
        source, source_problems = clean_source(raw.source, raw.text_reviewed)
        problems += source_problems
        source_ref = raw.source_ref
        if source_ref is not None:
            source_ref, ref_problems, ref_marks = _clean_ref(source_ref)
            problems += ref_problems
            marks += ref_marks
        text = raw.text
        if text is not None:
            text, text_problems = _clean_checked("text", incidents.TEXT_MAX_CHARS, text, raw.text_reviewed)
            problems += text_problems
        checked.problems.append(tuple(problems))
        if problems or occurred_from is None:
            checked.drafts.append(None)
            continue
        checked.drafts.append(
            IncidentDraft(
                category=raw.category,
                occurred_from=occurred_from,
                occurred_to=occurred_to,
                lon=lon[row],
                lat=lat[row],
                location_uncertainty_m=raw.location_uncertainty_m,
                source=source,
                source_ref=source_ref or None,
                text=text or None,
                marks=marks,
            )
        )
    return checked


def _rows_outside(located: geo.Located, area: BaseGeometry | None) -> frozenset[int]:
    """Rows outside the area; its border belongs to it. Preparing the area makes many points cheap."""
    if area is None:
        return frozenset()
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, located.lon, located.lat)
    return frozenset(np.flatnonzero(~inside).tolist())


def _interval(
    raw: RawIncident, latest: datetime, problems: list[FieldProblem]
) -> tuple[datetime | None, datetime | None]:
    """Bring both ends to UTC; None for one that is not given or, with one more problem, cannot be."""
    occurred_from = _instant(raw.occurred_from, "occurred_from", latest, problems)
    if raw.occurred_to is None:
        return occurred_from, None
    occurred_to = _instant(raw.occurred_to, "occurred_to", latest, problems)
    if occurred_from and occurred_to and occurred_to < occurred_from:
        problems.append(_BEFORE_START)
    return occurred_from, occurred_to


def _instant(value: datetime, field: str, latest: datetime, problems: list[FieldProblem]) -> datetime | None:
    """Bring an instant to UTC, or give None and one more problem."""
    if is_naive(value):
        problems.append(FieldProblem(field, "naive-time", f"Give {field} with its offset from UTC."))
        return None
    # Compared in UTC, where it is cheap; the first and the last year may have no UTC.
    instant = value.astimezone(UTC) if MINYEAR < value.year < MAXYEAR else value
    if instant < EARLIEST:
        problems.append(FieldProblem(field, "too-early", f"Give {field} as {EARLIEST:%Y-%m-%d} or later."))
        return None
    if instant > latest:
        problems.append(FieldProblem(field, "in-future", f"Give {field} as a time that has been."))
        return None
    return instant


def _uncertainty_problems(uncertainty_m: float | None) -> tuple[FieldProblem, ...]:
    if uncertainty_m is None:
        return ()
    if not math.isfinite(uncertainty_m):
        return (_UNCERTAINTY_NOT_FINITE,)
    if not 0 <= uncertainty_m <= incidents.LOCATION_UNCERTAINTY_MAX_M:
        return (_UNCERTAINTY_RANGE,)
    return ()


def _clean_source(value: str, is_reviewed: bool) -> tuple[str, tuple[FieldProblem, ...]]:  # noqa: FBT001
    source, problems = _clean_checked("source", incidents.SOURCE_MAX_CHARS, value, is_reviewed)
    return source, problems if source else (*problems, _NO_SOURCE)


def _clean_ref(value: str) -> tuple[str, tuple[FieldProblem, ...], tuple[str, ...]]:
    """Clean a reference. Some registers number by person; that is marked, since it cannot be changed here."""
    source_ref, problems = _clean("source_ref", incidents.SOURCE_REF_MAX_CHARS, value)
    has_number = personal_data.has_identity_number(source_ref)
    return source_ref, problems, (REFERENCE_MARK,) if has_number else ()


def _clean(field: str, max_chars: int, value: str) -> tuple[str, tuple[FieldProblem, ...]]:
    """Keep the text as sent, but NFC, with plain line feeds and stripped ends."""
    problems: tuple[FieldProblem, ...] = ()
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    if not value.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _FORBIDDEN.search(value):
            message = f"Take out the control characters in {field}."
            problems += (FieldProblem(field, "control-character", message),)
    text = text.strip()
    if len(text) > max_chars:
        problems += (FieldProblem(field, "too-long", f"Shorten {field} to at most {max_chars:,} characters."),)
    return text, problems


def _clean_checked(
    field: str,
    max_chars: int,
    value: str,
    is_reviewed: bool,  # noqa: FBT001
) -> tuple[str, tuple[FieldProblem, ...]]:
    """Clean a text that people read, and that must not hold personal data.

    Beyond the longest text nothing is searched: it has to be shortened anyway.
    """
    text, problems = _clean(field, max_chars, value)
    findings = personal_data.find(text[:max_chars])
    if not findings:
        return text, problems
    patterns = {finding.pattern: None for finding in findings}  # each once, in order
    return text, problems + tuple(
        _personal_data_problem(field, pattern)
        for pattern in patterns
        if personal_data.is_hard(pattern) or not is_reviewed
    )


def _personal_data_problem(field: str, pattern: Pattern) -> FieldProblem:
    way_out = (
        "write a time of day with a colon if that is what it is"
        if personal_data.is_hard(pattern)
        else "or say that the text is reviewed"
    )
    message = f"Take out what looks like {_PATTERN_WORDS[pattern]} in {field}, {way_out}."
    return FieldProblem(field, "personal-data", message)
