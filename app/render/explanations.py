"""Why a place is a hot spot, how likely it is chance, how sure its position is: one plain sentence each."""

from typing import Any

from app.core.analysis.params import AnalysisParams, ClusterRule
from app.core.analysis.run import HotSpot
from app.core.analysis.significance import Certainty, Significance
from app.core.analysis.uncertain_places import Placing, placing
from app.render.sentences import Language, Sentence, number, percent

WEEK_S = 7 * 24 * 60 * 60


def explained(hotspot: HotSpot, rule: ClusterRule, params: AnalysisParams) -> dict[str, Any]:
    """Codes that say why, and the sentences in both languages; the figures are in the properties."""
    parts = {"crowded": _crowded(hotspot, rule, params)}
    if hotspot.significance is not None:
        parts[hotspot.significance.certainty.value] = _by_chance(hotspot.significance)
    if hotspot.place_certainty is not None:
        parts[f"place-{placing(hotspot.place_certainty).value}"] = _placed(hotspot.place_certainty)
    return {
        "reasons": list(parts),
        "sv": " ".join(part.sv for part in parts.values()),
        "en": " ".join(part.en for part in parts.values()),
    }


def _crowded(hotspot: HotSpot, rule: ClusterRule, params: AnalysisParams) -> Sentence:
    weeks = max(1, round((params.until - params.since).total_seconds() / WEEK_S))
    usual = hotspot.significance
    return Sentence(
        sv=f"{number(hotspot.count, 'sv')} händelser på {weeks} veckor, där minst {rule.min_incidents} ligger inom "
        f"{rule.eps_m:g} meter" + ("." if usual is None else f"; normalt vore {_normal(usual, 'sv')}."),
        en=f"{number(hotspot.count, 'en')} incidents in {weeks} weeks, where at least {rule.min_incidents} lie within "
        f"{rule.eps_m:g} metres" + ("." if usual is None else f"; normal would be {_normal(usual, 'en')}."),
    )


def _normal(usual: Significance, language: Language) -> str:
    return number(round(usual.expected_count, 0 if usual.expected_count >= 10 else 1), language)  # noqa: PLR2004


def _by_chance(found: Significance) -> Sentence:
    share_sv, share_en = percent(found.p_value, "sv"), percent(found.p_value, "en")
    if found.certainty is Certainty.COULD_BE_CHANCE:
        return Sentence(
            sv=f"Det kan vara en slump: en så tydlig anhopning fanns i {share_sv} av de slumpade orterna.",
            en=f"It could be chance: as clear a crowd was found in {share_en} of the random towns.",
        )
    word_sv, word_en = ("inte", "not") if found.certainty is Certainty.CERTAIN else ("troligen inte", "probably not")
    return Sentence(
        sv=f"Det är {word_sv} en slump: bara {share_sv} av slumpade orter utan särskilda platser har något så tydligt.",
        en=f"It is {word_en} chance: only {share_en} of random towns without hot spots have anything as clear.",
    )


def _placed(found_again: float) -> Sentence:
    share_sv, share_en = percent(found_again, "sv"), percent(found_again, "en")
    word_sv, word_en = {
        Placing.SURE: ("säkert", "sure"),
        Placing.FAIRLY_SURE: ("ganska säkert", "fairly sure"),
        Placing.UNSURE: ("osäkert", "unsure"),
    }[placing(found_again)]
    return Sentence(
        sv=f"Läget är {word_sv}: platsen hittas igen i {share_sv} av försöken när varje händelse flyttas så långt som "
        "dess position är osäker.",
        en=f"Its position is {word_en}: it is found again in {share_en} of the trials in which every incident is moved "
        "as far as its position is uncertain.",
    )
