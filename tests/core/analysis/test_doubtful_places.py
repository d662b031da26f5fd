"""The police station is not where it happened."""

import numpy as np
import pytest

from app.core.analysis.doubtful_places import Doubt, DoubtfulPlace, doubtful_places, is_coarse
from app.core.analysis.points import Points

STATION, SQUARE = (548_000.0, 6_612_000.0), (549_000.0, 6_612_000.0)
CODES = ("KLO", "SKD", "TIL", "VAL")


def town(at_station: int, at_square: int, elsewhere: int, *, station_codes: int = 4) -> Points:
    """Two busy places, one with only thefts, and forty ordinary addresses."""
    addresses = [(547_000.0 + i % 40 * 37.0, 6_611_000.0 + i % 40 * 11.0) for i in range(elsewhere)]
    xy = [STATION] * at_station + [SQUARE] * at_square + addresses
    codes = [i % station_codes for i in range(at_station)] + [2] * at_square + [i % 4 for i in range(elsewhere)]
    n = len(xy)
    return Points.ordered(
        xy=np.array(xy).reshape(-1, 2),
        occurred_s=np.zeros(n),
        category=np.array(codes, dtype=np.int32),
        categories=CODES,
        source=np.zeros(n, dtype=np.int32),
        sources=("polisen",),
        uncertainty_m=np.full(n, np.nan),
        sort_key=np.arange(n),
    )


def test_a_position_repeated_with_every_category_is_asked_about() -> None:
    assert doubtful_places(town(80, 30, 890)) == (
        DoubtfulPlace(
            x=STATION[0], y=STATION[1], count=80, share=0.08, mixture=1.001, doubts=(Doubt.REPEATED, Doubt.MIXED)
        ),
    )


def test_a_busy_place_with_one_kind_of_incident_is_asked_about_but_not_called_mixed() -> None:
    (square,) = doubtful_places(town(0, 90, 800))
    assert (square.x, square.mixture, square.doubts) == (SQUARE[0], 0.0, (Doubt.REPEATED,))


def test_an_ordinary_town_has_nothing_to_ask_about() -> None:
    assert doubtful_places(town(30, 30, 800)) == ()
    assert doubtful_places(town(0, 0, 0)) == ()


def test_a_known_address_is_asked_about_already_with_few_incidents() -> None:
    known = np.array([[STATION[0] + 20.0, STATION[1]], [0.0, 0.0]])
    (station,) = doubtful_places(town(25, 30, 800), known)
    assert station.doubts == (Doubt.MIXED, Doubt.KNOWN)
    assert doubtful_places(town(19, 30, 800), known) == ()


def test_the_one_with_most_incidents_comes_first() -> None:
    assert [place.count for place in doubtful_places(town(80, 90, 800))] == [90, 80]


def test_where_everything_is_of_one_category_nothing_is_mixed() -> None:
    points = town(80, 0, 0, station_codes=1)
    few = doubtful_places(points, np.array([STATION]))
    assert [place.doubts for place in few] == [(Doubt.KNOWN,)]


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (16.5, 59.3, True),
        (16.512, 59.345, True),
        (16.5124, 59.345, False),
        (16.512, 59.3456789, False),
        (-87.611, 41.773, True),
    ],
)
def test_three_decimals_are_a_block_and_not_an_address(lon: float, lat: float, *, expected: bool) -> None:
    assert is_coarse(np.array([[lon, lat]])).tolist() == [expected]
