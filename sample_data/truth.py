"""What is true about the incidents: every planted place, and every other concentration there is.

With all concentrations listed, a finding that matches no feature is a false alarm for certain.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Point

from sample_data import geojson, plants, rhythms, sources, towns
from sample_data.geojson import Feature
from sample_data.geometry import Coordinates

NEAR_M = 75.0  # a concentration is where this many incidents of the last 52 weeks lie this near
ENOUGH = 8
MOST_UNCERTAIN_M = 300.0
NEVER_CLUSTERED = ("BED", "ARR")


def features(made: towns.Towns) -> list[Feature]:
    """Planted places, the default address, the centre points of coarse positions, chance clumps."""
    return [
        *(_planted(made, p) for p in plants.PLANTS),
        _default_address(made),
        *(_centre_point(made, slug) for slug in made.area.municipalities),
        *_chance_clumps(made),
    ]


def is_clustered(rows: towns.Incidents) -> npt.NDArray[np.bool_]:
    """Rows that an analysis of the last 52 weeks would use."""
    is_placed = rows.location_uncertainty_m <= MOST_UNCERTAIN_M
    return towns.last_weeks(rows) & is_placed & ~np.isin(rows.category, NEVER_CLUSTERED)


def _planted(made: towns.Towns, plant: plants.Plant) -> Feature:
    rows = made.incidents.take(made.incidents.plant == plant.id)
    reach = max(float(np.hypot(*spot)) for spot in np.array(plant.spots) - np.mean(plant.spots, axis=0))
    properties: dict[str, Any] = {
        "id": plant.id,
        "name": plant.name,
        "municipality": plant.town.slug,
        "kind": plant.kind,
        "from": str(plant.since),
        "to": str(plant.until - timedelta(days=1)),
        "incidents_per_week": plant.per_week,
        "radius_m": plant.radius_m + round(reach),
        **_counted(rows),
    }
    if plant.months:
        properties["months"] = sorted(plant.months)
    if plant.note:
        properties["note"] = plant.note
    if plant.lineage:
        properties["lineage"] = plant.lineage
    return geojson.feature(Point(made.centres[plant.id]), properties)


def _counted(rows: towns.Incidents) -> dict[str, Any]:
    """What the drawn incidents of one place say."""
    moved = np.hypot(*(rows.xy - rows.true_xy).T)
    moved = moved[(moved > 0) & (rows.plant != towns.COARSE) & (rows.plant != towns.DEFAULT_ADDRESS)]
    return {
        "categories": [
            category for category, _ in sorted(Counter(rows.category.tolist()).items(), key=lambda c: (-c[1], c[0]))
        ],
        "location_noise_m": round(float(np.median(moved)), 1) if len(moved) else 0.0,
        "incidents": len(rows),
        "incidents_last_52_weeks": int(towns.last_weeks(rows).sum()),
    }


def _special(rows: towns.Incidents, at: Point, **said: object) -> Feature:
    """A concentration that no one planted as a place: always of kind chance, all two years."""
    properties = {
        **said,
        "kind": "chance",
        "from": str(rhythms.FIRST_DAY),
        "to": str(rhythms.LAST_DAY),
        "incidents_per_week": round(len(rows) * 168 / rhythms.HOURS, 2),
        **_counted(rows),
    }
    return geojson.feature(at, properties)


def _default_address(made: towns.Towns) -> Feature:
    return _special(
        made.incidents.take(made.incidents.plant == towns.DEFAULT_ADDRESS),
        made.area.towns[0].sites["Polisstationen"].at,
        id=towns.DEFAULT_ADDRESS,
        name="Polisstationens adress",
        municipality=sources.MAIN,
        radius_m=1,
        note="standardadress: händelserna hör inte hemma här",
    )


def _centre_point(made: towns.Towns, slug: str) -> Feature:
    rows = made.incidents
    centre = made.area.municipalities[slug].centroid
    return _special(
        rows.take((rows.plant == towns.COARSE) & (rows.municipality == slug)),
        Point(round(centre.x, 1), round(centre.y, 1)),
        id=f"coarse-{slug}",
        name="Kommunens mittpunkt",
        municipality=slug,
        radius_m=1,
        note="grova lägen och bedrägerier: ingen plats",
    )


def _chance_clumps(made: towns.Towns) -> list[Feature]:
    """Where mostly unplanted incidents of the last 52 weeks happen to lie close together."""
    rows = made.incidents.take(is_clustered(made.incidents))
    found: list[Feature] = []
    for members in _dense_groups(rows.xy):
        group = rows.take(members)
        if np.mean(group.plant == "") <= 0.5:  # noqa: PLR2004 - the majority
            continue
        middle = np.median(group.xy, axis=0)
        centre = group.xy[int(np.argmin(np.hypot(*(group.xy - middle).T)))]
        town = str(group.municipality[0])
        found.append(
            _special(
                group,
                Point(np.round(centre, 2)),
                id=f"chance-drawn-{len(found) + 1}",
                name="Slumpmässig anhopning",
                municipality=town,
                radius_m=int(np.hypot(*(group.xy - centre).T).max()) + 1,
                note="inte planterad: bakgrundens händelser råkade ligga nära varandra (52 veckor)",
            )
        )
    return found


def _dense_groups(xy: Coordinates) -> list[npt.NDArray[np.int64]]:
    """Groups of positions that each have ENOUGH within NEAR_M, themselves counted, and what lies near them.

    What DBSCAN finds, written anew so that the truth does not come from the code it judges.
    """
    points = shapely.points(xy)
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=NEAR_M)
    is_dense = np.bincount(left, minlength=len(xy)) >= ENOUGH
    from_dense = is_dense[left]
    between_dense = from_dense & is_dense[right]
    group = np.arange(len(xy))
    while True:
        lowest = group.copy()
        np.minimum.at(lowest, left[between_dense], group[right[between_dense]])
        if np.array_equal(lowest, group):
            break
        group = lowest
    return [np.unique(right[from_dense & (group[left] == g)]) for g in np.unique(group[is_dense])]
