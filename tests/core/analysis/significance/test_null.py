"""A town without hot spots has as many incidents, where incidents can happen, and no place hotter than its part."""

import subprocess
import sys

import numpy as np
import pytest

from app.core.analysis.points import Coordinates
from app.core.analysis.significance.null import AtRisk, Null

TOWN = np.array([548_000.0, 6_612_000.0])


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def scattered(n: int, width_m: float = 3000.0, seed: int = 1) -> Coordinates:
    return TOWN + dice(seed).uniform(0, width_m, (n, 2))


def distances_m(xy: Coordinates, to: Coordinates) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(np.hypot(*(xy[:, None] - to[None]).transpose(2, 0, 1)).min(axis=1))


def test_all_shares_together_are_one_whatever_the_town() -> None:
    streets = np.round(scattered(400), -1)
    for xy in (scattered(200), streets, np.repeat(streets[:5], 40, axis=0), streets[:1]):
        null = Null.of(xy)
        assert null.on_cell.sum() + null.on_square.sum() == pytest.approx(1)
        assert null.draw(dice()).shape == xy.shape


def test_incidents_are_drawn_on_active_ground_only() -> None:
    two_villages = np.concatenate([scattered(100, 800), scattered(50, 800) + 20_000])
    drawn = Null.of(two_villages).draw(dice())
    assert distances_m(drawn, two_villages).max() < 125 + 36  # and half the diagonal of a square
    assert (drawn[:, 0] > TOWN[0] + 10_000).mean() == pytest.approx(1 / 3, abs=0.12)


def test_a_single_hot_spot_drowns_in_the_surface() -> None:
    hot = TOWN + 1500 + dice(2).normal(0, 30, (100, 2))
    drawn = Null.of(np.concatenate([scattered(900), hot])).draw(dice())
    is_near = np.hypot(*(drawn - TOWN - 1500).T) < 100
    assert is_near.sum() < 15  # of a hundred that were there


def test_addresses_repeat_in_the_random_town_as_they_do_in_the_real_one() -> None:
    addresses = np.round(scattered(300), 1)
    xy = addresses[dice(3).integers(0, 300, 900)]
    drawn = Null.of(xy).draw(dice())
    _, real = np.unique(xy, axis=0, return_counts=True)
    at_address = distances_m(drawn, addresses) < 0.01
    assert at_address.mean() == pytest.approx((real[real > 1].sum()) / 900, abs=0.05)
    _, counts = np.unique(drawn[at_address], axis=0, return_counts=True)
    assert counts.max() <= 2 * real.max()  # ordinary ground is uneven, so some blocks draw more


def test_the_busiest_address_is_levelled_down_to_what_is_usual() -> None:
    addresses = np.round(scattered(300), 1)
    xy = np.concatenate([addresses[dice(3).integers(0, 300, 900)], np.repeat(addresses[:1], 60, axis=0)])
    counts = [np.unique(Null.of(xy).draw(dice(seed)), axis=0, return_counts=True)[1].max() for seed in range(5)]
    assert max(counts) < 15


def test_one_busy_address_among_single_places_is_no_reason_to_expect_another() -> None:
    xy = np.concatenate([scattered(200), np.repeat(TOWN[None], 30, axis=0)])
    null = Null.of(xy)
    assert (len(null.squares), null.on_cell.sum()) == (0, pytest.approx(1))


def test_places_that_are_given_say_where_incidents_can_happen() -> None:
    homes = AtRisk(np.round(scattered(50), 1), np.ones(50))
    xy = homes.xy[dice(4).integers(0, 50, 400)] + dice(5).normal(0, 5, (400, 2))
    drawn = Null.of(xy, homes).draw(dice())
    assert distances_m(drawn, homes.xy).max() == 0


def test_a_place_with_twice_the_people_expects_twice_the_incidents() -> None:
    homes = TOWN + np.array([[0.0, 0.0], [300.0, 0.0]])
    drawn = Null.of(np.repeat(homes, 150, axis=0), AtRisk(homes, np.array([1.0, 2.0]))).draw(dice())
    assert (drawn[:, 0] == TOWN[0]).mean() == pytest.approx(1 / 3, abs=0.08)


def test_what_happens_far_from_given_places_stays_on_the_surface() -> None:
    homes = AtRisk(np.round(scattered(20, 500), 1), np.ones(20))
    xy = np.concatenate([homes.xy, scattered(60, 500) + np.array([5000.0, 0.0])])
    drawn = Null.of(xy, homes).draw(dice())
    assert (drawn[:, 0] > TOWN[0] + 4000).mean() == pytest.approx(0.75, abs=0.12)


def test_what_is_expected_is_what_is_drawn() -> None:
    xy = np.concatenate([np.round(scattered(300), -1)[dice(6).integers(0, 300, 700)], scattered(300)])
    null = Null.of(xy)
    ground = np.array([(i, j) for i in range(80) for j in range(80)]) + np.floor(TOWN / 12.5).astype(np.int64)
    drawn = np.concatenate([null.draw(dice(seed)) for seed in range(20)])
    inside = (np.floor((drawn - np.floor(TOWN / 12.5) * 12.5) / 1000) == 0).all(axis=1).sum() / 20
    assert null.expected(ground).sum() == pytest.approx(inside, rel=0.05)
    assert null.expected(ground - 100_000).sum() == 0


def test_wide_squares_expect_what_the_small_ones_in_them_do() -> None:
    xy = np.concatenate([np.round(scattered(300), -1)[dice(6).integers(0, 300, 700)], scattered(300)])
    null = Null.of(xy)
    small = np.array([(i, j) for i in range(320) for j in range(320)]) + np.floor(TOWN / 100).astype(np.int64) * 8
    wide, within = np.unique(small // 8, axis=0, return_inverse=True)
    assert null.expected(wide, 8) == pytest.approx(np.bincount(within, null.expected(small)))


def test_without_numba_the_same_town_is_drawn() -> None:
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from tests.core.analysis.significance.test_null import dice, scattered\n"
        "from app.core.analysis.significance import HotGround\n"
        "from app.core.analysis.params import ClusterRule\n"
        "from app.core.analysis.significance.null import Null\n"
        "xy = np.concatenate([np.round(scattered(200), -1), np.round(scattered(200), -1)])\n"
        "drawn = Null.of(xy).draw(dice())\n"
        "found = HotGround(rule=ClusterRule(eps_m=75, min_incidents=4)).regions(drawn)\n"
        "print(drawn.tobytes().hex() + found.squares.tobytes().hex())\n"
    )
    with_numba = program.replace("sys.modules['numba'] = None", "")
    without, drawn = (
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
        for text in (program, with_numba)
    )
    assert without == drawn
    assert len(drawn) > 400 * 32


@pytest.mark.parametrize(
    ("xy", "weight"),
    [
        (np.zeros((2, 2)), np.ones(3)),
        (np.zeros(2), np.ones(2)),
        (np.array([[0.0, np.nan]]), np.ones(1)),
        (np.zeros((1, 2)), np.zeros(1)),
    ],
    ids=["another number", "no pairs", "nowhere", "nothing at stake"],
)
def test_places_at_risk_need_a_position_and_a_weight(xy: Coordinates, weight: Coordinates) -> None:
    with pytest.raises(ValueError, match="position and a weight"):
        AtRisk(xy, weight)
