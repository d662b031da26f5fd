"""Read map features as finished text, as rows, or as tiles. One relation for each collection, the same for all forms.

Counts, extents and lists act on what the reader sees: whoever sees coarsely gets those of the coarse image.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

import psycopg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from app.core.disclosure import Precision
from app.core.errors import ParameterError
from app.core.features import AREAS, HOTSPOT_HISTORY, HOTSPOTS, INCIDENTS, Collection, Kind
from app.core.permissions import Scope
from app.core.reference_systems import CRS84, ReferenceSystem
from app.store import hotspots
from app.store.features.cql2 import Condition
from app.store.incidents import LISTED
from app.store.queries import load
from app.store.tx import ReadTx

SQL = load("features")
DEGREES_ABOUT: Final = 0.01  # extents are told so exactly: a corner is nobody's position
LEVELS_OF_CELLS: Final = 12  # tiles of lower zooms hold counts for squares of the tile, not the points
CELLS: Final = 64  # squares along the side of a tile
MOST_IN_TILE: Final = 50_000
LAYER_EXTENT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A collection as it is for one reader at one moment."""

    collection: Collection
    relation: str
    values: Mapping[str, Any]
    revision: str | None  # changes with what the reader sees; None: only the answer itself tells
    changed_at: datetime | None = None
    is_empty: bool = False  # there is nothing to ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which features of a collection, and in what form."""

    conditions: tuple[Condition, ...] = ()
    limit: int = 10
    offset: int = 0
    after: str | None = None  # the key of the last feature of the page before
    system: ReferenceSystem = CRS84
    properties: tuple[str, ...] | None = None  # none: all
    order: tuple[tuple[str, bool], ...] = ()  # property, whether it falls; none: the collection's own order


@dataclass(frozen=True, slots=True)
class Page:
    """Features as JSON text with commas between, how many, and the key of the last."""

    features: str
    count: int
    last: str | None


def state(tx: ReadTx, collection: Collection) -> State:
    """How the collection is for this reader now."""
    scope = tx.scope
    if collection is AREAS:
        row = tx.conn.execute(SQL.areas_revision).one()
        return State(collection=collection, relation=SQL.areas.text, values={}, revision=f"{row.n} {row.newest}")
    if collection is INCIDENTS:
        return _incidents(tx)
    reach = list(scope.hotspots)
    relation = _relation(collection, is_exact=scope.sees_hotspots_exactly)
    values: dict[str, Any] = {"organisations": reach}
    if collection is HOTSPOT_HISTORY:
        row = tx.conn.execute(SQL.adoptions, values).one()
        told = f"{row.n} {row.taken_back} {row.newest} {_revision(tx, 'hotspots', reach)}"
        changed_at = row.adopted_at
    else:
        run = hotspots.current_run(tx, None, may_read_runs=False)
        told = f"{run['id']} {run['adopted_at']} {run['revision']}" if run else "none"
        values["run_id"] = run["id"] if run else None
        changed_at = run["adopted_at"] if run else None
    return State(
        collection=collection,
        relation=relation,
        values=values,
        revision=told if scope.sees_hotspots_exactly else None,
        changed_at=changed_at,
    )


def _incidents(tx: ReadTx) -> State:
    """Whoever sees part of it coarsely cannot be shown by a revision that something changed behind it."""
    reach = list(tx.scope.readable)
    is_exact = sees_incidents_exactly(tx.scope)
    return State(
        collection=INCIDENTS,
        relation=_relation(INCIDENTS, is_exact=is_exact),
        values={"organisations": reach, "states": [state.value for state in LISTED]},
        revision=_revision(tx, "incidents", reach) if is_exact else None,
    )


def sees_incidents_exactly(scope: Scope) -> bool:
    """Whether every incident within reach is told as it is."""
    return scope.precision is Precision.EXACT and not scope.coarse and not scope.shared


def _revision(tx: ReadTx, counted: str, organisations: list[Any]) -> str:
    wanted = {"collection": counted, "organisations": organisations}
    return str(tx.conn.execute(SQL.revision, wanted).scalar_one())


@cache
def _relation(collection: Collection, *, is_exact: bool) -> str:
    """Who sees all within reach exactly goes to the table, not through the view of what is seen."""
    if collection is INCIDENTS:
        return str((SQL.own_incidents if is_exact else SQL.incidents).text)
    found = (SQL.hotspots if collection is HOTSPOTS else SQL.hotspot_history).text
    return str(found.replace("seen_hotspots", "run_hotspots") if is_exact else found)


