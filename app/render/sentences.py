"""Plain sentences in Swedish and English, made of figures, for pages and answers alike."""

from dataclasses import dataclass
from typing import Literal

from babel.numbers import format_decimal, format_percent

Language = Literal["sv", "en"]
LOCALES: dict[Language, str] = {"sv": "sv_SE", "en": "en_GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """The same thing said in both languages."""

    sv: str
    en: str


def number(value: float, language: Language) -> str:
    """A number as the language writes it: 1 234 or 1,234; one decimal where it matters."""
    wanted = "#,##0" if value >= 10 or value == int(value) else "#,##0.0"  # noqa: PLR2004 -- two digits say enough
    return format_decimal(value, wanted, locale=LOCALES[language])


def percent(share: float, language: Language) -> str:
    """A share as the language writes it: 12 % or 12%, 1,2 % or 1.2%, 0,12 % or 0.12%."""
    wanted = "#,##0.##\N{NO-BREAK SPACE}%" if language == "sv" else "#,##0.##%"
    rounded = round(share, 2 if share >= 0.1 else 3 if share >= 0.01 else 4)  # noqa: PLR2004 -- two digits say enough
    return format_percent(rounded, wanted, locale=LOCALES[language], decimal_quantization=True)
