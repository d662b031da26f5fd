"""Points that are no places: a municipality's middle, a police station as default address, one point for all.

Such rows are kept, with an uncertainty so large that no cluster forms there; statistics still count them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely

from app.core.imports.known import Known, NamedArea
from app.core.imports.names import words
from app.core.imports.profile import CoarsePoint
from app.core.imports.reader import Reader
from app.core.imports.source import SourceRow
from app.core.incidents import LOCATION_UNCERTAINTY_MAX_M

_DECIMALS: Final = 5  # about a metre
_MOST_POINTS: Final = 200_000
_MOST_NAMES: Final = 12  # at one point: more make no difference
_MOST_FOUND: Final = 1_000
_DEGREE_M: Final = 111_200.0

_CENTROID_M: Final = 250.0  # no farther from an area's middle
_OFTEN: Final = 5
_MANY_ADDRESSES: Final = 8
_DEFAULT_ROWS: Final = 30
_DEFAULT_SHARE: Final = 0.02
_DEFAULT_TIMES: Final = 2.5  # of what the third most frequent point has
_FEED_ROWS: Final = 300
_FEED_POINTS: Final = 0.02  # so few different points a row: the source knows towns, not streets
_TOWN_M: Final = 5_000.0
_COUNTY_M: Final = 60_000.0
_ADDRESSES_M: Final = 2_000.0


class Survey:
    """Looks through a whole file once (the dry run) for coarse points; bounded memory."""

    def __init__(self, reader: Reader, known: Known) -> None:
        self._reader = reader
        self._known = known
        self._rows = 0
        self._counts: Counter[tuple[float, float]] = Counter()
        self._names: dict[tuple[float, float], set[str]] = {}

    def add(self, rows: Sequence[SourceRow]) -> None:
        """Count the rows' points and the different addresses at each."""
        for told in self._reader.points(rows):
            if told is None:
                continue
            lon, lat, name = told
            point = (round(lon, _DECIMALS), round(lat, _DECIMALS))
            self._rows += 1
            self._counts[point] += 1
            names = self._names.setdefault(point, set())
            if name and len(names) < _MOST_NAMES:
                names.add(words(name))
        if len(self._counts) > _MOST_POINTS:  # the rare ones are no centroids
            self._counts = Counter({point: count for point, count in self._counts.items() if count > 1})
            self._names = {point: self._names[point] for point in self._counts}

    def coarse_points(self) -> tuple[CoarsePoint, ...]:
        """What was found, the most frequent first: to be put into the profile."""
        frequent = [(point, count) for point, count in self._counts.most_common() if count >= _OFTEN]
        if not frequent:
            return ()
        is_feed = self._rows >= _FEED_ROWS and len(self._counts) < _FEED_POINTS * self._rows
        third = self._counts.most_common(3)[-1][1]
        found = []
        for point, count in frequent[:_MOST_FOUND]:
            reason = self._reason(point, count, third, is_feed=is_feed)
            if reason is not None:
                slug, uncertainty_m = reason
                found.append(CoarsePoint(lon=point[0], lat=point[1], uncertainty_m=uncertainty_m, reason=slug))
        return tuple(found)

    def _reason(self, point: tuple[float, float], count: int, third: int, *, is_feed: bool) -> tuple[str, float] | None:
        """Why a point is coarse, and how coarse in metres; None for a place like others."""
        area = next((area for area in self._known.areas if _distance_m(point, _middle(area)) < _CENTROID_M), None)
        names = self._names[point]
        if area is not None and (is_feed or len(names) != 1 or count >= _DEFAULT_ROWS):
            return "centroid", _radius_m(area)
        if is_feed:
            is_county = any({"lan", "county", "region"} & set(name.split()) for name in names)
            return "centroid", _COUNTY_M if is_county else _TOWN_M
        if len(names) >= _MANY_ADDRESSES:
            return "many-addresses", _ADDRESSES_M
        is_alone = count >= _DEFAULT_TIMES * third
        if count >= _DEFAULT_ROWS and count >= _DEFAULT_SHARE * self._rows and is_alone and self._is_wide():
            return "default-address", min(self._spread_m(), LOCATION_UNCERTAINTY_MAX_M)
        return None

    def _is_wide(self) -> bool:
        """Whether the file has more than a handful of places, so that one of them can stand out."""
        return len(self._counts) >= _DEFAULT_ROWS

    def _spread_m(self) -> float:
        """How far from their middle nine of ten rows are."""
        points = np.array(list(self._counts))
        weights = np.array(list(self._counts.values()))
        middle = np.average(points, axis=0, weights=weights)
        scale = np.array([math.cos(math.radians(middle[1])), 1.0]) * _DEGREE_M
        distances = np.hypot(*((points - middle) * scale).T)
        order = np.argsort(distances)
        reached = np.searchsorted(np.cumsum(weights[order]), 0.9 * weights.sum())
        return float(distances[order][reached])


def _middle(area: NamedArea) -> tuple[float, float]:
    middle = shapely.centroid(area.geometry)
    return float(middle.x), float(middle.y)


def _radius_m(area: NamedArea) -> float:
    """Of a circle as large as the area."""
    _, south, _, north = area.geometry.bounds
    square_degree_m2 = _DEGREE_M**2 * math.cos(math.radians((south + north) / 2))
    return min(math.sqrt(area.geometry.area * square_degree_m2 / math.pi), LOCATION_UNCERTAINTY_MAX_M)


def _distance_m(first: tuple[float, float], second: tuple[float, float]) -> float:
    east = (first[0] - second[0]) * math.cos(math.radians(first[1]))
    return _DEGREE_M * math.hypot(east, first[1] - second[1])
