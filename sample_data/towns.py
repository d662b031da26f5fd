"""Two years of incidents in the three towns, as arrays, together with the truth about them.

The map is always the same; the seed decides addresses, times, categories, displacement and volume
by chance. `generate` takes about a second after the map is drawn once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from sample_data import plants, rhythms, sources, texts
from sample_data.geojson import to_lonlat
from sample_data.geometry import Coordinates
from sample_data.region import Region, region
from sample_data.townmap import TownMap

SEED = 20261116
PER_WEEK = {"lindesta-kommun": 45.0, "hyttfors-kommun": 22.0, "ekhyttan-kommun": 14.0}  # all sources together
EVENTS_PER_WEEK = 0.12  # ARR, each town
RURAL_SHARE = {"lindesta-kommun": 0.16, "hyttfors-kommun": 0.22, "ekhyttan-kommun": 0.34}
COARSE_SHARE = 0.015
DEFAULT_ADDRESS_SHARE = 0.02
DEFAULT_ADDRESS = "default-address"
COARSE = "coarse"
REPEATS_PER_ADDRESS = 2.3
RAYLEIGH_MEDIAN = np.sqrt(2 * np.log(2))  # median distance of a round Gaussian, in sigmas

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """One row per report, ordered by reported_at, source, source_ref; all arrays have n rows."""

    organisation: Texts
    source: Texts
    source_ref: Texts
    category: Texts
    occurred_from: rhythms.Minutes  # minutes after rhythms.START
    occurred_to: rhythms.Minutes  # equal to occurred_from when somebody saw it happen
    reported_at: rhythms.Minutes
    xy: Coordinates  # (n, 2) as reported, SWEREF 99 TM metres
    true_xy: Coordinates  # (n, 2) before displacement, default address and coarse positions
    lonlat: Coordinates  # (n, 2) as reported, six decimals
    location_uncertainty_m: rhythms.Floats
    text: Texts
    municipality: Texts
    plant: Texts  # id of the planted place, DEFAULT_ADDRESS, COARSE, or empty: background

    def __len__(self) -> int:
        return len(self.category)

    def take(self, rows: npt.NDArray[Any]) -> "Incidents":
        """The rows with these numbers, or where a mask is true."""
        return Incidents(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Towns:
    """What `generate` gives: incidents, the map, and every planted place with its centre."""

    incidents: Incidents
    area: Region
    centres: dict[str, Coordinates]  # plant id: (2,) metres


@dataclass(frozen=True, slots=True)
class _Batch:
    """Incidents of one category at one kind of place, before anyone has reported them."""

    municipality: str
    category: str
    plant: str
    began: rhythms.Minutes
    xy: Coordinates
    only: frozenset[str] = frozenset()


def generate(seed: int = SEED, location_noise_m: float | None = None) -> Towns:
    """Make two years of incidents.

    location_noise_m: median displacement in metres for every row instead of each source's own;
    0 leaves all rows on their address points.
    """
    rng = np.random.default_rng(seed)
    area = region()
    centres = {p.id: _centre(area, p) for p in plants.PLANTS}
    reported = [_report(rng, area, batch) for batch in _batches(rng, area, centres)]
    rows = Incidents(**{f.name: np.concatenate([getattr(r, f.name) for r in reported]) for f in fields(Incidents)})
    rows = rows.take(rows.reported_at < rhythms.HOURS * 60)
    rows = _locate(rng, area, rows, location_noise_m)
    return Towns(_numbered(rows), area, centres)


def _centre(area: Region, plant: plants.Plant) -> Coordinates:
    """The middle of a plant's spots."""
    at = _town(area, plant.town.slug).sites[plant.place].at
    centre: Coordinates = np.round(np.array([at.x, at.y]) + np.mean(plant.spots, axis=0), 2)
    return centre


def _town(area: Region, municipality: str) -> TownMap:
    return next(t for t in area.towns if t.town.slug == municipality)


def _batches(rng: np.random.Generator, area: Region, centres: dict[str, Coordinates]) -> Iterator[_Batch]:
    """Everything that happens: the plants, then each town's background and events."""
    for plant in plants.PLANTS:
        pool, weight = _pool(rng, _town(area, plant.town.slug), plant, centres[plant.id])
        expected = plant.per_week * plants.active_weeks(plant)
        count = round(expected) if plant.kind == "chance" else int(rng.poisson(expected))
        for category, n in _split_by(rng, plant.mix, count):
            began = rhythms.draw(rng, category, n, plant.active)
            at = pool[rng.choice(len(pool), n, p=weight)]
            yield _Batch(plant.town.slug, category, plant.id, began, at, plant.only)
    for town in area.towns:
        yield from _background(rng, area, town)


