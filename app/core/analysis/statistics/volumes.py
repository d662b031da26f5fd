"""Who reported how much, and who has fallen silent: no reports is not calm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.analysis.statistics.dispersion import dispersion

USUAL_WEEKS = 26  # by which a source's usual volume is judged
LEAST_WEEKS = 8
SILENCE_P = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One source (by its row). a_week: usual before it fell silent. silent_weeks: at the end.

    is_missing: so long a silence is too long for chance. first_week: of its first report, None without any.
    """

    source: int
    total: int
    a_week: float
    silent_weeks: int
    is_missing: bool
    first_week: int | None


def volumes(counts: NDArray[np.int64]) -> tuple[Volume, ...]:
    """What each source reported, by source and week (s, w)."""
    return tuple(_volume(number, row) for number, row in enumerate(counts))


def _volume(number: int, row: NDArray[np.int64]) -> Volume:
    reported = np.flatnonzero(row)
    if not len(reported):
        return Volume(source=number, total=0, a_week=0.0, silent_weeks=len(row), is_missing=False, first_week=None)
    silent = len(row) - 1 - int(reported[-1])
    before = row[max(int(reported[0]), len(row) - silent - USUAL_WEEKS) : len(row) - silent]
    a_week = float(before.mean())
    chance = np.exp(-a_week * silent / dispersion(before))  # what comes in bursts is silent for longer
    return Volume(
        source=number,
        total=int(row.sum()),
        a_week=a_week,
        silent_weeks=silent,
        is_missing=len(before) >= LEAST_WEEKS and bool(chance < SILENCE_P),
        first_week=int(reported[0]),
    )
