"""What an organisation tells importers beforehand: its places, and what the police's crime codes mean to it."""

import csv
import math
from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from app.core.audit import AuditAction
from app.core.errors import FieldProblem, InvalidError
from app.core.imports.known import Place
from app.core.permissions import May, check_may
from app.store import categories, crime_codes, places
from app.store.tx import WriteTx

COLUMNS = ("name", "aliases", "lon", "lat", "location_uncertainty_m")
PLACES = UUID("5b0c5f0c-5f4e-4c0f-9f3e-2f2f0a5d7c11")  # the name space of places' ids
USUAL_UNCERTAINTY_M = 100.0
CODE_MAX_CHARS = 10


def load_places(tx: WriteTx, register: Iterable[Place]) -> int:
    """Put a place register in the place of the organisation's; how many entries."""
    check_may(tx.actor, May.IMPORT_FILES)
    by_id = {place.id: place for place in register}
    places.replace(tx, list(by_id.values()))
    tx.record(AuditAction.PLACES_LOADED, count=len(by_id))
    return len(by_id)


def read_places(lines: Iterable[str], organisation: str) -> list[Place]:
    """A register as text: name;aliases;lon;lat;location_uncertainty_m, and municipality if you have it.

    Aliases are parted by a vertical bar. The same entry keeps its id from file to file. Raises InvalidError.
    """
    reader = csv.DictReader(lines, delimiter=";")
    missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or ())]
    if missing:
        raise InvalidError(f"The first line must name the columns {';'.join(COLUMNS)}; it lacks {', '.join(missing)}.")
    found, problems = [], []
    for row in reader:
        try:
            found.append(_place(row, organisation))
        except (TypeError, ValueError):
            sentence = "Give a name, longitude and latitude in degrees, and the uncertainty in metres."
            problems.append(FieldProblem(f"row {reader.line_num}", "no-place", sentence))
    if problems:
        raise InvalidError("The place register cannot be read; nothing was stored.", tuple(problems))
    return found


def put_crime_code(tx: WriteTx, code: str, category: str) -> None:
    """Say what category a crime code is, or all that begin so ("08*")."""
    check_may(tx.actor, May.IMPORT_FILES)
    _check_code(code)
    if all(c["code"] != category for c in categories.page(tx)):
        sentence = "Use one of the category codes."
        raise InvalidError(sentence, (FieldProblem("category", "unknown-category", sentence),))
    crime_codes.put(tx, code, category)
    tx.record(AuditAction.CRIME_CODES_CHANGED, code, category=category)


def reset_crime_code(tx: WriteTx, code: str) -> None:
    """Go back to the category that is shipped for a code; nothing happens where nothing else was said."""
    check_may(tx.actor, May.IMPORT_FILES)
    _check_code(code)
    if crime_codes.remove(tx, code):
        tx.record(AuditAction.CRIME_CODES_CHANGED, code)


def _check_code(code: str) -> None:
    digits = code.removesuffix("*")
    if not (digits.isascii() and digits.isdecimal() and len(code) <= CODE_MAX_CHARS):
        sentence = 'Give a crime code as digits, or the beginning of codes and a star: "08*".'
        raise InvalidError(sentence, (FieldProblem("code", "no-crime-code", sentence),))


def _place(row: Mapping[str, str | None], organisation: str) -> Place:
    name, within = (row["name"] or "").strip(), (row.get("municipality") or "").strip()
    lon, lat = float(row["lon"] or ""), float(row["lat"] or "")
    uncertainty_m = float(row.get("location_uncertainty_m") or USUAL_UNCERTAINTY_M)
    is_on_earth = -180 <= lon <= 180 and -90 <= lat <= 90  # noqa: PLR2004 -- degrees
    if not name or "\x00" in "".join(v or "" for v in row.values()) or not is_on_earth or not uncertainty_m >= 0:
        raise ValueError(name)
    if not math.isfinite(uncertainty_m):
        raise ValueError(name)
    return Place(
        id=str(uuid5(PLACES, f"{organisation}\n{within}\n{name}\n{lon:.7f}\n{lat:.7f}")),
        name=name,
        aliases=tuple(a.strip() for a in (row.get("aliases") or "").split("|") if a.strip()),
        lon=lon,
        lat=lat,
        location_uncertainty_m=uncertainty_m,
        within=within,
    )
