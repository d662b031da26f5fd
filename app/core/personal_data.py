"""Find what should not stand in free text: identity numbers, registration plates, e-mail, telephone numbers.

A miss is worse than a false alarm, but a date with a time of day must not count as an identity number: that
is most of what people write. So unlikely digits are struck out first, then the rest is read generously.
"""

import calendar
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Pattern(StrEnum):
    """The kinds of personal data that can be recognised."""

    IDENTITY_NUMBER = "personal-identity-number"
    REGISTRATION_PLATE = "registration-plate"
    EMAIL_ADDRESS = "email-address"
    PHONE_NUMBER = "phone-number"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where personal data stands, as a slice of the text that was searched; never the data itself."""

    pattern: Pattern
    start: int
    end: int


# Letters that stand for themselves; anything else may be a digit in disguise, or invisible.
_UNUSUAL = re.compile(r"[^\x00-\x7fÀ-ÿ]")

# Between the digits of one number.
_GAP = r"[\s\-+./_]{0,5}+"
# A date, in a samordningsnummer with 60 added to the day, and four digits more. The hint is what follows the
# first digit of the month: few digits are a 0 or a 1, so it is found faster.
_DAY_AND_ON = _GAP.join((rf"(?:[06]{_GAP}[1-9]|[1278]{_GAP}\d|[39]{_GAP}[01])", *[r"\d"] * 4))
_BIRTH_NUMBER = rf"\d{_GAP}\d{_GAP}(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}{_DAY_AND_ON}"
_BIRTH_HINT = rf"(?:(?<=0){_GAP}[1-9]|(?<=1){_GAP}[0-2]){_GAP}{_DAY_AND_ON}"
_BIRTH_SHAPE = re.compile(rf"[01]{_BIRTH_HINT}")
# Looked ahead for, since one may begin inside another.
_TEN_DIGITS = re.compile(rf"(?<!\d)(?=({_BIRTH_NUMBER})(?!\d))")
_TWELVE_DIGITS = re.compile(rf"(?<!\d)(?=((?:1{_GAP}[89]|2{_GAP}0){_GAP}{_BIRTH_NUMBER})(?!\d))")

_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_ISO_DATE = rf"(?:(?:19|20)\d\d-?{_MONTH}-?{_DAY}|\d\d-?{_MONTH}-?{_DAY})"
_HYPHENED_DATE = rf"(?:19|20)?\d\d-{_MONTH}-{_DAY}"
_DATES = (
    # 1.5.2026, 01/05 2026
    r"(?<!\d)(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|1[0-2])[./\- ](?:19|20)\d\d(?!\d)",
    # 2026-05-01 12.30, 260501 12-14, 2026-05-01 - 05-03
    rf"(?<!\d){_ISO_DATE}\s(?:-\s)?\s*(?:[01]\d|2[0-3])[.:\-][0-5]\d(?!\d)",
    # 2026-05-01 before another date
    rf"(?<!\d){_HYPHENED_DATE}(?=[\s\-]{{1,3}}{_HYPHENED_DATE}(?!\d))",
    # 2026-05-01 with no four digits after it
    rf"(?<!\d){_HYPHENED_DATE}(?!\d|{_GAP}\d(?:{_GAP}\d){{3}}(?!\d))",
)
_NOT_IDENTITY = re.compile(
    "|".join(
        (
            *_DATES,
            # 070-123 45 67 and 08-123 456 78: nobody groups an identity number so
            r"(?<!\d)(?:07\d[\s\-/]{1,3}\d|0[1-9]\d{1,2}[\s\-/]{1,3}[1-9])\d(?:[\s\-]?\d){3,6}(?!\d)",
            r"(?<!\d)08[\s\-/]{1,3}[1-9]\d\d(?:[\s\-]?\d){3,5}(?!\d)",
        )
    )
)
_NOT_PHONE = re.compile("|".join((*_DATES, rf"(?<!\d){_DAY}-{_MONTH}-(?:19|20)\d\d(?!\d)")))

_EMAIL = re.compile(
    r"[\w.%+\-]{1,64}\s?(?:@|[\[(]\s?(?:at|snabel-?a|@)\s?[\])])\s?(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,24}",
    re.IGNORECASE,
)
_PHONE = re.compile(
    "|".join(
        (
            # +46 (0)70-123 45 67 and any other country
            r"(?:\+\s?|(?<![\d.,/\-])00)[1-9]\d{0,2}(?:[\s\-]{0,2}\(?\d\)?){6,12}(?!\d)",
            # 070-012 34 56, 08-123 456 78, 0221-123 45: only after 07x the next digit may be zero
            *(
                rf"(?<!\w)(?<!\d[\-./,:])\(?0{area}(?:\)\s?|\s?[\-/]\s?|\s)?{first}"
                rf"(?:(?:\s?\d){{{more}}}|(?:-?\d){{{more}}})(?!\d)"
                for area, first, more in (
                    (r"7\d", r"\d", "6"),
                    (r"8", "[1-9]", "5,7"),
                    (r"[1-9]\d", "[1-9]", "4,6"),
                    (r"[1-9]\d\d", "[1-9]", "4,5"),
                )
            ),
        )
    )
)
_PLATE = re.compile(r"(?<![\w#])([A-HJ-PR-UW-Z]{3})([\s\-]?)(\d\d[A-HJ-PR-UW-Z\d])(?!\w|[.,:/\-]\d)", re.IGNORECASE)
# A quick look first: most texts hold nothing that could matter. It starts with a set of characters, and looks
# back from there, because such a pattern is searched ten times as fast as one that starts with a choice.
_SUSPECT = re.compile(
    r"[\d@(\[+](?:"
    rf"(?<=\d)(?:{_BIRTH_HINT}"
    r"|(?=\d[A-Za-z\d])(?:(?<=[A-Za-z]{3}\d)|(?<=[A-Za-z]{3}[\s\-]\d))"
    r"|(?<=0)(?<!\d0)(?:[\s\-/()]{0,4}\d){6})"
    r"|(?<=\+)\s?\d(?:[\s\-()]{0,4}\d){6}"
    r"|(?<=[(\[])\s?[as@AS]"
    r"|(?<=@))"
)
_QUANTITY = re.compile(
    r"\s?%|\s\d{3}(?!\d)|[\s\-]?(?:kr|kronor|sek|tkr|mkr|m|meter|km|st|stycken|personer|procent|kvm|min|minuter|kg"
    r"|gram|g|liter|l|år|grader|tal|talet|gånger)\b",
    re.IGNORECASE,
)
# Three letters before a number that are words, months or abbreviations rather than half a plate.
_ABBREVIATIONS: Final = frozenset("LPO SEK EUR USD DKK NOK DNR TEL TFN LGH EST KLO SKD BUS OTR SKO".split())  # noqa: SIM905
_WORDS: Final = frozenset(
    (  # noqa: SIM905
        "apr arg att aug bar bet bor bra bro bus dag dec dem den der det dnr dom end est ett feb fem for fre "
        "fyr gul han har hel hem hen her hon hos hus jag jan jul jun kan kom lag lgh lpo maj man mar max med "
        "men mer mob mot ned ner nos nya nyp och okt oms ons ort oss par per pga pos rad rum sek sen sep ses "
        "sex sju ska som str syd tag tal tel ten tex tfn the tog tom top tor tot tre tum typ ung upp ute zon"
    ).split()
)


def find(text: str) -> tuple[Finding, ...]:
    """Everything in the text that looks like personal data, in order and without overlaps.

    Recognises personnummer and samordningsnummer (a date of the calendar and the right check digit) in any
    usual spelling, with unusual hyphens, spaces, digits and invisible characters as well.
    """
    folded, places = _fold(text)
    if not _SUSPECT.search(folded):
        return ()
    taken: list[tuple[int, int]] = []
    findings: list[Finding] = []
    for pattern, spans in (
        (Pattern.IDENTITY_NUMBER, _identity_numbers(folded)),
        (Pattern.EMAIL_ADDRESS, _spans(_EMAIL, folded)),
        (Pattern.PHONE_NUMBER, _phone_numbers(folded)),
        (Pattern.REGISTRATION_PLATE, _plates(folded)),
    ):
        for start, end in spans:
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            findings.append(Finding(pattern, places[start], places[end - 1] + 1))
    return tuple(sorted(findings, key=lambda finding: finding.start))


def has_identity_number(text: str) -> bool:
    """Whether the text holds something that reads as a personal identity number."""
    return bool(_identity_numbers(_fold(text)[0]))


def is_hard(pattern: Pattern) -> bool:
    """Identity numbers are refused always; the others unless a person has reviewed the text."""
    return pattern is Pattern.IDENTITY_NUMBER


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """Give the text in plain characters, and for each of them the place it came from."""
    if text.isascii() or not _UNUSUAL.search(text):
        return text, range(len(text))
    folded = ""
    places: list[int] = []
    copied = 0
    for match in _UNUSUAL.finditer(text):
        place = match.start()
        folded += text[copied:place]
        plain = _plain(match[0])
        if unicodedata.combining(match[0]) and not folded[-1:].isalpha():
            plain = ""  # an accent on a digit
        folded += plain
        places += [*range(copied, place), *[place] * len(plain)]
        copied = place + 1
    return folded + text[copied:], [*places, *range(copied, len(text))]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """Digits of any script as 0-9, any dash as a hyphen, any space as a space, nothing for the invisible."""
    category = unicodedata.category(character)
    if category in {"Cf", "Me"} or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Pd" or character in "\u2212\u2043\u02d7":
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    folded = unicodedata.normalize("NFKC", character)
    return " " if folded.isspace() else folded


def _spans(regex: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in regex.finditer(text))


def _struck_out(regex: re.Pattern[str], text: str) -> str:
    """Replace every match by letters, so that places stay the same."""
    return regex.sub(lambda match: "x" * len(match[0]), text)


def _identity_numbers(text: str) -> list[tuple[int, int]]:
    # What is struck out begins and ends where a run of digits does, so it only takes numbers away: where there is
    # none before, there is none after, and the dear part is spared.
    if not (_BIRTH_SHAPE.search(text) and _valid_numbers(text)):
        return []
    return _valid_numbers(_struck_out(_NOT_IDENTITY, text))


def _valid_numbers(text: str) -> list[tuple[int, int]]:
    return [
        match.span(1)
        for regex in (_TWELVE_DIGITS, _TEN_DIGITS)
        for match in regex.finditer(text)
        if _is_identity_number(re.sub(r"\D", "", match[1]))
    ]


def _is_identity_number(digits: str) -> bool:
    """Whether ten or twelve digits hold a date of the calendar and end in a Luhn check digit."""
    # Without a century, 00 may be the leap year 2000.
    century = int(digits[:-10] or 20)
    year = 100 * century + int(digits[-10:-8])
    month, day = int(digits[-8:-6]), int(digits[-6:-4]) % 60
    return day <= calendar.monthrange(year, month)[1] and _is_luhn(digits[-10:])


def _is_luhn(digits: str) -> bool:
    """Double every second digit from the left, add up the digits of the products; the sum ends in zero."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[0::2])
    return (doubled + sum(map(int, digits[1::2]))) % 10 == 0


def _phone_numbers(text: str) -> Iterator[tuple[int, int]]:
    return _spans(_PHONE, _struck_out(_NOT_PHONE, text))


def _plates(text: str) -> Iterator[tuple[int, int]]:
    for match in _PLATE.finditer(text):
        letters, gap, rest = match.groups()
        if letters.isupper() and not gap:
            yield match.span()  # ABC123 is never a word
        elif letters.upper() in _ABBREVIATIONS or (not letters.isupper() and letters.lower() in _WORDS):
            continue
        elif not (gap and rest.isdigit() and _QUANTITY.match(text, match.end())):
            yield match.span()
