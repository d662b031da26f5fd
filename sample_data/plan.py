"""The sketch of the three towns: what a person draws before the computer fills in the blocks.

Town sketches are in units of the town's radius from its square, the countryside in metres from
Lindesta's square; both with x east and y north. Every name is invented.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Point2: TypeAlias = tuple[float, float]
Sketch: TypeAlias = tuple[Point2, ...]
Style: TypeAlias = Literal["centre", "mid", "villa", "estate", "industry", "school"]
PlaceKind: TypeAlias = Literal["square", "school", "station", "park", "sports", "shop", "other"]

ORIGIN: Point2 = (548_000.0, 6_612_000.0)  # Lindesta's square, SWEREF 99 TM
LPO_CODE = "lpo-lindadalen"
LPO_NAME = "Lokalpolisområde Lindådalen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A main street: it bounds districts, and nothing but main streets and the railway cross the river."""

    name: str
    sketch: Sketch
    kind: Literal["primary", "secondary"] = "secondary"


@dataclass(frozen=True, slots=True)
class District:
    """A named part of a town; each block belongs to the nearest seed."""

    name: str
    seed: Point2
    style: Style


@dataclass(frozen=True, slots=True)
class Place:
    """A place people name in reports."""

    name: str
    at: Point2
    kind: PlaceKind
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TownPlan:
    """One town and its municipality."""

    slug: str  # of the municipality: organisation, area code
    name: str
    origin: Point2  # metres from ORIGIN
    radius_m: float
    stretch: Point2  # east-west and north-south factor of the outline
    roads: tuple[Road, ...]
    districts: tuple[District, ...]
    places: tuple[Place, ...]


