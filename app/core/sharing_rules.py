"""Sharing rules: which organisation gives what, how exactly, to whom, what for and until when. Default is nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.core.disclosure import Precision
from app.core.errors import FieldProblem

PURPOSE_MAX_CHARS: Final = 500


class Shared(StrEnum):
    """What a rule gives."""

    INCIDENTS = "incidents"  # seen at the rule's precision, never the text; given exactly they are counted in analyses
    HOTSPOTS = "hotspots"  # the runs the giver has adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingRule:
    """One rule as somebody wants it. Organisations by slug."""

    giver: str
    receiver: str | None  # none = the joint analysis of the giver's local police area
    what: Shared
    precision: Precision
    categories: tuple[str, ...] | None = None  # none = all
    purpose: str
    valid_until: date  # its last day


def problems_of(rule: SharingRule, *, today: date, known_categories: Collection[str]) -> tuple[FieldProblem, ...]:
    """What is wrong with a rule; nothing when it may be made."""
    found = []
    if not rule.purpose.strip():
        found.append(FieldProblem("purpose", "missing", "Say what the receiver may use it for."))
    if len(rule.purpose) > PURPOSE_MAX_CHARS:
        found.append(FieldProblem("purpose", "too-long", f"Use at most {PURPOSE_MAX_CHARS} characters."))
    if rule.valid_until < today:
        found.append(FieldProblem("valid_until", "past", "The last day of the rule must not be over."))
    if rule.giver == rule.receiver:
        found.append(FieldProblem("receiver", "same-party", "An organisation needs no rule for what is its own."))
    if rule.categories is not None:
        found += _of_categories(rule, rule.categories, known_categories)
    if rule.receiver is None and (rule.what, rule.precision) != (Shared.INCIDENTS, Precision.EXACT):
        sentence = "The joint analysis uses incidents exactly or not at all; what it shows is coarsened."
        found.append(FieldProblem("precision", "joint-is-exact", sentence))
    return tuple(found)


def _of_categories(rule: SharingRule, categories: tuple[str, ...], known: Collection[str]) -> list[FieldProblem]:
    if rule.what is Shared.HOTSPOTS:
        sentence = "A hot spot mixes categories; it is given whole or not at all."
        return [FieldProblem("categories", "whole-hotspots", sentence)]
    if not categories:
        return [FieldProblem("categories", "missing", "Name at least one category, or leave them out for all.")]
    return [
        FieldProblem(f"categories.{i}", "unknown-category", "Use one of the category codes.")
        for i, code in enumerate(categories)
        if code not in known
    ]
