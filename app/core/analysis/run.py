"""The one pipeline: counted incidents and parameters in, ranked hot spots out.

Same incidents and same parameters give the same findings, byte for byte, in whatever order the rows came.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from app.core.analysis import outlines, scoring, times
from app.core.analysis.core_places import CorePlaces, core_places
from app.core.analysis.dbscan import MEMORY_LIMIT_BYTES, decimetres
from app.core.analysis.doubtful_places import DoubtfulPlace, doubtful_places
from app.core.analysis.grouping import Grouping, group
from app.core.analysis.params import FINGERPRINT_LENGTH, AnalysisParams, ClusterRule
from app.core.analysis.points import Coordinates, Floats, Points
from app.core.analysis.significance import AtRisk, Groups, HotGround, Progress, Significance, assess
from app.core.analysis.tuning import Tuning
from app.core.analysis.uncertain_places import place_certainty

KEY_SPACE = uuid.UUID("8d0d0c70-6f5e-5b0e-9a3c-5f3d6f0f6c11")  # never changes: keys are stored
M2_A_KM2 = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """One dense group of incidents. Two hot spots of one run never share a key."""

    key: uuid.UUID  # the same whenever the same cores are found with the same rule for the same organisations
    rank: int  # 1 is first
    count: int
    core_incident_count: int
    weighted_value: float
    recency_value: float  # as the weighting "recency" has it, whatever the run's own
    harm_value: float | None  # by the run's weights; None without any
    recent_count: int  # in the last four weeks of the period
    usual_count: float  # in four weeks, over the year before those
    area_m2: int
    density_per_km2: float
    outline: Polygon  # metres, in the projection of the points
    outline_wgs84: Polygon  # lon, lat, ready for GeoJSON
    centre: tuple[float, float]  # lon, lat; always inside the outline
    first_seen: datetime  # UTC, whole seconds
    last_seen: datetime
    categories: tuple[tuple[str, int, float], ...]  # code, count, share of the hot spot; most first
    sources: tuple[tuple[str, int], ...]  # name, count; most first
    hours: tuple[int, ...]  # 24 counts, clocks in Stockholm
    weekdays: tuple[int, ...]  # 7 counts, Monday first
    weeks: tuple[int, ...]  # a count for each of Findings.weeks
    place_uncertainty_m: float | None  # median of those known
    core_places: CorePlaces
    significance: Significance | None = None  # None where no random towns were asked for
    place_certainty: float | None = None  # how often it is found again when incidents move as far as uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an analysis run found, ranked. Noise is incidents in no hot spot.

    rule: as used; tuning: why, where it was chosen. doubtful: positions to ask somebody about.
    """

    params_fingerprint: str
    rule: ClusterRule
    tuning: Tuning | None
    incident_count: int
    clustered_count: int
    noise_count: int
    weeks: tuple[str, ...]  # every ISO week the period touches, like 2026-W07
    hotspots: tuple[HotSpot, ...]
    doubtful: tuple[DoubtfulPlace, ...]

    @property
    def significant_count(self) -> int | None:
        """How many hot spots are hardly chance; None where nothing was tested."""
        tested = [hotspot.significance for hotspot in self.hotspots if hotspot.significance is not None]
        return sum(one.is_significant for one in tested) if tested or not self.hotspots else None

    def as_json(self) -> str:
        """Everything as canonical JSON text, outlines as WKT: equal text means equal findings."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of everything found."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()[:FINGERPRINT_LENGTH]


def analyse(
    points: Points,
    params: AnalysisParams,
    *,
    at_risk: AtRisk | None = None,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    progress: Progress | None = None,
) -> Findings:
    """Find, describe, test and rank the hot spots among incidents that count.

    at_risk: where incidents can happen, where that is known better than from the incidents. progress: called now
    and then with how many random towns are done, and of how many; what it raises ends the work and is raised here.
    Raises ValueError when an incident lies outside the period or its category has no weight, TooLargeError
    when the incidents lie too densely for the memory allowed.
    """
    _check_period(points, params)
    grouping = group(points.xy, params, memory_limit_bytes=memory_limit_bytes)
    clustered_count = int((grouping.labels >= 0).sum())
    hotspots: tuple[HotSpot, ...] = ()
    if grouping.outlines:
        tested = _Tested.of(points, grouping, params, at_risk, memory_limit_bytes, progress)
        hotspots = _hotspots(points, grouping, tested, params)
    return Findings(
        params_fingerprint=params.fingerprint(),
        rule=grouping.rule,
        tuning=grouping.tuning,
        incident_count=len(points),
        clustered_count=clustered_count,
        noise_count=len(points) - clustered_count,
        weeks=times.iso_weeks(params.since, params.until),
        hotspots=hotspots,
        doubtful=doubtful_places(points),
    )


def _check_period(points: Points, params: AnalysisParams) -> None:
    since_s, until_s = params.since.timestamp(), params.until.timestamp()
    if not ((points.occurred_s >= since_s) & (points.occurred_s < until_s)).all():
        raise ValueError("An incident lies outside the period.")


@dataclass(frozen=True, slots=True, eq=False)
class _Tested:
    """Of each group (k,): how it compares with chance, and how sure its place is."""

    significance: tuple[Significance | None, ...]
    found_again: tuple[float | None, ...]

    @classmethod
    def of(
        cls,
        points: Points,
        grouping: Grouping,
        params: AnalysisParams,
        at_risk: AtRisk | None,
        memory_limit_bytes: int,
        progress: Progress | None,
    ) -> "_Tested":
        if params.replicates == 0:
            nothing = (None,) * len(grouping.outlines)
            return cls(nothing, nothing)
        way = (Groups if grouping.tuning is None else HotGround)(
            rule=grouping.rule, max_area_m2=params.max_area_m2, memory_limit_bytes=memory_limit_bytes
        )
        significance = assess(
            points.xy, way, seed=params.seed, replicates=params.replicates, at_risk=at_risk, progress=progress
        )
        place = place_certainty(points.xy, points.uncertainty_m, way, seed=params.seed)
        return cls(significance, tuple(place.found_again.tolist()))


def _hotspots(points: Points, grouping: Grouping, tested: _Tested, params: AnalysisParams) -> tuple[HotSpot, ...]:
    labels, shapes, k = grouping.labels, grouping.outlines, len(grouping.outlines)
    by_category = scoring.counts_by(labels, points.category, k, len(points.categories))
    by_source = scoring.counts_by(labels, points.source, k, len(points.sources))
    scores = scoring.scores(points, labels, by_category, params)
    members = _members(labels, k)
    keys = [_key(points.xy[rows[grouping.core[rows]]], grouping.rule, params.organisations) for rows in members]
    shapes_wgs84 = outlines.outlines_to_wgs84(shapes, points.epsg)
    means = np.array([points.xy[rows].mean(axis=0) for rows in members])
    centres = outlines.lonlat(outlines.marks(shapes, means), points.epsg)
    when = _When.of(points, params, labels, k)
    return tuple(
        HotSpot(
            key=keys[c],
            rank=rank,
            count=int(scores.count[c]),
            core_incident_count=int(grouping.core[members[c]].sum()),
            weighted_value=float(scores.weighted[c]),
            recency_value=float(scores.recency[c]),
            harm_value=None if scores.harm is None else float(scores.harm[c]),
            recent_count=int(scores.recent[c]),
            usual_count=float(scores.usual[c]),
            area_m2=round(shapes[c].area),
            density_per_km2=round(float(scores.count[c]) / shapes[c].area * M2_A_KM2, 1),
            outline=shapes[c],
            outline_wgs84=shapes_wgs84[c],
            centre=(float(centres[c, 0]), float(centres[c, 1])),
            first_seen=_moment(points.occurred_s[members[c]].min()),
            last_seen=_moment(points.occurred_s[members[c]].max()),
            categories=_shares(points.categories, by_category[c]),
            sources=_most_first(points.sources, by_source[c]),
            hours=tuple(when.hours[c].tolist()),
            weekdays=tuple(when.weekdays[c].tolist()),
            weeks=tuple(when.weeks[c].tolist()),
            place_uncertainty_m=_median_known(points.uncertainty_m[members[c]]),
            significance=tested.significance[c],
            place_certainty=tested.found_again[c],
            core_places=core_places(points.xy[members[c][grouping.core[members[c]]]]),
        )
        for rank, c in enumerate(scoring.ranking(scores.weighted, scores.count, keys), start=1)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _When:
    """Counts of each group by hour (k, 24), weekday (k, 7) and week of the period (k, w)."""

    hours: NDArray[np.int64]
    weekdays: NDArray[np.int64]
    weeks: NDArray[np.int64]

    @classmethod
    def of(cls, points: Points, params: AnalysisParams, labels: NDArray[np.int32], k: int) -> "_When":
        local_s = times.local_seconds(points.occurred_s)
        first_s = float(times.local_seconds(np.array([params.since.timestamp()]))[0])
        week_count = len(times.iso_weeks(params.since, params.until))
        return cls(
            hours=scoring.counts_by(labels, times.hours(local_s), k, 24),
            weekdays=scoring.counts_by(labels, times.weekdays(local_s), k, 7),
            weeks=scoring.counts_by(labels, times.weeks(local_s, first_s), k, week_count),
        )


def _members(labels: NDArray[np.int32], k: int) -> list[NDArray[np.intp]]:
    """The rows of each group 0..k-1, in row order."""
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(k + 1))
    return [order[start:end] for start, end in pairwise(bounds.tolist())]


def _key(core_xy: Coordinates, rule: ClusterRule, organisations: tuple[str, ...]) -> uuid.UUID:
    """Named by the places of the cores: no place has cores of two groups, so no two keys agree."""
    places = np.unique(decimetres(core_xy).astype(np.int64), axis=0)
    identity = [organisations, rule.eps_m, rule.min_incidents, places.tolist()]
    return uuid.uuid5(KEY_SPACE, json.dumps(identity, separators=(",", ":")))


def _moment(epoch_s: np.float64) -> datetime:
    return datetime.fromtimestamp(int(epoch_s), tz=UTC)


def _most_first(names: Sequence[str], counts: NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    """Names that occur, most first, then by name."""
    occurring = ((name, int(count)) for name, count in zip(names, counts, strict=True) if count)
    return tuple(sorted(occurring, key=lambda pair: (-pair[1], pair[0])))


def _shares(codes: Sequence[str], counts: NDArray[np.int64]) -> tuple[tuple[str, int, float], ...]:
    total = int(counts.sum())
    return tuple((code, count, round(count / total, 3)) for code, count in _most_first(codes, counts))


def _median_known(uncertainty_m: Floats) -> float | None:
    known = uncertainty_m[~np.isnan(uncertainty_m)]
    return round(float(np.median(known)), 1) if len(known) else None
