"""Propose how to read a file: by the names of its columns, by what stands in them, by how it was read before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.core.imports import choosing, moments, words
from app.core.imports import columns as naming
from app.core.imports.categories import Matcher
from app.core.imports.known import Known
from app.core.imports.landing import SWEREF_ZONES, Landing, landings
from app.core.imports.names import compact
from app.core.imports.names import words as plain
from app.core.imports.profile import DayOrder, Field, Kind, Profile, Span
from app.core.imports.searching import Search
from app.core.imports.shapes import MOST, Shape
from app.core.imports.source import SourceRow

_MIDNIGHTS: Final = 0.08  # a share of 00:00 beyond any night's
_ENOUGH: Final = 50
_MONTHS_ENOUGH: Final = 12
_LISTED: Final = 200
_REPEATED: Final = 0.02
_NEARLY_ALL: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was proposed; words in either language."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def message(self, language: str) -> str:
        """One plain sentence in "sv" or "en"."""
        return words.of_reason(self.code, language, dict(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A profile to look at, why it is so, and what else it might be."""

    profile: Profile
    reasons: tuple[Reason, ...]
    landings: tuple[Landing, ...]  # likely ones, best first; the first is the profile's
    unmatched_categories: tuple[tuple[str, int], ...]  # values in the sample without a category, and how often
    unread_columns: tuple[str, ...]
    missing: tuple[str, ...]  # what nothing was found for: "category", "occurred_from", "position"


def suggest(
    columns: Sequence[str],
    sample: Sequence[SourceRow],
    known: Known,
    *,
    source: str,
    earlier: Profile | None = None,
    srid: int | None = None,
) -> Suggestion:
    """Propose a profile from the first rows (some hundred to some thousand; more than one part of the file is best).

    earlier: how this source was read the last time; what still fits is kept. srid: the file's own word.
    """
    rows = [row.cells for row in sample if row.problem is None and len(row.cells) == len(columns)]
    shapes = {name: Shape(name, [cells[i] for cells in rows]) for i, name in enumerate(columns)}
    reasons: list[Reason] = []
    renewed = None if earlier is None else _renewed(earlier, columns, source, reasons)
    if renewed is not None and not _gone(renewed, columns):
        profile, found = renewed, landings(shapes, renewed, known, (renewed.srid,))
    else:
        profile, found = _fresh(shapes, known, source, srid, reasons)
        if renewed is not None:
            profile = _with_earlier(profile, renewed)
    used = {name for names in profile.columns.values() for name in names}
    return Suggestion(
        profile=profile,
        reasons=tuple(reasons),
        landings=tuple(found),
        unmatched_categories=_unmatched(shapes, profile, known),
        unread_columns=tuple(name for name in columns if name not in used),
        missing=_missing(profile, known),
    )


def _renewed(earlier: Profile, columns: Sequence[str], source: str, reasons: list[Reason]) -> Profile:
    """The earlier profile with its columns as this file spells them."""
    spelled = {compact(name): name for name in reversed(columns)}
    renamed = {
        target: tuple(name if name in columns else spelled.get(compact(name), name) for name in names)
        for target, names in earlier.columns.items()
    }
    renewed = replace(earlier, source=source, columns=renamed)
    gone = _gone(renewed, columns)
    if gone:
        reasons.append(Reason(code="columns-changed", values=(("columns", ", ".join(gone)),)))
    else:
        reasons.append(Reason(code="as-before", values=(("source", source),)))
    return renewed


def _gone(profile: Profile, columns: Sequence[str]) -> list[str]:
    return sorted({name for names in profile.columns.values() for name in names if name not in columns})


def _with_earlier(profile: Profile, earlier: Profile) -> Profile:
    """What a person decided before and what does not hang on the columns."""
    return replace(
        profile,
        categories={**profile.categories, **earlier.categories},
        default_category=earlier.default_category,
        time_zone=earlier.time_zone,
        location_uncertainty_m=earlier.location_uncertainty_m,
        doubled_hour=earlier.doubled_hour,
        places=earlier.places,
        coarse_points=earlier.coarse_points,
    )


