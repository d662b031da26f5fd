"""Follow hot spots from one adopted run to the next: which one is which, and what became of it.

A hot spot is known again by where its cores lie, not by its outline: a wider or a stricter rule draws another outline
round the same dense middle. So ids outlive changes of the rule, of the period and of the data. docs/method.md tells
the rule in words.
"""

import json
import math
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from app.core.analysis import core_places
from app.core.analysis.core_places import CorePlaces, Link
from app.core.analysis.params import AnalysisParams, ClusterRule

BELONGS = 0.5  # one hot spot is part of another when at least this share of its cores lies in or beside it
STAYS = 0.25  # the likeness it is worth to go on with a hot spot of the run before, and not with an older one
CORNER_M = 150.0  # with too little in common: how far off a hot spot may turn up and still be the same
MOVED_M = 50.0
GREW = 1.25  # times as many incidents a week
NOTABLE = 5  # and at least so many more or fewer in the period
RULE_DIFFERS = 1.25  # with a distance or a demand this many times the other's, two sizes cannot be compared
ID_SPACE = uuid.UUID("5b0c3f0e-6a52-5d0b-9a55-0d4ce22f1a3b")  # never changes: ids are stored


class Change(StrEnum):
    """What became of a hot spot, compared with the run adopted before."""

    NEW = "new"
    PERSISTING = "persisting"
    GROWING = "growing"
    SHRINKING = "shrinking"
    MOVED = "moved"
    SPLIT = "split"
    MERGED = "merged"
    RECURRING = "recurring"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """How a run measured: two runs with nearly the same ruler find sizes that can be compared."""

    eps_m: float
    min_incidents: int
    weeks: float  # length of the period

    @classmethod
    def of(cls, params: AnalysisParams, rule: ClusterRule) -> "Ruler":
        """The ruler of a run, with the rule as used."""
        weeks = (params.until - params.since) / timedelta(weeks=1)
        return cls(eps_m=rule.eps_m, min_incidents=rule.min_incidents, weeks=weeks)

    @property
    def demand(self) -> float:
        """Incidents a week that make a core."""
        return self.min_incidents / self.weeks

    def is_like(self, other: "Ruler") -> bool:
        """Whether neither distance nor demand differs much."""
        return _ratio(self.eps_m, other.eps_m) <= RULE_DIFFERS and _ratio(self.demand, other.demand) <= RULE_DIFFERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What growing, shrinking and moving are measured from: the hot spot when a change was last said of it.

    Measured from the run before, what changes slowly would never be said to change.
    """

    count: int
    x: float
    y: float
    ruler: Ruler

    def count_in(self, weeks: float) -> float:
        """How many incidents it would have had in a period of so many weeks."""
        return self.count * (weeks / self.ruler.weeks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A hot spot of the run that is adopted."""

    key: uuid.UUID  # in its run
    cores: CorePlaces
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A hot spot that earlier adoptions told of, as it was when last seen."""

    id: uuid.UUID
    cores: CorePlaces
    is_current: bool  # it was in the run adopted before
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an adoption says of one hot spot."""

    id: uuid.UUID
    key: uuid.UUID | None  # in the run; None when it is not there: gone, or merged into another
    change: Change
    related: tuple[uuid.UUID, ...]  # split from or into these, merged of these or into this
    mark: Mark


def profile_of(owner: uuid.UUID, params: AnalysisParams, clustered: Collection[str]) -> str:
    """What the hot spots of a run are of: whose list it is, whose incidents, which categories, which area.

    clustered: all categories that are ever clustered; a run over all of them stays in its profile when there are more.
    """
    is_all = set(params.categories) >= set(clustered)
    of = [str(owner), params.organisations, "all" if is_all else params.categories, params.area]
    return json.dumps(of, ensure_ascii=False)


