"""A hot spot as JSON texts: the feature's properties, and the statistics of its members."""

import json
from datetime import datetime
from typing import Any

from app.core.analysis.params import AnalysisParams
from app.core.analysis.run import HotSpot


def properties(hotspot: HotSpot, params: AnalysisParams, fingerprint: str) -> str:
    """What the GeoJSON feature says: flat names first, so that desktop GIS shows them as columns."""
    return _text(
        {
            "rank": hotspot.rank,
            "count": hotspot.count,
            "weighted_value": hotspot.weighted_value,
            "weighting": params.weighting.value,
            "recency_value": hotspot.recency_value,
            "harm_value": hotspot.harm_value,
            "recent_count": hotspot.recent_count,
            "usual_count": hotspot.usual_count,
            "density_per_km2": hotspot.density_per_km2,
            "area_m2": hotspot.area_m2,
            "period_from": _instant(params.since),
            "period_to": _instant(params.until),
            "first_seen": _instant(hotspot.first_seen),
            "last_seen": _instant(hotspot.last_seen),
            "dominant_category": hotspot.categories[0][0],
            "categories": [{"code": code, "count": n, "share": share} for code, n, share in hotspot.categories],
            "centre": list(hotspot.centre),
            "place_uncertainty_m": hotspot.place_uncertainty_m,
            "fingerprint": fingerprint,
        }
    )


def statistics(hotspot: HotSpot, weeks: tuple[str, ...]) -> str:
    """Counts of the members: by hour (0-23) and weekday (Monday first) in Stockholm, by ISO week, by source."""
    return _text(
        {
            "core_incident_count": hotspot.core_incident_count,
            "hours": list(hotspot.hours),
            "weekdays": list(hotspot.weekdays),
            "weeks": dict(zip(weeks, hotspot.weeks, strict=True)),
            "sources": [{"name": name, "count": n} for name, n in hotspot.sources],
        }
    )


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
