"""A small town whose places differ, and what is planted in it."""

import numpy as np

from app.core.analysis.deviations.counting import Reports
from app.core.analysis.points import DAY_S, Coordinates, Floats

START_S = 1_700_000_000 // DAY_S * DAY_S
WEEK_S = 7 * DAY_S


def town(weeks: int = 150, a_week: int = 15, seed: int = 3) -> tuple[Coordinates, Floats]:
    """Reports at sixty corners of two by two kilometres, some busier than others, steadily."""
    dice = np.random.Generator(np.random.Philox(seed))
    corners = dice.uniform(0, 2000, (60, 2))
    chances = 1.0 / np.arange(1, 61)
    n = weeks * a_week
    at = dice.choice(60, n, p=chances / chances.sum())
    xy = corners[at] + dice.standard_normal((n, 2)) * 20
    return xy, START_S + np.sort(dice.uniform(0, weeks * WEEK_S, n))


def burst(x: float, y: float, count: int, since_s: float, days: float = 28) -> tuple[Coordinates, Floats]:
    """So many reports at one place, evenly over some days."""
    return np.tile([[x, y]], (count, 1)), since_s + (np.arange(count) + 0.5) * days * DAY_S / count


def together(*parts: tuple[Coordinates, Floats]) -> Reports:
    """One history."""
    return Reports.ordered(np.vstack([xy for xy, _ in parts]), np.concatenate([times for _, times in parts]))
