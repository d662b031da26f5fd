"""The background map as features with a `layer`, ready for tiles; see README.md for the layers."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry import Point

from sample_data import buildings, geojson, plan
from sample_data.geojson import Feature
from sample_data.geometry import Geometry, parts
from sample_data.region import MAP_SEED, Region, fields, forests, water
from sample_data.townmap import Street, TownMap, built_up

ATTRIBUTION = {"sv": "Påhittade data", "en": "Invented data"}
_MINZOOM = {"primary": None, "secondary": 11, "street": 12}
_POI_KINDS = frozenset({"square", "school", "station", "sports", "shop", "other", "park"})


def _feature(shape: Geometry, decimals: int = geojson.DECIMALS, **properties: object) -> Feature:
    """A feature of one layer; properties without a value are left out."""
    return geojson.feature(shape, {k: v for k, v in properties.items() if v is not None}, decimals)


def features(area: Region) -> Iterator[Feature]:
    """All layers, from the ground up."""
    woods = forests(area)
    wet = [area.river, *area.lakes]
    yield from (_feature(g.simplify(0.8), layer="water", kind=k, name=n) for g, k, n in _waters(wet))
    yield from (_feature(f, 5, layer="fields") for f in fields(area, woods))
    yield from (_feature(w, 5, layer="green", kind="forest") for w in woods)
    for town in area.towns:
        yield from _town(town, water(area))
    yield from _long_lines(area)
    for town in area.towns:
        yield from _labels(town)


def _waters(wet: list[Geometry]) -> Iterator[tuple[Geometry, str, str | None]]:
    """The river without the lakes it runs through, then the lakes."""
    lakes = shapely.union_all(wet[1:])
    yield from ((p, "river", plan.RIVER_NAME) for p in parts(wet[0].difference(lakes)) if p.area > 500)  # noqa: PLR2004
    yield from ((lake, "lake", None) for lake in wet[1:])


def _town(town: TownMap, wet: Geometry) -> Iterator[Feature]:
    """Land, blocks, parks, houses and streets of one town."""
    rng = np.random.default_rng(MAP_SEED + 4)
    for shape in parts(built_up(town).difference(wet).simplify(2)):
        yield _feature(shape, 5, layer="builtup")
    for park in town.parks:
        yield _feature(park.simplify(0.5), layer="green", kind="park")
    for block in town.blocks:
        yield _feature(block.shape.simplify(0.5), layer="blocks", minzoom=13)
    for block in town.blocks:
        for house in buildings.footprints(block, rng):
            yield _feature(house, layer="buildings", minzoom=14)
    for street in town.streets:
        yield from _street(street)


def _street(street: Street) -> Iterator[Feature]:
    for piece in street.pieces:
        yield _feature(
            piece.simplify(0.4),
            layer="roads",
            kind=street.kind,
            name=street.name,
            minzoom=_MINZOOM[street.kind],
        )


def _long_lines(area: Region) -> Iterator[Feature]:
    """What crosses the country: roads between the towns, motorway, railway."""
    for name, line in area.country_roads:
        yield _feature(line.simplify(2), 5, layer="roads", kind="primary", name=name)
    yield _feature(area.motorway.simplify(3), 5, layer="roads", kind="motorway", name=plan.MOTORWAY_NAME)
    yield _feature(area.rail.simplify(0.8), layer="roads", kind="rail")


def _labels(town: TownMap) -> Iterator[Feature]:
    """District outlines and the names that the map writes."""
    for name, shape in town.districts.items():
        yield _feature(shape, layer="districts", name=name)
        yield _feature(shape.representative_point(), layer="places", kind="district", name=name, minzoom=12)
    for site in town.sites.values():
        if site.place.kind in _POI_KINDS:
            yield _feature(site.at, layer="places", kind="poi", name=site.place.name, minzoom=13)
    square = next(s.at for s in town.sites.values() if s.place.kind == "square")
    yield _feature(Point(square.x, square.y), layer="places", kind="town", name=town.town.name)