def page(tx: ReadTx, state: State, wanted: Wanted) -> Page:
    """One page of features as text."""
    collection = state.collection
    part = _part(state, wanted)
    feature = _feature(collection, wanted)
    key = "t.id::text" if collection.key_kind == "uuid" else f"t.{collection.key}"
    statement = (
        f"SELECT coalesce(string_agg({feature}, ','), '') AS features, count(*) AS n,"
        f" CAST(max({key}) AS text) AS last FROM ({part}) AS t"
    )
    with refusing():
        row = tx.conn.execute(_text(statement), _values(state, wanted)).one()
    return Page(row.features, row.n, row.last)


def one(tx: ReadTx, state: State, feature_id: str, system: ReferenceSystem) -> str | None:
    """One feature as text, open at its end for more members; None when there is none within reach."""
    wanted = Wanted(limit=1, system=system)
    statement = (
        f"SELECT {_feature(state.collection, wanted, is_open=True)} AS feature FROM ({state.relation}) AS t"
        f" WHERE t.id = CAST(:feature_id AS {'uuid' if 'uuid' in _id_kind(state.collection) else 'text'})"
    )
    with refusing():
        found: str | None = tx.conn.execute(_text(statement), {**state.values, "feature_id": feature_id}).scalar()
    return found


def rows(tx: ReadTx, state: State, wanted: Wanted, *, is_text: bool) -> Sequence[tuple[Any, ...]]:
    """One page as rows: key, id, geometry, then the properties in their order. Geometry as WKT or WKB, x first."""
    collection = state.collection
    names = ", ".join(f't."{name}"' for name in chosen(collection, wanted))
    shape = _shape(wanted.system, is_flipped=False)
    form = f"ST_AsText({shape}, {wanted.system.decimals})" if is_text else f"ST_AsBinary({shape})"
    columns = f"CAST(t.{collection.key} AS text), CAST(t.id AS text), {form}, {names}"
    statement = f"SELECT {columns} FROM ({_part(state, wanted)}) AS t"
    with refusing():
        return [tuple(row) for row in tx.conn.execute(_text(statement), _values(state, wanted))]


def matched(tx: ReadTx, state: State, wanted: Wanted, most: int | None) -> int | None:
    """How many features there are; None when more than `most`."""
    cap = "" if most is None else " LIMIT :cap"
    statement = f"SELECT count(*) FROM (SELECT FROM ({state.relation}) AS t{_where(wanted.conditions)}{cap}) AS c"
    values = _bound(state, wanted.conditions) | ({} if most is None else {"cap": most + 1})
    with refusing():
        n: int = tx.conn.execute(_text(statement), values).scalar_one()
    return None if most is not None and n > most else n


def extent(tx: ReadTx, state: State) -> tuple[tuple[float, ...] | None, tuple[datetime | None, datetime | None]]:
    """West, south, east, north (rounded outwards; None when empty), and from when to when."""
    times = "NULL::timestamptz, NULL::timestamptz"
    if state.collection.time is not None:
        begin, end = state.collection.time
        times = f"min(t.{begin}), max(coalesce(t.{end}, t.{begin}))"
    statement = f"SELECT ST_XMin(e.b), ST_YMin(e.b), ST_XMax(e.b), ST_YMax(e.b), e.since, e.until FROM (SELECT ST_Extent(t.geom), {times} FROM ({state.relation}) AS t) AS e (b, since, until)"  # noqa: E501
    row = tx.conn.execute(_text(statement), dict(state.values)).one()
    if row[0] is None:
        return None, (None, None)
    outwards = [_down(row[0]), _down(row[1]), -_down(-row[2]), -_down(-row[3])]
    return tuple(outwards), (row[4], row[5])


def tile(tx: ReadTx, state: State, z: int, x: int, y: int, conditions: tuple[Condition, ...]) -> tuple[bytes, int]:
    """A vector tile of WebMercatorQuad with one layer, named as the collection, and how many features are in it."""
    collection = state.collection
    is_counted = collection is INCIDENTS and z < LEVELS_OF_CELLS
    names = ", ".join(f't."{p.name}"' for p in collection.properties if _fits_tile(collection, p.kind, p.name))
    values = _bound(state, conditions) | {"z": z, "x": x, "y": y, "most": MOST_IN_TILE}
    box = "ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.0625), 4326)"
    within = _where((*conditions, Condition(f"t.geom && {box}", {})))
    if is_counted:
        drawn = (
            "SELECT count(*) AS count, ST_AsMVTGeom(ST_SetSRID(ST_MakePoint("
            " (c.i + 0.5) / (:side * 2 ^ :z) * 40075016.685578488 - 20037508.342789244,"
            " 20037508.342789244 - (c.j + 0.5) / (:side * 2 ^ :z) * 40075016.685578488), 3857),"
            " ST_TileEnvelope(:z, :x, :y), :fine, 256) AS geom"
            " FROM (SELECT floor((ST_X(t.geom) + 180) / 360 * 2 ^ :z * :side) AS i,"
            " floor((1 - asinh(tan(radians(ST_Y(t.geom)))) / pi()) / 2 * 2 ^ :z * :side) AS j"
            f" FROM ({state.relation}) AS t{within}) AS c GROUP BY c.i, c.j"
        )
        values |= {"side": CELLS}
    else:
        drawn = (
            f"SELECT CAST(t.id AS text) AS id, {names}, ST_AsMVTGeom(ST_Transform(t.geom, 3857),"
            f" ST_TileEnvelope(:z, :x, :y), :fine, 256) AS geom FROM ({state.relation}) AS t{within} LIMIT :most"
        )
    statement = f"SELECT ST_AsMVT(d, :layer, :fine, 'geom'), count(*) FROM ({drawn}) AS d WHERE d.geom IS NOT NULL"
    values |= {"layer": collection.id, "fine": LAYER_EXTENT}
    with refusing():
        row = tx.conn.execute(_text(statement), {n: v for n, v in values.items() if f":{n}" in statement}).one()
    return (bytes(row[0]), row[1]) if row[1] else (b"", 0)


