"""Small geometry words that the map of the towns is made of: metres in SWEREF 99 TM, no files."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Polygon

Coordinates: TypeAlias = npt.NDArray[np.float64]
Geometry: TypeAlias = Any  # shapely publishes no types


def smooth(points: Sequence[tuple[float, float]] | Coordinates, step_m: float = 25.0) -> Coordinates:
    """A centripetal-looking curve through every point (Catmull-Rom), one vertex each `step_m`.

    points: (n, 2) metres. Returns (m, 2) metres, rounded to centimetres.
    """
    p = np.asarray(points, dtype=float)
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        t = np.linspace(0, 1, max(2, int(np.hypot(*(c - b)) / step_m)), endpoint=False)[:, None]
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.round(np.vstack([*pieces, p[-1:]]), 2)


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radii_m: tuple[float, float],
    unrest: float,
    turn: float = 0.0,
) -> Geometry:
    """A rounded, uneven polygon round `centre`; `unrest` 0 is an ellipse, 0.3 a ragged lake."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    swell = np.ones_like(angle)
    for k in range(2, 9):
        swell += unrest / k**0.8 * np.sin(k * angle + rng.uniform(0, 2 * np.pi))
    xy = np.column_stack([radii_m[0] * swell * np.cos(angle), radii_m[1] * swell * np.sin(angle)])
    turned = xy @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return Polygon(np.round(turned + centre, 2)).buffer(0)


def parts(geometry: Geometry) -> Iterator[Geometry]:
    """The single geometries that a geometry is made of; none for an empty one."""
    yield from (g for g in shapely.get_parts(geometry) if not g.is_empty)


def polygons(geometry: Geometry) -> list[Geometry]:
    """Only the polygons among the parts."""
    return [g for g in parts(geometry) if g.geom_type == "Polygon"]


def lines(geometry: Geometry) -> list[Geometry]:
    """Only the lines among the parts."""
    return [g for g in parts(geometry) if g.geom_type == "LineString"]


def middle(line: Geometry) -> Geometry:
    """The point half-way along a line."""
    return shapely.line_interpolate_point(line, 0.5, normalized=True)


def shifted(line: Sequence[tuple[float, float]], unit_m: float, origin: tuple[float, float]) -> Coordinates:
    """A sketch in units of the town's radius as metres on the map."""
    result: Coordinates = np.asarray(line, dtype=float) * unit_m + np.asarray(origin, dtype=float)
    return result


def curve(points: Sequence[tuple[float, float]] | Coordinates, step_m: float = 25.0) -> Geometry:
    """`smooth` as a line."""
    return LineString(smooth(points, step_m))


def joined(pieces: Iterable[Geometry]) -> list[Geometry]:
    """Pieces that meet end to end, joined to long lines."""
    return lines(shapely.line_merge(shapely.union_all(list(pieces))))
