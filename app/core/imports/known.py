"""What the organisation knows already, when it reads a file: categories, places, areas, crime codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from app.core.categories import Category
from app.core.geo import SWEREF99_TM


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the place register."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    lon: float
    lat: float
    location_uncertainty_m: float
    within: str = ""  # the municipality, to tell apart places of the same name


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArea:
    """A municipality, a local police area, a district."""

    code: str
    name: str
    geometry: BaseGeometry  # WGS84


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that is not in the file."""

    categories: Sequence[Category]
    organisation: str = ""  # slug: rows of a column `organisation` must say it
    metric_srid: int = SWEREF99_TM
    area: BaseGeometry | None = None  # the organisation's, WGS84
    areas: Sequence[NamedArea] = ()
    places: Sequence[Place] = ()
    crime_codes: Mapping[str, str] = field(default_factory=dict)  # "0355" or "03*" → category
