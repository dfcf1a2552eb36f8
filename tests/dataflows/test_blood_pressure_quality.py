"""Share at target, last digits, runs: what can be said about a log of readings."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.blood_pressure_quality import TARGETS, blood_pressure_quality
from dataflows.guidelines import GUIDELINES, UnknownGuidelineError, category
from tests.dataflows.reading_examples import WINDOWS, reading, table


def quality(*rows, guideline="esc_2024"):
    return blood_pressure_quality(table(*rows), WINDOWS, guideline).to_pylist()


def overall(*rows, **options):
    return quality(*rows, **options)[0]


def test_all_readings_come_first_and_then_each_month_with_any():
    found = quality(reading(), reading(40), reading(29, systolic=150))
    assert [(row["period"], row["reading_count"]) for row in found] == [
        ("all", 3),
        ("2026-03", 2),
        ("2026-04", 1),
    ]
    assert [(row["period_start"], row["period_end"]) for row in found] == [
        (date(2026, 3, 2), date(2026, 4, 11)),
        (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 30)),
    ]
    assert [row["at_target_share"] for row in found] == [2 / 3, 0.5, 1.0]


@pytest.mark.parametrize(
    ("guideline", "systolic", "diastolic", "count"),
    [
        ("esc_2024", 134.9, 84.9, 1),
        ("esc_2024", 135, 60, 0),
        ("esc_2024", 110, 85, 0),
        ("aha_acc_2025", 129.9, 79.9, 1),
        ("aha_acc_2025", 130, 60, 0),
        ("aha_acc_2025", 110, 80, 0),
        ("canada_2020", 134.9, 84.9, 1),
        ("canada_2025", 130, 79, 0),
    ],
)
def test_at_target_are_both_pressures_below_the_line(guideline, systolic, diastolic, count):
    row = reading(systolic=systolic, diastolic=diastolic)
    found = overall(row, guideline=guideline)
    assert found["at_target_count"] == count
    assert found["guideline"] == GUIDELINES[guideline].title
    target = TARGETS[guideline]
    assert found["target"] == f"below {target.systolic}/{target.diastolic} mmHg at home"


@pytest.mark.parametrize("name", GUIDELINES)
def test_a_target_is_where_the_guideline_begins_to_call_a_home_mean_high(name):
    target = TARGETS[name]
    below = category(name, target.systolic - 0.1, target.diastolic - 0.1)
    for mean in ((target.systolic, 60), (100, target.diastolic)):
        high = category(name, *mean)
        assert high != below
        assert high in {"hypertension", "stage_1_hypertension", "grade_1_hypertension",
                        "stage_1_range"}  # fmt: skip


def test_a_guideline_that_nobody_knows_is_refused():
    with pytest.raises(UnknownGuidelineError):
        quality(reading(), guideline="esc_1999")


def digits(count, zeros, systolic=121):
    return [
        reading(number % 25, systolic=120 if number < zeros else systolic, diastolic=81)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "zeros", "preferred"), [(99, 99, None), (100, 20, False), (100, 21, True)]
)
def test_a_digit_is_preferred_above_a_fifth_of_a_hundred_readings(count, zeros, preferred):
    found = overall(*digits(count, zeros))
    assert found["digit_preference"] is preferred
    assert found["systolic_zero_digit_share"] == zeros / count
    assert found["diastolic_zero_digit_share"] == 0


def test_either_pressure_may_have_the_preferred_digit():
    rows = [reading(number % 25, systolic=121, diastolic=80) for number in range(100)]
    assert overall(*rows)["digit_preference"] is True


def test_values_that_are_not_whole_tell_no_digit():
    found = overall(reading(systolic=120.5), reading(diastolic=80), reading(systolic=121))
    assert found["digit_count"] == 2
    assert found["systolic_zero_digit_share"] == 0.5
    assert overall(reading(systolic=120.5))["systolic_zero_digit_share"] is None


def test_the_longest_run_is_of_neighbours_with_the_same_two_pressures():
    pairs = [(120, 80), (120, 80), (120, 81), (120, 80), (120, 80), (120, 80), (121, 80)]
    rows = [reading(number, systolic=high, diastolic=low)
            for number, (high, low) in enumerate(pairs)]  # fmt: skip
    assert overall(*rows)["identical_run_longest"] == 3


@pytest.mark.parametrize(("at", "count"), [("00:00", 1), ("03:59", 1), ("04:00", 0)])
def test_readings_before_four_are_by_night(at, count):
    assert overall(reading(at=at))["night_reading_count"] == count


def test_readings_without_a_cuff_are_counted_and_nothing_else():
    band = reading(40, systolic=100, source="zepp")
    found = quality(reading(systolic=150), band)
    assert [row["cuffless_reading_count"] for row in found] == [1, 0, 1]
    assert [row["reading_count"] for row in found] == [1, 1, 0]
    assert [row["at_target_share"] for row in found] == [0.0, 0.0, None]
    assert found[2]["identical_run_longest"] == 0


def test_without_a_reading_there_is_no_row():
    assert quality() == []


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            reading,
            st.integers(0, 90),
            systolic=st.integers(100, 170),
            diastolic=st.integers(60, 99),
            source=st.sampled_from(["omron", "mi_fitness"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_months_add_up_to_all(rows):
    whole, *months = quality(*rows)
    for name in ("reading_count", "day_count", "at_target_count", "digit_count",
                 "cuffless_reading_count", "night_reading_count"):  # fmt: skip
        assert whole[name] == sum(month[name] for month in months)
    assert whole["reading_count"] + whole["cuffless_reading_count"] == len(rows)