def follow(found: Sequence[Found], known: Sequence[Known], *, profile: str, ruler: Ruler) -> tuple[Step, ...]:
    """Match a run's hot spots with known ones and say what became of each; the order of neither list matters.

    profile: what the hot spots are of (whose incidents, which categories, where); hot spots of two profiles never
    share an id. The steps of hot spots found come first, by key; then those no longer there, by id.
    """
    found, known = sorted(found, key=lambda f: f.key), sorted(known, key=lambda k: k.id)
    matching = _Matching.of(found, known, profile, ruler)
    here = [_step_of_found(matching, i, ruler) for i in range(len(found))]
    return (*here, *(_step_of_lost(matching, j) for j in matching.lost()))


def figures(steps: Iterable[Step]) -> dict[str, int]:
    """How many hot spots had each change; those that were not there afterwards count as gone."""
    return dict(sorted(Counter((s.change if s.key else Change.GONE).value for s in steps).items()))


@dataclass(frozen=True, slots=True)
class _Matching:
    """Who is who. found and known in their one order; the mappings hold positions in them."""

    found: Sequence[Found]
    known: Sequence[Known]
    ids: Sequence[uuid.UUID]  # of found
    known_of: Mapping[int, int]  # found: the known one it is
    split_from: Mapping[int, int]  # found: the current known one it was part of, which is found elsewhere
    merged_into: Mapping[int, int]  # current known, found nowhere: the found one it is part of

    @classmethod
    def of(cls, found: Sequence[Found], known: Sequence[Known], profile: str, ruler: Ruler) -> "_Matching":
        links = core_places.links([f.cores for f in found], [k.cores for k in known])
        links = [link for link in links if max(link.of_one, link.of_other) >= BELONGS]
        known_of = _best_pairs(links, known)
        known_of |= _round_the_corner(found, known, links, ruler)
        current = {j for j, k in enumerate(known) if k.is_current}
        went_on = current & set(known_of.values())
        goes_on = {i for i, j in known_of.items() if j in current}
        return cls(
            found=found,
            known=known,
            ids=_ids(found, known, known_of, profile),
            known_of=known_of,
            split_from=_largest_part(
                (link.one, link.other, link.of_one)
                for link in links
                if link.one not in goes_on and link.other in went_on
            ),
            merged_into=_largest_part(
                (link.other, link.one, link.of_other) for link in links if link.other in current - went_on
            ),
        )

    def lost(self) -> list[int]:
        """The current known ones that are found nowhere."""
        there = set(self.known_of.values())
        return [j for j, k in enumerate(self.known) if k.is_current and j not in there]


def _step_of_found(matching: _Matching, i: int, ruler: Ruler) -> Step:
    now = _mark(matching.found[i], ruler)
    j = matching.known_of.get(i)
    before = None if j is None or not matching.known[j].is_current else matching.known[j].mark
    merged = [matching.known[lost].id for lost, into in matching.merged_into.items() if into == i]
    parts = [matching.ids[part] for part, whole in matching.split_from.items() if whole == j]
    related: Sequence[uuid.UUID] = ()
    if i in matching.split_from:
        change, related = Change.SPLIT, [matching.known[matching.split_from[i]].id]
    elif merged:
        change, related = Change.MERGED, merged
    elif j is None:
        change = Change.NEW
    elif before is None:
        change = Change.RECURRING
    elif parts:
        change, related = Change.SPLIT, parts
    else:
        change = _compared(before, now)
    is_unchanged = change is Change.PERSISTING and before is not None and before.ruler.is_like(ruler)
    return Step(
        id=matching.ids[i],
        key=matching.found[i].key,
        change=change,
        related=tuple(sorted(related)),
        mark=before if is_unchanged and before is not None else now,
    )


def _step_of_lost(matching: _Matching, j: int) -> Step:
    known, into = matching.known[j], matching.merged_into.get(j)
    change, related = (Change.GONE, ()) if into is None else (Change.MERGED, (matching.ids[into],))
    return Step(id=known.id, key=None, change=change, related=related, mark=known.mark)


