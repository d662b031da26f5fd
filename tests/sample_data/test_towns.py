"""The generator as a library: repeatable, quick to vary, and honest about what it displaced."""

import numpy as np
import pytest

from sample_data import rhythms, towns


def test_the_same_seed_gives_the_same_towns(made: towns.Towns) -> None:
    again = towns.generate()

    assert np.array_equal(made.incidents.lonlat, again.incidents.lonlat)
    assert np.array_equal(made.incidents.source_ref, again.incidents.source_ref)


def test_another_seed_gives_other_incidents_at_the_same_places(made: towns.Towns) -> None:
    other = towns.generate(seed=1)

    assert len(other.incidents) != len(made.incidents)
    assert other.centres.keys() == made.centres.keys()
    assert all(np.array_equal(other.centres[k], made.centres[k]) for k in made.centres)


@pytest.mark.parametrize("noise_m", [30.0, 83.0])
def test_noise_displaces_by_the_median_asked_for(noise_m: float) -> None:
    rows = towns.generate(seed=3, location_noise_m=noise_m).incidents
    rows = rows.take(~np.isin(rows.plant, [towns.COARSE, towns.DEFAULT_ADDRESS]))

    moved = np.hypot(*(rows.xy - rows.true_xy).T)

    assert np.median(moved) == pytest.approx(noise_m, rel=0.05)


def test_no_noise_leaves_rows_on_their_addresses() -> None:
    rows = towns.generate(seed=3, location_noise_m=0.0).incidents
    rows = rows.take(~np.isin(rows.plant, [towns.COARSE, towns.DEFAULT_ADDRESS]))

    assert np.array_equal(rows.xy, rows.true_xy)


def test_police_rows_are_displaced_as_swedish_police_positions_are(made: towns.Towns) -> None:
    rows = made.incidents
    rows = rows.take((rows.source == "polisanmalan") & ~np.isin(rows.plant, [towns.COARSE, towns.DEFAULT_ADDRESS]))
    moved = np.hypot(*(rows.xy - rows.true_xy).T)

    assert np.mean(moved > 0) == pytest.approx(0.45, abs=0.04)
    assert np.median(moved[moved > 0]) == pytest.approx(83, rel=0.08)


def test_about_two_per_cent_of_police_rows_carry_the_stations_address(made: towns.Towns) -> None:
    rows = made.incidents.take(made.incidents.source == "polisanmalan")
    at_station = rows.take(rows.plant == towns.DEFAULT_ADDRESS)

    assert 0.01 < len(at_station) / len(rows) < 0.03
    assert len(np.unique(at_station.xy, axis=0)) == 1


def test_the_last_weeks_are_counted_back_from_the_monday_after(made: towns.Towns) -> None:
    rows = made.incidents.take(towns.last_weeks(made.incidents, 52))
    middle = (rows.occurred_from + rows.occurred_to) // 2

    assert rhythms.moment(int(middle.min())).date().isoformat() >= "2025-11-17"
    assert len(rows) == pytest.approx(len(made.incidents) / 2, rel=0.1)
