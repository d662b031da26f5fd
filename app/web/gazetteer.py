"""What lies where, by the names on the basemap: so that a place nobody has named is not just a number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import cos, radians
from typing import Any, Final, TypeAlias

from shapely import Geometry, Point, STRtree, transform
from shapely.geometry import shape

Feature: TypeAlias = Mapping[str, Any]

METRES_PER_DEGREE: Final = 111_200.0
LANDMARK_M: Final = 120.0  # a square or a school names what lies this near
STREET_M: Final = 60.0
TOWN_M: Final = 6_000.0


class Gazetteer:
    """Named landmarks, streets, districts and towns of one basemap, searched in local metres."""

    def __init__(self, features: Iterable[Feature]) -> None:
        """Index the named features; others are passed over."""
        named = [feature for feature in features if feature["properties"].get("name")]
        self._stretch = cos(radians(_any_latitude(named)))
        self._landmarks = self._index(named, "places", "poi")
        self._streets = self._index(named, "roads")
        self._districts = self._index(named, "districts")
        self._towns = self._index(named, "places", "town")

    def landmark(self, longitude: float, latitude: float) -> str | None:
        """The nearest named square, school or the like, else the nearest street, if any is near."""
        here = self._metric(Point(longitude, latitude))
        return self._landmarks.nearest(here, LANDMARK_M) or self._streets.nearest(here, STREET_M)

    def district(self, longitude: float, latitude: float) -> str | None:
        """The district around a point."""
        return self._districts.nearest(self._metric(Point(longitude, latitude)), 0)

    def town(self, longitude: float, latitude: float) -> str | None:
        """The nearest town, if one is near."""
        return self._towns.nearest(self._metric(Point(longitude, latitude)), TOWN_M)

    def _index(self, named: Iterable[Feature], layer: str, kind: str | None = None) -> "_Index":
        wanted = [
            (str(feature["properties"]["name"]), self._metric(shape(feature["geometry"])))
            for feature in named
            if feature["properties"].get("layer") == layer and kind in (None, feature["properties"].get("kind"))
        ]
        return _Index([name for name, _ in wanted], STRtree([geometry for _, geometry in wanted]))

    def _metric(self, geometry: Geometry) -> Geometry:
        """Local metres: equirectangular, off by less than a per mille across a municipality."""
        return transform(geometry, lambda points: points * (METRES_PER_DEGREE * self._stretch, METRES_PER_DEGREE))


@dataclass(frozen=True, slots=True)
class _Index:
    names: list[str]
    tree: STRtree

    def nearest(self, here: Geometry, within_m: float) -> str | None:
        """The name nearest to a point; at equal distance the first in the file."""
        found = self.tree.query_nearest(here, max_distance=within_m or 1e-9)
        return self.names[min(found)] if len(found) else None


def _any_latitude(features: list[Feature]) -> float:
    """The latitude of the first named point; that of middle Sweden when there is none."""
    for feature in features:
        if feature["geometry"]["type"] == "Point":
            return float(feature["geometry"]["coordinates"][1])
    return 60.0
