"""Draw one town from its sketch: districts, blocks, streets, parks, named places, address points.

All coordinates are SWEREF 99 TM metres. The map does not depend on the seed of the incidents.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from sample_data import names, plan, streets
from sample_data.geometry import Coordinates, Geometry, blob, curve, lines, parts, polygons, shifted

STREET_HALF_M = 5.0
MAIN_HALF_M = 7.5
ADDRESS_STEP_M = 30.0
SQUARE_HALF_M = 27.0
RIVER_HALF_M = 19.0
MEETING_M = 90.0  # a street that ends this near another one meets it
MAY_BE_GREEN = frozenset({"villa", "estate", "mid"})
GREEN_SHARE = 0.05
ROOM_M = 70.0  # schools and parks take the largest block this near
SMALLEST_QUARTER_M2 = 9_000.0
SMALLEST_BLOCK_M2 = 500.0


@dataclass(frozen=True, slots=True)
class Street:
    """A named street, in one or more pieces."""

    name: str
    kind: str  # primary, secondary, street
    pieces: list[Geometry]


@dataclass(frozen=True, slots=True)
class Block:
    """Land between streets, with the style that says what is built on it."""

    shape: Geometry
    style: plan.Style
    district: str


@dataclass(frozen=True, slots=True)
class Site:
    """A named place on the map, snapped to the street, block or park it belongs to."""

    place: plan.Place
    at: Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class TownMap:
    """Everything drawn for one town."""

    town: plan.TownPlan
    outline: Geometry
    districts: dict[str, Geometry]
    blocks: list[Block]
    parks: list[Geometry]
    streets: list[Street]
    sites: dict[str, Site]
    addresses: Coordinates  # (n, 2) metres: doors and street corners
    address_weights: Coordinates  # (n,) how busy the place is, sums to 1


def draw(town: plan.TownPlan, origin: plan.Point2, river: Geometry, rail: Geometry) -> TownMap:
    """Draw a town round `origin` (metres), leaving room for the lines of the river and the railway."""
    rng = np.random.default_rng([77, len(town.name), int(town.radius_m)])
    radii = (town.radius_m * town.stretch[0], town.radius_m * town.stretch[1])
    outline = blob(rng, origin, radii, 0.11)
    roads = _connected([curve(shifted(r.sketch, town.radius_m, origin)) for r in town.roads])
    faces = _faces(outline, [*roads, river, rail])
    land = outline.difference(river.buffer(RIVER_HALF_M + 14)).difference(rail.buffer(13))
    blocks, side_streets = _fill_faces(town, origin, faces, land, rng)
    main = [Street(r.name, r.kind, _visible(r, line, outline)) for r, line in zip(town.roads, roads, strict=True)]
    free_names = names.street_names(rng, frozenset(r.name for r in town.roads))
    named = [Street(name, "street", pieces) for name, pieces in zip(free_names, side_streets, strict=False)]
    sites = _sites(town, origin, main + named, blocks)
    built, parks = _set_parks_aside(blocks, sites, main + named, rng)
    addresses = _addresses(main + named, land)
    return TownMap(
        town=town,
        outline=outline,
        districts=_districts(town, origin, faces),
        blocks=built,
        parks=parks,
        streets=main + named,
        sites=sites,
        addresses=addresses,
        address_weights=_weights(addresses, origin, town.radius_m),
    )


def _connected(roads: list[Geometry]) -> list[Geometry]:
    """Move the end of every main street that nearly meets another one onto it."""
    result = []
    for i, road in enumerate(roads):
        others = shapely.union_all(roads[:i] + roads[i + 1 :])
        xy = shapely.get_coordinates(road)
        for end, before in ((0, 1), (-1, -2)):
            tip = Point(xy[end])
            if tip.distance(others) > MEETING_M:
                continue
            met = shapely.get_coordinates(shapely.shortest_line(tip, others))[1]
            along = met - xy[before]
            xy[end] = met + along / max(float(np.hypot(*along)), 1.0)  # a metre past it, so that they surely cross
        result.append(LineString(xy))
    return result


def _visible(road: plan.Road, line: Geometry, outline: Geometry) -> list[Geometry]:
    """Primary roads go on into the country, the others end with the town."""
    return [line] if road.kind == "primary" else lines(line.intersection(outline.buffer(30)))


def _faces(outline: Geometry, cuts: list[Geometry]) -> list[Geometry]:
    """The town cut up by main streets, river and railway."""
    network = lines(shapely.union_all([outline.exterior, *cuts]))
    inside = outline.buffer(0.5)
    return [c for c in polygons(shapely.polygonize(network)) if inside.contains(c)]


def _fill_faces(
    town: plan.TownPlan, origin: plan.Point2, faces: list[Geometry], land: Geometry, rng: np.random.Generator
) -> tuple[list[Block], list[list[Geometry]]]:
    """Blocks and side streets of every face, in the style of its district."""
    blocks: list[Block] = []
    side_streets: list[list[Geometry]] = []
    for face in faces:
        district = _nearest(town, origin, face)
        for quarter in polygons(face.intersection(land)):
            if quarter.area < SMALLEST_QUARTER_M2:
                continue
            filled = streets.fill(quarter, streets.RULES[district.style], rng)
            side_streets += filled.streets
            blocks += [Block(shape, district.style, district.name) for shape in filled.blocks]
    return blocks, side_streets


def _nearest(town: plan.TownPlan, origin: plan.Point2, shape: Geometry) -> plan.District:
    """The district whose seed is nearest to the middle of a shape."""
    c = shape.representative_point()
    seeds = shifted([d.seed for d in town.districts], town.radius_m, origin)
    return town.districts[int(np.argmin(np.hypot(seeds[:, 0] - c.x, seeds[:, 1] - c.y)))]


def _districts(town: plan.TownPlan, origin: plan.Point2, faces: list[Geometry]) -> dict[str, Geometry]:
    """Districts cover the town without gaps; main streets, river and railway part them."""
    result = {}
    for district in town.districts:
        own = [f for f in faces if _nearest(town, origin, f) is district]
        if not own:
            raise ValueError(f"{district.name} in {town.name} has no land: move its seed")
        result[district.name] = shapely.union_all(own)
    return result


def _sites(town: plan.TownPlan, origin: plan.Point2, roads: list[Street], blocks: list[Block]) -> dict[str, Site]:
    """Squares and the like stand on a street, schools and parks inside a block."""
    network = [p for s in roads for p in s.pieces]
    shapes = [b.shape for b in blocks]
    result = {}
    for place in town.places:
        wanted = Point(shifted([place.at], town.radius_m, origin)[0])
        if place.kind in {"park", "school", "sports", "shop"}:
            result[place.name] = Site(place, _roomiest(shapes, wanted).representative_point())
            continue
        line = network[int(shapely.STRtree(network).nearest(wanted))]
        at = line.interpolate(line.project(wanted))
        result[place.name] = Site(place, Point(round(at.x, 2), round(at.y, 2)))
    return result


def _roomiest(shapes: list[Geometry], wanted: Geometry) -> Geometry:
    """The largest block near a point, or the nearest when none is near."""
    near = [shapes[int(i)] for i in shapely.STRtree(shapes).query(wanted, predicate="dwithin", distance=ROOM_M)]
    if not near:
        return shapes[int(shapely.STRtree(shapes).nearest(wanted))]
    return max(near, key=lambda s: float(s.area))


def _set_parks_aside(
    blocks: list[Block], sites: dict[str, Site], roads: list[Street], rng: np.random.Generator
) -> tuple[list[Block], list[Geometry]]:
    """Shrink blocks to their pavements; blocks with a named park, and a few others, are green."""
    green = shapely.multipoints([s.at for s in sites.values() if s.place.kind in {"park", "sports"}])
    schools = shapely.multipoints([s.at for s in sites.values() if s.place.kind == "school"])
    paved = [
        p.buffer(STREET_HALF_M if s.kind == "street" else MAIN_HALF_M, quad_segs=3) for s in roads for p in s.pieces
    ]
    paved += [s.at.buffer(SQUARE_HALF_M, cap_style="square") for s in sites.values() if s.place.kind == "square"]
    tree = shapely.STRtree(paved)
    built, parks = [], []
    for block in blocks:
        is_park = block.shape.intersects(green) or (block.style in MAY_BE_GREEN and rng.random() < GREEN_SHARE)
        style: plan.Style = "school" if block.shape.intersects(schools) else block.style
        near = shapely.union_all([paved[int(i)] for i in tree.query(block.shape)])
        for shape in polygons(block.shape.difference(near).buffer(-3).buffer(2)):
            if shape.area < SMALLEST_BLOCK_M2:
                continue
            if is_park:
                parks.append(shape)
            else:
                built.append(Block(shape, style, block.district))
    return built, parks


def _addresses(roads: list[Street], land: Geometry) -> Coordinates:
    """Doors on both sides of every street, and the street corners."""
    rows = []
    for piece in (p for s in roads for p in s.pieces):
        at = np.arange(ADDRESS_STEP_M / 2, piece.length, ADDRESS_STEP_M)
        here = shapely.get_coordinates(shapely.line_interpolate_point(piece, at))
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(piece, at + 1))
        along = ahead - here
        norm = np.hypot(along[:, 0], along[:, 1])[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]]) / np.where(norm == 0, 1, norm)
        ends = shapely.get_coordinates(LineString([piece.coords[0], piece.coords[-1]]))
        rows += [here + 12 * across, here - 12 * across, ends]
    xy = np.unique(np.round(np.vstack(rows), 1), axis=0)
    inside: Coordinates = xy[shapely.contains_xy(land, xy[:, 0], xy[:, 1])]
    return inside


def _weights(addresses: Coordinates, origin: plan.Point2, radius_m: float) -> Coordinates:
    """Busier towards the centre, never empty at the rim."""
    r = np.hypot(addresses[:, 0] - origin[0], addresses[:, 1] - origin[1]) / radius_m
    weight: Coordinates = 0.6 + 0.6 * np.exp(-((r / 0.5) ** 2))
    shares: Coordinates = weight / weight.sum()
    return shares


def built_up(town: TownMap) -> Geometry:
    """The town's land for the map: blocks and parks grown together."""
    shapes = [b.shape for b in town.blocks] + town.parks
    grown = shapely.union_all(shapely.buffer(shapes, 14)).buffer(-8)
    return shapely.union_all([shapely.Polygon(p.exterior) for p in parts(grown) if p.geom_type == "Polygon"])
