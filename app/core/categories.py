"""The categories every organisation starts with.

Two of them are counted but never clustered: fraud has no meaningful place, and an event is only context.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of incident. `harm_weight` runs from 0 to 10 and is a proposal that organisations may edit."""

    code: str
    sv: str
    en: str
    harm_weight: float
    is_clustered: bool = True


SHIPPED: tuple[Category, ...] = (
    Category("VAL", "Våld/misshandel", "Assault", 8),
    Category("RAN", "Rån", "Robbery", 9),
    Category("HOT", "Hot/ofredande", "Threat or harassment", 5),
    Category("PERS", "Incident mot anställd", "Incident against staff", 5),
    Category("SKJ", "Skjutning/sprängning", "Shooting or explosion", 10),
    Category("BRA", "Anlagd brand", "Arson", 7),
    Category("NAR", "Misstänkt narkotikahandel", "Suspected drug dealing", 5),
    Category("PAV", "Påverkade personer", "Intoxicated persons", 3),
    Category("INB", "Bostadsinbrott", "Dwelling burglary", 6),
    Category("INF", "Inbrott förråd/källare", "Storage burglary", 4),
    Category("BIL", "Stöld ur/av fordon", "Vehicle crime", 4),
    Category("BRN", "Bränslestöld", "Fuel theft", 3),
    Category("TIL", "Tillgrepp/butiksstöld", "Theft or shoplifting", 3),
    Category("BED", "Bedrägeri", "Fraud", 4, is_clustered=False),
    Category("SKD", "Skadegörelse", "Vandalism", 3),
    Category("KLO", "Klotter", "Graffiti", 2),
    Category("NED", "Nedskräpning", "Littering", 1),
    Category("BUS", "Buskörning (moped, A-traktor)", "Reckless driving", 3),
    Category("TRA", "Trafikosäker plats/trafikbrott", "Unsafe traffic", 3),
    Category("OLO", "Fordon på gång-/cykelväg", "Vehicle on footpath", 2),
    Category("SAM", "Ordningsstörande samling", "Disturbing gathering", 2),
    Category("SKO", "Störning i skolmiljö", "School disorder", 3),
    Category("OTR", "Otrygg/mörk plats", "Unsafe or dark place", 1),
    Category("ARR", "Arrangemang", "Event", 0, is_clustered=False),
    Category("OVR", "Övrigt", "Other", 1),
)
