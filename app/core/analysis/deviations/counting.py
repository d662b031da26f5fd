"""How many reports lay near each place in any stretch of time, for all places of a lattice at once.

Only places with a report within the radius exist. Reports are kept in order of time, so a stretch of time is a
slice and a count is one pass over it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.points import Coordinates, Floats, Mask

NO_GROUP = -1
EVERYTHING = "all"
HALF, MIDDLE = 32, 1 << 31  # both numbers of a lattice place in one, which sorts faster

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """n reports in order of time (then x, y, group).

    xy: (n, 2) metres; occurred_s: (n,) epoch seconds; group: (n,) index into `groups`, NO_GROUP for none.
    """

    xy: Coordinates
    occurred_s: Floats
    group: NDArray[np.int32]
    groups: tuple[str, ...]

    @classmethod
    def ordered(
        cls,
        xy: Coordinates,
        occurred_s: Floats,
        group: NDArray[np.int32] | None = None,
        groups: tuple[str, ...] = (),
    ) -> "Reports":
        """Put reports into their one order. Raises ValueError when the arrays do not fit together."""
        if group is None:
            group = np.full(len(xy), NO_GROUP, np.int32)
        if not (xy.shape == (len(xy), 2) and occurred_s.shape == group.shape == (len(xy),)):
            raise ValueError("Every report needs a place, a time and a group.")
        if not (np.isfinite(xy).all() and np.isfinite(occurred_s).all()):
            raise ValueError("Every report needs a finite place and time.")
        if len(group) and not NO_GROUP <= group.min() <= group.max() < len(groups):
            raise ValueError("A report has a group that is not in the list.")
        order = np.lexsort((group, xy[:, 1], xy[:, 0], occurred_s))
        return cls(xy[order], occurred_s[order], group[order].astype(np.int32), groups)

    def __len__(self) -> int:
        """The number of reports."""
        return len(self.xy)

    def with_extra(self, xy: Coordinates, occurred_s: Floats, group: int) -> "Reports":
        """These reports and others of one group: what an outbreak would add."""
        return Reports.ordered(
            np.vstack((self.xy, xy)),
            np.concatenate((self.occurred_s, occurred_s)),
            np.concatenate((self.group, np.full(len(xy), group, np.int32))),
            self.groups,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """The reports of one group, or all of them, and near which places each of them lies."""

    name: str
    occurred_s: Floats  # (m,) ascending
    first_entry: NDArray[np.int64]  # (m + 1,) where each report's places begin
    place: NDArray[np.int64]  # (e,) the places near each report, report by report
    place_count: int

    def count(self, since_s: float, until_s: float) -> Counts:
        """Reports near each place (k,) in [since_s, until_s)."""
        first, last = np.searchsorted(self.occurred_s, (since_s, until_s))
        entries = self.place[self.first_entry[first] : self.first_entry[last]]
        return np.bincount(entries, minlength=self.place_count)

    def total(self, since_s: float, until_s: float) -> int:
        """Reports anywhere in [since_s, until_s)."""
        first, last = np.searchsorted(self.occurred_s, (since_s, until_s)).tolist()
        return int(last - first)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """k places (k, 2) in metres, and the strata counted at them; the first stratum is everything."""

    xy: Coordinates
    strata: tuple[Stratum, ...]


def places(reports: Reports, radius_m: float, lattice_m: float, is_near: Mask | None = None) -> Places:
    """Every place of the lattice that has a report within the radius.

    is_near: (n,) the reports whose surroundings are looked at; the others count in totals only. None means all.
    """
    rows = np.arange(len(reports)) if is_near is None else np.flatnonzero(is_near)
    row, cell = _entries(reports.xy[rows], radius_m, lattice_m)
    report = rows[row]
    keys, place = np.unique((cell[:, 0] << HALF) + (cell[:, 1] + MIDDLE), return_inverse=True)
    cells = np.column_stack((keys >> HALF, (keys & (2 * MIDDLE - 1)) - MIDDLE))
    masks = [(EVERYTHING, np.ones(len(reports), np.bool_))]
    masks += [(name, reports.group == i) for i, name in enumerate(reports.groups)]
    strata = []
    for name, is_in in masks:
        is_entry = is_in[report]
        entries_of = np.bincount(report[is_entry], minlength=len(reports))[is_in]
        first_entry = np.concatenate(([0], np.cumsum(entries_of)))
        strata.append(Stratum(name, reports.occurred_s[is_in], first_entry, place[is_entry], len(cells)))
    return Places(cells * lattice_m, tuple(strata))


def _entries(xy: Coordinates, radius_m: float, lattice_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which report (e,) lies near which place (e, 2) of the lattice, report by report."""
    home = np.floor(xy / lattice_m).astype(np.int64)
    reach = int(np.ceil(radius_m / lattice_m))
    rows, cells = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)]
    for step in np.ndindex(2 * reach, 2 * reach):
        cell = home + (np.asarray(step) + 1 - reach)
        near = np.flatnonzero((np.square(cell * lattice_m - xy)).sum(axis=1) <= radius_m**2)
        rows.append(near)
        cells.append(cell[near])
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    return row[order], np.concatenate(cells)[order]
