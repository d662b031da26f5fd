"""What the query of an address asks for. Anything unknown or unreadable is refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from fastapi import Request

from app.core.errors import FieldProblem, ParameterError
from app.core.features import SORTABLE, Collection, Kind
from app.core.reference_systems import CRS84, box, named
from app.store.features.cql2 import Compiler, Condition, parse, touching_place, touching_time
from app.store.features.reading import Wanted

LIMIT: Final = 10
MOST: Final = 10_000  # features on one page of GeoJSON
MOST_IN_FILE: Final = 1_000_000  # rows of a CSV or GeoParquet file
FARTHEST: Final = 10_000_000
LONGEST: Final = 300  # of a value that is no filter
OF_ITEMS: Final = frozenset(
    {"f", "limit", "offset", "after", "bbox", "bbox-crs", "datetime", "crs", "properties", "sortby", "filter",
     "filter-lang", "filter-crs"}
)  # fmt: skip
LANGUAGES: Final = ("cql2-text", "cql2-json")


@dataclass(frozen=True, slots=True)
class Asked:
    """The query of one request: each parameter once."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """A parameter, if it was given."""
        return self.values.get(name)


def asked(request: Request, *names: str) -> Asked:
    """The parameters, which must be among these (and f). Raises ParameterError."""
    known = {"f", *names}
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise wrong(name, f"There is no such parameter here; there are: {', '.join(sorted(known))}.")
        if name in found:
            raise wrong(name, "The parameter stands there twice.")
        if "\x00" in value or (name != "filter" and len(value) > LONGEST):
            raise wrong(name, "The value is too long, or holds a character that no text here has.")
        found[name] = value
    return Asked(found)


def of_items(request: Request, collection: Collection) -> Asked:
    """The parameters of a list of features. Raises ParameterError."""
    return asked(request, *OF_ITEMS, *collection.queryables)


def wanted(given: Asked, collection: Collection, *, is_file: bool = False) -> Wanted:
    """Which features, in what form. Raises ParameterError."""
    most = MOST_IN_FILE if is_file else MOST
    limit = _whole(given, "limit", 1, FARTHEST) or (most if is_file else LIMIT)
    offset = _whole(given, "offset", 0, FARTHEST) or 0
    order = _order(given, collection)
    after = given.get("after")
    if after is not None and (order or offset):
        raise wrong("after", "Use the address of a next link as it is.")
    if after is not None:
        _check_key(after, collection)
    return Wanted(
        conditions=conditions(given, collection),
        limit=min(limit, most),
        offset=offset,
        after=after,
        system=named(given.get("crs"), "crs"),
        properties=_properties(given, collection),
        order=order,
    )


def logged(given: Asked, collection: Collection) -> dict[str, object]:
    """What the audit log says of a request that was found readable: bounds and names, never words that somebody typed.

    A filter is told by its length, a property by its name.
    """
    told: dict[str, object] = {name: given.values[name] for name in ("bbox", "datetime") if name in given.values}
    if named_ones := sorted(collection.queryables.keys() & given.values.keys()):
        told["by"] = named_ones
    if "filter" in given.values:
        told["filter_chars"] = len(given.values["filter"])
    return {"collection": collection.id, **told}


def conditions(given: Asked, collection: Collection) -> tuple[Condition, ...]:
    """What the features must be like. Raises ParameterError."""
    kinds = {p.name: p.kind for p in collection.properties}
    found = [*_in_box(given), *_in_time(given, collection)]
    for number, name in enumerate(sorted(collection.queryables.keys() & given.values.keys())):
        value = _typed(name, kinds[name], given.values[name])
        compiler = Compiler(kinds, CRS84, prefix=f"p{number}_")
        found.append(compiler.condition({"op": "=", "args": [{"property": name}, value]}))
    language = given.get("filter-lang") or LANGUAGES[0]
    if language not in LANGUAGES:
        raise wrong("filter-lang", f"It is one of {', '.join(LANGUAGES)}.")
    system = named(given.get("filter-crs"), "filter-crs")
    text = given.get("filter")
    if text is not None:
        found.append(Compiler(kinds, system).condition(parse(text, language)))
    return tuple(found)


def _in_box(given: Asked) -> list[Condition]:
    system = named(given.get("bbox-crs"), "bbox-crs")
    text = given.get("bbox")
    if text is None:
        return []
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise wrong("bbox", "It is four numbers with commas between, or six with heights.") from error
    return [touching_place(box(numbers, system))]


def _in_time(given: Asked, collection: Collection) -> list[Condition]:
    """Features whose time touches the asked one; a feature without an end lasts a moment."""
    text = given.get("datetime")
    if text is None:
        return []
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 1 and parts[0] in {"", ".."}):  # noqa: PLR2004 -- from and to
        raise wrong("datetime", "It is a moment, or two with a slash between; .. leaves one side open.")
    since, until = _moment(parts[0], is_last=False), _moment(parts[-1], is_last=True)
    if (since is None and until is None) or (since and until and since > until):
        raise wrong("datetime", "It names no time, or ends before it begins.")
    return [] if collection.time is None else touching_time(collection.time, since, until)


def _moment(text: str, *, is_last: bool) -> datetime | None:
    if text in {"", ".."}:
        return None
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time.max if is_last else time.min, UTC)
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong("datetime", "Write moments as 2026-01-01T12:00:00Z, days as 2026-01-01.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _typed(name: str, kind: Kind, text: str) -> object:
    """A value as it stands in an address."""
    match kind:
        case Kind.INTEGER | Kind.NUMBER:
            try:
                return float(text)
            except ValueError as error:
                raise wrong(name, "It is a number.") from error
        case Kind.BOOLEAN:
            return text == "true"
        case Kind.TEXTS:
            return text.split(",")
        case _:
            return text


def _properties(given: Asked, collection: Collection) -> tuple[str, ...] | None:
    text = given.get("properties")
    if text is None:
        return None
    names = tuple(name for name in text.split(",") if name)
    _check_names("properties", names, {p.name for p in collection.properties})
    return names


def _order(given: Asked, collection: Collection) -> tuple[tuple[str, bool], ...]:
    text = given.get("sortby")
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]  # a plus sign arrives as a space
    order = tuple((part.lstrip("+-"), part.startswith("-")) for part in parts)
    _check_names("sortby", [name for name, _ in order], {p.name for p in collection.properties if p.kind in SORTABLE})
    return order


def _check_names(parameter: str, names: object, known: set[str]) -> None:
    if not isinstance(names, (list, tuple)) or not set(names) <= known:
        raise wrong(parameter, f"It names some of: {', '.join(sorted(known))}.")


def _check_key(after: str, collection: Collection) -> None:
    """A key as it stands in a next link."""
    is_whole = collection.key_kind != "integer" or (after.isdecimal() and len(after) < 10)  # noqa: PLR2004 -- integer
    is_id = collection.key_kind != "uuid" or _is_uuid(after)
    if not (is_whole and is_id):
        raise wrong("after", "Use the address of a next link as it is.")


def _is_uuid(text: str) -> bool:
    plain = text.replace("-", "")
    return len(plain) == 32 and all(c in "0123456789abcdef" for c in plain.lower())  # noqa: PLR2004


def _whole(given: Asked, name: str, least: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and least <= int(text)):  # noqa: PLR2004 -- digits
        raise wrong(name, f"It is a whole number from {least}.")
    return min(int(text), most)


def wrong(name: str, sentence: str) -> ParameterError:
    """What is the matter with one parameter."""
    return ParameterError(f"{name[:40]}: {sentence}", (FieldProblem(name[:40], "invalid-parameter", sentence),))
