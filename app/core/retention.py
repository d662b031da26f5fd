"""Rules of retention: what of an incident goes when. Its age is counted from when it happened, in whole months.

Of several rules the most particular one holds, alone: for a source and a category, for a source, for a category, for
everything (migration 0009 picks it). What a rule leaves open is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.core.errors import FieldProblem, InvalidError

LEAST_MONTHS: Final = 1
MOST_MONTHS: Final = 600
MOST_RULES: Final = 200
LIMITS: Final = ("text_after_months", "position_after_months", "everything_after_months")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """After how many months the free text, the exact position and the whole incident go; None = kept."""

    source: str | None = None  # None = every source
    category: str | None = None  # None = every category
    text_after_months: int | None = None
    position_after_months: int | None = None
    everything_after_months: int | None = None

    @property
    def kind(self) -> tuple[str | None, str | None]:
        """Which incidents it is for."""
        return self.source, self.category


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How much went. Counts are all that is left."""

    texts: int = 0
    positions: int = 0
    incidents: int = 0
    keys: int = 0  # Idempotency-Keys with the hash of a request
    runs: int = 0  # analyses that nobody adopted
    outlines: int = 0  # of adopted hot spots, made coarse

    @property
    def touched(self) -> int:
        """At least as many as the incidents that were due."""
        return self.texts + self.positions + self.incidents

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(
            texts=self.texts + other.texts,
            positions=self.positions + other.positions,
            incidents=self.incidents + other.incidents,
            keys=self.keys + other.keys,
            runs=self.runs + other.runs,
            outlines=self.outlines + other.outlines,
        )


def check_rules(rules: Sequence[RetentionRule], categories: frozenset[str]) -> None:
    """All of an organisation's rules at once. Raises InvalidError with the problems by index."""
    problems: list[FieldProblem] = []
    if len(rules) > MOST_RULES:
        problems.append(FieldProblem("", "too-many", f"At most {MOST_RULES} rules."))
    kinds: set[tuple[str | None, str | None]] = set()
    for index, rule in enumerate(rules):
        problems += [p.under(str(index)) for p in _problems(rule, categories)]
        if rule.kind in kinds:
            problems.append(FieldProblem(str(index), "doubled", "Another rule is for the same source and category."))
        kinds.add(rule.kind)
    if problems:
        raise InvalidError("The rules cannot be used; nothing was changed.", tuple(problems))


def _problems(rule: RetentionRule, categories: frozenset[str]) -> list[FieldProblem]:
    found = []
    given = [(name, months) for name in LIMITS if (months := getattr(rule, name)) is not None]
    if not given:
        found.append(FieldProblem("", "no-limit", "Say after how many months at least one thing goes."))
    for name, months in given:
        if not LEAST_MONTHS <= months <= MOST_MONTHS:
            found.append(FieldProblem(name, "out-of-range", f"Give {LEAST_MONTHS} to {MOST_MONTHS} months."))
    months_in_order = [months for _, months in given]
    if months_in_order != sorted(months_in_order):
        sentence = "The text goes first, then the exact position, then everything."
        found.append(FieldProblem("", "out-of-order", sentence))
    if rule.category is not None and rule.category not in categories:
        found.append(FieldProblem("category", "unknown-category", "There is no such category."))
    if rule.source is not None and not (rule.source.strip() and rule.source.isprintable()):
        found.append(FieldProblem("source", "invalid-source", "Name the source as in its reports."))
    return found
