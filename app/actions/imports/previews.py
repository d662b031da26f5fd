"""What a dry run shows: how the file was understood, ten rows as they would go in, a small map."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.actions.imports.reading import Reading
from app.actions.imports.settling import Chunk
from app.core.imports.landing import Landing
from app.core.incidents import IncidentDraft

MOST_ROWS = 10
MOST_POINTS = 500
POINTS_OF_CHUNK = 50
POINT_DECIMALS = 5
LANGUAGES = ("sv", "en")


@dataclass(slots=True, kw_only=True)
class Preview:
    """Grows with the file up to its bounds."""

    guess: Mapping[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chunk: Chunk) -> None:
        """Take some rows and points: the first rows, and points from every part of the file."""
        for number, draft in chunk.drafts.items():
            if len(self.rows) >= MOST_ROWS:
                break
            self.rows.append({"row": number, **_row(draft)})
        room = min(MOST_POINTS - len(self.points), POINTS_OF_CHUNK)
        step = max(len(chunk.drafts) // POINTS_OF_CHUNK, 1)
        self.points += [_point(n, d) for n, d in list(chunk.drafts.items())[::step][: max(room, 0)]]

    def as_values(self) -> dict[str, Any]:
        """To be stored beside the upload."""
        return {
            "guess": self.guess,
            "rows": self.rows,
            "map": {"type": "FeatureCollection", "features": self.points},
        }


def begun(reading: Reading) -> Preview:
    """What can be said before the rows are read."""
    table, suggestion = reading.table, reading.suggestion
    assert suggestion is not None  # noqa: S101 -- what is checked was read anew
    guess = {
        "format": table.format,
        "encoding": table.encoding,
        "separator": table.separator,
        "layer": table.layer,
        "layers": table.layers,
        "columns": table.columns,
        "srid": table.srid,
        "reasons": [{lang: r.message(lang) for lang in LANGUAGES} for r in suggestion.reasons],
        "landings": [_landing(one) for one in suggestion.landings],
        "unmatched_categories": [{"value": v, "count": n} for v, n in suggestion.unmatched_categories],
        "unread_columns": suggestion.unread_columns,
        "missing": suggestion.missing,
    }
    return Preview(guess=guess)


def _landing(landing: Landing) -> dict[str, Any]:
    return {
        "srid": landing.srid,
        "is_swapped": landing.is_swapped,
        "name": landing.name,
        "inside": landing.inside,
        "points": landing.points,
        "lon": landing.lon,
        "lat": landing.lat,
    }


def _row(draft: IncidentDraft) -> dict[str, Any]:
    return {
        "category": draft.category,
        "occurred_from": draft.occurred_from.isoformat(),
        "occurred_to": None if draft.occurred_to is None else draft.occurred_to.isoformat(),
        "lon": draft.lon,
        "lat": draft.lat,
        "location_uncertainty_m": draft.location_uncertainty_m,
        "source_ref": draft.source_ref,
        "text": draft.text,
        "marks": draft.marks,
    }


def _point(number: int, draft: IncidentDraft) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {
            "type": "Point",
            "coordinates": [round(draft.lon, POINT_DECIMALS), round(draft.lat, POINT_DECIMALS)],
        },
        "properties": {
            "row": number,
            "category": draft.category,
            "location_uncertainty_m": draft.location_uncertainty_m,
        },
    }
