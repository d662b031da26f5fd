"""The planted places: where incidents gather, since when, how many, of which kind.

stable: without pause to the last day; all two years unless it has a lineage.
emerging: begins in the last four to eight months.
moving: one problem at one position after the other, a plant for each position.
seasonal: the same months of each year.
ended: gone before the last 52 weeks.
chance: a clump without a cause.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from sample_data import plan, sources
from sample_data.rhythms import AFTER_LAST_DAY, FIRST_DAY, Active

Kind: TypeAlias = Literal["stable", "emerging", "moving", "seasonal", "ended", "chance"]

SQUARE: sources.Mix = {"TIL": 18, "SAM": 18, "PAV": 18, "HOT": 12, "VAL": 11, "SKD": 13, "NED": 8, "KLO": 4}
STATION: sources.Mix = {
    "NAR": 17,
    "PAV": 18,
    "SAM": 14,
    "TIL": 13,
    "HOT": 12,
    "VAL": 8,
    "KLO": 10,
    "OTR": 8,
    "RAN": 1,
}
PARK: sources.Mix = {"NAR": 22, "SAM": 20, "PAV": 14, "SKD": 14, "KLO": 13, "NED": 11, "OTR": 10}
SHOPS: sources.Mix = {"TIL": 36, "SAM": 18, "SKD": 12, "BUS": 12, "HOT": 8, "NED": 10, "PAV": 8}
SCHOOL: sources.Mix = {"SKO": 46, "SKD": 17, "HOT": 10, "SAM": 9, "KLO": 8, "PERS": 5, "BUS": 7}
ESTATE: sources.Mix = {"SKD": 20, "BUS": 18, "NAR": 14, "INF": 14, "NED": 12, "SAM": 16, "KLO": 10, "BRA": 4}
INDUSTRY: sources.Mix = {"INF": 24, "BRN": 25, "BIL": 24, "SKD": 16, "NED": 11}
TUNNEL: sources.Mix = {"OTR": 24, "KLO": 20, "HOT": 14, "OLO": 16, "SAM": 12, "PAV": 9, "RAN": 1}
TRAFFIC: sources.Mix = {"BUS": 42, "TRA": 30, "OLO": 16, "SAM": 12}
BEACH: sources.Mix = {"SAM": 26, "NED": 25, "PAV": 15, "BUS": 11, "SKD": 13, "TIL": 10}
DRUGS: sources.Mix = {"NAR": 45, "PAV": 25, "SAM": 15, "OTR": 15}
HOSPITAL: sources.Mix = {"PERS": 26, "HOT": 18, "PAV": 20, "BIL": 16, "SKD": 14, "TIL": 6}
ANYTHING: sources.Mix = {"SKD": 25, "NED": 15, "BIL": 15, "OTR": 15, "SAM": 15, "TRA": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One planted place. Offsets are metres from the named place; several spots make it long."""

    id: str
    town: plan.TownPlan
    place: str
    kind: Kind
    per_week: float  # while it is active, in its season
    mix: sources.Mix
    radius_m: float = 45.0
    since: date = FIRST_DAY
    until: date = AFTER_LAST_DAY  # half-open
    months: frozenset[int] = frozenset()
    spots: tuple[plan.Point2, ...] = ((0.0, 0.0),)
    title: str = ""  # when the place name does not say which part
    only: frozenset[str] = frozenset()  # names of sources that see it; empty means all
    note: str = ""
    lineage: dict[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or self.place

    @property
    def active(self) -> Active:
        """When incidents happen here."""
        return Active(since=self.since, until=self.until, months=self.months)


def _stable(id_: str, town: plan.TownPlan, place: str, per_week: float, mix: sources.Mix) -> Plant:
    return Plant(id=id_, town=town, place=place, kind="stable", per_week=per_week, mix=mix, radius_m=50.0)


_L, _H, _E = plan.LINDESTA, plan.HYTTFORS, plan.EKHYTTAN
_SUMMER = frozenset({6, 7, 8})
_NEAR_EYES = frozenset({"est-rapport", "fastighetsskotare", "vaktrapport"})  # sources that place exactly
_SPLIT_ON = date(2025, 8, 4)
_MERGED_ON = date(2025, 9, 1)
_LONG = ((-115.0, 0.0), (-58.0, 0.0), (0.0, 0.0), (58.0, 0.0), (115.0, 0.0))
_WEST, _EAST = ((-120.0, 0.0),), ((120.0, 0.0),)


def _split() -> list[Plant]:
    """One long place that becomes two."""
    parts = [
        Plant(
            id="split-before",
            town=_L,
            place="Kvarntorget",
            title="Kvarntorget och kvarteren intill",
            kind="ended",
            per_week=2.4,
            mix=ESTATE,
            until=_SPLIT_ON,
            spots=_LONG,
            radius_m=30,
            only=_NEAR_EYES,
            lineage={"change": "split", "into": ["split-west", "split-east"], "on": str(_SPLIT_ON)},
        )
    ]
    for side, title, spots in (("west", "Kvarntorget västra", _WEST), ("east", "Kvarntorget östra", _EAST)):
        parts.append(
            Plant(
                id=f"split-{side}",
                town=_L,
                place="Kvarntorget",
                title=title,
                kind="stable",
                per_week=1.3,
                mix=ESTATE,
                since=_SPLIT_ON,
                spots=spots,
                radius_m=30,
                only=_NEAR_EYES,
                lineage={"change": "split", "from": ["split-before"], "on": str(_SPLIT_ON)},
            )
        )
    return parts


def _merge() -> list[Plant]:
    """Two places that grow together."""
    parts = []
    for side, title, spots in (("west", "Sjukhusets parkering", _WEST), ("east", "Sjukhusets entré", _EAST)):
        parts.append(
            Plant(
                id=f"merge-{side}",
                town=_L,
                place="Sjukhuset",
                title=title,
                kind="ended",
                per_week=1.2,
                mix=HOSPITAL,
                until=_MERGED_ON,
                spots=spots,
                radius_m=30,
                only=_NEAR_EYES,
                lineage={"change": "merge", "into": ["merge-after"], "on": str(_MERGED_ON)},
            )
        )
    parts.append(
        Plant(
            id="merge-after",
            town=_L,
            place="Sjukhuset",
            title="Sjukhusområdet",
            kind="stable",
            per_week=2.4,
            mix=HOSPITAL,
            since=_MERGED_ON,
            spots=_LONG,
            radius_m=30,
            only=_NEAR_EYES,
            lineage={"change": "merge", "from": ["merge-west", "merge-east"], "on": str(_MERGED_ON)},
        )
    )
    return parts


def _moving() -> list[Plant]:
    """One drug market at three positions."""
    steps = (
        ("Tallparken", FIRST_DAY, date(2025, 7, 21)),
        ("Björkdalens IP", date(2025, 7, 21), date(2026, 3, 23)),
        ("Vattentornet", date(2026, 3, 23), AFTER_LAST_DAY),
    )
    return [
        Plant(
            id=f"moving-{i}",
            town=_L,
            place=place,
            kind="moving",
            per_week=1.4,
            mix=DRUGS,
            since=since,
            until=until,
            lineage={"change": "moved", "group": "moving", "position": i},
        )
        for i, (place, since, until) in enumerate(steps, 1)
    ]


def _chance(id_: str, town: plan.TownPlan, place: str) -> Plant:
    return Plant(
        id=id_,
        town=town,
        place=place,
        kind="chance",
        per_week=0.24,
        mix=ANYTHING,
        radius_m=35,
        since=date(2025, 11, 17),
        note="planterad slump: några händelser utan gemensam orsak",
    )


PLANTS: tuple[Plant, ...] = (
    _stable("stable-jarntorget", _L, "Järntorget", 3.6, SQUARE),
    _stable("stable-resecentrum", _L, "Resecentrum", 3.0, STATION),
    _stable("stable-stadsparken", _L, "Stadsparken", 1.9, PARK),
    _stable("stable-ekbacken", _L, "Ekbackens centrum", 2.0, SHOPS),
    _stable("stable-lindenskolan", _L, "Lindenskolan", 1.6, SCHOOL),
    _stable("stable-norrmalmsskolan", _L, "Norrmalmsskolan", 1.1, SCHOOL),
    _stable("stable-gymnasiet", _L, "Gymnasiet", 1.1, SCHOOL),
    _stable("stable-vasterhagen", _L, "Västerhagens torg", 1.6, ESTATE),
    _stable("stable-industrivagen", _L, "Industrivägens infart", 0.9, INDUSTRY),
    _stable("stable-stortorget", _H, "Stortorget", 2.0, SQUARE),
    _stable("stable-hyttfors-station", _H, "Hyttfors station", 1.5, STATION),
    _stable("stable-bruksskolan", _H, "Bruksskolan", 1.2, SCHOOL),
    _stable("stable-angsbacken", _H, "Ängsbackens centrum", 1.0, SHOPS),
    _stable("stable-folketspark", _H, "Folkets park", 0.9, PARK),
    _stable("stable-hyttorget", _E, "Hyttorget", 1.8, SQUARE),
    _stable("stable-ekhyttan-station", _E, "Ekhyttans station", 1.3, STATION),
    _stable("stable-ekskolan", _E, "Ekskolan", 1.1, SCHOOL),
    Plant(
        id="emerging-gangtunneln",
        town=_L,
        place="Gångtunneln",
        kind="emerging",
        per_week=1.7,
        mix=TUNNEL,
        since=date(2026, 4, 20),
    ),
    Plant(
        id="emerging-verkstadsplan",
        town=_H,
        place="Verkstadsplan",
        kind="emerging",
        per_week=1.4,
        mix=TRAFFIC,
        since=date(2026, 5, 18),
    ),
    Plant(
        id="emerging-gamla-hyttan",
        town=_E,
        place="Gamla hyttan",
        kind="emerging",
        per_week=1.3,
        mix=INDUSTRY,
        since=date(2026, 6, 15),
    ),
    *_moving(),
    Plant(
        id="seasonal-badstranden",
        town=_L,
        place="Badstranden",
        kind="seasonal",
        per_week=3.0,
        mix=BEACH,
        months=_SUMMER,
    ),
    Plant(
        id="seasonal-campingen",
        town=_H,
        place="Campingen",
        kind="seasonal",
        per_week=1.7,
        mix=BEACH,
        months=frozenset({5, 6, 7, 8, 9}),
    ),
    Plant(
        id="seasonal-ishallen",
        town=_E,
        place="Ishallen",
        kind="seasonal",
        per_week=1.3,
        mix=SHOPS,
        months=frozenset({10, 11, 12, 1, 2, 3}),
    ),
    Plant(
        id="ended-mejeriet",
        town=_L,
        place="Gamla mejeriet",
        kind="ended",
        per_week=1.9,
        mix=PARK,
        until=date(2025, 9, 29),
        note="rivet hösten 2025",
    ),
    Plant(
        id="ended-sagen",
        town=_H,
        place="Gamla sågen",
        kind="ended",
        per_week=1.3,
        mix=PARK,
        until=date(2025, 9, 1),
        note="stängslat och belyst sensommaren 2025",
    ),
    _chance("chance-lekplatsen", _L, "Åkerlunds lekplats"),
    _chance("chance-kyrkan", _H, "Kyrkan i Hyttfors"),
    _chance("chance-ekangen", _E, "Ekängens lekplats"),
    *_split(),
    *_merge(),
)


def active_weeks(plant: Plant) -> float:
    """How many weeks of the two years a plant is active, its season counted."""
    days = (plant.until - plant.since).days
    if not plant.months:
        return days / 7
    ordinals = range(plant.since.toordinal(), plant.until.toordinal())
    return sum(date.fromordinal(o).month in plant.months for o in ordinals) / 7
