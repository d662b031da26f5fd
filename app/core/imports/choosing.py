"""Which column says what: its name proposes, what stands in it decides."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.core.imports import columns as naming
from app.core.imports.categories import Matcher
from app.core.imports.moments import UnreadableError, read_title
from app.core.imports.names import compact, words
from app.core.imports.profile import Field, Kind
from app.core.imports.shapes import MOST, Shape

_HALF: Final = 0.5
_FEW: Final = 0.1
_PROSE_CHARS: Final = 15
_DISTINCT: Final = 0.98
_DEGREES: Final = 180.0
_PARTS: Final = (Field.YEAR, Field.MONTH, Field.DAY, Field.HOUR, Field.MINUTE)
_PUBLISHED_NAMES: Final = frozenset({"date", "datetime", "datum", "time", "timestamp"})
_ENDS: Final = re.compile(r"\b(?:slut|till|to\b|end)")


@dataclass
class Choice:
    """The columns that were chosen so far; each says one thing."""

    columns: dict[Field, tuple[str, ...]] = field(default_factory=dict)
    by_name: set[Field] = field(default_factory=set)
    kind: Kind = Kind.INCIDENTS

    def take(self, target: Field, *names: str, is_by_name: bool = True) -> None:
        """Let these columns say `target`."""
        self.columns[target] = names
        if is_by_name:
            self.by_name.add(target)

    def free(self, names: Iterable[str]) -> list[str]:
        """Those that say nothing yet."""
        taken = {name for chosen in self.columns.values() for name in chosen}
        return [name for name in names if name not in taken]


def choose(shapes: dict[str, Shape], matcher: Matcher) -> Choice:
    """The columns of incidents; or of figures, when there is an area and a count and no place."""
    named = {
        target: [name for name in names if shapes[name].filled]
        for target, names in naming.candidates(list(shapes)).items()
    }
    choice = Choice()
    _choose_positions(choice, shapes, named)
    _choose_times(choice, shapes, named)
    _choose_kind(choice, shapes, named)
    _choose_category(choice, shapes, named, matcher)
    _choose_reference(choice, shapes, named)
    _choose_rest(choice, shapes, named)
    return choice


def _choose_positions(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]]) -> None:
    pairs = [
        (x, y)
        for x in named[Field.X]
        for y in named[Field.Y]
        if x != y and min(shapes[x].numbers, shapes[y].numbers) > _HALF and _is_alike(shapes[x], shapes[y])
    ]
    # Degrees say what they are; metres have to be guessed.
    pairs.sort(key=lambda pair: abs(shapes[pair[0]].median) > _DEGREES)
    if pairs:
        choice.take(Field.X, pairs[0][0])
        choice.take(Field.Y, pairs[0][1])
        return
    points = [name for name in named[Field.GEOMETRY] if shapes[name].points > _HALF]
    if points:
        choice.take(Field.GEOMETRY, points[0])
    elif others := [name for name, shape in shapes.items() if shape.points > MOST]:
        choice.take(Field.GEOMETRY, others[0], is_by_name=False)


def _is_alike(x: Shape, y: Shape) -> bool:
    return (abs(x.median) <= _DEGREES) == (abs(y.median) <= _DEGREES)


def _choose_times(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]]) -> None:
    starts = [name for name in choice.free(named[Field.OCCURRED_FROM]) if shapes[name].dates > _HALF]
    title = next((name for name in named[Field.TITLE] if _is_title(shapes[name])), None)
    published = next((n for n in (*named[Field.PUBLISHED], *starts) if shapes[n].dates > _HALF), None)
    if title and published and (not starts or compact(starts[0]) in _PUBLISHED_NAMES or starts[0] == published):
        choice.take(Field.TITLE, title)
        choice.take(Field.PUBLISHED, published)
        return
    has_parts = all(_has_numbers(shapes, named[part]) for part in (Field.YEAR, Field.MONTH, Field.DAY))
    if not starts and not has_parts and not named[Field.YEAR]:
        starts = [name for name in choice.free(shapes) if shapes[name].dates > MOST]
    if starts and not (has_parts and shapes[starts[0]].is_only_days):
        _take_time(choice, shapes, named, Field.OCCURRED_FROM, starts[0])
    else:
        for part in _PARTS:
            if names := choice.free(named[part]):
                choice.take(part, names[0])
        if Field.YEAR not in choice.columns and Field.MONTH in choice.columns:
            _forget_parts(choice)
    ends = [name for name in choice.free(named[Field.OCCURRED_TO]) if shapes[name].dates > _HALF]
    if ends and Field.OCCURRED_FROM in choice.columns:
        _take_time(choice, shapes, named, Field.OCCURRED_TO, ends[0])


def _forget_parts(choice: Choice) -> None:
    """A month without a year says nothing."""
    for part in _PARTS:
        choice.columns.pop(part, None)
        choice.by_name.discard(part)


def _has_numbers(shapes: dict[str, Shape], names: list[str]) -> bool:
    return bool(names) and shapes[names[0]].numbers > _HALF


def _is_title(shape: Shape) -> bool:

    readable = 0
    for text in shape.texts:
        try:
            read_title(text, datetime(2024, 12, 31))  # noqa: DTZ001 -- any end of a leap year will do
            readable += 1
        except UnreadableError:
            continue
    return bool(shape.texts) and readable > MOST * len(shape.texts)


def _take_time(
    choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]], target: Field, day: str
) -> None:
    """A column of days takes the column beside it that tells the time of day."""
    is_by_name = day in named[target]
    is_end = target is Field.OCCURRED_TO
    if shapes[day].is_only_days:
        likely = [
            name
            for name in choice.free([*named[Field.HOUR], *shapes])
            if name != day and shapes[name].clocks > MOST and shapes[name].dates < _HALF
            and (naming.is_clock_name(name) or name in named[Field.HOUR])
        ]  # fmt: skip
        likely.sort(key=lambda name: (bool(_ENDS.search(words(name))) != is_end, -_shared(name, day)))
        if likely and (not is_end or _ENDS.search(words(likely[0]))):
            choice.take(target, day, likely[0], is_by_name=is_by_name)
            return
    choice.take(target, day, is_by_name=is_by_name)


def _shared(first: str, second: str) -> int:
    """How many words two names share."""
    return len(set(words(first).split()) & set(words(second).split()))


def _choose_kind(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]]) -> None:
    """Counts by area: nothing says where in the area."""
    if {Field.X, Field.GEOMETRY} & set(choice.columns):
        return
    counts = [name for name in choice.free(named[Field.COUNT]) if shapes[name].numbers > _HALF]
    areas = [name for name in choice.free(named[Field.AREA]) if shapes[name].numbers < _HALF]
    only_places = {*named[Field.ADDRESS], *named[Field.SOURCE_REF]} - set(areas)
    if counts and areas and not only_places:
        choice.take(Field.COUNT, counts[0])
        choice.take(Field.AREA, areas[0])
        choice.kind = Kind.FIGURES


def _choose_category(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]], matcher: Matcher) -> None:
    codes = [n for n in choice.free(named[Field.CRIME_CODE]) if shapes[n].texts]
    if codes:
        choice.take(Field.CRIME_CODE, codes[0])
    ranked = []
    for rank, name in enumerate(choice.free(named[Field.CATEGORY])):
        texts = shapes[name].texts
        if shapes[name].dates > _HALF or (shapes[name].numbers > _HALF and not _matched(texts, matcher)):
            continue
        ranked.append((-round(_matched(texts, matcher) - (_HALF if _is_prose(shapes[name]) else 0), 1), rank, name))
    if ranked:
        choice.take(Field.CATEGORY, min(ranked)[2])
        return
    for name in choice.free(shapes):
        shape = shapes[name]
        is_few = shape.distinct < _HALF or len(shape.texts) < _PROSE_CHARS
        if shape.texts and is_few and not codes and _matched(shape.texts, matcher) > MOST and shape.numbers < _HALF:
            choice.take(Field.CATEGORY, name, is_by_name=False)
            return


def _matched(texts: list[str], matcher: Matcher) -> float:
    return sum(matcher.named(text) is not None for text in texts) / len(texts) if texts else 0.0


def _is_prose(shape: Shape) -> bool:
    """Sentences, not kinds."""
    return shape.distinct > _HALF and sum(map(len, shape.texts)) > 2 * _PROSE_CHARS * len(shape.texts)


def _choose_reference(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]]) -> None:
    names = choice.free(named[Field.SOURCE_REF])
    own = [name for name in names if shapes[name].distinct > _DISTINCT]
    if chosen := (own or [name for name in names if shapes[name].distinct > _HALF]):
        choice.take(Field.SOURCE_REF, chosen[0])


def _choose_rest(choice: Choice, shapes: dict[str, Shape], named: dict[Field, list[str]]) -> None:
    for target in (Field.ORGANISATION, Field.TEXT_REVIEWED, Field.UNCERTAINTY, Field.AREA, Field.ADDRESS, Field.PLACE):
        if target in choice.columns:
            continue
        names = choice.free(named[target])
        if target is Field.UNCERTAINTY:
            names = [name for name in names if shapes[name].numbers > _HALF]
        elif target in {Field.ADDRESS, Field.PLACE}:
            names = [name for name in names if shapes[name].numbers < _HALF and shapes[name].points < _HALF]
        if not names:
            continue
        numbers = [
            n for n in choice.free(shapes) if naming.is_house_number_name(n) and n not in named[Field.SOURCE_REF]
        ]
        if target is Field.ADDRESS and shapes[names[0]].numbers < _FEW and numbers:
            # In the file's order: Storgatan 5, but 5 Main Street.
            choice.take(target, *(name for name in shapes if name in {names[0], numbers[0]}))
        else:
            choice.take(target, names[0])
    texts = [name for name in choice.free(named[Field.TEXT]) if shapes[name].numbers < _HALF]
    if texts:
        choice.take(Field.TEXT, *texts[:2])
