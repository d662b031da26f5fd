"""Coordinate reference systems that maps are served in, and shapes from them to degrees.

What goes over the wire has the axis order of the system's own definition, northing first in all Swedish ones; shapes
in here are always x, y.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely
import shapely.geometry
from pyproj import CRS, Transformer

from app.core.errors import ParameterError

_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
CORNERS: Final = 4  # numbers of a plane box
DEGREES: Final = 4326
MOST_VERTICES: Final = 5_000
SIDE_STEPS: Final = 16  # a straight side in metres bends in degrees: so many points follow it


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """One system, by the address that clients name it with."""

    uri: str
    srid: int
    is_northing_first: bool

    @property
    def is_degrees(self) -> bool:
        """Whether coordinates are longitude and latitude."""
        return self.srid == DEGREES

    @property
    def decimals(self) -> int:
        """How many decimals a coordinate is told with: about a decimetre, or a centimetre."""
        return 6 if self.is_degrees else 2

    @property
    def definition(self) -> dict[str, Any]:
        """As PROJJSON."""
        return dict(CRS.from_epsg(self.srid).to_json_dict())


CRS84: Final = ReferenceSystem("http://www.opengis.net/def/crs/OGC/1.3/CRS84", DEGREES, is_northing_first=False)
WEB_MERCATOR: Final = ReferenceSystem(f"{_EPSG}3857", 3857, is_northing_first=False)
SWEREF99: Final = range(3006, 3019)  # TM for the whole country, and the twelve local zones of municipalities
SYSTEMS: Final = {
    system.uri: system
    for system in (
        CRS84,
        ReferenceSystem(f"{_EPSG}4326", DEGREES, is_northing_first=True),
        WEB_MERCATOR,
        *(ReferenceSystem(f"{_EPSG}{srid}", srid, is_northing_first=True) for srid in SWEREF99),
    )
}


def named(uri: str | None, parameter: str) -> ReferenceSystem:
    """The system with this address; CRS84 when none is named. Raises ParameterError."""
    if uri is None:
        return CRS84
    found = SYSTEMS.get(uri.removeprefix("<").removesuffix(">"))
    if found is None:
        raise ParameterError(f"{parameter} must be one of the addresses under `crs` of the collection.")
    return found


def box(numbers: list[float], system: ReferenceSystem) -> shapely.Geometry:
    """A box, given as on the wire with four or six numbers, as a shape in degrees. Raises ParameterError.

    Heights are not looked at: nothing here has one. In degrees a box whose west is east of its east passes the
    antimeridian.
    """
    flat = [*numbers[:2], *numbers[3:5]] if len(numbers) == 6 else numbers  # noqa: PLR2004 -- with heights
    if len(flat) != CORNERS or not all(np.isfinite(numbers)):
        raise ParameterError("A bbox has four numbers, or six with heights.")
    x0, y0, x1, y1 = flat
    if system.is_northing_first:
        x0, y0, x1, y1 = y0, x0, y1, x1
    if y0 > y1 or (x0 > x1 and not system.is_degrees):
        raise ParameterError("The first corner of a bbox is the lower left one.")
    if not system.is_degrees:
        return to_degrees(
            shapely.segmentize(shapely.box(x0, y0, x1, y1), max(x1 - x0, y1 - y0, 1.0) / SIDE_STEPS), system
        )
    _check_degrees(np.array([[x0, y0], [x1, y1]]))
    if x0 <= x1:
        return shapely.box(x0, y0, x1, y1)
    return shapely.MultiPolygon([shapely.box(x0, y0, 180.0, y1), shapely.box(-180.0, y0, x1, y1)])


def shape(geometry: dict[str, Any], system: ReferenceSystem) -> shapely.Geometry:
    """A GeoJSON geometry, given as on the wire, as a shape in degrees. Raises ParameterError."""
    try:
        found = shapely.force_2d(shapely.geometry.shape(geometry))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise ParameterError("A geometry in the filter cannot be read.") from error
    if shapely.get_num_coordinates(found) > MOST_VERTICES:
        raise ParameterError(f"A geometry in the filter has more than {MOST_VERTICES} vertices.")
    if system.is_northing_first:
        found = shapely.transform(found, lambda xy: xy[:, ::-1])
    is_finite = np.isfinite(shapely.get_coordinates(found)).all()
    if found.is_empty or not is_finite or not shapely.is_valid(found):
        raise ParameterError("A geometry in the filter is not valid: it is empty, crosses itself, or is not closed.")
    return to_degrees(found, system)


def to_degrees(shape: shapely.Geometry, system: ReferenceSystem) -> shapely.Geometry:
    """The shape in longitude and latitude. Raises ParameterError for what lies outside the world."""
    if not system.is_degrees:
        way = _to_degrees(system.srid)
        shape = shapely.transform(shape, lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1])))
    _check_degrees(shapely.get_coordinates(shape))
    return shape


def _check_degrees(xy: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    is_there = np.isfinite(xy).all() and (np.abs(xy[:, 0]) <= 180).all() and (np.abs(xy[:, 1]) <= 90).all()  # noqa: PLR2004
    if not is_there:
        raise ParameterError("A coordinate lies outside the reference system; check crs and the order of the axes.")


@lru_cache
def _to_degrees(srid: int) -> Transformer:
    return Transformer.from_crs(srid, DEGREES, always_xy=True)
