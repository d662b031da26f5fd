"""Towns to measure on: half the reports from known addresses, a quarter from crowds, a fifth along streets."""

import numpy as np

from app.core.analysis.points import Coordinates

TOWN = 100_000  # incidents; more make more towns, at the same density
APART_M = 30_000.0
FIRST_CORNER = (300_000.0, 6_200_000.0)
HALF_SIDE_M = 3_500.0  # of a town of 100 000 incidents
ADDRESS_SHARE, CROWD_SHARE = 0.55, 0.25  # the rest happens along streets
REPORTS_AN_ADDRESS = 8.3
HOUSES_A_STREET = 18
HOUSE_GAP_M = 18.0
FRONT_M = 12.0
GRID = 8  # places a metre


def mix(n: int, seed: int = 1) -> Coordinates:
    """n incidents (n, 2), metres, shuffled: half share an address, about 257 lie within 75 m of each."""
    rng = np.random.default_rng(seed)
    if n <= TOWN:
        return _town(n, rng, (540_000.0, 6_580_000.0))
    towns = n // TOWN
    side = int(np.ceil(np.sqrt(towns)))
    corners = ((FIRST_CORNER[0] + APART_M * (i % side), FIRST_CORNER[1] + APART_M * (i // side)) for i in range(towns))
    together = np.concatenate([_town(TOWN, rng, corner) for corner in corners])
    return np.ascontiguousarray(together[rng.permutation(len(together))])


def _town(n: int, rng: np.random.Generator, middle: tuple[float, float]) -> Coordinates:
    half_side_m = HALF_SIDE_M * np.sqrt(n / TOWN)
    addresses = max(int(n * ADDRESS_SHARE / REPORTS_AN_ADDRESS), 5)
    streets = _Streets(max(addresses // HOUSES_A_STREET, 4), half_side_m, rng)
    at_addresses, in_crowds = int(n * ADDRESS_SHARE), int(n * CROWD_SHARE)
    houses = _on_grid(streets.houses(addresses))
    popularity = np.arange(1, addresses + 1) ** -0.8
    reported = houses[rng.choice(addresses, at_addresses, p=popularity / popularity.sum())]
    crowds = max(int(30 * n / TOWN), 3)
    centres, widths_m = rng.normal(0, half_side_m * 0.45, (crowds, 2)), rng.uniform(30, 150, crowds)
    which = rng.integers(0, crowds, in_crowds)
    scattered = centres[which] + rng.normal(0, 1, (in_crowds, 2)) * widths_m[which, None]
    together = np.concatenate((reported, scattered, streets.kerbs(n - at_addresses - in_crowds)))
    return _on_grid(together[rng.permutation(n)] + np.array(middle))


class _Streets:
    """Straight streets in two main directions, denser in the middle of the town."""

    def __init__(self, count: int, half_side_m: float, rng: np.random.Generator) -> None:
        self.rng = rng
        self.starts = rng.normal(0, half_side_m * 0.5, (count, 2)).clip(-half_side_m, half_side_m)
        bearings = rng.choice([0.3, 0.3 + np.pi / 2], count) + rng.normal(0, 0.08, count)
        self.along = np.column_stack((np.cos(bearings), np.sin(bearings)))
        self.lengths_m = rng.uniform(150, 800, count)

    def houses(self, count: int) -> Coordinates:
        """Front doors on both sides, evenly spaced."""
        street, way_m = self._ways(count)
        return self._places(
            street, np.round(way_m / HOUSE_GAP_M) * HOUSE_GAP_M, self.rng.choice([-1.0, 1.0], count) * FRONT_M
        )

    def kerbs(self, count: int) -> Coordinates:
        """Anywhere along the street."""
        street, way_m = self._ways(count)
        return self._places(street, way_m, self.rng.normal(0, 3, count))

    def _ways(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        street = self.rng.integers(0, len(self.starts), count)
        return street, self.rng.uniform(0, 1, count) * self.lengths_m[street]

    def _places(self, street: np.ndarray, way_m: np.ndarray, aside_m: np.ndarray) -> Coordinates:
        along = self.along[street]
        across = np.column_stack((-along[:, 1], along[:, 0]))
        return self.starts[street] + along * way_m[:, None] + across * aside_m[:, None]


def _on_grid(xy: Coordinates) -> Coordinates:
    return np.round(xy * GRID) / GRID


def one_address(n: int) -> Coordinates:
    """Every report from one desk."""
    return np.full((n, 2), 7.0)


def disc(n: int, radius_m: float, seed: int = 2) -> Coordinates:
    """n places in one disc."""
    rng = np.random.default_rng(seed)
    turn, out = rng.uniform(0, 2 * np.pi, n), radius_m * np.sqrt(rng.uniform(0, 1, n))
    return np.column_stack((out * np.cos(turn), out * np.sin(turn))) + np.array([540_000.0, 6_580_000.0])


def corners(n: int, eps_m: float, seed: int = 3) -> Coordinates:
    """Two crowded cells of n, whose boxes nearly touch and whose places do not: one fills two opposite corners."""
    rng = np.random.default_rng(seed)
    side = eps_m / np.sqrt(2)
    low = rng.uniform(0, 0.02 * side, (n // 2, 2))
    high = rng.uniform(0.97 * side, 0.999 * side, (n - n // 2, 2))
    beside = np.column_stack((rng.uniform(-0.3, -0.28, n), rng.uniform(2.15, 2.2, n))) * side
    first = np.full((1, 2), -2 * side)  # cells begin here
    together = np.concatenate((low, high, beside, first)) + np.array([500_000.0, 6_500_000.0])
    return np.ascontiguousarray(together[rng.permutation(len(together))])


def arc(n: int, eps_m: float, seed: int = 4) -> Coordinates:
    """A crowd of n in a corner and one of n on a quarter ring just beyond eps from it: no box tells them apart."""
    rng = np.random.default_rng(seed)
    turn, out = rng.uniform(0, np.pi / 2, n), eps_m + 0.5 + rng.uniform(0, 20, n)
    ring = np.column_stack((out * np.cos(turn), out * np.sin(turn)))
    together = np.concatenate((ring, -rng.uniform(0, eps_m / 3, (n, 2)))) + np.array([540_000.0, 6_580_000.0])
    return np.ascontiguousarray(together[rng.permutation(len(together))])
