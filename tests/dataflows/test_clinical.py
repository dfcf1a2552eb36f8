"""Golden limits and formulas: each with who says so."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import clinical
from dataflows.clinical import Limits

OMBONI = "wider than Omboni 1995 as coded in R bp"
GOLDEN = [
    ("SYSTOLIC_HARD_MMHG", Limits(50, 300), OMBONI),
    ("DIASTOLIC_HARD_MMHG", Limits(20, 200), OMBONI),
    ("SYSTOLIC_SOFT_MMHG", Limits(80, 220), "ours"),
    ("DIASTOLIC_SOFT_MMHG", Limits(40, 130), "lower limit: Omboni 1995 as coded in R bp"),
    ("PULSE_PRESSURE_SOFT_MMHG", Limits(20, 100), "ours"),
    ("SYSTOLIC_KPA", Limits(10, 30), "ours"),
    ("DIASTOLIC_KPA", Limits(4, 20), "ours"),
    ("MMHG_PER_KPA", 7.50062, "133.322 Pa to the conventional millimetre of mercury"),
    ("HEART_RATE_HARD_BPM", Limits(20, 250), "Garmin's range; wider than Omboni 1995"),
    ("HEART_RATE_SOFT_BPM", Limits(35, 220), "ours"),
    ("RESTING_HEART_RATE_HARD_BPM", Limits(25, 130), "narrower than Health Connect's 1 to 300"),
    ("RESTING_HEART_RATE_SOFT_BPM", Limits(40, 100), "Oura's help"),
    ("REST_WINDOW_MINUTES", 30, "Garmin's lowest 30-minute average, read second-hand"),
    ("REST_WINDOW_COVERED_MINUTES", 20, "ours"),
    ("REST_WINDOW_SAMPLE_COUNT", 3, "ours"),
    ("SLEEP_HARD_MINUTES", Limits(0, 1440), "a day"),
    ("SLEEP_SOFT_MINUTES", Limits(120, 840), "ours"),
    ("SLEEP_STAGES_TOLERANCE_RATIO", 1.05, "ours"),
    ("EARLIEST_UTC", "2000-01-01T00:00:00+00:00", "ours"),
    ("WIDE_PULSE_PRESSURE_MMHG", 60, "PMC9748272, table 3, above 60; the operator is ours"),
    ("ZERO_DIGIT_SHARE", 0.2, "a fifth to a quarter, second-hand"),
    ("FEWEST_DIGITS", 100, "ours"),
    ("NIGHT_ENDS_MINUTE", 240, "ours"),
    ("EARLIEST_ANNOTATION", "1900-01-01", "ours"),
    ("LATEST_ANNOTATION", "2199-12-31", "ours"),
    ("FUTURE_TOLERANCE_HOURS", 24, "ours"),
]


@pytest.mark.parametrize(("name", "value", "source"), GOLDEN)
def test_a_limit_is_what_its_source_says(name, value, source):
    assert getattr(clinical, name) == value, source


def test_limits_are_never_changed_in_passing():
    with pytest.raises(dataclasses.FrozenInstanceError):
        clinical.SYSTOLIC_HARD_MMHG.low = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("systolic", "diastolic", "estimate"), [(120, 80, 93.33), (135, 85, 101.67)]
)
def test_mean_arterial_pressure_is_a_third_of_the_way_up(systolic, diastolic, estimate):
    found = clinical.mean_arterial_pressure(np.array([systolic]), np.array([diastolic]))
    assert found.round(2).tolist() == [estimate], "StatPearls [2nd]"


PRESSURES = st.lists(st.tuples(st.integers(80, 200), st.integers(40, 79)), min_size=1)


@given(PRESSURES)
def test_the_mean_of_estimates_is_the_estimate_of_the_means(pairs):
    systolic, diastolic = np.array(pairs, float).T
    one_by_one = clinical.mean_arterial_pressure(systolic, diastolic).mean()
    of_means = clinical.mean_arterial_pressure(systolic.mean(), diastolic.mean())
    assert one_by_one == pytest.approx(of_means)


@given(PRESSURES)
def test_pulse_pressure_is_the_difference(pairs):
    systolic, diastolic = np.array(pairs).T
    assert (clinical.pulse_pressure(systolic, diastolic) + diastolic == systolic).all()


@given(st.integers(76, 225), st.integers(31, 149))
def test_a_whole_reading_in_kilopascals_comes_back_whole(systolic, diastolic):
    for value, limits in ((systolic, clinical.SYSTOLIC_KPA), (diastolic, clinical.DIASTOLIC_KPA)):
        shown = round(value / clinical.MMHG_PER_KPA, 1)
        assert limits.low <= shown <= limits.high
        assert round(shown * clinical.MMHG_PER_KPA) == value