def _fresh(
    shapes: dict[str, Shape], known: Known, source: str, srid: int | None, reasons: list[Reason]
) -> tuple[Profile, list[Landing]]:
    choice = choosing.choose(shapes, Matcher(known.categories, known.crime_codes))
    for target, names in choice.columns.items():
        code = "by-name" if target in choice.by_name else "by-content"
        reasons.append(Reason(code=code, values=(("field", target), ("column", " + ".join(names)))))
    profile = Profile(source=source, columns=choice.columns, kind=choice.kind)
    if choice.kind is Kind.FIGURES:
        reasons.append(Reason(code="figures"))
    profile = _with_times(profile, shapes, known, reasons)
    _tell_references(profile, shapes, reasons)
    if choice.kind is Kind.FIGURES:
        return profile, []
    found = landings(shapes, profile, known, (srid, naming.said_srid(list(shapes))))
    if found:
        profile = found[0].profile
        _tell_landing(found[0], reasons)
    elif known.places and (asked := profile.columns.get(Field.PLACE) or profile.columns.get(Field.ADDRESS)):
        reasons.append(Reason(code="place-register", values=(("column", asked[0]),)))
    return profile, found


def _tell_landing(landing: Landing, reasons: list[Reason]) -> None:
    values = (
        ("system", f"EPSG:{landing.srid}"),
        ("inside", f"{landing.inside}"),
        ("points", f"{landing.points}"),
        ("name", landing.name or "–"),
    )
    reasons.append(Reason(code="lands-in" if landing.inside else "lands-outside", values=values))
    if landing.srid in SWEREF_ZONES and not landing.inside:
        reasons.append(Reason(code="zone-unclear"))
    if landing.is_swapped:
        columns = landing.profile.columns
        x, y = (columns.get(target, columns.get(Field.GEOMETRY, ("",)))[0] for target in (Field.X, Field.Y))
        reasons.append(Reason(code="axes-swapped", values=(("x", x), ("y", y))))


def _with_times(profile: Profile, shapes: dict[str, Shape], known: Known, reasons: list[Reason]) -> Profile:
    days = [shapes[n] for t in (Field.OCCURRED_FROM, Field.OCCURRED_TO) for n in profile.columns.get(t, ())[:1]]
    clocks = [shapes[n] for t in (Field.OCCURRED_FROM, Field.OCCURRED_TO) for n in profile.columns.get(t, ())[1:]]
    if Field.TITLE in profile.columns:
        names = (("column", profile.columns[Field.TITLE][0]), ("published", profile.columns[Field.PUBLISHED][0]))
        reasons.append(Reason(code="time-from-title", values=names))
    profile = _with_day_order(profile, days, known, reasons)
    if any(_is_compact(clock) for clock in clocks):
        reasons.append(Reason(code="compact-clock"))
        profile = replace(profile, is_clock_compact=True)
    if days and not clocks and _is_offset_wrong(days[0], shapes):
        reasons.append(Reason(code="offset-wrong", values=(("column", days[0].name),)))
        profile = replace(profile, is_offset_wrong=True)
    if days and not clocks and _is_months(days[0]):
        reasons.append(Reason(code="whole-months"))
        return replace(profile, span=Span.MONTH)
    share = _midnights(profile, shapes)
    if share >= _MIDNIGHTS:
        reasons.append(Reason(code="midnight-unknown", values=(("percent", f"{100 * share:.0f}"),)))
        profile = replace(profile, is_midnight_unknown=True)
    return profile


def _with_day_order(profile: Profile, days: Sequence[Shape], known: Known, reasons: list[Reason]) -> Profile:
    first, second, either = (sum(shape.day_orders[i] for shape in days) for i in range(3))
    if first or second:
        is_month_first = second > first
        reasons.append(Reason(code="month-first" if is_month_first else "day-first"))
    elif either:
        # Nothing but a guess: the police's own exports and most American ones put the month first.
        is_month_first = known.metric_srid != Known(categories=()).metric_srid
        reasons.append(Reason(code="day-order-unclear"))
    else:
        return profile
    return replace(profile, day_order=DayOrder.MONTH_FIRST if is_month_first else DayOrder.DAY_FIRST)