LINDESTA = TownPlan(
    slug="lindesta-kommun",
    name="Lindesta",
    origin=(0.0, 0.0),
    radius_m=1600.0,
    stretch=(1.08, 0.98),
    roads=(
        Road(
            name="Storgatan",
            kind="primary",
            sketch=((-1.35, 0.28), (-0.6, 0.12), (0, 0.06), (0.42, 0.36), (0.7, 0.72), (1.0, 1.15)),
        ),
        Road(name="Kungsgatan", kind="primary", sketch=((0, 0.06), (0.02, 0.5), (-0.05, 0.8), (-0.2, 1.3))),
        Road(
            name="Brogatan",
            kind="primary",
            sketch=((0, 0.06), (0, -0.2), (0.05, -0.6), (-0.05, -0.9), (-0.1, -1.35)),
        ),
        Road(
            name="Fabriksgatan",
            kind="primary",
            sketch=((0.04, -0.46), (0.5, -0.5), (0.9, -0.62), (1.35, -0.6)),
        ),
        Road(name="Söderleden", sketch=((0.04, -0.46), (-0.45, -0.66), (-0.8, -0.85), (-1.25, -1.05))),
        Road(name="Hagavägen", sketch=((-0.42, 0.09), (-0.56, 0.5), (-0.7, 0.8), (-0.95, 1.2))),
        Road(name="Kvarnbron", sketch=((0.42, 0.36), (0.58, 0.1), (0.56, -0.2), (0.5, -0.5))),
        Road(name="Ringvägen", sketch=((-0.56, 0.5), (-0.3, 0.66), (0.0, 0.62), (0.35, 0.72), (0.7, 0.72))),
        Road(name="Strandvägen", sketch=((0.57, -0.12), (0.9, 0.02), (1.25, 0.1))),
        Road(name="Västra vägen", sketch=((-0.8, 0.16), (-0.78, 0.5), (-0.56, 0.5))),
        Road(name="Åkervägen", sketch=((-0.45, -0.66), (-0.3, -0.95), (-0.05, -0.9), (0.3, -0.85), (0.5, -0.5))),
        Road(name="Lindhultsvägen", sketch=((0.0, 0.62), (0.35, 0.95), (0.5, 1.25))),
        Road(name="Järnvägsgatan", sketch=((-0.5, 0.3), (-0.2, 0.28), (0.01, 0.34), (0.25, 0.5), (0.35, 0.72))),
        Road(name="Parkgatan", sketch=((-0.21, 0.06), (-0.2, 0.28))),
        Road(
            name="Ågatan",
            sketch=((-0.6, 0.12), (-0.5, -0.12), (-0.25, -0.1), (0.0, -0.06), (0.24, 0.1), (0.42, 0.36)),
        ),
    ),
    districts=(
        District("Centrum", (0.0, 0.12), "centre"),
        District("Norrmalm", (0.15, 0.5), "mid"),
        District("Stationsområdet", (-0.36, 0.3), "mid"),
        District("Västerhagen", (-0.9, 0.15), "estate"),
        District("Björkdalen", (-0.45, 0.9), "villa"),
        District("Lindhult", (0.28, 0.88), "villa"),
        District("Ekbacken", (0.72, 0.9), "estate"),
        District("Kvarnholmen", (0.3, -0.25), "mid"),
        District("Söderängen", (-0.4, -0.4), "villa"),
        District("Åkerlund", (-0.33, -0.9), "villa"),
        District("Strandängen", (0.95, 0.0), "villa"),
        District("Industriområdet", (0.5, -0.85), "industry"),
    ),
    places=(
        Place("Järntorget", (0.0, 0.06), "square", ("Torget i Lindesta", "Stora torget")),
        Place("Resecentrum", (-0.3, 0.33), "station", ("Lindesta station", "Stationen", "Busstationen Lindesta")),
        Place("Stadsparken", (-0.3, -0.02), "park", ("Parken vid ån",)),
        Place("Ekbackens centrum", (0.68, 0.9), "shop", ("Ekbacken C",)),
        Place("Lindenskolan", (-0.35, -0.5), "school", ("Linden",)),
        Place("Västerhagens torg", (-0.92, 0.3), "square", ("Västerhagen C",)),
        Place("Kvarntorget", (0.3, -0.27), "square"),
        Place("Norrmalmsskolan", (0.2, 0.62), "school"),
        Place("Gångtunneln", (0.03, 0.4), "other", ("Tunneln under järnvägen",)),
        Place("Gamla mejeriet", (0.42, -0.66), "other", ("Mejeriet",)),
        Place("Badstranden", (0.74, 0.4), "park", ("Badet i Strandängen",)),
        Place("Björkdalens IP", (-0.4, 0.86), "sports", ("Idrottsplatsen",)),
        Place("Industrivägens infart", (0.75, -0.75), "other"),
        Place("Tallparken", (-0.72, 0.62), "park"),
        Place("Vattentornet", (0.12, 0.9), "other"),
        Place("Bryggarparken", (0.32, 0.52), "park"),
        Place("Åkerlunds lekplats", (-0.62, -0.95), "park"),
        Place("Sjukhuset", (0.0, -0.72), "other", ("Lindesta lasarett",)),
        Place("Polisstationen", (-0.12, 0.24), "other", ("Polishuset Lindesta",)),
        Place("Gymnasiet", (-0.6, -0.3), "school", ("Lindestagymnasiet",)),
        Place("Kyrkparken", (0.16, 0.24), "park"),
    ),
)

