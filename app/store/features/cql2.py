"""CQL2 filters: from the tree that the parser makes to SQL with bound values.

Nothing of what was sent becomes part of the statement: properties and operators come from tables here and in
app/core/features.py, values are bound, and every operation knows what it takes. What does not fit is refused before
anything runs.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, ClassVar, Final

import cql2
import shapely

from app.core.errors import ParameterError
from app.core.features import Kind
from app.core.reference_systems import ReferenceSystem, box, shape

MOST_CHARS: Final = 20_000
MOST_NESTED: Final = 32
MOST_WORDS: Final = 200  # operators and parentheses: the parser takes time for their square
MOST_NODES: Final = 2_000
_LITERALS: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_OPERATORS: Final = re.compile(r"[-+*/^%<>=]|\b(?:and|or|not|div|like|between|in|is)\b", re.IGNORECASE)

COMPARISONS: Final = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
ARITHMETIC: Final = {"+": "({} + {})", "-": "({} - {})", "*": "({} * {})", "/": "({} / {})", "^": "power({}, {})"}
WHOLE: Final = {  # not defined for floating point
    "%": "CAST(mod(CAST({} AS numeric), CAST({} AS numeric)) AS double precision)",
    "div": "CAST(div(CAST({} AS numeric), CAST({} AS numeric)) AS double precision)",
}
SPATIAL: Final = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Disjoint",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_overlaps": "ST_Overlaps",
}
ARRAYS: Final = {"a_equals": "=", "a_contains": "@>", "a_containedby": "<@", "a_overlaps": "&&"}
TEMPORAL: Final = {  # of [a, b] and [c, d]
    "t_after": "{a} > {d}",
    "t_before": "{b} < {c}",
    "t_contains": "{a} < {c} AND {b} > {d}",
    "t_disjoint": "({b} < {c} OR {a} > {d})",
    "t_during": "{a} > {c} AND {b} < {d}",
    "t_equals": "{a} = {c} AND {b} = {d}",
    "t_finishedby": "{a} < {c} AND {b} = {d}",
    "t_finishes": "{a} > {c} AND {b} = {d}",
    "t_intersects": "{a} <= {d} AND {b} >= {c}",
    "t_meets": "{b} = {c}",
    "t_metby": "{a} = {d}",
    "t_overlappedby": "{a} > {c} AND {a} < {d} AND {b} > {d}",
    "t_overlaps": "{a} < {c} AND {b} > {c} AND {b} < {d}",
    "t_startedby": "{a} = {c} AND {b} > {d}",
    "t_starts": "{a} = {c} AND {b} < {d}",
}
MARKS_OF_LETTERS: Final = "[\u0300-\u036f]"  # what NFD takes off å, é and the like


class Of(StrEnum):
    """What an expression's value is."""

    TEXT = "a text"
    NUMBER = "a number"
    INSTANT = "a moment"
    DATE = "a date"
    BOOLEAN = "true or false"
    TEXTS = "a list of texts"
    GEOMETRY = "a geometry"


OF_KIND: Final = {
    Kind.TEXT: Of.TEXT,
    Kind.INTEGER: Of.NUMBER,
    Kind.NUMBER: Of.NUMBER,
    Kind.INSTANT: Of.INSTANT,
    Kind.DATE: Of.DATE,
    Kind.BOOLEAN: Of.BOOLEAN,
    Kind.TEXTS: Of.TEXTS,
}
TYPES: Final = {
    Of.TEXT: "text",
    Of.NUMBER: "double precision",
    Of.INSTANT: "timestamptz",
    Of.DATE: "date",
    Of.BOOLEAN: "boolean",
    Of.TEXTS: "text[]",
}


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of SQL and what it gives; `literal` is the value where it is one."""

    sql: str
    of: Of
    literal: Any = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL that is true or false, and the values bound in it."""

    sql: str
    values: Mapping[str, Any]


def touching_place(place: shapely.Geometry) -> Condition:
    """Features that share a point with a shape in degrees."""
    return Condition(
        "ST_Intersects(t.geom, ST_SetSRID(ST_GeomFromWKB(:place), 4326))", {"place": shapely.to_wkb(place)}
    )