def _is_compact(clock: Shape) -> bool:
    """Bare numbers beyond any hour: 2215, and then 35 is 00:35."""
    bare = [text for text in clock.texts if text.isdecimal()]
    return bool(bare) and len(bare) == len(clock.texts) and any(int(text) > 100 for text in bare)  # noqa: PLR2004


def _is_offset_wrong(day: Shape, shapes: dict[str, Shape]) -> bool:
    """Whether another column's time of day is the written one in nearly all rows: then the offset is only ornament."""
    likely = [s for s in shapes.values() if s is not day and s.clocks > MOST and naming.is_clock_name(s.name)]
    for clock in likely:
        agree = told = 0
        for moment, cell in zip(day.row_moments, clock.cells, strict=True):
            if moment is None or moment.at.utcoffset() is None:
                continue
            told += 1
            agree += f"{moment.at:%H%M}" == str(cell).strip().replace(":", "").zfill(4)
        if told >= _ENOUGH and agree >= _NEARLY_ALL * told:
            return True
    return False


def _is_months(day: Shape) -> bool:
    found = day.read_moments
    if compact(day.name) in {"month", "manad"} and all(m.at.day == 1 for m in found):
        return True
    firsts = [m for m in found if m.precision is not moments.Precision.INSTANT and m.at.day == 1]
    return len(found) >= _MONTHS_ENOUGH and len(firsts) == len(found) and len({m.at for m in found}) > 1


def _midnights(profile: Profile, shapes: dict[str, Shape]) -> float:
    """The share of instants at 00:00, when there are enough and not all."""
    if Field.HOUR in profile.columns and Field.MINUTE in profile.columns:
        parts = (shapes[profile.columns[f][0]].texts for f in (Field.HOUR, Field.MINUTE))
        clocks = list(zip(*parts, strict=False))
        zero = sum({hour, minute} <= {"0", "00"} for hour, minute in clocks)
        return zero / len(clocks) if len(clocks) >= _ENOUGH and zero < len(clocks) else 0.0
    names = profile.columns.get(Field.OCCURRED_FROM, ())
    if len(names) != 1:
        return 0.0
    instants = [m.at for m in shapes[names[0]].read_moments if m.precision is moments.Precision.INSTANT]
    zero = sum((at.hour, at.minute) == (0, 0) for at in instants)
    return zero / len(instants) if len(instants) >= _ENOUGH else 0.0


def _tell_references(profile: Profile, shapes: dict[str, Shape], reasons: list[Reason]) -> None:
    names = profile.columns.get(Field.SOURCE_REF, ())
    if len(names) == 1 and 1 - shapes[names[0]].distinct > _REPEATED:
        percent = f"{100 * (1 - shapes[names[0]].distinct):.0f}"
        reasons.append(Reason(code="repeated-references", values=(("column", names[0]), ("percent", percent))))


def _unmatched(shapes: dict[str, Shape], profile: Profile, known: Known) -> tuple[tuple[str, int], ...]:
    """Values that mean no category of ours. None that looks like personal data is shown."""
    named, crime = (profile.columns.get(f, ()) for f in (Field.CATEGORY, Field.CRIME_CODE))
    matcher = Matcher(known.categories, known.crime_codes)
    chosen = {plain(value) for value in profile.categories}
    search = Search(is_reviewed=False)
    counts = Counter(
        text
        for name in (named or crime)
        for text in shapes[name].texts
        if plain(text) not in chosen and (matcher.named(text) if named else matcher.crime(text)) is None
    )
    return tuple((text, count) for text, count in counts.most_common(_LISTED) if not search.patterns(text))


def _missing(profile: Profile, known: Known) -> tuple[str, ...]:
    columns: Mapping[Field, tuple[str, ...]] = profile.columns
    missing = []
    if profile.kind is Kind.INCIDENTS:
        if not ({Field.CATEGORY, Field.CRIME_CODE} & set(columns)) and profile.default_category is None:
            missing.append("category")
        has_names = bool(known.places) and bool({Field.PLACE, Field.ADDRESS} & set(columns))
        if not ({Field.X, Field.GEOMETRY} & set(columns) or has_names):
            missing.append("position")
    if not {Field.OCCURRED_FROM, Field.YEAR, Field.TITLE} & set(columns):
        missing.append("occurred_from")
    return tuple(missing)
