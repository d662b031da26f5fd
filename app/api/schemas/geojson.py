"""GeoJSON as it is answered."""

from typing import Any, Literal

from pydantic import BaseModel


class Geometry(BaseModel):
    """A GeoJSON geometry in WGS84, six decimals, right-hand rule."""

    type: str
    coordinates: list[Any]


class Feature(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: dict[str, Any]


class Link(BaseModel):
    """Where to go next."""

    rel: str
    href: str
    type: str = "application/geo+json"


class FeatureCollection(BaseModel):
    """GeoJSON features."""

    type: Literal["FeatureCollection"]
    numberReturned: int  # noqa: N815 -- the standard's spelling
    features: list[Feature]
    links: list[Link] = []