HYTTFORS = TownPlan(
    slug="hyttfors-kommun",
    name="Hyttfors",
    origin=(-8500.0, 6500.0),
    radius_m=1150.0,
    stretch=(1.1, 0.92),
    roads=(
        Road(
            name="Storgatan",
            kind="primary",
            sketch=((-1.35, 0.85), (-0.85, 0.5), (-0.45, 0.2), (0.05, 0.02), (0.7, 0.0), (1.4, 0.15)),
        ),
        Road(name="Brogatan", kind="primary", sketch=((0.05, 0.02), (0.0, -0.3), (0.08, -0.62), (0.35, -1.35))),
        Road(name="Kyrkogatan", sketch=((0.05, 0.02), (-0.05, 0.42), (0.0, 0.65), (0.1, 1.3))),
        Road(name="Kullvägen", kind="primary", sketch=((0.05, -0.48), (-0.5, -0.4), (-1.3, -0.3))),
        Road(name="Bruksgatan", sketch=((0.7, 0.0), (0.58, 0.5), (0.0, 0.65), (-0.5, 0.68), (-0.85, 0.5))),
        Road(name="Ängsvägen", sketch=((0.06, -0.55), (0.55, -0.68), (1.2, -0.9))),
        Road(name="Kvarnvägen", sketch=((0.42, 0.0), (0.4, -0.35), (0.55, -0.68))),
    ),
    districts=(
        District("Centrum", (0.05, 0.1), "centre"),
        District("Stationsstaden", (-0.3, 0.36), "mid"),
        District("Skolbacken", (0.4, 0.38), "mid"),
        District("Bruket", (0.8, 0.3), "industry"),
        District("Norra Hyttan", (-0.35, 0.85), "villa"),
        District("Söderstaden", (0.1, -0.75), "mid"),
        District("Kullen", (-0.6, -0.2), "villa"),
        District("Ängsbacken", (0.75, -0.45), "estate"),
    ),
    places=(
        Place("Stortorget", (0.05, 0.02), "square", ("Torget i Hyttfors",)),
        Place("Hyttfors station", (-0.12, 0.44), "station", ("Stationen i Hyttfors",)),
        Place("Bruksskolan", (0.35, 0.42), "school"),
        Place("Folkets park", (-0.4, -0.38), "park", ("Folkan",)),
        Place("Ängsbackens centrum", (0.72, -0.5), "shop"),
        Place("Verkstadsplan", (0.85, 0.18), "other"),
        Place("Campingen", (-0.85, 0.1), "other", ("Hyttfors camping",)),
        Place("Gamla sågen", (0.3, -0.72), "other"),
        Place("Kullens lekplats", (-1.02, -0.12), "park"),
        Place("Kyrkan i Hyttfors", (0.05, 0.72), "other"),
        Place("Hyttparken", (-0.3, 0.18), "park"),
    ),
)

EKHYTTAN = TownPlan(
    slug="ekhyttan-kommun",
    name="Ekhyttan",
    origin=(5500.0, 9500.0),
    radius_m=900.0,
    stretch=(1.12, 0.95),
    roads=(
        Road(
            name="Storgatan",
            kind="primary",
            sketch=((-1.4, 0.2), (-0.5, 0.0), (0, 0.02), (0.6, 0.12), (1.4, 0.0)),
        ),
        Road(name="Brovägen", kind="primary", sketch=((0, 0.02), (0.03, -0.35), (0, -0.7), (0.15, -1.4))),
        Road(name="Skolgatan", sketch=((0, 0.02), (0.1, 0.42), (0.02, 0.8), (-0.2, 1.35))),
        Road(name="Strandgatan", sketch=((0.02, -0.5), (-0.45, -0.62), (-1.1, -1.0))),
        Road(name="Ekvägen", sketch=((0.6, 0.12), (0.55, 0.5), (0.09, 0.46), (-0.4, 0.3), (-0.5, 0.0))),
        Road(name="Industrigatan", sketch=((0.0, -0.55), (0.55, -0.78), (1.1, -1.0))),
    ),
    districts=(
        District("Centrum", (0.0, 0.1), "centre"),
        District("Hyttbacken", (-0.6, 0.35), "villa"),
        District("Ekängen", (0.6, 0.5), "villa"),
        District("Söderstrand", (-0.4, -0.8), "villa"),
        District("Åbrinken", (0.55, -0.15), "mid"),
        District("Verkstadsområdet", (0.6, -0.75), "industry"),
    ),
    places=(
        Place("Hyttorget", (0.0, 0.02), "square", ("Torget i Ekhyttan",)),
        Place("Ekhyttans station", (-0.47, 0.37), "station", ("Stationen i Ekhyttan",)),
        Place("Ekskolan", (0.42, 0.42), "school"),
        Place("Badplatsen", (-0.33, -0.36), "park", ("Ekhyttebadet",)),
        Place("Ishallen", (0.75, 0.32), "sports", ("Ekhyttans ishall",)),
        Place("Gamla hyttan", (0.5, -0.68), "other"),
        Place("Ekängens lekplats", (0.1, 0.92), "park"),
    ),
)

TOWNS: tuple[TownPlan, ...] = (LINDESTA, HYTTFORS, EKHYTTAN)

