"""What the columns of a file are called, in Swedish and English, and which of our fields that means.

Names are compared as `names.compact` leaves them. A name that says more than one thing ("date") stands under each
and the first free field takes it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.core.imports.names import compact, words
from app.core.imports.profile import Field

# Exact names, the likeliest first.
_NAMES: Final[Mapping[Field, str]] = {
    Field.CATEGORY: (
        "category kategori brottstyp handelsetyp typavhandelse offense offence crimetype primarytype "
        "offensetype offencetype crimecategory offensecategory offensegroup offensedescription "
        "offencedescription crimedescription primaryoffense ucrdescription nibrsdescription incidenttype "
        "incidenttypeprimary incidentcategory parentincidenttype majorcategory minorcategory calltype "
        "calltypedescription eventtype typedescription offensecodegroup crimename crimename1 crimename2 "
        "crmcddesc ofnsdesc lawcatdesc pddesc mcicategory brottsrubricering rubricering brottskategori "
        "brottsrubrik brott brottsbenamning handelse handelsekategori typ arende arendetyp kod type crime "
        "event orsak avvikelse avvikelsetyp arendekategori description kategorinamn"
    ),
    Field.CRIME_CODE: "brottskod brottskoder brkod crimecode",
    Field.OCCURRED_FROM: (
        "occurredfrom occurredat occurredlocal occurred datefrom from fran starttid start starttidpunkt "
        "startdatum brottsdatumtidstart brottsdatumstart brottsdagstart brottstidfran brottstidstart "
        "brottsdatumfran brottsdatum brottstidpunkt brottstid handelsedatum handelsetid handelsetidpunkt "
        "tidpunkt datumtid datumochtid datetime datumtidpunkt intraffad intraffade intraffat intraffadtid "
        "intraffatdatum occurreddate occurreddatetime occurrencedate occurrencedatetime occurrencetime "
        "occdate dateocc dateoccurred datetimeoccurred offensedate offencedate offensestartdatetime "
        "incidentdate incidentdatetime incidenttime crimedate crimedatetime crimetime cmplntfrdt startdate "
        "starttime startdatetime begindate dateofoccurrence dateofincident dateoccur eventdate eventdatetime "
        "eventtime fromdate fromdatetime firstoccurrencedate dispatchdate calldatetime datum date when "
        "timestamp time tid nar inskrivningsdatum anmalningsdatum anmald rapporterad datereported "
        "reporteddate reportdate reportdatetime datereport datetimereported reported skapad created createdat "
        "createddate openeddate"
    ),
    Field.OCCURRED_TO: (
        "occurredto occurreduntil dateto to till sluttid slut sluttidpunkt slutdatum brottsdatumtidslut "
        "brottsdatumslut brottsdagslut brottstidtill brottstidslut brottsdatumtill enddate endtime "
        "enddatetime todate todatetime offenseenddatetime cmplnttodt lastoccurrencedate"
    ),
    Field.YEAR: "year ar occurredyear occyear reportyear",
    Field.MONTH: "month manad manadnr period occurredmonth occmonth reportmonth",
    Field.DAY: "day dag dayofmonth occurredday occday",
    Field.HOUR: (
        "hour timme klockslaggrupptimme klockslaggrupp klockslagtimme occurredhour occhour hourofday hourreported"
    ),
    Field.MINUTE: "minute minut minuter",
    Field.TITLE: "name title rubrik",
    Field.PUBLISHED: "published publishedat publishedatraw pubdate publicerad publiceraddatum",
    Field.Y: (
        "lat latitude latitud breddgrad ycoord ycoordinate yposition ykoordinat ykoord y northing nord norr "
        "nkoord nkoordinat sweref99tmnordy nordsweref99tm swerefn swerefnord swerefy nsweref99tm ysweref99tm "
        "ywgs84 latwgs84 wgs84lat wgs84latitud pointy geolat coordy coordinatey nordkoordinat "
        "nordligkoordinat lat4326 n"
    ),
    Field.X: (
        "lon lng long longitude longitud langdgrad xcoord xcoordinate xposition xkoordinat xkoord x easting "
        "ost oster okoord ekoord ekoordinat okoordinat sweref99tmostx ostsweref99tm swerefe swerefo swerefost "
        "swerefx esweref99tm xsweref99tm xwgs84 lonwgs84 longwgs84 wgs84lon wgs84longitud pointx geolon "
        "geolng coordx coordinatex ostkoordinat ostligkoordinat lon4326 e"
    ),
    Field.GEOMETRY: (
        "geometry geom thegeom wkt wkb shape geopoint geopoint2d geometrypoint geo coordinates koordinater "
        "koordinat position latlong latlng latlon lonlat location1 geolocation georeference "
        "newgeoreferencedcolumn geocodedcolumn point geocoordinates gps locationgps mappedlocation "
        "intersectionpoint locationpoint geometryplace location"
    ),
    Field.ADDRESS: (
        "address adress gatuadress brottsplats brottsadress streetaddress blockaddress incidentaddress "
        "hundredblock block blockaddr gata gatanamn street streetname hundredblockaddr location addresstext "
        "fulladdress"
    ),
    Field.PLACE: (
        "place plats platsnamn lokalnamn objekt objektsnamn anlaggning placename locationname locationdesc "
        "locationdescription stalle fastighet omradesnamn placeintitle premisedescription"
    ),
    Field.UNCERTAINTY: (
        "locationuncertaintym noggrannhetm noggrannhet platsosakerhet platsosakerhetm osakerhet osakerhetm "
        "uncertainty uncertaintym accuracy accuracym precision lagesnoggrannhet"
    ),
    Field.SOURCE_REF: (
        "sourceref id diarienummer diarienr dnr arendenummer arendenr arendeid rapportnummer rapportnr "
        "rapportid handelseid handelsenummer handelsenr olycksnummer lopnummer lopnr referens referensnummer "
        "ref knummer anmalningsnummer incidentid incidentnumber incidentno incidentnum incidentnr "
        "eventuniqueid eventid eventnumber casenumber caseno casenum caseid reportnumber reportno reportid "
        "reportnr complaintnumber cmplntnum crimeid drno offenseid offenseno gonumber ccn recordid rowid "
        "objectid fid nr nummer uniqueid uuid globalid externtid"
    ),
    Field.TEXT: (
        "text fritext beskrivning handelsebeskrivning kommentar kommentarer anteckning anteckningar notering "
        "noteringar summary sammanfattning notes comment comments narrative details detaljer ovrigt forlopp "
        "meddelande handelseforlopp vadhande vadhande rapporttext description"
    ),
    Field.TEXT_REVIEWED: "textreviewed textgranskad granskad",
    Field.ORGANISATION: "organisation",
    Field.AREA: (
        "area omrade region kommun municipality kommunnamn stadsdel delomrade basomrade lan polisregion "
        "lokalpolisomrade lpo nyko areaname neighborhood neighbourhood district ward lsoacode"
    ),
    Field.COUNT: (
        "count antal antalbrott antalhandelser antalanmaldabrott number value varde incidents crimes anmaldabrott"
    ),
}

_EXACT: Final[Mapping[Field, Mapping[str, int]]] = {
    field: {name: rank for rank, name in reversed(list(enumerate(names.split())))} for field, names in _NAMES.items()
}

_SYSTEM: Final = r"(?:sweref|rt ?90|30[012]\d)"
# What a longer name begins with, ends with or holds, as separate words.
_WHEN: Final = r"\b(?:datum|tid|date|time|tidpunkt|dt)\b"
_WHAT: Final = (
    r"\b(?:intraffad|intraffat|occurr?ed|occurrence|occ|incident|offen[sc]e|crime|brotts?|handelse|start|fran|from)\b"
)
_END: Final = r"\b(?:slut|till|end|to)\b"
_KIND: Final = r"\b(?:type|typ|category|kategori|desc|description|rubrik|name|group)\b"
_CASE: Final = r"\b(?:incident|case|report|event|complaint|arende|rapport|handelse|olycks?|offen[sc]e|dia?rie)\b"
_PARTS: Final = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        (Field.Y, r"\b(?:lat|latitude|latitud|northing|nord)\b"),
        (Field.X, r"\b(?:lon|lng|long|longitude|longitud|easting|ost)\b"),
        (Field.Y, rf"{_SYSTEM}.*\b(?:n|y|nord)\b|^(?:n|y|nord)\b.*{_SYSTEM}"),
        (Field.X, rf"{_SYSTEM}.*\b(?:e|o|x|ost)\b|^(?:e|o|x|ost)\b.*{_SYSTEM}"),
        (Field.CRIME_CODE, r"\bbrotts ?kod\b"),
        (Field.OCCURRED_TO, rf"{_END}.*{_WHEN}|{_WHEN}.*{_END}"),
        (Field.OCCURRED_FROM, rf"{_WHAT}.*{_WHEN}|{_WHEN}.*{_WHAT}"),
        (Field.CATEGORY, rf"{_WHAT}.*{_KIND}"),
        (Field.SOURCE_REF, rf"{_CASE}.*\b(?:id|no|nr|num|number|nummer)\b"),
        (Field.ADDRESS, r"\b(?:address|adress)\b"),
        (Field.TEXT, r"\b(?:beskrivning|fritext|narrative|comments?|kommentar)\b"),
        (Field.UNCERTAINTY, r"\b(?:noggrannhet|osakerhet|uncertainty|accuracy)\b"),
    )
)
_CLOCK: Final = re.compile(
    r"\b(?:time|tid|kl|klockslag|klocka|tidpunkt|hour reported|hourreported|hour|timeofday|hhmm)\b|(?:time|tid|tm)$"
)
_NUMBER: Final = re.compile(
    r"\b(?:gatu ?nr|gatunummer|nr|nummer|street ?number|house ?number|block ?number|streetno|husnr|husnummer)\b"
)
REFERENCE: Final = re.compile(
    r"\b(?:id|nr|no|num|number|nummer|ref|dnr|guid|uuid|code|kod|key|index|fid)\b|(?:id|nr|number|nummer)$"
)


def candidates(columns: Sequence[str]) -> dict[Field, list[str]]:
    """The columns whose names fit each field, the best first."""
    fitting: dict[Field, list[tuple[int, int, str]]] = {field: [] for field in Field}
    for place, column in enumerate(columns):
        short, spaced = compact(column), words(column)
        for field, names in _EXACT.items():
            if (rank := names.get(short)) is not None:
                fitting[field].append((rank, place, column))
        for field, rule in _PARTS:
            if short not in _EXACT[field] and rule.search(spaced):
                fitting[field].append((1_000, place, column))
    return {field: [column for _, _, column in sorted(found)] for field, found in fitting.items()}


def is_clock_name(column: str) -> bool:
    """Whether a column's name speaks of a time of day."""
    return _CLOCK.search(words(column)) is not None


def is_house_number_name(column: str) -> bool:
    """Whether a column's name speaks of a number in a street."""
    return _NUMBER.search(words(column)) is not None


def is_reference_name(column: str) -> bool:
    """Whether a column holds numbers that somebody gave: they may look like a personal identity number by chance."""
    return REFERENCE.search(words(column)) is not None


def said_srid(columns: Sequence[str]) -> int | None:
    """The coordinate system that the columns' own names tell."""
    text = " ".join(words(column) for column in columns)
    if found := re.search(r"\b(?:epsg )?(30(?:0[6-9]|1[0-8]|21))\b", text):
        return int(found[1])
    if re.search(r"sweref ?99 ?tm", text):
        return 3006
    if found := re.search(r"sweref ?99 ?(1[2-8]) ?(\d\d)\b", text):
        return _ZONES.get(found[1] + found[2])
    if re.search(r"\brt ?90\b", text):
        return 3021
    return None


_ZONES: Final = {
    "1200": 3007, "1330": 3008, "1500": 3009, "1630": 3010, "1800": 3011, "1415": 3012,
    "1545": 3013, "1715": 3014, "1845": 3015, "2015": 3016, "2145": 3017, "2315": 3018,
}  # fmt: skip
