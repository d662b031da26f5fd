"""How exactly a reader learns what: precisions, what goes with each, and which numbers are too small to tell.

The one place for these rules. The database repeats them (migration 0007: `seen_incidents`, `seen_hotspots`), and
tests hold the two together: every position, filter, order and count of a coarse reader is that of the coarse image.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

SMALLEST_COUNT: Final = 5  # the usual k: no figure about fewer goes further, no place of fewer is pointed out


class Precision(StrEnum):
    """How exactly a position is told; finest first."""

    EXACT = "exact"
    SNAPPED = "snapped"  # to the anonymous point of a catchment that holds at least k addresses or incidents
    AREA = "area"  # the district, or else the municipality


_ORDER: Final = tuple(Precision)

# What a reader gets of an incident beside id, organisation, category, source and times, which tell nothing of the
# place. A sender's reference can be looked up elsewhere, marks may speak of the position, and a correction that stays
# within the catchment must not show: so none of them goes with a coarse position. Free text belongs to the
# organisation and never leaves it, whatever a rule says.
FIELDS: Final[Mapping[Precision, frozenset[str]]] = {
    Precision.EXACT: frozenset({"location_uncertainty_m", "source_ref", "marks", "reported_at", "version"}),
    Precision.SNAPPED: frozenset(),
    Precision.AREA: frozenset(),
}


def coarser(one: Precision, other: Precision) -> Precision:
    """The less exact of two: how a token's limit and a rule go together."""
    return max(one, other, key=_ORDER.index)


def finer(one: Precision, other: Precision) -> Precision:
    """The more exact of two: how two rules about the same thing go together."""
    return min(one, other, key=_ORDER.index)


def suppressed(counts: Sequence[int], k: int = SMALLEST_COUNT) -> list[int | None]:
    """Counts that are published beside their sum, with the small ones left out (None).

    Zero may be told, one to k - 1 may not. Where what is left out would come to less than k, or one gap alone could be
    worked out from the sum, the smallest of the rest goes too.
    """
    hidden = {i for i, n in enumerate(counts) if 0 < n < k}
    rest = sorted((n, i) for i, n in enumerate(counts) if n >= k)
    while hidden and rest and (len(hidden) == 1 or sum(counts[i] for i in hidden) < k):
        hidden.add(rest.pop(0)[1])
    if hidden and not rest and (len(hidden) == 1 or sum(counts[i] for i in hidden) < k):
        return [None] * len(counts)  # nothing is large enough to hide behind: then zeros tell too much as well
    return [None if i in hidden else n for i, n in enumerate(counts)]


def rounded_down(count: int, k: int = SMALLEST_COUNT) -> int:
    """The count to the whole k below, so that one report more or less seldom shows."""
    return count - count % k


def tellable(counts: Mapping[str, int], parties: Collection[str], k: int = SMALLEST_COUNT) -> bool:
    """Whether a joint figure made of these counts, by controller, may be shown to every one of the parties.

    Each of them knows its own share and can take it away: what is left must be at least k, of whoever looks.
    """
    total = sum(counts.values())
    return all(total - counts.get(party, 0) >= k for party in {*parties, *counts})


def told_together(
    members: Iterable[tuple[str, str]], parties: Collection[str], k: int = SMALLEST_COUNT
) -> dict[str, int]:
    """What a joint picture may say of members, each a (cell, controller): how many lie in each cell that is tellable.

    The counts are rounded down; cells that are not tellable are not there at all.
    """
    by_cell: dict[str, dict[str, int]] = {}
    for cell, controller in members:
        here = by_cell.setdefault(cell, {})
        here[controller] = here.get(controller, 0) + 1
    return {
        cell: rounded_down(sum(counts.values()), k)
        for cell, counts in sorted(by_cell.items())
        if tellable(counts, parties, k)
    }
