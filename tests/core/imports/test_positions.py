"""Coordinates in every spelling, and the one place that Sweden's systems agree on."""

import numpy as np
import pytest
import shapely

from app.core.imports import positions
from app.core.imports.source import Cell

LON, LAT = 18.059196, 59.330231  # a known point, in each system below


@pytest.mark.parametrize(
    ("srid", "x", "y"),
    [(4326, LON, LAT), (3006, 674032, 6580822), (3021, 1628294, 6580994), (3011, 153369.7, 6579457.6)],
)
def test_a_known_point_is_the_same_in_every_system(srid: int, x: float, y: float) -> None:
    lon, lat, off = positions.to_degrees(np.array([x]), np.array([y]), srid)
    assert (abs(lon[0] - LON) < 3e-5, abs(lat[0] - LAT) < 3e-5, off[0]) == (True, True, False)


@pytest.mark.parametrize("srid", [*range(3007, 3019), 3021, 3006])
def test_every_swedish_system_is_known_and_in_metres(srid: int) -> None:
    assert positions.is_known(srid)
    assert not positions.is_degrees(srid)


def test_systems_that_are_none_are_not_known() -> None:
    assert not positions.is_known(1)
    assert not positions.is_known(5613)  # heights only
    assert positions.is_degrees(4326)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("59,330231", 59.330231),
        ("59.33", 59.33),
        ("6 580 822,5", 6580822.5),
        ("6\u00a0580\u00a0822", 6580822),
        ("1,234,567.8", 1234567.8),
        ("1.234.567,8", 1234567.8),
        ("−12.5", -12.5),
        ("12.5m", 12.5),
        ("59 19 48", 59.33),
        ("18.06 E", 18.06),
        ("5 W", -5),
        ("59°19'48.8\"N", 59.330222),
        ("N 59 19.8", 59.33),
        ("S 12° 30'", -12.5),
        (18, 18),
        (18.5, 18.5),
    ],
)
def test_numbers_in_every_spelling(text: Cell, number: float) -> None:
    assert positions.number_of(text) == pytest.approx(number, abs=1e-5)


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "1_0", "", "12 77' N", "59,33,1", True, None, b"x", "N", "5\n6"])
def test_what_is_no_number_is_refused(text: Cell) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- any will do
        positions.number_of(text)


@pytest.mark.parametrize(
    "cells",
    [
        ["59.33", "", "18"],
        ["59,33", "", "18"],
        ["59,33", "", "6 580 822"],
        ["5,5", None, "6,5"],
        ["5.5", "nan", "6"],
        [59.33, "", "18"],
        [59, "?", "1e1"],
    ],
)
def test_a_column_says_what_is_missing(cells: list[Cell]) -> None:
    values, problems = positions.numbers_of(cells)
    assert (np.isnan(values).tolist(), problems) == ([False, True, False], {1: positions.MISSING})


def test_a_column_says_what_is_unreadable() -> None:
    assert positions.numbers_of(["59,33", "abc", "nan", "-"])[1] == {
        1: "unreadable-number",
        2: "missing-position",
        3: "missing-position",
    }


POINT = shapely.Point(18.06, 59.33)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("POINT (18.06 59.33)", None),
        ("SRID=4326;POINT(18.06 59.33)", None),
        ("MULTIPOINT ((18.06 59.33))", None),
        (POINT.wkb, None),
        (POINT.wkb_hex, None),
        ('{"type":"Point","coordinates":[18.06,59.33]}', None),
        ("(59.33, 18.06)", None),
        ("59.33 18.06", None),
        ("59,33; 18,06", None),
        ("59.33N, 18.06E", None),
        ("123 MAIN ST\nCity, VA\n(59.33, 18.06)", None),
        ('{"latitude": "59.33", "longitude": "18.06"}', None),
        ("{'lat': 59.33, 'lng': 18.06}", None),
        ("", "missing-position"),
        (None, "missing-position"),
        (b"", "missing-position"),
        ("POINT EMPTY", "missing-position"),
        ("POLYGON((0 0,1 0,1 1,0 0))", "no-point"),
        ("MULTIPOINT ((1 2), (3 4))", "no-point"),
        ("banan", "unreadable-geometry"),
        ("POINT (", "unreadable-geometry"),
        (b"xyz", "unreadable-geometry"),
        (POINT.wkb_hex + "0", "unreadable-geometry"),
        ("{x}", "unreadable-geometry"),
        (5, "unreadable-geometry"),
    ],
)
def test_points_in_every_spelling(cell: Cell, expected: str | None) -> None:
    x, y, problems = positions.geometries_of([cell], is_latitude_first=True)
    if expected is None:
        assert (x[0], y[0], problems) == (18.06, 59.33, {})
    else:
        assert problems == {0: expected}


def test_longitude_may_stand_first() -> None:
    x, y, _ = positions.geometries_of(["18.06, 59.33"], is_latitude_first=False)
    assert (x[0], y[0]) == (18.06, 59.33)


def test_what_no_system_can_hold_is_off() -> None:
    _, _, off = positions.to_degrees(np.array([1e12, np.nan, 674032.0]), np.array([1e12, 0, 6580822.0]), 3006)
    assert off.tolist() == [True, True, False]