RIVER_NAME = "Lindån"
RIVER: Sketch = (
    (-19000, 12000), (-15500, 10200), (-13000, 9300), (-11500, 8200), (-9900, 7500), (-9300, 6950),
    (-8950, 6480), (-8500, 6240), (-7900, 6180), (-7200, 5900), (-6500, 6450), (-4700, 8000),
    (-2800, 9100), (-500, 9700), (1500, 8700), (3300, 8700), (4600, 9250), (5500, 9240), (6300, 8950),
    (7300, 8000), (7000, 6300), (5200, 4300), (3600, 3000), (2500, 1900), (1300, 800), (850, 350),
    (480, -80), (0, -240), (-640, -330), (-1180, -430), (-2100, -1040), (-3200, -2600), (-4700, -3300),
    (-6900, -3900), (-9500, -4400), (-12500, -6500), (-19000, -8500),
)  # fmt: skip
RAIL: Sketch = (
    (-19000, 8600), (-13500, 7900), (-10200, 7250), (-9300, 7020), (-8500, 6990), (-7600, 6800),
    (-6600, 5900), (-4700, 3700), (-2700, 1500), (-1700, 860), (-900, 600), (-320, 570), (250, 800),
    (900, 1450), (1900, 3000), (3400, 5700), (4000, 7600), (4500, 9000), (4900, 9720), (5500, 10160),
    (7000, 10900), (10500, 13200), (15000, 15500),
)  # fmt: skip
MOTORWAY_NAME = "E98"
MOTORWAY: Sketch = (
    (-19000, -1200),
    (-12000, -1900),
    (-6000, -2900),
    (-2500, -2950),
    (500, -2700),
    (4500, -1500),
    (9500, 1200),
    (19000, 3000),
)
COUNTRY_ROADS: tuple[tuple[str, Sketch], ...] = (
    ("Hyttforsvägen", ((-2160, 450), (-3600, 1500), (-5600, 3300), (-7400, 4300), (-8100, 4950))),
    ("Ekhyttevägen", ((1600, 1840), (2600, 3400), (3900, 5600), (5200, 7300), (5635, 8240))),
    ("Sjövägen", ((-6890, 6670), (-5200, 8700), (-3200, 10700), (500, 10800), (2700, 9900), (4240, 9680))),
    ("Norra infarten", ((-320, 2080), (-250, 4500), (400, 7200), (700, 9000), (500, 10800))),
    ("Södra infarten", ((-160, -2160), (-200, -2800), (700, -5000), (200, -8500), (1500, -13000))),
    ("Östra infarten", ((2160, -960), (4000, -900), (5200, -1150), (9000, -3000), (14500, -4200))),
    ("Bergslagsvägen", ((-10050, 7480), (-11900, 9600), (-14500, 11500), (-17000, 14000))),
    ("Skogsvägen", ((6760, 9500), (9000, 9200), (12000, 8200), (17000, 8800))),
    ("Kullavägen", ((-9995, 6155), (-12500, 5300), (-17000, 4800))),
)
LAKES: tuple[tuple[Point2, Point2, float], ...] = (
    ((-2300, 9500), (1500, 620), 0.5),
    ((-5900, -3700), (1250, 560), 0.3),
    ((10300, 5200), (900, 520), 1.1),
    ((-13300, 3300), (620, 950), 0.2),
    ((3600, -5600), (520, 760), 0.4),
    ((-4200, 13600), (800, 430), 0.9),
    ((9600, 14400), (420, 300), 0.2),
)
REGION_RADII: Point2 = (15_500.0, 13_500.0)
REGION_CENTRE: Point2 = (-1000.0, 4300.0)
MEETING_POINT: Point2 = (-1400.0, 6300.0)  # where the three municipalities meet
BORDERS: tuple[Sketch, ...] = (
    (MEETING_POINT, (-2300, 8300), (-1700, 11000), (-2600, 14500), (-2100, 21000)),
    (MEETING_POINT, (1800, 5300), (4600, 5200), (7800, 4200), (12000, 4600), (20000, 3600)),
    (MEETING_POINT, (-3800, 4900), (-5600, 2300), (-9500, 1300), (-13500, 500), (-20000, 700)),
)
"""West to north, east and south-west of the meeting point; they part the region into three."""
