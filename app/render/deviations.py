"""How unusual, and what can be seen at all, in plain Swedish and English."""

from app.core.analysis.deviations.visibility import Visibility
from app.render.sentences import Sentence, number

MONTHS = 12
SELDOM_YEARS = 1.5
WORTH_MONTHS = 2 / MONTHS


def rarity(years_between: float | None, replayed_years: float) -> Sentence:
    """How often so much happens by chance somewhere; None where the replayed history never saw it."""
    if years_between is None:
        return Sentence(
            sv=f"Så ovanligt har det inte varit någon gång under de {number(replayed_years, 'sv')} år som prövats.",
            en=f"Nothing so unusual was seen in the {number(replayed_years, 'en')} years that were tried.",
        )
    if years_between >= SELDOM_YEARS:
        return Sentence(
            sv=f"Så mycket blir det av en slump ungefär en gång på {number(round(years_between), 'sv')} år.",
            en=f"Chance does as much about once in {number(round(years_between), 'en')} years.",
        )
    times = round(1 / max(years_between, WORTH_MONTHS / 2))
    if times <= 1:
        return Sentence(
            sv="Så mycket blir det av en slump ungefär en gång om året.", en="Chance does as much about once a year."
        )
    return Sentence(
        sv=f"Så mycket blir det av en slump ungefär {number(times, 'sv')} gånger om året.",
        en=f"Chance does as much about {number(times, 'en')} times a year.",
    )


def sight(visible: Visibility) -> Sentence:
    """What silence does not mean, at the organisation's present volume."""
    weeks = visible.window_days // 7
    sv = (
        f"Med {number(round(visible.reports_a_week), 'sv')} rapporter i veckan syns färre än {visible.usual} extra "
        f"rapporter på {weeks} veckor ofta inte; på en plats med många rapporter kan det behövas {visible.busy}."
    )
    en = (
        f"With {number(round(visible.reports_a_week), 'en')} reports a week, fewer than {visible.usual} extra reports "
        f"in {weeks} weeks are often invisible; where much is reported it may take {visible.busy}."
    )
    if not visible.is_calibrated:
        sv += " Gränsen är än så länge satt efter slumpen, inte efter egen historik."
        en += " The threshold is so far set by chance, not by own history."
    if not visible.knows_seasons:
        sv += " Årstider kan inte vägas in förrän det finns två års rapporter."
        en += " Seasons cannot be allowed for until there are two years of reports."
    return Sentence(sv=sv, en=en)
