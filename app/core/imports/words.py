"""What is wrong with a file or a row, in plain Swedish and English, with what to do about it.

Sentences never hold a cell's value; what stands in braces is ours: a bound, a format, the name of a place.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.core.errors import UnreadableFileError

SWEDISH: Final = "sv"
ENGLISH: Final = "en"

_FILES: Final = {
    "empty": ("Filen är tom.", "The file is empty."),
    "no-rows": ("Filen har inga rader under rubrikerna.", "The file has no rows below its header."),
    "unknown-format": (
        "Filen är varken tabell (CSV, Excel) eller kartlager (GeoJSON, GeoPackage, Shapefile i zip, GeoParquet).",
        "The file is neither a table (CSV, Excel) nor a map layer (GeoJSON, GeoPackage, zipped Shapefile, GeoParquet).",
    ),
    "other-format": (
        "Filen är {swedish}. Spara tabellen som Excel (.xlsx) eller CSV och försök igen.",
        "The file is {english}. Save the table as Excel (.xlsx) or CSV and try again.",
    ),
    "damaged": (
        "Filen är skadad eller avbruten och kan inte läsas till slutet. Hämta eller spara den på nytt.",
        "The file is damaged or cut off and cannot be read to its end. Fetch or save it again.",
    ),
    "password": (
        "Filen är skyddad med lösenord. Spara den utan.",
        "The file is protected by a password. Save it without one.",
    ),
    "too-large-unpacked": (
        "Filen blir för stor när den packas upp: mer än {most} MB, eller mer än {ratio} gånger sin storlek.",
        "The file grows too large when unpacked: over {most} MB, or over {ratio} times its size.",
    ),
    "unsafe-path": (
        "Arkivet innehåller filnamn som pekar utanför arkivet. Packa filerna på nytt.",
        "The archive holds file names that lead out of it. Pack the files again.",
    ),
    "nothing-in-archive": (
        "Arkivet innehåller ingen fil som kan läsas.",
        "The archive holds no file that can be read.",
    ),
    "several-files": (
        "Arkivet innehåller flera filer: {names}. Skicka den som ska läsas för sig.",
        "The archive holds several files: {names}. Send the one that is meant on its own.",
    ),
    "incomplete-shapefile": (
        "Shapefilen saknar {missing}. Packa alla filer som hör till den i samma zip.",
        "The Shapefile lacks {missing}. Pack all the files that belong to it in one zip.",
    ),
    "no-such-layer": (
        "Det finns inget lager eller blad med det namnet. Filen har: {names}.",
        "There is no layer or sheet of that name. The file has: {names}.",
    ),
    "line-too-long": (
        "Rad {row} är orimligt lång. Leta efter ett citattecken som inte avslutas, eller fel skiljetecken.",
        "Row {row} is unreasonably long. Look for a quotation mark that is not closed, or another separator.",
    ),
    "too-many-columns": (
        "Filen har fler än {most} kolumner.",
        "The file has more than {most} columns.",
    ),
    "too-many-cells": (
        "Bladet sträcker sig över {cells} celler; högst {most} läses. Ta bort innehåll långt ut i bladet.",
        "The sheet spans {cells} cells; at most {most} are read. Remove what stands far out in the sheet.",
    ),
    "too-many-rows": ("Filen har fler än {most} rader. Dela den.", "The file has more than {most} rows. Split it."),
    "not-this-encoding": (
        "Filen är inte skriven i teckenkodningen {encoding}.",
        "The file is not written in the encoding {encoding}.",
    ),
    "unknown-crs": (
        "Filens koordinatsystem känns inte igen. Spara den i WGS 84 eller SWEREF 99 TM.",
        "The file's coordinate system is not known. Save it in WGS 84 or SWEREF 99 TM.",
    ),
}  # fmt: skip

_ROWS: Final = {
    "too-many-cells": (
        "Raden har fler celler än rubrikraden. Kontrollera skiljetecken och citattecken.",
        "The row has more cells than the header. Check separators and quotation marks.",
    ),
    "cell-too-long": (
        "En cell i raden är längre än {most} tecken.",
        "A cell of the row is longer than {most} characters.",
    ),
    "unclosed-quote": (
        "Ett citattecken avslutas inte, så att flera rader blivit en. Rätta citattecknet.",
        "A quotation mark is not closed, so that several rows became one. Mend the quotation mark.",
    ),
    "repeated-header": (
        "Raden upprepar rubrikerna. Den kan tas bort.",
        "The row repeats the header. It can be removed.",
    ),
    "missing": ("Cellen är tom. Fyll i ett värde.", "The cell is empty. Fill in a value."),
    "missing-position": (
        "Raden har ingen plats. Ange koordinater, eller en plats ur platsregistret.",
        "The row has no position. Give coordinates, or a place of the place register.",
    ),
    "unknown-category": (
        "Kategorin känns inte igen. Välj vilken av våra kategorier värdet hör till.",
        "The category is not known. Choose which of our categories the value belongs to.",
    ),
    "left-out": (
        "Rader av det här slaget är inte händelser och tas inte med.",
        "Rows of this kind are no incidents and are left out.",
    ),
    "unreadable-time": (
        "Tiden kan inte läsas. Skriv den som 2026-05-01 08:00.",
        "The time cannot be read. Write it as 2026-05-01 08:00.",
    ),
    "unknown-date": (
        "Datumet finns inte i kalendern. Kontrollera dag och månad.",
        "The calendar has no such date. Check day and month.",
    ),
    "skipped-time": (
        "Den timmen fanns inte: klockan ställdes fram. Kontrollera tiden, eller skriv den med +01:00 eller +02:00.",
        "That hour did not exist: the clock went forward. Check the time, or write it with its offset.",
    ),
    "ambiguous-time": (
        "Den timmen kom två gånger: klockan ställdes tillbaka. Skriv tiden med +02:00 (första) eller +01:00 (andra).",
        "That hour came twice: the clock went back. Write the time with its offset, the first or the second.",
    ),
    "unreadable-number": (
        "Talet kan inte läsas. Skriv bara siffror, med komma eller punkt före decimaler.",
        "The number cannot be read. Write digits only, with a comma or a point before decimals.",
    ),
    "unreadable-flag": ("Skriv ja eller nej.", "Write yes or no."),
    "unreadable-geometry": (
        "Geometrin kan inte läsas. Ange en punkt.",
        "The geometry cannot be read. Give a point.",
    ),
    "no-point": (
        "Geometrin är ingen punkt. Ange en punkt.",
        "The geometry is no point. Give a point.",
    ),
    "null-island": (
        "Koordinaterna är noll, vilket betyder att platsen saknas. Ange den rätta platsen.",
        "The coordinates are zero, which means that the position is missing. Give the real one.",
    ),
    "swapped-axes": (
        "Koordinaterna ser omkastade ut. Byt plats på dem.",
        "The coordinates look swapped. Exchange them.",
    ),
    "not-finite": ("Ange ett vanligt tal.", "Give an ordinary number."),
    "out-of-range": (
        "Värdet ligger utanför det möjliga. Kontrollera talet och koordinatsystemet.",
        "The value is beyond what is possible. Check the number and the coordinate system.",
    ),
    "outside-sweden": (
        "Platsen ligger långt utanför Sverige. Kontrollera koordinaterna och koordinatsystemet.",
        "The position lies far outside Sweden. Check the coordinates and the coordinate system.",
    ),
    "outside-area": (
        "Platsen ligger utanför organisationens område. Kontrollera koordinaterna.",
        "The position lies outside the organisation's area. Check the coordinates.",
    ),
    "unknown-crs": ("Koordinatsystemet känns inte igen.", "The coordinate system is not known."),
    "unknown-place": (
        "Platsen finns inte i platsregistret. Lägg till den där, eller ange koordinater.",
        "The place is not in the place register. Add it there, or give coordinates.",
    ),
    "place-to-choose": (
        "Platsen kan vara någon av: {places}. Välj vilken.",
        "The place may be one of: {places}. Choose which.",
    ),
    "naive-time": ("Ange tiden med tidszon.", "Give the time with its offset from UTC."),
    "too-early": ("Tiden är före 1990. Kontrollera årtalet.", "The time is before 1990. Check the year."),
    "in-future": ("Tiden ligger i framtiden. Kontrollera datumet.", "The time is in the future. Check the date."),
    "before-start": (
        "Slutet ligger före början. Kontrollera tiderna.",
        "The end is before the start. Check the times.",
    ),
    "control-character": (
        "Texten har styrtecken eller trasiga tecken. Ta bort dem.",
        "The text has control characters or broken characters. Take them out.",
    ),
    "too-long": ("Texten är för lång. Korta den.", "The text is too long. Shorten it."),
    "foreign-organisation": (
        "Raden tillhör en annan organisation. Importera den åt den.",
        "The row is another organisation's. Import it for that one.",
    ),
    "unknown-area": ("Området känns inte igen.", "The area is not known."),
    "repeated-reference": (
        "En tidigare rad i filen har samma referens men säger något annat. Den första raden gäller.",
        "An earlier row of the file has the same reference and says something else. The first row counts.",
    ),
    "withdrawn-before": (
        "Händelsen är återtagen sedan tidigare och tas inte in igen.",
        "The incident was withdrawn before and is not taken in again.",
    ),
    "decided-before": (
        "Någon har redan avgjort att rapporten inte ska räknas. Ändringen tas inte in.",
        "Somebody has decided that this report does not count. The change is not taken in.",
    ),
    "personal-data": (
        "Texten ser ut att innehålla personuppgifter. Ta bort dem.",
        "The text seems to hold personal data. Take it out.",
    ),
}  # fmt: skip

_REASONS: Final = {
    "as-before": (
        "Läses som förra gången från {source}.",
        "Read as the last time from {source}.",
    ),
    "columns-changed": (
        "Kolumner som saknas sedan förra gången: {columns}.",
        "Columns that are gone since the last time: {columns}.",
    ),
    "by-name": ("{field}: kolumnen {column}, efter namnet.", "{field}: the column {column}, by its name."),
    "by-content": ("{field}: kolumnen {column}, efter innehållet.", "{field}: the column {column}, by what is in it."),
    "lands-in": (
        "Koordinaterna tolkas som {system}: {inside} av {points} prov hamnar i {name}.",
        "The coordinates are read as {system}: {inside} of {points} samples land in {name}.",
    ),
    "lands-outside": (
        "Koordinaterna tolkas som {system}, men inga prov hamnar i ett känt område. Kontrollera.",
        "The coordinates are read as {system}, but no sample lands in an area that is known. Check it.",
    ),
    "axes-swapped": (
        "Koordinaterna ser omkastade ut: {x} läses som öst, {y} som nord.",
        "The coordinates look swapped: {x} is read as east, {y} as north.",
    ),
    "day-first": ("Dagen står före månaden i datumen.", "In dates the day comes before the month."),
    "month-first": ("Månaden står före dagen i datumen.", "In dates the month comes before the day."),
    "day-order-unclear": (
        "Det går inte att se om dagen eller månaden kommer först i datumen. Kontrollera några rader.",
        "It cannot be seen whether day or month comes first in dates. Check some rows.",
    ),
    "whole-months": (
        "Alla datum är den första i månaden: varje rad gäller en hel månad.",
        "All dates are the first of a month: each row stands for a whole month.",
    ),
    "midnight-unknown": (
        "{percent} % av tiderna är 00:00, vilket tyder på att klockslaget är okänt: de gäller hela dygnet.",
        "{percent} % of the times are 00:00, a sign that the hour is not known: they stand for the whole day.",
    ),
    "compact-clock": (
        "Klockslagen är siffror utan kolon (2215).",
        "Times of day are digits without a colon (2215).",
    ),
    "figures": (
        "Raderna är antal per område och månad: de blir områdessiffror, inte punkter.",
        "The rows are counts by area and month: they become area figures, not points.",
    ),
    "repeated-references": (
        "Samma nummer i {column} förekommer på flera rader ({percent} %).",
        "The same number in {column} stands in several rows ({percent} %).",
    ),
    "place-register": (
        "Filen har inga koordinater: {column} söks i platsregistret.",
        "The file has no coordinates: {column} is looked up in the place register.",
    ),
    "time-from-title": (
        "Tiden läses ur rubriken {column}, årtalet ur {published}.",
        "The time is read from the title {column}, the year from {published}.",
    ),
    "offset-wrong": (
        "Tidszonen i {column} stämmer inte med klockslaget i filen: tiderna läses som lokal tid.",
        "The offsets in {column} disagree with the file's own time of day: the times are read as local.",
    ),
    "zone-unclear": (
        "Koordinaterna ser ut som en lokal SWEREF 99-zon, men inte vilken. Välj zon.",
        "The coordinates look like a local SWEREF 99 zone, but not which. Choose the zone.",
    ),
}  # fmt: skip

ROW_CODES: Final = frozenset(_ROWS)
FILE_REASONS: Final = frozenset(_FILES)
_UNKNOWN: Final = ("Raden kan inte läsas in. Kontrollera värdet.", "The row cannot be taken in. Check the value.")


def unreadable(reason: str, **values: str) -> UnreadableFileError:
    """The error for a file that cannot be read, with its sentences."""
    swedish, english = _FILES[reason]
    return UnreadableFileError(
        reason, MappingProxyType({SWEDISH: swedish.format(**values), ENGLISH: english.format(**values)})
    )


def of_row(code: str, language: str, values: Mapping[str, str]) -> str:
    """One sentence about a row; a plain one for a slug that is newer than these words."""
    swedish, english = _ROWS.get(code, _UNKNOWN)
    return (swedish if language == SWEDISH else english).format_map(values)


def of_reason(code: str, language: str, values: Mapping[str, str]) -> str:
    """One sentence about why something was proposed."""
    swedish, english = _REASONS[code]
    return (swedish if language == SWEDISH else english).format_map(values)
