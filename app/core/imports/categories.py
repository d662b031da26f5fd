"""Which of our categories a value of somebody's file means: by code, by name, by the words in it, by crime code.

The rules are in order: the first that fits decides, so that a shooting at a shop is a shooting.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from app.core.categories import Category
from app.core.imports.names import compact, words

LEFT_OUT: Final = "-"  # rows of this kind are no incidents

# Words as `names.words` leaves them: without accents. Swedish, then English.
_RULES: Final = tuple(
    (code, re.compile(pattern))
    for code, pattern in (
        (LEFT_OUT, r"^sammanfattning|^ovrigt summary|^daily summary"),
        ("SKJ", r"skjut|skottloss|spranga|sprang|detonation|explos|bomb|shoot|shots? fired|gunshot|gunfire"),
        (
            "RAN",
            (
                r"\bran\b|\b(?:person|butiks|bank|taxi|vard|bil|mobil|ungdoms)ran\b|\branforsok|ryckning|"
                r"robbe|mugging"
            ),
        ),
        ("OVR", r"brand ?automat|fire alarm|not arson"),
        (
            "BRA",
            (
                r"anlagd|mordbrand|brandattentat|bilbrand|\barson|\bbrand\b(?! automat)|\bbrand(?=[a-z])|"
                r"\bfires?\b"
            ),
        ),
        (
            "INB",
            (
                r"bostadsinbrott|inbrott (?:i )?(?:bostad|villa|lagenhet|lgh|hus)|villainbrott|"
                r"lagenhetsinbrott|fritidshus|"
                r"(?:residential|dwelling|domestic|residence|home).*(?:burgl|break)|"
                r"(?:burgl|break).*(?:residential|dwelling|domestic|residence|home)"
            ),
        ),
        ("INF", r"inbrott|break (?:and|in)|break ?enter|\bb ?(?:and)? ?e\b|burgl|breaking"),
        ("BRN", r"bransle|diesel|bensinst|siphon|fuel theft|gas drive"),
        (
            "BIL",
            (
                r"fordonsstold|bilstold|bilbrott|biltillgrepp|"
                r"tillgrepp (?:av )?(?:bil|mc|moped|motor|fortskaff)|(?:ur|fran) bil|"
                r"stold (?:ur|av|fran) (?:bil|motor|fordon)|motorfordon|bilinbrott|"
                r"(?:theft|larceny|stolen|stealing).*(?:vehicle|auto|motor|\bcar\b)|"
                r"vehicle (?:theft|crime)|auto theft|motor vehicle theft|"
                r"(?:vehicle|auto|car)s? (?:break|burgl|prowl)|carjack|unauthori[sz]ed use"
            ),
        ),
        (
            "BED",
            (
                r"bedrag|fraud|forgery|counterfeit|embezzle|identity|bad check|false pretense|skimming|"
                r"scam|forfalsk"
            ),
        ),
        (
            "PERS",
            (
                r"(?:mot|pa) (?:anstalld|personal|tjansteman|polis|vakt|buss|chauffor|larare)|tjansteman|"
                r"blaljus|blajus|(?:assault|threat|obstruct).*(?:officer|police|staff|employee|teacher)|"
                r"resist"
            ),
        ),
        (
            "HOT",
            (
                r"\bhot\b|hot (?:mot|om)|\w*hot\b|ofredande|trakasseri|forfolj|stalking|threat|harass|"
                r"intimid|menac|utpress|overfallslarm|hemfrid|telephone|phone calls|extort|olaga tvang|"
                r"olaga frihet"
            ),
        ),
        (
            "VAL",
            (
                r"misshand|\bvald|valdsbrott|\bmord|drap|valdt|sexual|sexuel|slagsmal|knivskar|knivhugg|"
                r"bra[kt]\b|overfall|assault|battery|homicide|murder|manslaughter|\brape|sex offen|stabb|"
                r"fight|violen|offen[cs]e against a person|kidnap|abduct"
            ),
        ),
        ("NAR", r"narkotika|knark|langning|drug|narcotic|marijuana|cannabis|cocaine|methamph|substance"),
        (
            "PAV",
            (
                r"(?<!ratt)fyller|berus|paverkad|omhandertag\w* (?:lob|beru)|\blob\b|alkohol|"
                r"drunk(?! driv)|intoxic|liquor|alcohol|overdose"
            ),
        ),
        ("KLO", r"klotter|graffiti|tagg(?:ar|ning)|tagging"),
        (
            "SKD",
            (
                r"skadegor|askadekrossn|sabotage|vandal|atverkan|averkan|krossad|criminal damage|mischief|"
                r"destruction|damage to|property damage|malicious"
            ),
        ),
        ("BUS", r"buskor|a ?traktor|epatraktor|mopedkor|reckless|racing|joyrid"),
        (
            "TRA",
            (
                r"trafik|rattfyll|olovlig kor|vardsloshet|smitning|fortkor|hastighet|parker|olycka.*fordon|"
                r"driving|\bdui\b|\bdwi\b|traffic|collision|hit and run|hit run|speeding|pedestrian struck|"
                r"vehicle accident|accident"
            ),
        ),
        ("OLO", r"gang(?: och)? ?cykelv|olovligt fordon|fordon pa g"),
        ("SKO", r"skol(?:miljo|a\b|gard)|elev\b|school"),
        ("NED", r"nedskrap|skrap|dumpn|litter|dumping|fly ?tip|sanitation"),
        (
            "SAM",
            (
                r"ordningsstor|ordningslag|samling|storande|stoj|gapande|ungdomsgang|ofog|disorder|disturb|"
                r"noise|loiter|anti ?social|\basb\b|nuisance|trespass|olaga intrang|unlawful entry|"
                r"public order|breach of peace|curfew|prostitu|begging|sex ?kop|suspicious"
            ),
        ),
        ("OTR", r"otrygg|morkt|mork plats|belysning|trasig lampa|unsafe|dark|street ?light"),
        ("ARR", r"arrangemang|demonstration|evenemang|\bevent\b|festival|parade"),
        (
            "TIL",
            (
                r"stold|snatteri|tillgrepp|ficktjuv|hale[rl]i|stolen|stealing|theft|thieve|larceny|"
                r"shoplift|pickpocket|purse|pocket pick|all other larceny|robbed"
            ),
        ),
        (
            "OVR",
            (
                r"ovrig|annat|other|misc|unknown|lost|found|missing|animal|runaway|warrant|welfare|service|"
                r"polisinsats|raddning|kontroll|sjukdom|forsvunnen|larm|vapen|kniv|weapon|arbetsplats|djur|"
                r"death|suicide|accidental"
            ),
        ),
    )
)


LONGEST_NAME: Final = 300  # what is longer names no category, and takes minutes to look through


class Matcher:
    """Finds categories among those that an organisation has."""

    def __init__(self, categories: Sequence[Category], crime_codes: Mapping[str, str] | None = None) -> None:
        self._codes = {category.code.casefold(): category.code for category in categories}
        self._names: dict[str, str] = {}
        for category in categories:
            for name in (category.sv, category.en, *category.sv.split("/"), *re.split(r" or |/", category.en)):
                self._names.setdefault(compact(name), category.code)
        self._crime_codes = crime_codes or {}

    def named(self, value: str) -> str | None:
        """The category of a value in words or as a code of ours, LEFT_OUT, or None."""
        if len(value) > LONGEST_NAME:
            return None
        if code := self._codes.get(value.strip().casefold()) or self._names.get(compact(value)):
            return code
        plain = words(value)
        if not plain:
            return None
        return next((code for code, rule in _RULES if self._has(code) and rule.search(plain)), None)

    def exact_crime(self, value: str) -> str | None:
        """The category that stands for this very crime code."""
        return self._crime_category(*_crime_code(value))

    def crime(self, value: str) -> str | None:
        """The category of a crime code: the code itself, then ever shorter beginnings such as 03*."""
        return self._crime_category(
            *(
                key
                for code in _crime_code(value)
                for key in (code, *(f"{code[:n]}*" for n in range(len(code) - 1, 0, -1)))
            )
        )

    def _crime_category(self, *keys: str) -> str | None:
        found = next((self._crime_codes[key] for key in keys if key in self._crime_codes), None)
        return found if found is not None and self._has(found) else None

    def _has(self, code: str) -> bool:
        return code == LEFT_OUT or code.casefold() in self._codes


def _crime_code(value: str) -> tuple[str, ...]:
    """The four digits that a cell begins with, if it does; Excel drops the first zero."""
    digits = re.match(r"\s*(\d{3,4})\b", value)
    return () if digits is None else (digits[1].zfill(4),)
