"""Where coordinates land when they are read in one system or another: a wrong guess is seen on the map, by a name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely

from app.core.geo import SWEDEN_LAT, SWEDEN_LON, Flags, Floats
from app.core.imports import positions
from app.core.imports.known import Known, NamedArea
from app.core.imports.profile import Field, Profile
from app.core.imports.shapes import Shape

SWEREF_ZONES: Final = tuple(range(3007, 3019))
RT90: Final = 3021
SWEDISH: Final = frozenset({3006, RT90, *SWEREF_ZONES})
_OTHERS: Final = (3857, 27700)  # web maps; Great Britain
_DEGREES: Final = 180.0
_NEAR_DEGREES: Final = 0.05  # of a place of the register: some kilometres
_KEPT: Final = 6
_ROUGHLY: Final = 20  # shares are compared in steps of a twentieth


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where the sample's points would lie, if the coordinates were read so."""

    srid: int
    is_swapped: bool
    name: str  # the town or area that most of them land in; "" when in none that we know
    inside: int  # how many of them land in the organisation's area, or in any that we know
    points: int
    lon: float  # the middle one
    lat: float
    profile: Profile  # the proposal, read so


def landings(shapes: dict[str, Shape], profile: Profile, known: Known, said: Sequence[int | None]) -> list[Landing]:
    """Likely readings of the coordinates, best first. said: what the file and its header say of the system."""
    hints = [srid for srid in said if srid is not None]
    found: list[tuple[tuple[float, ...], Landing]] = []
    for variant, is_swapped in _variants(shapes, profile):
        x, y = _sample(shapes, variant)
        if not len(x):
            continue
        for srid in _likely(x, y, known, hints):
            lon, lat, off = positions.to_degrees(x, y, srid)
            lon, lat = lon[~off], lat[~off]
            if not len(lon):
                continue
            inside, name = _inside(lon, lat, known)
            landing = Landing(
                srid=srid,
                is_swapped=is_swapped,
                name=name,
                inside=int(inside.sum()),
                points=len(x),
                lon=float(np.median(lon)),
                lat=float(np.median(lat)),
                profile=replace(variant, srid=srid),
            )
            found.append((_rank(landing, lon, lat, known, hints), landing))
    found.sort(key=lambda item: item[0], reverse=True)
    return [landing for _, landing in found[:_KEPT]]


def _variants(shapes: dict[str, Shape], profile: Profile) -> list[tuple[Profile, bool]]:
    """As proposed, and with the axes exchanged."""
    columns = profile.columns
    if Field.X in columns and Field.Y in columns:
        swapped = {**columns, Field.X: columns[Field.Y], Field.Y: columns[Field.X]}
        return [(profile, False), (replace(profile, columns=swapped), True)]
    if Field.GEOMETRY in columns:
        if shapes[columns[Field.GEOMETRY][0]].pairs < 0.5:  # noqa: PLR2004 -- a geometry says itself what is x
            return [(profile, False)]
        return [(replace(profile, is_latitude_first=True), False), (replace(profile, is_latitude_first=False), True)]
    return []


def _sample(shapes: dict[str, Shape], profile: Profile) -> tuple[Floats, Floats]:
    columns = profile.columns
    if Field.X in columns:
        x, _ = positions.numbers_of(shapes[columns[Field.X][0]].cells)
        y, _ = positions.numbers_of(shapes[columns[Field.Y][0]].cells)
    else:
        cells = shapes[columns[Field.GEOMETRY][0]].cells
        x, y, _ = positions.geometries_of(cells, is_latitude_first=profile.is_latitude_first)
    told = ~(np.isnan(x) | np.isnan(y) | ((x == y) & (np.abs(x) < 2)))  # noqa: PLR2004 -- zero, zero and minus one
    return x[told], y[told]


def _likely(x: Floats, y: Floats, known: Known, hints: Sequence[int]) -> list[int]:
    """The systems in which the numbers make sense at all."""
    small = (np.abs(x) <= _DEGREES) & (np.abs(y) <= _DEGREES)
    if small.mean() > 0.5:  # noqa: PLR2004
        return [srid for srid in dict.fromkeys((*hints, positions.WGS84)) if positions.is_degrees(srid)]
    swedish = sorted(SWEDISH) if known.metric_srid in SWEDISH else []
    metric = dict.fromkeys((*hints, known.metric_srid, *swedish, *_utm(known), *_OTHERS))
    return [srid for srid in metric if not positions.is_degrees(srid)]


def _utm(known: Known) -> list[int]:
    """The UTM zone that the organisation's area lies in."""
    if known.area is None or known.area.is_empty:
        return []
    middle = known.area.centroid
    return [(32600 if middle.y >= 0 else 32700) + int((middle.x + 180) // 6) % 60 + 1]


def _inside(lon: Floats, lat: Floats, known: Known) -> tuple[Flags, str]:
    """Which points land where we know our way, and the name of where most of them do."""
    counts = [(int(_within(area, lon, lat).sum()), area) for area in known.areas]
    # Of two that hold as many, the smaller says more.
    best = max(counts, key=lambda item: (item[0], -item[1].geometry.area), default=None)
    name = best[1].name if best is not None and best[0] else ""
    if known.area is not None:
        inside = np.asarray(shapely.intersects_xy(known.area, lon, lat))
    else:
        inside = np.zeros(len(lon), np.bool_)
        for area in known.areas:
            inside |= _within(area, lon, lat)
    if not known.areas and known.places:
        middle = np.median(lon), np.median(lat)
        near = min(known.places, key=lambda p: (p.lon - middle[0]) ** 2 / 4 + (p.lat - middle[1]) ** 2)
        if abs(near.lon - middle[0]) < 2 * _NEAR_DEGREES and abs(near.lat - middle[1]) < _NEAR_DEGREES:
            name = near.within or near.name
            if known.area is None:
                inside = (np.abs(lon - near.lon) < 4 * _NEAR_DEGREES) & (np.abs(lat - near.lat) < 2 * _NEAR_DEGREES)
    return inside, name


def _within(area: NamedArea, lon: Floats, lat: Floats) -> Flags:
    shapely.prepare(area.geometry)
    return np.asarray(shapely.intersects_xy(area.geometry, lon, lat))


def _rank(landing: Landing, lon: Floats, lat: Floats, known: Known, hints: Sequence[int]) -> tuple[float, ...]:
    """Inside what we know; on our ground at all; as the file says; not exchanged; a usual system."""
    usual = (positions.WGS84, known.metric_srid, 3006, RT90)
    is_home = True
    if known.metric_srid in SWEDISH:
        in_box = (lon > SWEDEN_LON[0]) & (lon < SWEDEN_LON[1]) & (lat > SWEDEN_LAT[0]) & (lat < SWEDEN_LAT[1])
        is_home = bool(in_box.mean() > 0.5)  # noqa: PLR2004
    return (
        round(_ROUGHLY * landing.inside / landing.points),
        float(is_home),
        -hints.index(landing.srid) if landing.srid in hints else -len(hints) - 1,
        float(not landing.is_swapped),
        -usual.index(landing.srid) if landing.srid in usual else -len(usual),
        -landing.srid,
    )