def _fits_tile(collection: Collection, kind: Kind, name: str) -> bool:
    return kind is not Kind.TEXTS and name not in collection.heavy


def chosen(collection: Collection, wanted: Wanted) -> tuple[str, ...]:
    """The names of the properties that go with each feature."""
    return tuple(p.name for p in collection.properties if wanted.properties is None or p.name in wanted.properties)


def _id_kind(collection: Collection) -> str:
    return "uuid" if collection in {HOTSPOTS, INCIDENTS} else "text"


def _part(state: State, wanted: Wanted) -> str:
    """The rows of one page in their order."""
    collection = state.collection
    conditions = list(wanted.conditions)
    if wanted.after is not None:
        conditions.append(Condition(f"t.{collection.key} > CAST(:after AS {collection.key_kind})", {}))
    order = [f't."{name}" {"DESC NULLS LAST" if falls else "ASC NULLS LAST"}' for name, falls in wanted.order]
    return (
        f"SELECT t.* FROM ({state.relation}) AS t{_where(conditions)}"
        f" ORDER BY {', '.join([*order, f't.{collection.key}'])} LIMIT :limit OFFSET :offset"
    )


def _where(conditions: Sequence[Condition]) -> str:
    return f" WHERE {' AND '.join(c.sql for c in conditions)}" if conditions else ""


def _bound(state: State, conditions: Sequence[Condition]) -> dict[str, Any]:
    return {**state.values, **{name: value for c in conditions for name, value in c.values.items()}}


def _values(state: State, wanted: Wanted) -> dict[str, Any]:
    values = _bound(state, wanted.conditions) | {"limit": wanted.limit, "offset": wanted.offset}
    return values if wanted.after is None else values | {"after": wanted.after}


def _shape(system: ReferenceSystem, *, is_flipped: bool) -> str:
    shape = "t.geom" if system.is_degrees else f"ST_Transform(t.geom, {int(system.srid)})"
    return f"ST_FlipCoordinates({shape})" if is_flipped else shape


def _feature(collection: Collection, wanted: Wanted, *, is_open: bool = False) -> str:
    """The text of one feature: finished in the database, no row becomes an object on the way."""
    shape = _shape(wanted.system, is_flipped=wanted.system.is_northing_first)
    if collection.is_whole and wanted.properties is None:
        told = "t.told"
    elif names := chosen(collection, wanted):
        columns = ", ".join(f't."{name}"' for name in names)
        told = f"CAST((SELECT row_to_json(p) FROM (SELECT {columns}) AS p) AS text)"
    else:
        told = "'{}'"
    end = "" if is_open else " || '}'"
    return (
        '\'{"type":"Feature","id":"\' || t.id || \'","geometry":\' || '
        f"ST_AsGeoJSON({shape}, {wanted.system.decimals}, 0) || ',\"properties\":' || {told}{end}"
    )


def _down(degrees: float) -> float:
    """To the next whole step below."""
    return round((degrees // DEGREES_ABOUT) * DEGREES_ABOUT, 2)


@lru_cache(maxsize=512)
def _text_of(statement: str) -> TextClause:
    return text(statement)


def _text(statement: str) -> TextClause:
    """Statements differ by what was asked, never by values: few enough to keep those without a filter."""
    return text(statement) if ":c0" in statement else _text_of(statement)


@contextmanager
def refusing() -> Iterator[None]:
    """What a filter asks for may be beyond PostGIS or arithmetic: the asker's fault, told without its words."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, (psycopg.errors.InternalError_, psycopg.errors.DataError)):
            raise ParameterError("The filter asks for something that cannot be worked out.") from error
        raise
