"""The rows of the table files: areas, places, incidents."""

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import shapely

from sample_data import geojson, plan, rhythms
from sample_data.geojson import Feature
from sample_data.region import Region
from sample_data.towns import Incidents

SHORTEST_LISTED_STREET_M = 230.0
STREETS_PER_TOWN = 90
_ASCII = str.maketrans({"å": "a", "ä": "a", "ö": "o", " ": "-"})


def areas(area: Region) -> list[Feature]:
    """The local police area, its municipalities, their districts."""
    lpo = shapely.union_all(list(area.municipalities.values()))
    rows = [_area(lpo, plan.LPO_CODE, plan.LPO_NAME, "local_police_area", None)]
    for town in plan.TOWNS:
        shape = area.municipalities[town.slug]
        rows.append(_area(shape, town.slug, f"{town.name} kommun", "municipality", plan.LPO_CODE))
    for drawn in area.towns:
        for name, shape in drawn.districts.items():
            code = f"{drawn.town.name}-{name}".lower().translate(_ASCII)
            rows.append(_area(shape, code, name, "district", drawn.town.slug))
    return rows


def _area(shape: Any, code: str, name: str, kind: str, parent: str | None) -> Feature:
    return geojson.feature(shape, {"code": code, "name": name, "kind": kind, "parent": parent})


def places(area: Region) -> bytes:
    """places.csv: named places and the longer streets; aliases are parted by |."""
    rows = []
    for town in area.towns:
        for site in town.sites.values():
            uncertainty = 100 if site.place.kind in {"park", "sports"} else 50
            rows.append((site.place.name, "|".join(site.place.aliases), site.at, uncertainty, town.town.slug))
        for street in sorted(town.streets, key=lambda s: (-_length(s.pieces), s.name))[:STREETS_PER_TOWN]:
            if _length(street.pieces) < SHORTEST_LISTED_STREET_M:
                continue
            inside = shapely.intersection(shapely.union_all(street.pieces), town.outline)
            at = max(shapely.get_parts(shapely.line_merge(inside)), key=shapely.length)
            half = int(inside.length / 20 + 1) * 10
            rows.append((street.name, "", at.interpolate(0.5, normalized=True), half, town.town.slug))
    return _csv(
        ("name", "aliases", "lon", "lat", "location_uncertainty_m", "municipality"),
        ((n, a, *_lonlat(p), u, m) for n, a, p, u, m in rows),
        ";",
    )


def _length(pieces: list[Any]) -> float:
    return float(sum(p.length for p in pieces))


def _lonlat(point: Any) -> tuple[float, float]:
    lon, lat = geojson.geometry(point)["coordinates"]
    return lon, lat


def incidents(rows: Incidents) -> bytes:
    """incidents.csv: one line per report, times in Stockholm with their offset."""
    columns = (
        "organisation", "source", "source_ref", "category", "occurred_from", "occurred_to", "lon", "lat",
        "location_uncertainty_m", "text", "reported_at",
    )  # fmt: skip
    return _csv(columns, _incident_rows(rows), ",")


def _incident_rows(rows: Incidents) -> Iterator[tuple[object, ...]]:
    for i in range(len(rows)):
        yield (
            rows.organisation[i],
            rows.source[i],
            rows.source_ref[i],
            rows.category[i],
            _iso(int(rows.occurred_from[i])),
            _iso(int(rows.occurred_to[i])),
            f"{rows.lonlat[i, 0]:.6f}",
            f"{rows.lonlat[i, 1]:.6f}",
            f"{rows.location_uncertainty_m[i]:g}",
            rows.text[i],
            _iso(int(rows.reported_at[i])),
        )


@lru_cache(maxsize=200_000)
def _iso(minutes: int) -> str:
    return rhythms.moment(minutes).isoformat(timespec="minutes")


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