def _compared(before: Mark, now: Mark) -> Change:
    """Moved, grown or shrunk since the mark; what another ruler measured is only said to persist."""
    if not before.ruler.is_like(now.ruler):
        return Change.PERSISTING
    if math.dist((before.x, before.y), (now.x, now.y)) >= MOVED_M:
        return Change.MOVED
    expected = before.count_in(now.ruler.weeks)
    if abs(now.count - expected) >= NOTABLE and _ratio(now.count, expected) >= GREW:
        return Change.GROWING if now.count > expected else Change.SHRINKING
    return Change.PERSISTING


def _mark(found: Found, ruler: Ruler) -> Mark:
    x, y = core_places.middle(found.cores)
    return Mark(count=found.count, x=x, y=y, ruler=ruler)


def _best_pairs(links: Sequence[Link], known: Sequence[Known]) -> dict[int, int]:
    """Found: the known one it is. One to one, and as like each other as they can be, all taken together."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 -- only an adoption needs it

    pairs: dict[int, int] = {}
    for group in _groups(links):
        ones, others = sorted({link.one for link in group}), sorted({link.other for link in group})
        worth = np.zeros((len(ones), len(others)))
        for link in group:
            stays = STAYS if known[link.other].is_current else 0.0
            worth[ones.index(link.one), others.index(link.other)] = link.likeness + stays
        rows, columns = linear_sum_assignment(worth, maximize=True)
        pairs |= {ones[r]: others[c] for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if worth[r, c] > 0}
    return pairs


def _groups(links: Sequence[Link]) -> list[list[Link]]:
    """Links that hang together, so that what happens in one part of a town decides nothing in another."""
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    if not links:
        return []
    first_other = max(link.one for link in links) + 1
    nodes = first_other + max(link.other for link in links) + 1
    ends = [link.one for link in links], [first_other + link.other for link in links]
    _, label = connected_components(coo_array((np.ones(len(links)), ends), shape=(nodes, nodes)), directed=False)
    groups: dict[int, list[Link]] = {}
    for link in links:
        groups.setdefault(int(label[link.one]), []).append(link)
    return list(groups.values())


def _round_the_corner(
    found: Sequence[Found], known: Sequence[Known], links: Sequence[Link], ruler: Ruler
) -> dict[int, int]:
    """Found: the current known one it is, where neither has enough in common with anyone. Nearest first.

    Only with the same ruler: another one makes hot spots come and go without anything having moved.
    """
    linked, linked_known = {link.one for link in links}, {link.other for link in links}
    free = [(i, core_places.middle(f.cores)) for i, f in enumerate(found) if i not in linked]
    left = [
        (j, core_places.middle(k.cores))
        for j, k in enumerate(known)
        if k.is_current and j not in linked_known and k.mark.ruler.is_like(ruler)
    ]
    near = sorted((math.dist(here, there), i, j) for i, here in free for j, there in left)
    pairs: dict[int, int] = {}
    for distance_m, i, j in near:
        if distance_m <= CORNER_M and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _largest_part(shares: Iterable[tuple[int, int, float]]) -> dict[int, int]:
    """Part: the whole that most of it, and enough of it, lies in; of equals the first."""
    best: dict[int, tuple[float, int]] = {}
    for part, whole, share in shares:
        if share >= BELONGS and (part not in best or share > best[part][0]):
            best[part] = share, whole
    return {part: whole for part, (_, whole) in best.items()}


def _ids(
    found: Sequence[Found], known: Sequence[Known], known_of: Mapping[int, int], profile: str
) -> tuple[uuid.UUID, ...]:
    """The id of each found one; a new one is named by profile and key, so the same adoption names it the same."""
    taken = {k.id for k in known}
    ids = []
    for i, each in enumerate(found):
        j = known_of.get(i)
        ids.append(_new_id(each.key, profile, taken) if j is None else known[j].id)
    return tuple(ids)


def _new_id(key: uuid.UUID, profile: str, taken: set[uuid.UUID]) -> uuid.UUID:
    """Numbered on where a hot spot that began in these very cores has moved away and is known by their id."""
    number = 0
    while (new := uuid.uuid5(ID_SPACE, json.dumps([profile, str(key), number]))) in taken:
        number += 1
    return new


def _ratio(a: float, b: float) -> float:
    return max(a, b) / min(a, b)
