"""What one analysis run was asked to do.

The fingerprint covers everything that can change the result, so it leaves out `now` (when somebody asked) and,
where the rule is fixed, the share to fill.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

MIN_EPS_M = 1.0
MAX_EPS_M = 10_000.0
AREA_SHARE = 0.01  # of the active ground, to be flagged
MIN_AREA_SHARE = 0.0001
MAX_AREA_SHARE = 0.2
MAX_AREA_M2 = 250_000.0  # of one hot spot
SMALLEST_MAX_AREA_M2 = 50_000.0  # one address and what is around it always fits
LARGEST_MAX_AREA_M2 = 1e9
REPLICATES = 999  # random towns that every hot spot is held against
MOST_REPLICATES = 100_000
MOST_SEED = 2**63 - 1
FINGERPRINT_LENGTH = 16


class Weighting(StrEnum):
    """What one incident is worth when hot spots are ranked."""

    COUNT = "count"  # every incident is worth one
    HARM = "harm"  # the shipped harm weights
    OWN = "own"  # the organisation's own weights
    RECENCY = "recency"  # one at the end of the period, half as much for every eight weeks before it


BY_CATEGORY = frozenset({Weighting.HARM, Weighting.OWN})  # what an incident is worth follows from its category


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRule:
    """How near and how many: the two numbers a meeting can argue about.

    An incident with at least `min_incidents` incidents (itself among them) within `eps_m` metres is a core of
    a hot spot.
    """

    eps_m: float = 75.0
    min_incidents: int = 8

    def __post_init__(self) -> None:
        """Refuse a rule that means nothing on a map."""
        if not MIN_EPS_M <= self.eps_m <= MAX_EPS_M:
            raise ValueError(f"eps_m must be between {MIN_EPS_M:g} and {MAX_EPS_M:g} metres, got {self.eps_m}")
        if self.min_incidents < 2:  # noqa: PLR2004 -- one incident is no group
            raise ValueError(f"min_incidents must be at least 2, got {self.min_incidents}")
        object.__setattr__(self, "eps_m", float(self.eps_m))  # 75 and 75.0 are one rule with one fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisParams:
    """One analysis run: whose incidents, from when, of what kind, grouped and weighed how.

    since, until: aware, half-open [since, until). organisations: slugs, at least one. categories: codes, at
    least one. area: name of one area, None means everywhere. rule: None means that it is chosen from the incidents,
    so that hot spots fill area_share of the active ground. max_area_m2: larger hot spots are split. weights:
    (category code, what one incident is worth), as used. seed: of everything drawn by chance; replicates: how many
    random towns are drawn, 0 for no test against chance. now: when the run was asked for. Raises ValueError in one
    plain sentence. Lists are kept sorted and times in UTC, so two equal requests are equal values.
    """

    since: datetime
    until: datetime
    organisations: tuple[str, ...]
    now: datetime
    categories: tuple[str, ...]
    area: str | None = None
    rule: ClusterRule | None = None
    area_share: float = AREA_SHARE
    max_area_m2: float = MAX_AREA_M2
    weighting: Weighting = Weighting.COUNT
    weights: tuple[tuple[str, float], ...] = ()
    seed: int = 0
    replicates: int = REPLICATES
    max_interval_days: int = 28
    max_uncertainty_m: float = 300.0
    counts_linked_once: bool = False  # of reports linked as one incident, the first counts

    def __post_init__(self) -> None:
        """Bring the values to their one form and refuse a request that cannot be answered."""
        for name in ("since", "until", "now"):
            object.__setattr__(self, name, _in_utc(name, getattr(self, name)))
        if self.since >= self.until:
            raise ValueError("The period must end after it begins.")
        if not self.organisations:
            raise ValueError("At least one organisation is needed.")
        if not self.categories:
            raise ValueError("At least one category is needed.")
        object.__setattr__(self, "organisations", _sorted_once("organisation", self.organisations))
        object.__setattr__(self, "categories", _sorted_once("category", self.categories))
        _sorted_once("weight for category", tuple(code for code, _ in self.weights))
        object.__setattr__(self, "weights", tuple(sorted((code, float(w)) for code, w in self.weights)))
        self._check_numbers()
        for name in ("area_share", "max_area_m2", "max_uncertainty_m"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def _check_numbers(self) -> None:
        if not all(math.isfinite(weight) and weight >= 0 for _, weight in self.weights):
            raise ValueError("Weights must be numbers from zero up.")
        if self.weighting in BY_CATEGORY and not self.weights:
            raise ValueError(f"The weighting {self.weighting} needs weights.")
        if not 0 <= self.seed <= MOST_SEED or self.max_interval_days < 1:
            raise ValueError("The seed must be zero or more and max_interval_days at least one.")
        if not 0 <= self.replicates <= MOST_REPLICATES:
            raise ValueError(f"replicates must be between 0 and {MOST_REPLICATES}, got {self.replicates}")
        if not MIN_AREA_SHARE <= self.area_share <= MAX_AREA_SHARE:
            raise ValueError(f"area_share must be between {MIN_AREA_SHARE} and {MAX_AREA_SHARE}, got {self.area_share}")
        if not SMALLEST_MAX_AREA_M2 <= self.max_area_m2 <= LARGEST_MAX_AREA_M2:
            raise ValueError(
                f"max_area_m2 must be between {SMALLEST_MAX_AREA_M2:.0f} and {LARGEST_MAX_AREA_M2:.0f} square metres, "
                f"got {self.max_area_m2:g}"
            )
        if not self.max_uncertainty_m > 0:
            raise ValueError("max_uncertainty_m must be more than zero.")

    def as_json(self) -> str:
        """All parameters as canonical JSON text: sorted keys, no spaces, UTC times."""
        return _canonical(self._as_mapping())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `as_json` wrote. Raises ValueError for anything else."""
        try:
            values: dict[str, Any] = json.loads(text)
            readers: dict[str, Callable[[Any], Any]] = {
                "since": datetime.fromisoformat,
                "until": datetime.fromisoformat,
                "now": datetime.fromisoformat,
                "organisations": tuple,
                "categories": tuple,
                "rule": lambda rule: None if rule is None else ClusterRule(**rule),
                "weighting": Weighting,
                "weights": lambda weights: tuple((code, weight) for code, weight in weights),
            }
            return cls(**values | {name: read(values[name]) for name, read in readers.items()})
        except (KeyError, TypeError, AttributeError) as problem:
            raise ValueError("This is not a set of analysis parameters.") from problem

    def fingerprint(self) -> str:
        """Sixteen hex digits: the same for two runs exactly when the same data must give the same result."""
        decisive = self._as_mapping()
        del decisive["now"]
        if self.rule is not None:
            del decisive["area_share"]
        return hashlib.sha256(_canonical(decisive).encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def _as_mapping(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "organisations": self.organisations,
            "now": self.now.isoformat(),
            "categories": self.categories,
            "area": self.area,
            "rule": None if self.rule is None else asdict(self.rule),
            "area_share": self.area_share,
            "max_area_m2": self.max_area_m2,
            "weighting": self.weighting.value,
            "weights": self.weights,
            "seed": self.seed,
            "replicates": self.replicates,
            "max_interval_days": self.max_interval_days,
            "max_uncertainty_m": self.max_uncertainty_m,
            # without it, so that older fingerprints stay what they are
            **({"counts_linked_once": True} if self.counts_linked_once else {}),
        }


def _canonical(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _in_utc(name: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{name} must say its time zone.")
    return moment.astimezone(UTC)


def _sorted_once(what: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(codes)) < len(codes):
        raise ValueError(f"The same {what} was named twice.")
    return tuple(sorted(codes))