def touching_time(ends: tuple[str, str], since: datetime | None, until: datetime | None) -> list[Condition]:
    """Features whose time, from one property to the other, touches a span; without an end they last a moment."""
    begin, end = ends
    found = []
    if since is not None:
        found.append(Condition(f"coalesce(t.{end}, t.{begin}) >= :since", {"since": since}))
    if until is not None:
        found.append(Condition(f"t.{begin} <= :until", {"until": until}))
    return found


def parse(text: str, language: str) -> Any:
    """The tree of a filter. Raises ParameterError for whatever is not CQL2, or too much of it."""
    if len(text) > MOST_CHARS:
        raise ParameterError(f"The filter is longer than {MOST_CHARS} characters.")
    if "\x00" in text:
        raise ParameterError("The filter holds a character that no text here has.")
    if language == "cql2-json":
        return _parsed_json(text)
    bare = _LITERALS.sub("0", text)
    if _depth(bare) > MOST_NESTED or len(_OPERATORS.findall(bare)) > MOST_WORDS:
        raise ParameterError("The filter is nested too deeply, or has too many parts.")
    return _tree(text)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


def _parsed_json(text: str) -> Any:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    opened = depth = 0
    for character in bare:
        depth += (character in "[{") - (character in "]}")
        opened = max(opened, depth)
    if opened > 2 * MOST_NESTED:  # an operation opens an object and a list
        raise ParameterError("The filter is nested too deeply.")
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ParameterError("The filter is not JSON.") from error
    if not isinstance(given, dict):
        raise ParameterError("The filter is not CQL2: give an object with op and args.")
    return _tree(given)


def _tree(given: Any) -> Any:
    try:
        return cql2.Expr(given).to_json()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the parser is no Exception
        raise ParameterError(
            "The filter is not CQL2; see the queryables of the collection for its properties."
        ) from error


