"""Who reports: organisations, their sources, what they share, and what each source tends to see."""

from dataclasses import dataclass
from typing import Any

from sample_data import plan

MAIN = plan.LINDESTA.slug
POLICE = "polisen-lindadalen"
HOUSING = "lindestahem"
GUARDS = "lindevakten"
VALID_UNTIL = "2030-12-31"
POLICE_NOISE_M = 83.0  # median between police and rescue-service positions of the same fires
COARSE_M = 5000.0  # "somewhere in the municipality"

Mix = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way in which reports arrive."""

    name: str
    title: str
    prefix: str  # of source_ref; two letters, so that no reference looks like a registration plate
    is_trusted: bool
    uncertainty_m: float
    displaced_share: float  # how many rows are not on the address point
    displacement_m: float  # median of those
    lag_h: float  # mean hours until the report
    mix: Mix  # category: weight in what this source sees outside the planted places


POLICE_REPORTS = Source(
    name="polisanmalan",
    title="Polisens händelser och anmälningar",
    prefix="PL",
    is_trusted=True,
    uncertainty_m=POLICE_NOISE_M,
    displaced_share=0.45,
    displacement_m=POLICE_NOISE_M,
    lag_h=16,
    mix={
        "VAL": 8, "RAN": 0.6, "HOT": 9, "SKJ": 0.08, "BRA": 1.2, "NAR": 5, "PAV": 3, "INB": 9, "INF": 8,
        "BIL": 10, "BRN": 3.5, "TIL": 10, "BED": 24, "SKD": 14, "KLO": 2, "TRA": 6, "BUS": 2, "SAM": 1,
        "OVR": 2,
    },
)  # fmt: skip
STAFF = Source(
    name="est-rapport",
    title="EST-rapporter från kommunens personal",
    prefix="K",
    is_trusted=True,
    uncertainty_m=15.0,
    displaced_share=0.2,
    displacement_m=12.0,
    lag_h=9,
    mix={
        "PERS": 5, "SKD": 12, "KLO": 10, "NED": 14, "BUS": 9, "TRA": 7, "OLO": 6, "SAM": 12, "OTR": 13,
        "PAV": 8, "NAR": 3, "HOT": 3, "OVR": 3,
    },
)  # fmt: skip
SCHOOL_STAFF = Source(
    name="skolpersonal",
    title="Rapporter från skolornas personal",
    prefix="S",
    is_trusted=True,
    uncertainty_m=20.0,
    displaced_share=0.2,
    displacement_m=15.0,
    lag_h=5,
    mix={"SKO": 45, "SKD": 15, "HOT": 12, "PERS": 6, "SAM": 10, "KLO": 8, "BRA": 1, "PAV": 2},
)
TIPS = Source(
    name="medborgartips",
    title="Tips och felanmälningar från invånare",
    prefix="T",
    is_trusted=False,
    uncertainty_m=150.0,
    displaced_share=0.85,
    displacement_m=90.0,
    lag_h=30,
    mix={"BUS": 22, "TRA": 18, "OTR": 18, "OLO": 12, "NED": 12, "SAM": 8, "NAR": 6, "OVR": 4},
)
CARETAKERS = Source(
    name="fastighetsskotare",
    title="Fastighetsskötarnas rapporter",
    prefix="FA",
    is_trusted=True,
    uncertainty_m=10.0,
    displaced_share=0.15,
    displacement_m=8.0,
    lag_h=14,
    mix={"SKD": 25, "KLO": 20, "NED": 20, "INF": 15, "BIL": 3, "SAM": 6, "PAV": 5, "BRA": 1.5, "OTR": 4},
)
GUARD_REPORTS = Source(
    name="vaktrapport",
    title="Ordningsvakternas rapporter",
    prefix="VK",
    is_trusted=True,
    uncertainty_m=20.0,
    displaced_share=0.25,
    displacement_m=15.0,
    lag_h=3,
    mix={
        "SAM": 25, "PAV": 22, "HOT": 12, "SKD": 12, "VAL": 5, "NAR": 5, "TIL": 8, "PERS": 3, "OVR": 4,
        "KLO": 4,
    },
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Channel:
    """A source as one organisation uses it, and its share of a municipality's reports."""

    organisation: str
    source: Source
    share: float

    @property
    def prefix(self) -> str:
        """First part of every source_ref: L + K for Lindesta's staff."""
        one_letter = len(self.source.prefix) == 1
        return (self.organisation[0].upper() if one_letter else "") + self.source.prefix


