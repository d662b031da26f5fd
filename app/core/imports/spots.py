"""Where a row was: coordinates in whatever system, or the name of a place, or why neither helps."""

from collections.abc import Mapping, Sequence

import numpy as np

from app.core.geo import Floats
from app.core.imports import positions
from app.core.imports.places import Match, Register
from app.core.imports.problems import RowProblem
from app.core.imports.profile import Field, Profile
from app.core.imports.searching import as_text
from app.core.imports.source import Cell

_COARSE_DECIMALS = 5  # about a metre
_NOT_A_PLACE = (0.0, -1.0, -99.0, -999.0, -9999.0, 99999.0, -99999.0)  # twice the same, it stands for "unknown"


class Spots:
    """The places of a chunk of rows: longitude and latitude (n,), NaN and a problem in the others."""

    def __init__(self, count: int) -> None:
        self.lon: Floats = np.full(count, np.nan)
        self.lat: Floats = np.full(count, np.nan)
        self.uncertainty_m: list[float | None] = [None] * count
        self.problems: dict[int, RowProblem] = {}
        self.coarse: set[int] = set()


class Locator:
    """Finds the places of rows, by one profile."""

    def __init__(self, profile: Profile, register: Register) -> None:
        self._profile = profile
        self._register = register
        self._x, self._y, self._geometry = (profile.columns.get(f, ()) for f in (Field.X, Field.Y, Field.GEOMETRY))
        self._names = tuple(profile.columns[f] for f in (Field.PLACE, Field.ADDRESS) if f in profile.columns)
        self._within = profile.columns.get(Field.AREA, ())
        self._coarse = {
            (round(p.lon, _COARSE_DECIMALS), round(p.lat, _COARSE_DECIMALS)): p.uncertainty_m
            for p in profile.coarse_points
        }

    @property
    def column(self) -> str:
        """The first column that says where, to be named when something is wrong."""
        return next((names[0] for names in (self._x, self._geometry, *self._names) if names), "")

    @property
    def is_possible(self) -> bool:
        """Whether the profile says at all where things are."""
        return bool((self._x and self._y) or self._geometry or (self._names and self._register))

    def locate(self, columns: Mapping[str, Sequence[Cell]], count: int) -> Spots:
        """The places of all rows of a chunk. columns: the cells by column."""
        spots = Spots(count)
        if self._x and self._y:
            self._from_numbers(spots, columns[self._x[0]], columns[self._y[0]])
        if self._geometry and np.isnan(spots.lon).any():
            self._from_geometries(spots, columns[self._geometry[0]])
        for row in np.flatnonzero(np.isnan(spots.lon)).tolist():
            self._from_name(spots, row, columns)
        if self._coarse:
            self._mark_coarse(spots)
        return spots

    def _from_numbers(self, spots: Spots, x_cells: Sequence[Cell], y_cells: Sequence[Cell]) -> None:
        x, x_problems = positions.numbers_of(x_cells)
        y, y_problems = positions.numbers_of(y_cells)
        for column, found in ((self._x[0], x_problems), (self._y[0], y_problems)):
            for row, code in found.items():
                # One of two that is no number says more than one that is empty.
                if row not in spots.problems or code != positions.MISSING:
                    spots.problems[row] = RowProblem(code=code, column=column, target="position")
        self._place(spots, x, y, self._x[0])

    def _from_geometries(self, spots: Spots, cells: Sequence[Cell]) -> None:
        open_rows = np.flatnonzero(np.isnan(spots.lon)).tolist()
        x, y = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
        x[open_rows], y[open_rows], found = positions.geometries_of(
            [cells[row] for row in open_rows], is_latitude_first=self._profile.is_latitude_first
        )
        for i, code in found.items():
            spots.problems.setdefault(open_rows[i], RowProblem(code=code, column=self._geometry[0], target="position"))
        self._place(spots, x, y, self._geometry[0])

    def _place(self, spots: Spots, x: Floats, y: Floats, column: str) -> None:
        """Bring what are numbers to WGS84, and say which of them are nowhere."""
        told = ~(np.isnan(x) | np.isnan(y))
        nowhere = told & (x == y) & np.isin(x, _NOT_A_PLACE)
        lon, lat, off = positions.to_degrees(x, y, self._profile.srid)
        for mask, code in ((nowhere, positions.NULL_ISLAND), (told & off & ~nowhere, positions.OUT_OF_RANGE)):
            for row in np.flatnonzero(mask).tolist():
                spots.problems[row] = RowProblem(code=code, column=column, target="position")
        good = told & ~nowhere & ~off
        spots.lon[good], spots.lat[good] = lon[good], lat[good]
        for row in [row for row in spots.problems if good[row]]:
            del spots.problems[row]

    def _from_name(self, spots: Spots, row: int, columns: Mapping[str, Sequence[Cell]]) -> None:
        """By the place register, when coordinates do not help."""
        column, name = self.name_of(row, columns)
        if not (self._register and name):
            spots.problems.setdefault(row, RowProblem(code=positions.MISSING, column=column, target="position"))
            return
        match = self._register.find(name, " ".join(as_text(columns[c][row]) for c in self._within))
        if match.place is None:
            spots.problems[row] = _unplaced(match, column)
            return
        spots.lon[row], spots.lat[row] = match.place.lon, match.place.lat
        spots.uncertainty_m[row] = match.place.location_uncertainty_m
        spots.problems.pop(row, None)

    def name_of(self, row: int, columns: Mapping[str, Sequence[Cell]]) -> tuple[str, str]:
        """The column and the name of the place that is looked up for a row."""
        for names in self._names:
            if name := " ".join(filter(None, (as_text(columns[c][row]) for c in names))):
                return names[0], name
        return (self._names[0][0], "") if self._names else ("", "")

    def _mark_coarse(self, spots: Spots) -> None:
        lon, lat = np.round(spots.lon, _COARSE_DECIMALS).tolist(), np.round(spots.lat, _COARSE_DECIMALS).tolist()
        for row, point in enumerate(zip(lon, lat, strict=True)):
            if (uncertainty_m := self._coarse.get(point)) is not None:
                spots.uncertainty_m[row] = max(uncertainty_m, spots.uncertainty_m[row] or 0.0)
                spots.coarse.add(row)


def _unplaced(match: Match, column: str) -> RowProblem:
    if not match.candidates:
        return RowProblem(code="unknown-place", column=column, target="position")
    names = ", ".join(f"{p.name} ({p.within})" if p.within else p.name for p in match.candidates)
    ids = " ".join(p.id for p in match.candidates)
    return RowProblem(code="place-to-choose", column=column, target="position", values={"places": names, "ids": ids})