@dataclass(slots=True)
class Compiler:
    """Makes one condition. `prefix` keeps the names of its values apart from those of others in the statement."""

    properties: Mapping[str, Kind]
    system: ReferenceSystem
    prefix: str = "c"
    geometry: str = "geom"
    values: dict[str, Any] = field(default_factory=dict)
    _nodes: int = 0
    _depth: int = 0

    def condition(self, tree: Any) -> Condition:
        """The whole filter. Raises ParameterError."""
        return Condition(self._wanted(tree, Of.BOOLEAN).sql, self.values)

    def _bound(self, value: Any, of: Of) -> Term:
        name = f"{self.prefix}{len(self.values)}"
        self.values[name] = value
        return Term(f"CAST(:{name} AS {TYPES[of]})", of, value)

    def _term(self, node: Any) -> Term:
        self._nodes += 1
        self._depth += 1
        if self._nodes > MOST_NODES or self._depth > 8 * MOST_NESTED:
            raise ParameterError("The filter is nested too deeply, or has too many parts.")
        found = self._of(node)
        self._depth -= 1
        return found

    def _of(self, node: Any) -> Term:
        match node:
            case bool():
                return self._bound(node, Of.BOOLEAN)
            case int() | float() if math.isfinite(node):
                return self._bound(float(node), Of.NUMBER)
            case str():
                return self._bound(node, Of.TEXT)
            case list():
                return self._texts(node)
            case {"property": str(name)}:
                return self._property(name)
            case {"timestamp": str(text)}:
                return self._bound(_instant(text), Of.INSTANT)
            case {"date": str(text)}:
                return self._bound(_day(text), Of.DATE)
            case {"op": str(op), "args": list(args)}:
                return self._operation(op.lower(), args)
        raise ParameterError("The filter holds something that cannot stand there.")

    def _property(self, name: str) -> Term:
        kind = self.properties.get(name)
        if name == self.geometry:
            return Term("t.geom", Of.GEOMETRY)
        if kind is None:
            raise ParameterError(f"There is no property {_shown(name)}; the queryables name those that there are.")
        column = f't."{name}"'
        return Term(f"CAST({column} AS double precision)" if kind is Kind.INTEGER else column, OF_KIND[kind])

    def _wanted(self, node: Any, *kinds: Of) -> Term:
        found = self._term(node)
        if found.of not in kinds:
            raise ParameterError(f"The filter has {found.of} where {' or '.join(kinds)} is needed.")
        return found

    def _operation(self, op: str, args: list[Any]) -> Term:
        if op == "-" and len(args) == 1:
            return Term(f"(- {self._wanted(args[0], Of.NUMBER).sql})", Of.NUMBER)
        for names, count, compiled in self._TABLE:
            if op in names:
                if count is not None and len(args) != count:
                    raise ParameterError(f"{op} takes {count} arguments.")
                return Term(*compiled(self, op, args))
        raise ParameterError(f"There is no operator or function {_shown(op)} here.")

    # ------------------------------------------------------------ the operations: each gives SQL and what it is

    def _joined(self, op: str, args: list[Any]) -> tuple[str, Of]:
        if not args:
            raise ParameterError(f"{op} takes arguments.")
        parts = [self._wanted(arg, Of.BOOLEAN).sql for arg in args]
        return f"({f' {op.upper()} '.join(parts)})", Of.BOOLEAN

    def _not(self, _: str, args: list[Any]) -> tuple[str, Of]:
        return f"(NOT {self._wanted(args[0], Of.BOOLEAN).sql})", Of.BOOLEAN

    def _compared(self, op: str, args: list[Any]) -> tuple[str, Of]:
        left, right = self._alike([self._term(arg) for arg in args])
        if left.of in {Of.GEOMETRY, Of.TEXTS}:
            raise ParameterError(f"{op} does not compare {left.of}.")
        return f"({left.sql} {COMPARISONS[op]} {right.sql})", Of.BOOLEAN

    def _between(self, _: str, args: list[Any]) -> tuple[str, Of]:
        value, low, high = self._alike([self._term(arg) for arg in args])
        if value.of in {Of.GEOMETRY, Of.TEXTS, Of.BOOLEAN}:
            raise ParameterError(f"between does not compare {value.of}.")
        return f"({value.sql} BETWEEN {low.sql} AND {high.sql})", Of.BOOLEAN

    def _in(self, _: str, args: list[Any]) -> tuple[str, Of]:
        if not isinstance(args[1], list) or not args[1]:
            raise ParameterError("in takes a list of values.")
        value, *others = self._alike([self._term(arg) for arg in (args[0], *args[1])])
        if value.of in {Of.GEOMETRY, Of.TEXTS}:
            raise ParameterError(f"in does not compare {value.of}.")
        return f"({value.sql} IN ({', '.join(other.sql for other in others)}))", Of.BOOLEAN

    def _is_null(self, _: str, args: list[Any]) -> tuple[str, Of]:
        return f"({self._term(args[0]).sql} IS NULL)", Of.BOOLEAN

    def _like(self, _: str, args: list[Any]) -> tuple[str, Of]:
        value, pattern = (self._wanted(arg, Of.TEXT) for arg in args)
        if isinstance(pattern.literal, str) and re.search(r"(?<!\\)(?:\\\\)*\\$", pattern.literal):
            raise ParameterError("The pattern of like ends in a backslash.")
        return f"({value.sql} LIKE {pattern.sql})", Of.BOOLEAN

    def _calculated(self, op: str, args: list[Any]) -> tuple[str, Of]:
        left, right = (self._wanted(arg, Of.NUMBER).sql for arg in args)
        return (ARITHMETIC | WHOLE)[op].format(left, right), Of.NUMBER

    def _folded(self, op: str, args: list[Any]) -> tuple[str, Of]:
        text = self._wanted(args[0], Of.TEXT).sql
        if op == "casei":
            return f'lower({text} COLLATE "und-x-icu")', Of.TEXT
        return f"regexp_replace(normalize({text}, NFD), '{MARKS_OF_LETTERS}', '', 'g')", Of.TEXT

    def _spatial(self, op: str, args: list[Any]) -> tuple[str, Of]:
        left, right = (self._shape(arg) for arg in args)
        return f"{SPATIAL[op]}({left}, {right})", Of.BOOLEAN

    def _temporal(self, op: str, args: list[Any]) -> tuple[str, Of]:
        (a, b), (c, d) = (self._span(arg) for arg in args)
        return f"({TEMPORAL[op].format(a=a, b=b, c=c, d=d)})", Of.BOOLEAN

    def _array(self, op: str, args: list[Any]) -> tuple[str, Of]:
        left, right = (self._wanted(arg, Of.TEXTS).sql for arg in args)
        return f"({left} {ARRAYS[op]} {right})", Of.BOOLEAN

    _TABLE: ClassVar[tuple[tuple[frozenset[str], int | None, Any], ...]] = (
        (frozenset({"and", "or"}), None, _joined),
        (frozenset({"not"}), 1, _not),
        (frozenset(COMPARISONS), 2, _compared),
        (frozenset({"between"}), 3, _between),
        (frozenset({"in"}), 2, _in),
        (frozenset({"isnull"}), 1, _is_null),
        (frozenset({"like"}), 2, _like),
        (frozenset(ARITHMETIC | WHOLE), 2, _calculated),
        (frozenset({"casei", "accenti"}), 1, _folded),
        (frozenset(SPATIAL), 2, _spatial),
        (frozenset(TEMPORAL), 2, _temporal),
        (frozenset(ARRAYS), 2, _array),
    )

    # ------------------------------------------------------------ values

    def _alike(self, terms: list[Term]) -> list[Term]:
        """The same kind of value on all sides. A text beside a moment or a date is read as one."""
        kinds = {term.of for term in terms}
        for wanted, read in ((Of.INSTANT, _instant), (Of.DATE, _day)):
            if wanted in kinds:
                terms = [self._bound(read(t.literal), wanted) if isinstance(t.literal, str) else t for t in terms]
        kinds = {term.of for term in terms}
        if kinds == {Of.INSTANT, Of.DATE}:
            terms = [
                Term(f"CAST({t.sql} AT TIME ZONE 'UTC' AS date)", Of.DATE) if t.of is Of.INSTANT else t for t in terms
            ]
        elif len(kinds) > 1:
            raise ParameterError(f"The filter compares {' with '.join(sorted(kinds))}.")
        return terms

    def _texts(self, values: list[Any]) -> Term:
        if not all(isinstance(value, str) for value in values):
            raise ParameterError("A list in the filter holds something else than texts.")
        return self._bound(values, Of.TEXTS)

    def _shape(self, node: Any) -> str:
        match node:
            case {"property": str(name)}:
                found = self._property(name)
                if found.of is Of.GEOMETRY:
                    return found.sql
            case {"bbox": list(numbers)} if all(isinstance(n, (int, float)) for n in numbers):
                return self._bound_shape(box([float(n) for n in numbers], self.system))
            case {"type": "GeometryCollection"} | {"type": str(), "coordinates": list()}:
                return self._bound_shape(shape(node, self.system))
        raise ParameterError("The filter has something else where a geometry is needed.")

    def _bound_shape(self, found: shapely.Geometry) -> str:
        name = f"{self.prefix}{len(self.values)}"
        self.values[name] = shapely.to_wkb(found)
        return f"ST_SetSRID(ST_GeomFromWKB(:{name}), 4326)"

    def _span(self, node: Any) -> tuple[str, str]:
        """The two ends of a time."""
        if isinstance(node, dict) and isinstance(node.get("interval"), list) and len(node["interval"]) == 2:  # noqa: PLR2004
            begin, end = node["interval"]
            return self._end(begin, is_last=False), self._end(end, is_last=True)
        return self._end(node, is_last=False), self._end(node, is_last=True)

    def _end(self, node: Any, *, is_last: bool) -> str:
        match node:
            case "..":
                return "'infinity'::timestamptz" if is_last else "'-infinity'::timestamptz"
            case str(text) | {"timestamp": str(text)} | {"date": str(text)}:
                moment = _instant(text, is_last=is_last)
                return self._bound(moment, Of.INSTANT).sql
            case {"property": str()}:
                found = self._wanted(node, Of.INSTANT, Of.DATE)
                return f"CAST({found.sql} AS timestamptz)" if found.of is Of.DATE else found.sql
        raise ParameterError("The filter has something else where a time is needed.")


def _instant(text: str, *, is_last: bool = False) -> datetime:
    """A moment as RFC 3339; a day is its first moment, or its last. Raises ParameterError."""
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time.max if is_last else time.min, UTC)
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ParameterError("The filter has a time that cannot be read: write 2026-01-01T12:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError("The filter has a date that cannot be read: write 2026-01-01.") from error


def _shown(name: str) -> str:
    """A name as it was sent, when it looks like one."""
    return name if re.fullmatch(r"[A-Za-z_]\w{0,40}", name, re.ASCII) else "of that name"
