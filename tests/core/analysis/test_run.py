"""The whole pipeline on a town small enough to know by heart."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.analysis.dbscan import find_clusters
from app.core.analysis.params import AnalysisParams, ClusterRule, Weighting
from app.core.analysis.points import Points
from app.core.analysis.run import Findings, analyse
from app.core.analysis.significance import AtRisk
from app.core.errors import TooLargeError

SINCE = datetime(2026, 3, 23, tzinfo=UTC)  # 01 on Monday of 2026-W13 in Sweden
UNTIL = datetime(2026, 4, 6, tzinfo=UTC)  # 02 on Monday of 2026-W15, in summer time
PARAMS = AnalysisParams(
    since=SINCE,
    until=UNTIL,
    organisations=("lindesta-kommun",),
    now=UNTIL,
    categories=("KLO", "SKD", "VAL"),
    rule=ClusterRule(eps_m=75, min_incidents=3),
    replicates=19,
)
HARM = replace(PARAMS, weighting=Weighting.HARM, weights=(("KLO", 2.0), ("SKD", 3.0), ("VAL", 8.0)))
SQUARE, STATION = (548_000.0, 6_612_000.0), (549_000.0, 6_612_000.0)

Row = tuple[tuple[float, float], str, str, str, float]
ROWS: list[Row] = [
    (SQUARE, "2026-03-23T22:30:00+00:00", "KLO", "skolan", 10.0),
    ((548_030.0, 6_612_000.0), "2026-03-24T22:30:00+00:00", "KLO", "polisen", np.nan),
    ((548_000.0, 6_612_040.0), "2026-03-30T22:30:00+00:00", "KLO", "skolan", 30.0),
    (SQUARE, "2026-04-05T22:30:00.5+00:00", "SKD", "skolan", 50.0),
    (STATION, "2026-03-27T12:00:00+00:00", "VAL", "polisen", np.nan),
    (STATION, "2026-03-27T12:00:00+00:00", "VAL", "polisen", np.nan),
    (STATION, "2026-03-28T12:00:00+00:00", "VAL", "polisen", np.nan),
    ((552_000.0, 6_612_000.0), "2026-03-28T12:00:00+00:00", "SKD", "skolan", 5.0),
]

PAIRS = [(code, source) for code in ("VAL", "SKD", "KLO") for source in ("skolan", "polisen")]


def town(rows: list[Row], *, sources: tuple[str, ...] = ("polisen", "skolan")) -> Points:
    codes = ("KLO", "SKD", "VAL")
    return Points.ordered(
        xy=np.array([row[0] for row in rows], dtype=np.float64),
        occurred_s=np.array([datetime.fromisoformat(row[1]).timestamp() for row in rows]),
        category=np.array([codes.index(row[2]) for row in rows], dtype=np.int32),
        categories=codes,
        source=np.array([sources.index(row[3]) for row in rows], dtype=np.int32),
        sources=sources,
        uncertainty_m=np.array([row[4] for row in rows]),
        sort_key=np.array([f"{row[2]} {row[3]} {row[4]}" for row in rows], dtype=str),
    )


def test_the_town_has_two_hot_spots_and_one_lonely_incident() -> None:
    findings = analyse(town(ROWS), PARAMS)
    assert (findings.incident_count, findings.clustered_count, findings.noise_count) == (8, 7, 1)
    assert findings.params_fingerprint == PARAMS.fingerprint()
    assert findings.weeks == ("2026-W13", "2026-W14", "2026-W15")
    assert [(spot.rank, spot.count) for spot in findings.hotspots] == [(1, 4), (2, 3)]


def test_a_hot_spot_says_what_where_and_when() -> None:
    square = analyse(town(ROWS), PARAMS).hotspots[0]
    assert (square.core_incident_count, square.weighted_value) == (4, 4.0)
    assert (square.recency_value, square.harm_value) == (3.639, None)
    assert (square.recent_count, square.usual_count) == (4, 0.0)
    assert square.categories == (("KLO", 3, 0.75), ("SKD", 1, 0.25))
    assert square.sources == (("skolan", 3), ("polisen", 1))
    assert square.first_seen == datetime(2026, 3, 23, 22, 30, tzinfo=UTC)
    assert square.last_seen == datetime(2026, 4, 5, 22, 30, tzinfo=UTC)
    assert {hour: count for hour, count in enumerate(square.hours) if count} == {0: 2, 23: 2}
    assert square.weekdays == (2, 2, 0, 0, 0, 0, 0)
    assert square.weeks == (2, 1, 1)
    assert square.place_uncertainty_m == 30.0
    assert square.area_m2 == round(square.outline.area)
    assert square.density_per_km2 == round(4 / square.outline.area * 1e6, 1)
    assert square.centre == (15.851562, 59.643432)
    assert square.outline_wgs84.covers(shapely.Point(square.centre))


def test_a_hot_spot_says_how_it_compares_with_chance_and_how_sure_its_place_is() -> None:
    told: list[tuple[int, int]] = []
    findings = analyse(town(ROWS), PARAMS, progress=lambda done, of: told.append((done, of)))
    square, station = findings.hotspots
    assert square.significance is not None
    assert station.significance is not None
    assert (square.significance.count, station.significance.count) == (square.count, station.count) == (4, 3)
    assert square.significance.replicates == 19
    assert findings.significant_count == sum(s.significance.is_significant for s in (square, station) if s.significance)
    assert 0 < station.place_certainty <= 1  # type: ignore[operator]
    assert told == [(19, 19)]


def test_another_seed_draws_other_towns_and_moves_nothing_else() -> None:
    rows = [((548_000.0 + 20 * (i % 5), 6_612_000.0 + 20 * (i // 5)), *ROWS[i % 4][1:]) for i in range(25)]
    one, other = (analyse(town([*ROWS, *rows]), replace(PARAMS, seed=seed)) for seed in (1, 2))
    assert [spot.key for spot in one.hotspots] == [spot.key for spot in other.hotspots]
    assert one.params_fingerprint != other.params_fingerprint


def test_without_random_towns_nothing_is_said_of_chance() -> None:
    findings = analyse(town(ROWS), replace(PARAMS, replicates=0))
    assert [(spot.significance, spot.place_certainty) for spot in findings.hotspots] == [(None, None)] * 2
    assert findings.significant_count is None


def test_addresses_that_are_given_are_where_random_incidents_go() -> None:
    at_risk = AtRisk(np.array([SQUARE, STATION]), np.ones(2))
    [square, _] = analyse(town(ROWS), PARAMS, at_risk=at_risk).hotspots
    assert square.significance is not None
    assert square.significance.expected_count > 1  # nowhere else to be


def test_an_uncertainty_nobody_gave_is_unknown() -> None:
    assert analyse(town(ROWS), PARAMS).hotspots[1].place_uncertainty_m is None


def test_a_weighting_changes_worth_and_rank_but_never_the_groups() -> None:
    counted, weighed = analyse(town(ROWS), PARAMS), analyse(town(ROWS), HARM)
    assert [spot.weighted_value for spot in weighed.hotspots] == [24.0, 9.0]
    assert [spot.key for spot in weighed.hotspots] == [spot.key for spot in reversed(counted.hotspots)]
    assert {spot.outline for spot in weighed.hotspots} == {spot.outline for spot in counted.hotspots}


def test_by_recency_what_happened_lately_comes_first_and_the_groups_are_the_same() -> None:
    lately = [(place, "2026-03-23T12:00:00+00:00", *rest) for place, _, *rest in ROWS[:4]] + ROWS[4:]
    counted, faded = analyse(town(lately), PARAMS), analyse(town(lately), replace(PARAMS, weighting=Weighting.RECENCY))
    by_key = {spot.key: spot for spot in counted.hotspots}
    assert [spot.outline for spot in faded.hotspots] == [by_key[spot.key].outline for spot in faded.hotspots]
    worth = [spot.weighted_value for spot in faded.hotspots]
    assert worth == sorted(worth, reverse=True)
    assert [spot.count for spot in faded.hotspots] == [4, 3]
    assert worth == [pytest.approx(4 * 0.5 ** (13.5 / 56), abs=0.01), pytest.approx(2.69, abs=0.02)]


@given(st.permutations(ROWS))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_shuffled_rows_give_the_same_findings_byte_for_byte(rows: list[Row]) -> None:
    expected, findings = analyse(town(ROWS), HARM), analyse(town(rows, sources=("skolan", "polisen")), HARM)
    assert findings.as_json() == expected.as_json()
    assert findings.fingerprint == expected.fingerprint


def test_one_incident_more_is_another_finding() -> None:
    assert analyse(town(ROWS), PARAMS).fingerprint != analyse(town(ROWS + ROWS[-1:]), PARAMS).fingerprint


def test_the_key_of_a_known_hot_spot_never_changes() -> None:
    assert [str(spot.key) for spot in analyse(town(ROWS), PARAMS).hotspots] == [
        "632db636-d667-5e77-a782-8cafcbc9352e",
        "0e5014e9-7488-5a80-b908-d964dc49b04f",
    ]


def test_one_more_incident_at_the_border_is_the_same_hot_spot() -> None:
    rule = ClusterRule(eps_m=75, min_incidents=4)
    border: Row = ((548_103.0, 6_612_000.0), "2026-03-28T12:00:00+00:00", "SKD", "skolan", 5.0)
    before = analyse(town(ROWS), replace(PARAMS, rule=rule)).hotspots
    after = analyse(town([*ROWS, border]), replace(PARAMS, rule=rule)).hotspots
    assert [spot.count for spot in before + after] == [4, 5]
    assert before[0].key == after[0].key


def test_kinds_and_sources_just_as_common_are_listed_by_name() -> None:
    rows = [(STATION, "2026-03-27T12:00:00+00:00", code, source, 1.0) for code, source in PAIRS]
    (spot,) = analyse(town(rows, sources=("skolan", "polisen")), PARAMS).hotspots
    assert spot.categories == (("KLO", 2, 0.333), ("SKD", 2, 0.333), ("VAL", 2, 0.333))
    assert spot.sources == (("polisen", 3), ("skolan", 3))


@pytest.mark.parametrize(
    "other",
    [
        {"organisations": ("mora-kommun",)},
        {"rule": ClusterRule(eps_m=74, min_incidents=3)},
        {"rule": ClusterRule(eps_m=75, min_incidents=2)},
    ],
)
def test_other_organisations_and_rules_have_other_keys(other: dict[str, Any]) -> None:
    keys = {spot.key for spot in analyse(town(ROWS), PARAMS).hotspots}
    assert keys.isdisjoint(spot.key for spot in analyse(town(ROWS), replace(PARAMS, **other)).hotspots)


@given(st.integers(0, 1_000))
@settings(derandomize=True, deadline=None, max_examples=15)
def test_two_hot_spots_never_share_a_key_and_their_counts_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = scattered(rng, 300)
    findings = analyse(points, PARAMS)
    found = find_clusters(points.xy, PARAMS.rule)
    spots = findings.hotspots
    assert len({spot.key for spot in spots}) == len(spots) == found.cluster_count > 0
    assert sorted(spot.count for spot in spots) == sorted(np.bincount(found.labels[found.labels >= 0]))
    assert sum(spot.core_incident_count for spot in spots) == found.core.sum()
    for spot in spots:
        assert sum(spot.hours) == sum(spot.weekdays) == sum(spot.weeks) == spot.count
        assert sum(count for _, count, _ in spot.categories) == sum(count for _, count in spot.sources) == spot.count
        assert spot.outline_wgs84.covers(shapely.Point(spot.centre))
    assert [spot.rank for spot in spots] == list(range(1, len(spots) + 1))


def scattered(rng: np.random.Generator, n: int) -> Points:
    """A made-up town: addresses that come back, over two weeks."""
    addresses = np.array(SQUARE) + rng.integers(0, 8_000, (n // 2, 2)) / 8
    return Points.ordered(
        xy=addresses[rng.integers(0, len(addresses), n)],
        occurred_s=rng.uniform(SINCE.timestamp(), UNTIL.timestamp(), n),
        category=rng.integers(0, 2, n, dtype=np.int32),
        categories=("KLO", "SKD"),
        source=np.zeros(n, dtype=np.int32),
        sources=("skolan",),
        uncertainty_m=np.full(n, np.nan),
        sort_key=np.arange(n),
    )


def test_no_incidents_give_no_hot_spots() -> None:
    nobody = town(ROWS)
    findings = analyse(nobody.select(np.zeros(len(nobody), dtype=bool)), PARAMS)
    assert findings == Findings(
        params_fingerprint=PARAMS.fingerprint(),
        incident_count=0,
        clustered_count=0,
        noise_count=0,
        rule=ClusterRule(eps_m=75, min_incidents=3),
        tuning=None,
        weeks=("2026-W13", "2026-W14", "2026-W15"),
        hotspots=(),
        doubtful=(),
    )


def test_lonely_incidents_are_all_noise() -> None:
    findings = analyse(town(ROWS[-1:]), PARAMS)
    assert (findings.noise_count, findings.hotspots) == (1, ())


@pytest.mark.parametrize("moment", ["2026-03-22T23:59:59+00:00", "2026-04-06T00:00:00+00:00"])
def test_an_incident_outside_the_period_is_refused(moment: str) -> None:
    with pytest.raises(ValueError, match=r"An incident lies outside the period."):
        analyse(town([*ROWS, (SQUARE, moment, "SKD", "skolan", 1.0)]), PARAMS)


def test_the_memory_allowed_is_kept() -> None:
    with pytest.raises(TooLargeError, match="is allowed"):
        analyse(town(ROWS), PARAMS, memory_limit_bytes=100)


def test_a_run_can_be_sent_to_another_process_and_back() -> None:
    points, params = pickle.loads(pickle.dumps((town(ROWS), PARAMS)))  # noqa: S301 -- our own bytes
    findings = analyse(points, params)
    assert pickle.loads(pickle.dumps(findings)) == analyse(town(ROWS), PARAMS)  # noqa: S301 -- our own bytes
