"""A hot spot as JSON texts: the feature's properties, and the statistics of its members."""

import json
from datetime import datetime
from typing import Any

from app.core.analysis.params import AnalysisParams
from app.core.analysis.run import Findings, HotSpot
from app.core.analysis.significance import Significance
from app.render.explanations import explained


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
            "place_certainty": hotspot.place_certainty,
            **_against_chance(hotspot.significance),
            "fingerprint": fingerprint,
        }
    )


def statistics(hotspot: HotSpot, findings: Findings, params: AnalysisParams) -> str:
    """Counts of the members: by hour (0-23) and weekday (Monday first) in Stockholm, by ISO week, by source.

    And why it is a hot spot, in words.
    """
    return _text(
        {
            "core_incident_count": hotspot.core_incident_count,
            "hours": list(hotspot.hours),
            "weekdays": list(hotspot.weekdays),
            "weeks": dict(zip(findings.weeks, hotspot.weeks, strict=True)),
            "sources": [{"name": name, "count": n} for name, n in hotspot.sources],
            "explanation": explained(hotspot, findings.rule, params),
        }
    )


def _against_chance(found: Significance | None) -> dict[str, Any]:
    """The p-value with its own uncertainty; everything null where nothing was tested."""
    return {
        "p_value": None if found is None else found.p_value,
        "p_low": None if found is None else found.p_low,
        "p_high": None if found is None else found.p_high,
        "is_significant": None if found is None else found.is_significant,
        "certainty": None if found is None else found.certainty.value,
        "expected_count": None if found is None else found.expected_count,
        "excess_ratio": None if found is None else found.excess_ratio,
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