def channels(municipality: str) -> tuple[Channel, ...]:
    """Everyone who reports from one municipality; shares add up to 1."""
    own = ((STAFF, 0.25), (SCHOOL_STAFF, 0.06), (TIPS, 0.09)) if municipality == MAIN else (
        (STAFF, 0.33), (SCHOOL_STAFF, 0.10), (TIPS, 0.12)
    )  # fmt: skip
    result = [Channel(municipality, source, share) for source, share in own]
    if municipality == MAIN:
        result += [Channel(HOUSING, CARETAKERS, 0.12), Channel(GUARDS, GUARD_REPORTS, 0.08)]
    rest = 1.0 - sum(c.share for c in result)
    return (Channel(POLICE, POLICE_REPORTS, rest), *result)


def all_channels() -> list[Channel]:
    """Every pair of organisation and source once."""
    found = {(c.organisation, c.source.name): c for t in plan.TOWNS for c in channels(t.slug)}
    return [found[key] for key in sorted(found)]


def area_of(organisation: str) -> str:
    """Code of the area that an organisation may report from."""
    if organisation == POLICE:
        return plan.LPO_CODE
    return MAIN if organisation in {HOUSING, GUARDS} else organisation


def organisations() -> list[dict[str, Any]]:
    """The rows of organisations.json."""
    rows: list[tuple[str, str, str, str | None]] = [
        (t.slug, f"{t.name} kommun", "municipality", t.slug) for t in plan.TOWNS
    ]
    rows += [
        (POLICE, "Polisen Lindådalen", "police", None),
        (HOUSING, "Lindestahem AB", "housing_company", MAIN),
        (GUARDS, "Lindevakten AB", "guards", MAIN),
    ]
    return [
        {
            "slug": slug,
            "name": name,
            "kind": kind,
            "municipality": municipality,
            "local_police_area": plan.LPO_CODE,
            "area": area_of(slug),
            "outside_area": "mark" if kind == "police" else "refuse",
        }
        for slug, name, kind, municipality in rows
    ]


def source_rows() -> list[dict[str, Any]]:
    """The rows of sources.json."""
    return [
        {
            "organisation": c.organisation,
            "name": c.source.name,
            "trusted": c.source.is_trusted,
            "location_uncertainty_m": c.source.uncertainty_m,
            "title": c.source.title,
        }
        for c in all_channels()
    ]


def sharing_rows() -> list[dict[str, Any]]:
    """The rows of sharing.json: incidents to the largest municipality and the joint picture, hot spots back."""
    everyone = [o["slug"] for o in organisations()]
    others = [slug for slug in everyone if slug != MAIN]
    joint, plan = "Gemensam lägesbild i lokalpolisområdet", "Gemensam prioritering av platser och åtgärder"
    give = [(o, MAIN, "incidents", "exact", None, joint) for o in others]
    neighbours = [
        (MAIN, POLICE, "incidents", "exact", ["RAN", "NAR", "SKJ", "BRA"], "Samverkan om otrygga platser"),
        (MAIN, "hyttfors-kommun", "incidents", "snapped", None, "Jämförelse med grannkommunen"),
        (POLICE, "hyttfors-kommun", "incidents", "area", None, "Kommunens egen lägesbild"),
    ]
    to_joint = [(o, None, "incidents", "exact", None, joint) for o in everyone]
    back = [(MAIN, o, "hotspots", "exact", None, plan) for o in others]
    names = ("giver", "receiver", "what", "precision", "categories", "purpose")
    return [
        {**dict(zip(names, row, strict=True)), "valid_until": VALID_UNTIL}
        for row in (*give, *neighbours, *to_joint, *back)
    ]
