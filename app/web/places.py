"""What the map page shows: the ranked places of one adopted run, ready for the templates.

Classes of colour come from the counts at hand, so that the legend always fits the list.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import Any, Final, TypeAlias

from app.core.analysis.params import Weighting
from app.core.analysis.tracking import Change
from app.web import i18n
from app.web.i18n import gettext

Ring: TypeAlias = Sequence[Sequence[float]]  # (longitude, latitude) pairs, WGS84, closed
Bounds: TypeAlias = tuple[float, float, float, float]  # west, south, east, north

MAX_CLASSES: Final = 5  # steps of the heat ramp
ROUND_COUNTS: Final = tuple(figure * 10**power for power in range(6) for figure in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
SPOKEN_SHARE: Final = 0.15  # a category below this share is not named in the list
SPOKEN_CATEGORIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryShare:
    """How much of a place's incidents belong to one category."""

    sv: str
    en: str
    count: int
    share: float  # 0-1

    @property
    def name(self) -> str:
        """The category's name in the language being spoken."""
        return self.sv if i18n.language().code == "sv" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One hot spot of the adopted run."""

    id: str
    rank: int
    landmark: str | None  # what lies there: a square, a street
    district: str | None
    town: str | None
    incident_count: int
    weighted_value: float
    density_per_km2: float
    area_m2: float
    categories: tuple[CategoryShare, ...]  # largest share first
    first_seen: datetime
    last_seen: datetime
    longitude: float
    latitude: float
    rings: tuple[Ring, ...]  # of the outline
    change: Change | None = None  # what became of it; None where hot spots are not followed
    is_significant: bool | None = None  # whether it is hardly chance; None where nobody asked

    @property
    def name(self) -> str:
        """What it lies by, else its number in the list."""
        return name_of(self.landmark, self.rank)

    @property
    def dominant(self) -> str:
        """The categories that dominate, in words: Skadegörelse 45 %, klotter 22 %."""
        named = [share for share in self.categories if share.share >= SPOKEN_SHARE] or list(self.categories)
        words = [f"{part.name}\N{NO-BREAK SPACE}{i18n.percent(part.share)}" for part in named[:SPOKEN_CATEGORIES]]
        return ", ".join(words[:1] + [word[:1].lower() + word[1:] for word in words[1:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPlace:
    """One hot spot of the adoption before that is in this list no longer."""

    rank_before: int
    landmark: str | None
    where: str
    count_before: int
    into: str | None  # id of the place it is part of now; None when it is gone

    @property
    def name(self) -> str:
        """What it lies by, else its number in the list that it was in."""
        return name_of(self.landmark, self.rank_before)

    @property
    def change(self) -> Change:
        """What became of it."""
        return Change.MERGED if self.into else Change.GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How long a place has been known."""

    first_adopted_at: datetime
    adopted_count: int  # adopted runs that it was in


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedRun:
    """The analysis run that the list belongs to."""

    id: str
    since: datetime
    until: datetime  # half-open
    data_cut_off: datetime
    adopted_at: datetime
    eps_m: float
    min_incidents: int
    tuning: Mapping[str, Any] | None  # why the two numbers are as they are; None where they were given
    doubtful_places: Sequence[Mapping[str, Any]]  # positions to ask somebody about
    weighting: Weighting
    incident_count: int  # in the run, not in the places

    @property
    def is_weighted(self) -> bool:
        """Whether a place's value differs from its count."""
        return self.weighting is not Weighting.COUNT

    @property
    def why_this_rule(self) -> str:
        """Why the two numbers are as they are, in a sentence; empty where they were given."""
        return str(self.tuning[i18n.language().code]) if self.tuning else ""

    @property
    def questions(self) -> tuple[str, ...]:
        """What somebody who knows the town should be asked, with the position it is about."""
        code = i18n.language().code
        return tuple(f"{each['lat']:.5f}, {each['lon']:.5f}: {each[code]}" for each in self.doubtful_places)

    @property
    def order(self) -> str:
        """What the ranking follows, in a sentence."""
        return {
            Weighting.COUNT: gettext("Rangen följer antalet händelser."),
            Weighting.HARM: gettext("Rangen följer händelserna vägda efter hur allvarliga de är."),
            Weighting.OWN: gettext("Rangen följer händelserna vägda med organisationens egna vikter."),
            Weighting.RECENCY: gettext("Rangen följer antalet händelser, där nyare väger mer än äldre."),
        }[self.weighting]