def _pool(
    rng: np.random.Generator, town: TownMap, plant: plants.Plant, centre: Coordinates
) -> tuple[Coordinates, Coordinates]:
    """The doors and corners of a plant and how often each is named; the spots themselves most."""
    at = town.sites[plant.place].at
    spots = np.array(plant.spots) + np.array([at.x, at.y])
    away = np.min(np.hypot(*(town.addresses[:, None] - spots[None]).transpose(2, 0, 1)), axis=1)
    near = rng.permutation(town.addresses[away <= plant.radius_m])
    pool = np.vstack([spots, near]) if len(near) else np.vstack([spots, centre])
    weight = np.concatenate([np.full(len(spots), 1.3 / len(spots)), 1 / np.arange(2, len(pool) - len(spots) + 2)])
    return pool, weight / weight.sum()


def _split_by(rng: np.random.Generator, mix: sources.Mix, count: int) -> Iterator[tuple[str, int]]:
    """Deal a number of incidents out to categories."""
    total = sum(mix.values())
    for category, n in zip(mix, rng.multinomial(count, [w / total for w in mix.values()]), strict=True):
        if n:
            yield category, int(n)


def _background(rng: np.random.Generator, area: Region, town: TownMap) -> Iterator[_Batch]:
    """What happens anywhere: on many addresses of the town, and some in the country round it."""
    slug = town.town.slug
    weeks = rhythms.HOURS / 168
    planted = sum(p.per_week * plants.active_weeks(p) for p in plants.PLANTS if p.town.slug == slug)
    count = int(rng.poisson(PER_WEEK[slug] * weeks - planted - EVENTS_PER_WEEK * weeks))
    streets = _some_addresses(rng, town, count)
    country = _country(rng, area, town)
    for category, n in _split_by(rng, _background_mix(slug), count):
        began = rhythms.draw(rng, category, n)
        is_rural = rng.random(n) < RURAL_SHARE[slug]
        at = np.where(
            is_rural[:, None],
            country[rng.integers(0, len(country), n)],
            streets[rng.integers(0, len(streets), n)],
        )
        yield _Batch(slug, category, "", began, at)
    yield _events(rng, town)


def _events(rng: np.random.Generator, town: TownMap) -> _Batch:
    """Markets, concerts, matches: context, told by the municipality."""
    places = [s.at for s in town.sites.values() if s.place.kind in {"square", "park", "sports"}]
    n = int(rng.poisson(EVENTS_PER_WEEK * rhythms.HOURS / 168))
    began = rhythms.draw(rng, "ARR", n)
    at = shapely.get_coordinates(places)[rng.integers(0, len(places), n)]
    return _Batch(town.town.slug, "ARR", "", began, at, frozenset({sources.STAFF.name}))


def _some_addresses(rng: np.random.Generator, town: TownMap, count: int) -> Coordinates:
    """The addresses that are ever named: far fewer than there are, so that most come back."""
    kept = rng.choice(len(town.addresses), int(count / REPEATS_PER_ADDRESS), replace=False, p=town.address_weights)
    named: Coordinates = town.addresses[kept]
    return named


def _country(rng: np.random.Generator, area: Region, town: TownMap) -> Coordinates:
    """Farms and villages: points near the country roads, and some anywhere in the municipality."""
    shape = area.municipalities[town.town.slug].buffer(-400)
    x0, y0, x1, y1 = shape.bounds
    along = [line.interpolate(d) for _, line in area.country_roads for d in rng.uniform(0, line.length, 40)]
    near_roads = shapely.get_coordinates(along) + rng.normal(0, 70, (len(along), 2))
    xy = np.round(np.vstack([near_roads, rng.uniform((x0, y0), (x1, y1), (260, 2))]), 1)
    is_wet = np.any([shapely.contains_xy(lake, xy[:, 0], xy[:, 1]) for lake in area.lakes], axis=0)
    is_town = shapely.contains_xy(town.outline.buffer(100), xy[:, 0], xy[:, 1])
    dry: Coordinates = xy[shapely.contains_xy(shape, xy[:, 0], xy[:, 1]) & ~is_wet & ~is_town]
    return dry


def _background_mix(municipality: str) -> sources.Mix:
    """What all sources but the schools see outside the planted places; schools are planted."""
    result: sources.Mix = {}
    for channel in sources.channels(municipality):
        if channel.source is sources.SCHOOL_STAFF:
            continue
        total = sum(channel.source.mix.values())
        for category, weight in channel.source.mix.items():
            result[category] = result.get(category, 0.0) + channel.share * weight / total
    return result


def _seen_by(batch: _Batch) -> tuple[Sequence[sources.Channel], Coordinates]:
    """Who may have reported a category, and how likely each is."""
    found = [c for c in sources.channels(batch.municipality) if not batch.only or c.source.name in batch.only]
    share = [c.share * c.source.mix.get(batch.category, 0.0) / sum(c.source.mix.values()) for c in found]
    if sum(share) == 0:
        share = [c.share for c in found]
    is_school = batch.category == "SKO" or bool(batch.plant)
    weight = np.array(
        [s if is_school or c.source is not sources.SCHOOL_STAFF else 0.0 for c, s in zip(found, share, strict=True)]
    )
    return found, weight / weight.sum()


