"""The drawn map: outlines, numbers and a sketch of the town as SVG, for screens without WebGL, and for paper.

Positions are whole pixels of a fixed sheet: exact enough to find one's way, and a fraction of the bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians
from typing import Final

from app.web.basemap import Background
from app.web.places import Bounds, Listing, Place, Ring

WIDTH: Final = 800
HEIGHT: Final = 640
MARGIN: Final = 0.08  # of the box around the places, on each side
SMALLEST_KM: Final = 0.6  # a single small place is shown in its surroundings
KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class DrawnShape:
    """One path of the background."""

    look: str
    path: str


@dataclass(frozen=True, slots=True)
class DrawnPlace:
    """One place: its outline, and where its number stands."""

    place: Place
    heat: int
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that the template needs to write the SVG."""

    width: int
    height: int
    background: tuple[DrawnShape, ...]
    places: tuple[DrawnPlace, ...]  # last rank first, so that the first lies on top


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a longitude and latitude falls on the sheet (equirectangular: right for a town)."""

    west: float
    north: float
    x_scale: float
    y_scale: float

    def pixel(self, longitude: float, latitude: float) -> tuple[int, int]:
        """Whole pixels from the upper left corner."""
        return round((longitude - self.west) * self.x_scale), round((self.north - latitude) * self.y_scale)

    def path(self, rings: Iterable[Ring], *, closed: bool) -> str:
        """SVG path data: points on one pixel are said once, shapes off the sheet not at all."""
        parts = []
        for ring in rings:
            pixels = list(dict.fromkeys(self.pixel(point[0], point[1]) for point in ring))
            if len(pixels) > 1 and _touches_sheet(pixels):
                parts.append("M" + "L".join(f"{x} {y}" for x, y in pixels) + ("Z" if closed else ""))
        return "".join(parts)


def _touches_sheet(pixels: list[tuple[int, int]]) -> bool:
    xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
    return max(xs) >= 0 and min(xs) <= WIDTH and max(ys) >= 0 and min(ys) <= HEIGHT


def sheet_for(bounds: Bounds) -> Sheet:
    """Fit a box of degrees into the sheet, with a margin, and not closer than a person finds helpful."""
    west, south, east, north = bounds
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    stretch = cos(radians(middle_y))
    grow = 1 + 2 * MARGIN
    width_km = max((east - west) * stretch * KM_PER_DEGREE * grow, SMALLEST_KM)
    height_km = max((north - south) * KM_PER_DEGREE * grow, SMALLEST_KM)
    pixels_per_km = min(WIDTH / width_km, HEIGHT / height_km)
    y_scale = pixels_per_km * KM_PER_DEGREE
    x_scale = y_scale * stretch
    return Sheet(middle_x - WIDTH / 2 / x_scale, middle_y + HEIGHT / 2 / y_scale, x_scale, y_scale)


def draw(listing: Listing, background: Background) -> Drawing | None:
    """Draw the places on the sketch of the town; none when there is neither."""
    bounds = listing.bounds() or background.bounds
    if bounds is None:
        return None
    sheet = sheet_for(bounds)
    sketch = [DrawnShape(shape.look, sheet.path(shape.rings, closed=shape.is_area)) for shape in background.shapes]
    return Drawing(
        WIDTH,
        HEIGHT,
        tuple(shape for shape in sketch if shape.path),
        tuple(
            DrawnPlace(
                place,
                listing.heat(place),
                sheet.path(place.rings, closed=True),
                *sheet.pixel(place.longitude, place.latitude),
            )
            for place in reversed(listing.places)
        ),
    )