@dataclass(frozen=True, slots=True)
class HeatClass:
    """One colour of the legend: counts from lowest to highest, both included."""

    step: int  # 1-5, palest first
    lowest: int
    highest: int

    @property
    def label(self) -> str:
        """As in the legend: 8-14."""
        if self.highest == self.lowest:
            return i18n.number(self.lowest)
        return f"{i18n.number(self.lowest)}\N{EN DASH}{i18n.number(self.highest)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The ranked list of a run, and how many places there are beyond it."""

    run: AdoptedRun
    places: tuple[Place, ...]
    total: int
    classes: tuple[HeatClass, ...]
    lost: tuple[LostPlace, ...] = ()

    def tells_change(self, place: Place) -> bool:
        """Whether the list says what became of the place: not where nothing did, nor where everything is new."""
        is_first = not self.lost and all(other.change is Change.NEW for other in self.places)
        return place.change not in (None, Change.PERSISTING) and not is_first

    def heat(self, place: Place) -> int:
        """The step of the heat ramp, 1-5, that the place's count falls in."""
        return self.classes[bisect_right([c.lowest for c in self.classes], place.incident_count) - 1].step

    def where(self, place: Place) -> str:
        """The district, and the town as well where the list holds several; empty when neither is known."""
        names_town = len({other.town for other in self.places}) > 1
        parts = (place.district, place.town if names_town or not place.district else None)
        return ", ".join(dict.fromkeys(filter(None, parts)))

    def find(self, place_id: str) -> Place | None:
        """The place with this id, if it is in the list."""
        return next((place for place in self.places if place.id == place_id), None)

    def before(self, place: Place) -> Place | None:
        """The place one rank higher."""
        index = self.places.index(place)
        return self.places[index - 1] if index else None

    def after(self, place: Place) -> Place | None:
        """The place one rank lower."""
        return next(iter(self.places[self.places.index(place) + 1 :]), None)

    def bounds(self) -> Bounds | None:
        """The box around all outlines; none when there are no places."""
        return bounds_of(ring for place in self.places for ring in place.rings)


def listing(run: AdoptedRun, places: Sequence[Place], total: int, lost: Sequence[LostPlace] = ()) -> Listing:
    """Put the list together, with the classes its counts ask for."""
    counts = [place.incident_count for place in places]
    return Listing(run=run, places=tuple(places), total=total, classes=heat_classes(counts), lost=tuple(lost))


def name_of(landmark: str | None, rank: int) -> str:
    """What a place lies by, else its number in the list."""
    if landmark:
        return gettext("Vid %(landmark)s") % {"landmark": landmark}
    return gettext("Plats %(rank)s") % {"rank": rank}


def change_word(change: Change) -> str:
    """What became of a place, as on its badge."""
    return {
        Change.NEW: gettext("Ny"),
        Change.PERSISTING: gettext("Kvarstår"),
        Change.GROWING: gettext("Växer"),
        Change.SHRINKING: gettext("Minskar"),
        Change.MOVED: gettext("Flyttad"),
        Change.SPLIT: gettext("Delad"),
        Change.MERGED: gettext("Sammanvuxen"),
        Change.RECURRING: gettext("Återkommen"),
        Change.GONE: gettext("Borta"),
    }[change]


def change_sentence(change: Change) -> str:
    """The same in a sentence; only a place that is there has one."""
    return {
        Change.NEW: gettext("Platsen fanns inte i tidigare antagna körningar."),
        Change.PERSISTING: gettext("Platsen är ungefär som tidigare."),
        Change.GROWING: gettext("Minst en fjärdedel fler händelser i veckan än tidigare."),
        Change.SHRINKING: gettext("Minst en femtedel färre händelser i veckan än tidigare."),
        Change.MOVED: gettext("Mitten har flyttat sig minst 50 meter."),
        Change.SPLIT: gettext("En plats har blivit flera."),
        Change.MERGED: gettext("Flera platser har vuxit ihop."),
        Change.RECURRING: gettext("Platsen var borta och är tillbaka."),
        Change.GONE: "",
    }[change]


def heat_classes(counts: Iterable[int]) -> tuple[HeatClass, ...]:
    """Part counts into at most five classes with round limits that grow by ratio, as counts do.

    Every count falls in a class, no class is empty, and a few classes use the whole ramp, pale to dark.
    """
    known = sorted(counts)
    if not known:
        return ()
    limits = [known[0], *_round_limits(known)]
    ends = [limit - 1 for limit in limits[1:]] + [known[-1]]
    return tuple(map(HeatClass, _spread(len(limits)), limits, ends))


def _round_limits(known: list[int]) -> list[int]:
    """Round numbers between the smallest and the largest count, each with a count in its class."""
    smallest, largest = max(known[0], 1), max(known[-1], 1)
    limits: list[int] = []
    for part in range(1, MAX_CLASSES):
        wanted = smallest * (largest / smallest) ** (part / MAX_CLASSES)
        limit = int(min(ROUND_COUNTS, key=lambda count: abs(log(count / wanted))))
        floor = limits[-1] if limits else known[0]
        if floor < limit <= known[-1] and any(floor <= count < limit for count in known):
            limits.append(limit)
    return limits


def _spread(classes: int) -> list[int]:
    """Steps of the ramp for so many classes: a single class is the middle one."""
    if classes == 1:
        return [3]
    return [1 + round(index * (MAX_CLASSES - 1) / (classes - 1)) for index in range(classes)]


def bounds_of(rings: Iterable[Ring]) -> Bounds | None:
    """The box around all rings; none when there is no ring."""
    points = [point for ring in rings for point in ring]
    if not points:
        return None
    longitudes, latitudes = [point[0] for point in points], [point[1] for point in points]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
