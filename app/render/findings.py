"""What a run found besides its hot spots, as JSON text, and the sentences that tell it."""

import json
from typing import Any

import numpy as np

from app.core.analysis.outlines import lonlat
from app.core.analysis.points import SWEREF99_TM
from app.core.analysis.run import Findings
from app.core.analysis.tuning import Reason, Tuning
from app.render.sentences import Sentence, number, percent

M2_A_KM2 = 1_000_000


def as_text(findings: Findings, epsg: int = SWEREF99_TM) -> str:
    """The rule as used, why it is so, and positions that somebody should be asked about."""
    return json.dumps(
        {
            "eps_m": findings.rule.eps_m,
            "min_incidents": findings.rule.min_incidents,
            "tuning": None if findings.tuning is None else _tuning(findings.tuning),
            "doubtful_places": _doubtful(findings, epsg),
            "significant_count": findings.significant_count,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def why_this_rule(tuning: Tuning) -> Sentence:
    """Why the numbers are as they are, as one would say it at a meeting."""
    least, fewer, eps_m = tuning.rule.min_incidents, tuning.rule.min_incidents - 1, tuning.rule.eps_m
    sv = f"En plats är där minst {least} händelser ligger inom {eps_m:g} meter. "
    en = f"A hot spot is where at least {least} incidents lie within {eps_m:g} metres. "
    share = tuning.area_share
    if tuning.reason is Reason.TOO_FEW:
        return Sentence(
            sv=sv + f"Händelserna är så få att mindre än {percent(share, 'sv')} av den aktiva marken pekas ut.",
            en=en + f"There are so few incidents that less than {percent(share, 'en')} of the active ground is marked.",
        )
    return Sentence(
        sv=sv + f"Med {fewer} skulle mer än {percent(share, 'sv')} av den aktiva marken pekas ut.",
        en=en + f"With {fewer}, more than {percent(share, 'en')} of the active ground would be marked.",
    )


def _tuning(tuning: Tuning) -> dict[str, Any]:
    why = why_this_rule(tuning)
    return {
        "reason": tuning.reason.value,
        "incident_count": tuning.incident_count,
        "active_km2": round(tuning.active_m2 / M2_A_KM2, 3),
        "area_share": tuning.area_share,
        "flagged_share": round(tuning.flagged_share, 6),
        "max_area_m2": tuning.max_area_m2,
        "sv": why.sv,
        "en": why.en,
    }


def _doubtful(findings: Findings, epsg: int) -> list[dict[str, Any]]:
    if not findings.doubtful:
        return []
    degrees = lonlat(np.array([(place.x, place.y) for place in findings.doubtful]), epsg)
    return [
        {
            "lon": lon,
            "lat": lat,
            "count": place.count,
            "share": place.share,
            "doubts": [doubt.value for doubt in place.doubts],
            "sv": f"{number(place.count, 'sv')} händelser, {percent(place.share, 'sv')} av alla, har exakt samma "
            "position. Är det verkligen där de hände, eller en adress som anges när platsen är okänd?",
            "en": f"{number(place.count, 'en')} incidents, {percent(place.share, 'en')} of all, have exactly the same "
            "position. Did they really happen there, or is it an address given when the place is unknown?",
        }
        for place, (lon, lat) in zip(findings.doubtful, degrees.tolist(), strict=True)
    ]
