"""Collections of map features: what map clients may ask for.

The one registry: SQL, queryables, allow-lists, links, pages and documents are all made from it. A property's name is
its column in the relation of the same name as the collection (store/sql/features.sql).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.permissions import Actor, May


class Kind(StrEnum):
    """What a property's values are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    INSTANT = "instant"
    DATE = "date"
    BOOLEAN = "boolean"
    TEXTS = "texts"


SORTABLE: Final = frozenset(Kind) - {Kind.TEXTS}


class Shape(StrEnum):
    """What the features look like on a map."""

    POINT = "point"
    POLYGON = "polygon"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages of the pages."""

    sv: str
    en: str

    def in_language(self, code: str) -> str:
        """The text in a language; Swedish when it is not one of ours."""
        return self.en if code == "en" else self.sv


@dataclass(frozen=True, slots=True)
class Property:
    """One property of the features of a collection."""

    name: str
    kind: Kind
    title: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One list of features."""

    id: str
    title: Words
    description: Words
    shape: Shape
    properties: tuple[Property, ...]
    key: str  # the column that orders the features, each value once
    key_kind: str  # its type in the database
    time: tuple[str, str] | None  # properties that begin and end what a feature tells of
    may: tuple[May, ...]  # any of them opens it; none: whoever is signed in
    is_audited: bool = False  # exact positions: a line stands in the log before they leave
    is_whole: bool = False  # the properties of a feature are kept as one finished text
    heavy: frozenset[str] = frozenset()  # properties that tiles leave out

    def named(self, name: str) -> Property | None:
        """The property of that name."""
        return next((p for p in self.properties if p.name == name), None)

    @property
    def queryables(self) -> Mapping[str, Property]:
        """What filters may name."""
        return {p.name: p for p in self.properties}

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the actor may read any of it."""
        return not self.may or any(actor.may(what) for what in self.may)


def _p(name: str, kind: Kind, sv: str, en: str) -> Property:
    return Property(name, kind, Words(sv, en))


_OF_A_HOTSPOT: Final = (
    _p("rank", Kind.INTEGER, "Plats i listan, 1 är främst", "Place in the list, 1 is first"),
    _p("count", Kind.INTEGER, "Antal händelser", "Incidents"),
    _p("weighted_value", Kind.NUMBER, "Vägt värde", "Weighted value"),
    _p("weighting", Kind.TEXT, "Hur händelserna vägs", "How incidents are weighted"),
    _p("density_per_km2", Kind.NUMBER, "Händelser per km²", "Incidents per km²"),
    _p("area_m2", Kind.NUMBER, "Yta i m²", "Area in m²"),
    _p("period_from", Kind.INSTANT, "Periodens början", "Start of the period"),
    _p("period_to", Kind.INSTANT, "Periodens slut", "End of the period"),
    _p("first_seen", Kind.INSTANT, "Första händelsen", "First incident"),
    _p("last_seen", Kind.INSTANT, "Senaste händelsen", "Latest incident"),
    _p("dominant_category", Kind.TEXT, "Vanligaste kategori", "Most frequent category"),
    _p("category_codes", Kind.TEXTS, "Kategorier", "Categories"),
    _p("place_uncertainty_m", Kind.NUMBER, "Lägets osäkerhet i meter", "Uncertainty of the place in metres"),
    _p("recent_count", Kind.INTEGER, "Händelser de senaste 28 dygnen", "Incidents in the last 28 days"),
    _p("usual_count", Kind.NUMBER, "Vanligt på så lång tid", "Usual in as long"),
    _p("p_value", Kind.NUMBER, "Sannolikhet för lika mycket av en slump", "Probability of as much by chance"),
    _p("is_significant", Kind.BOOLEAN, "Statistiskt säkerställd", "Significant"),
    _p("place_certainty", Kind.NUMBER, "Hur säker platsen är, 0–1", "How sure the place is, 0–1"),
    _p("change", Kind.TEXT, "Förändring sedan förra antagna körningen", "Change since the adopted run before"),
    _p("organisation", Kind.TEXT, "Organisation", "Organisation"),
)

HOTSPOTS: Final = Collection(
    id="hotspots",
    title=Words("Hotspots", "Hot spots"),
    description=Words(
        "Hotspots i den senast antagna analyskörningen.", "Hot spots of the analysis run that was adopted last."
    ),
    shape=Shape.POLYGON,
    properties=_OF_A_HOTSPOT,
    key="rank",
    key_kind="integer",
    time=("first_seen", "last_seen"),
    may=(May.READ_HOTSPOTS,),
    is_whole=True,
)

HOTSPOT_HISTORY: Final = Collection(
    id="hotspot_history",
    title=Words("Hotspots över tid", "Hot spots over time"),
    description=Words(
        "Hotspots i alla antagna analyskörningar, för att följa en plats över tid.",
        "Hot spots of every adopted analysis run, to follow a place over time.",
    ),
    shape=Shape.POLYGON,
    properties=(
        _p("hotspot", Kind.TEXT, "Den hotspot det gäller, samma från körning till körning", "The hot spot"),
        _p("run", Kind.TEXT, "Analyskörning", "Analysis run"),
        _p("adopted_at", Kind.INSTANT, "När körningen antogs", "When the run was adopted"),
        *_OF_A_HOTSPOT,
    ),
    key="id",
    key_kind="text",
    time=("first_seen", "last_seen"),
    may=(May.READ_HOTSPOTS,),
)

INCIDENTS: Final = Collection(
    id="incidents",
    title=Words("Händelser", "Incidents"),
    description=Words(
        "Rapporterade händelser, med den noggrannhet i läget som läsaren har rätt till.",
        "Reported incidents, as exactly placed as the reader may see them.",
    ),
    shape=Shape.POINT,
    properties=(
        _p("category", Kind.TEXT, "Kategori", "Category"),
        _p("occurred_from", Kind.INSTANT, "Inträffade från", "Occurred from"),
        _p("occurred_to", Kind.INSTANT, "Inträffade till", "Occurred to"),
        _p("location_uncertainty_m", Kind.NUMBER, "Lägets osäkerhet i meter", "Uncertainty of the place in metres"),
        _p("source", Kind.TEXT, "Källa", "Source"),
        _p("source_ref", Kind.TEXT, "Källans referens", "The source's reference"),
        _p("text", Kind.TEXT, "Fritext", "Free text"),
        _p("organisation", Kind.TEXT, "Organisation", "Organisation"),
        _p("state", Kind.TEXT, "Tillstånd", "State"),
        _p("marks", Kind.TEXTS, "Märken", "Marks"),
        _p("reported_at", Kind.INSTANT, "Rapporterad", "Reported"),
        _p("version", Kind.INTEGER, "Version", "Version"),
        _p("precision", Kind.TEXT, "Lägets noggrannhet", "How exactly it is placed"),
        _p("area", Kind.TEXT, "Område, där läget är ett område", "Area, where the place is an area"),
    ),
    key="id",
    key_kind="uuid",
    time=("occurred_from", "occurred_to"),
    may=(May.READ_OWN_INCIDENTS, May.READ_INCIDENTS),
    is_audited=True,
    heavy=frozenset({"text", "source_ref", "marks"}),
)

AREAS: Final = Collection(
    id="areas",
    title=Words("Områden", "Areas"),
    description=Words(
        "Kommuner, lokalpolisområden och stadsdelar.", "Municipalities, local police areas and districts."
    ),
    shape=Shape.POLYGON,
    properties=(
        _p("code", Kind.TEXT, "Kod", "Code"),
        _p("name", Kind.TEXT, "Namn", "Name"),
        _p("kind", Kind.TEXT, "Slag av område", "Kind of area"),
        _p("parent", Kind.TEXT, "Ingår i området", "Part of the area"),
    ),
    key="code",
    key_kind="text",
    time=None,
    may=(),
)

COLLECTIONS: Final[Mapping[str, Collection]] = {c.id: c for c in (HOTSPOTS, HOTSPOT_HISTORY, INCIDENTS, AREAS)}