def _report(rng: np.random.Generator, area: Region, batch: _Batch) -> Incidents:
    """Let somebody notice and report each incident of a batch."""
    n = len(batch.began)
    channels, weight = _seen_by(batch)
    who = [channels[i] for i in rng.choice(len(channels), n, p=weight)]
    until = batch.began + rhythms.durations(rng, batch.category, n)
    lag = rng.exponential(1.0, n) * np.array([c.source.lag_h for c in who]) * 60 + 10
    centre = area.municipalities[batch.municipality].centroid
    is_coarse = (batch.category == "BED") | (rng.random(n) < COARSE_SHARE) & (batch.plant == "")
    return Incidents(
        organisation=np.array([c.organisation for c in who], dtype="U32"),
        source=np.array([c.source.name for c in who], dtype="U32"),
        source_ref=np.array([c.prefix for c in who], dtype="U16"),
        category=np.full(n, batch.category, dtype="U4"),
        occurred_from=batch.began,
        occurred_to=until,
        reported_at=until + lag.astype(np.int64),
        xy=np.where(is_coarse[:, None], np.round([centre.x, centre.y], 1), batch.xy),
        true_xy=batch.xy,
        lonlat=np.zeros((n, 2)),
        location_uncertainty_m=np.where(is_coarse, sources.COARSE_M, 0.0),
        text=np.array([texts.draw(rng, batch.category) for _ in range(n)], dtype="U80"),
        municipality=np.full(n, batch.municipality, dtype="U32"),
        plant=np.where(is_coarse, COARSE, np.full(n, batch.plant, dtype="U32")).astype("U32"),
    )


def _locate(rng: np.random.Generator, area: Region, rows: Incidents, noise_m: float | None) -> Incidents:
    """Displace positions as each source does, give some police rows the station's address."""
    by_name = {c.source.name: c.source for c in sources.all_channels()}
    how = [by_name[str(s)] for s in rows.source]
    is_coarse = rows.plant == COARSE
    is_police = rows.source == sources.POLICE_REPORTS.name
    is_default = is_police & ~is_coarse & (rng.random(len(rows)) < DEFAULT_ADDRESS_SHARE)
    is_displaced = rng.random(len(rows)) < np.array([s.displaced_share for s in how])
    median = np.where(is_displaced, [s.displacement_m for s in how], 0.0)
    if noise_m is not None:
        median = np.full(len(rows), noise_m)
    moved = rows.xy + rng.normal(0, 1, rows.xy.shape) * (median / RAYLEIGH_MEDIAN)[:, None]
    stays = is_coarse | ~_is_inside(area, rows.municipality, moved)
    xy = np.where(stays[:, None], rows.xy, moved)
    station = area.towns[0].sites["Polisstationen"].at
    xy = np.where(is_default[:, None], [station.x, station.y], xy)
    said = np.where(is_police & ~is_displaced | is_default, 15.0, [s.uncertainty_m for s in how])
    said = said if noise_m is None else np.full(len(rows), max(noise_m, 5.0))
    return replace(
        rows,
        xy=xy,
        lonlat=to_lonlat(xy),
        location_uncertainty_m=np.where(is_coarse, sources.COARSE_M, said),
        plant=np.where(is_default, DEFAULT_ADDRESS, rows.plant),
    )


def _is_inside(area: Region, municipality: Texts, xy: Coordinates) -> npt.NDArray[np.bool_]:
    """Whether each position lies well inside its municipality."""
    result = np.zeros(len(xy), dtype=bool)
    for slug, shape in area.municipalities.items():
        result |= (municipality == slug) & shapely.contains_xy(shape.buffer(-5), xy[:, 0], xy[:, 1])
    return result


def _numbered(rows: Incidents) -> Incidents:
    """Order by report time and give every row its reference, counted within source and year."""
    rows = rows.take(np.lexsort((rows.occurred_from, rows.category, rows.source, rows.organisation, rows.reported_at)))
    counter: dict[tuple[str, int], int] = {}
    refs = []
    for prefix, minutes in zip(rows.source_ref, rows.reported_at, strict=True):
        key = (str(prefix), rhythms.moment(int(minutes)).year)
        counter[key] = counter.get(key, 0) + 1
        refs.append(f"{key[0]}-{key[1]}-{counter[key]:05d}")
    rows = replace(rows, source_ref=np.array(refs, dtype="U16"))
    return rows.take(np.lexsort((rows.source_ref, rows.source, rows.reported_at)))


def last_weeks(rows: Incidents, weeks: int = 52) -> npt.NDArray[np.bool_]:
    """Which rows have their midpoint in the last weeks before the Monday after the last day."""
    middle = (rows.occurred_from + rows.occurred_to) // 2
    since = rhythms.HOURS * 60 - weeks * 7 * 1440
    return np.asarray(middle >= since)
