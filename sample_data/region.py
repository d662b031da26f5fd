"""The country round the towns: municipalities, river, lakes, railway, roads, forest and fields."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from sample_data import plan, townmap
from sample_data.geometry import Geometry, blob, curve, lines, polygons, shifted

MAP_SEED = 20261121  # the country is the same whatever the seed of the incidents


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The whole invented local police area."""

    outline: Geometry
    municipalities: dict[str, Geometry]  # by slug
    towns: tuple[townmap.TownMap, ...]
    river: Geometry
    lakes: list[Geometry]
    rail: Geometry
    motorway: Geometry
    country_roads: list[tuple[str, Geometry]]


@lru_cache(maxsize=1)
def region() -> Region:
    """Draw the region once; about a second."""
    rng = np.random.default_rng(MAP_SEED)
    outline = blob(rng, _absolute([plan.REGION_CENTRE])[0], plan.REGION_RADII, 0.055)
    river_line, rail = curve(_absolute(plan.RIVER)), curve(_absolute(plan.RAIL))
    river = river_line.buffer(townmap.RIVER_HALF_M, quad_segs=4)
    lakes = [blob(rng, _absolute([at])[0], radii, 0.13, turn) for at, radii, turn in plan.LAKES]
    return Region(
        outline=outline,
        municipalities=_municipalities(outline),
        towns=tuple(townmap.draw(t, _absolute([t.origin])[0], river_line, rail) for t in plan.TOWNS),
        river=river,
        lakes=lakes,
        rail=rail,
        motorway=curve(_absolute(plan.MOTORWAY), 60),
        country_roads=[(name, curve(_absolute(sketch), 40)) for name, sketch in plan.COUNTRY_ROADS],
    )


def _absolute(points: plan.Sketch | list[plan.Point2]) -> list[plan.Point2]:
    """Metres from Lindesta's square as SWEREF 99 TM."""
    return [(float(x), float(y)) for x, y in shifted(points, 1.0, plan.ORIGIN)]


def _municipalities(outline: Geometry) -> dict[str, Geometry]:
    """Part the region along the sketched borders; neighbours share every vertex of their border."""
    rng = np.random.default_rng(MAP_SEED + 1)
    borders = []
    for sketch in plan.BORDERS:
        line = np.array(curve(_absolute(sketch), 350).coords)
        line[1:-1] += rng.normal(0, 60, (len(line) - 2, 2))
        borders.append(shapely.LineString(np.round(line, 1)))
    cells = polygons(shapely.polygonize(lines(shapely.union_all([outline.exterior, *borders]))))
    result = {}
    for town in plan.TOWNS:
        square = shapely.Point(_absolute([town.origin])[0])
        result[town.slug] = next(c for c in cells if c.contains(square))
    return result


def water(area: Region) -> Geometry:
    """River and lakes as one geometry."""
    return shapely.union_all([area.river, *area.lakes])


def forests(area: Region) -> list[Geometry]:
    """Forest round the towns, with clearings for water, towns, roads and fields."""
    rng = np.random.default_rng(MAP_SEED + 2)
    x0, y0, x1, y1 = area.outline.bounds
    woods = [_patch(rng, (x0 - 1500, y0 - 1500, x1 + 1500, y1 + 1500), 900, 2100) for _ in range(150)]
    clear = [t.outline.buffer(130) for t in area.towns] + [water(area).buffer(18), area.motorway.buffer(40)]
    clear += [line.buffer(22) for _, line in area.country_roads] + [area.rail.buffer(20)]
    clear += [_patch(rng, t.outline.buffer(1300).bounds, 250, 700) for t in area.towns for _ in range(17)]
    wood = shapely.union_all(woods).difference(shapely.union_all(clear)).buffer(-25).buffer(25)
    return [w.simplify(9) for w in polygons(wood) if w.area > 25_000]  # noqa: PLR2004 - square metres


def fields(area: Region, woods: list[Geometry]) -> list[Geometry]:
    """Open fields in the clearings near the towns and along the river."""
    rng = np.random.default_rng(MAP_SEED + 3)
    near = shapely.union_all([t.outline.buffer(1900) for t in area.towns] + [area.river.buffer(900)])
    patches = [_patch(rng, near.bounds, 180, 420, 0.04) for _ in range(900)]
    clear = [t.outline.buffer(60) for t in area.towns] + [
        water(area).buffer(25),
        *woods,
        area.rail.buffer(25),
    ]
    clear += [line.buffer(18) for _, line in area.country_roads] + [area.motorway.buffer(35)]
    tree = shapely.STRtree(patches)
    wanted = [patches[int(i)] for i in np.unique(tree.query(near, predicate="intersects"))]
    land = shapely.union_all(wanted).difference(shapely.union_all(clear)).buffer(-12).buffer(12)
    return [f.simplify(8) for f in polygons(land) if f.area > 15_000]  # noqa: PLR2004 - square metres


def _patch(
    rng: np.random.Generator,
    bounds: tuple[float, float, float, float],
    least_m: float,
    most_m: float,
    unrest: float = 0.12,
) -> Geometry:
    """One uneven patch somewhere inside the bounds."""
    at = (float(rng.uniform(bounds[0], bounds[2])), float(rng.uniform(bounds[1], bounds[3])))
    radii = (float(rng.uniform(least_m, most_m)), float(rng.uniform(least_m, most_m)))
    return blob(rng, at, radii, unrest, float(rng.uniform(0, np.pi)))
