"""Day-to-day variability against one's own history."""

from datetime import date, timedelta
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.blood_pressure_variability import blood_pressure_variability
from tests.dataflows.reading_examples import DAY, days, days_of_means, reading

WEEK = [120, 125, 118, 130, 121, 119, 128]


def variability(table, window=28):
    rows = blood_pressure_variability(table).to_pylist()
    return [row for row in rows if row["window_days"] == window]


def last(means, **options):
    return variability(days_of_means(means), **options)[-1]


def test_the_spread_of_a_week_by_hand():
    found = last(WEEK)
    assert found["systolic_mean_mmhg"] == pytest.approx(123, abs=1e-12)
    # Squared distances 9 + 4 + 25 + 49 + 4 + 16 + 25 = 132, over n - 1 = 6.
    assert found["systolic_sd_mmhg"] == pytest.approx(22**0.5, abs=1e-12)
    assert found["systolic_cv_percent"] == pytest.approx(100 * 22**0.5 / 123, abs=1e-12)
    # |5| + |-7| + |12| + |-9| + |-2| + |9| = 44 over 6 pairs.
    assert found["systolic_arv_mmhg"] == pytest.approx(44 / 6, abs=1e-12)
    assert found["diastolic_sd_mmhg"] == pytest.approx(22**0.5, abs=1e-12)
    assert found["diastolic_mean_mmhg"] == pytest.approx(73, abs=1e-12)
    assert (found["day_count"], found["day_pair_count"]) == (7, 6)


def test_six_days_are_too_few():
    found = last(WEEK[:6])
    assert found["day_count"] == 6
    assert {name for name, value in found.items() if value is None} == {
        f"{pressure}_{name}"
        for pressure in ("systolic", "diastolic")
        for name in ("mean_mmhg", "sd_mmhg", "cv_percent", "arv_mmhg", "sd_rank_share")
    }


def test_gaps_are_not_bridged():
    broken = [*WEEK[:4], None, *WEEK[4:]]
    found = last(broken)
    assert (found["day_count"], found["day_pair_count"]) == (7, 5)
    assert found["systolic_arv_mmhg"] is None
    longer = last([*broken, 128])
    # The pair 130, 121 across the gap does not count: 5 + 7 + 12 + 2 + 9 + 0 over 6.
    assert longer["systolic_arv_mmhg"] == pytest.approx(35 / 6, abs=1e-12)


def test_readings_without_a_cuff_do_not_count():
    bands = [reading(number, systolic=180, source="mi_fitness") for number in range(9)]
    assert blood_pressure_variability(days(*bands)).num_rows == 0


def test_windows_end_with_each_month_and_with_the_last_day():
    found = variability(days_of_means([120] * 70))
    assert [row["period_end"] for row in found] == [
        date(2026, 3, 31),
        date(2026, 4, 30),
        DAY + timedelta(days=69),
    ]
    assert [row["period_start"] for row in found] == [
        row["period_end"] - timedelta(days=27) for row in found
    ]
    assert [row["day_count"] for row in found] == [28, 28, 28]
    assert [row["day_count"] for row in variability(days_of_means([120] * 70), 60)] == [30, 60, 60]


def test_a_month_end_that_is_the_last_day_is_told_once():
    found = variability(days_of_means([120] * 30))
    assert [row["period_end"] for row in found] == [date(2026, 3, 31)]


def test_a_window_without_a_day_has_no_row():
    found = variability(days_of_means([120, *[None] * 70, 120], first=5))
    assert [row["period_end"] for row in found] == [date(2026, 3, 31), date(2026, 5, 17)]


def swings(sizes):
    """For each size one month of days that swing by it."""
    means = []
    for size in sizes:
        means += [120 + size * (-1) ** day for day in range(28)] + [None] * 2
    return days_of_means(means, first=30)


def test_a_window_is_ranked_among_the_earlier_ones_alone():
    found = variability(swings([1, 2, 3, 4, 5, 6, 3, 9, 1]))
    ranks = [row["systolic_sd_rank_share"] for row in found]
    counts = [row["history_count"] for row in found]
    assert counts == list(range(len(found)))
    assert ranks[:6] == [None] * 6
    spreads = [row["systolic_sd_mmhg"] for row in found]
    for place in range(6, len(found)):
        below = sum(other < spreads[place] for other in spreads[:place])
        equal = sum(other == spreads[place] for other in spreads[:place])
        assert ranks[place] == pytest.approx((below + equal / 2) / place)


def test_an_equal_spread_counts_half():
    assert [row["systolic_sd_rank_share"] for row in variability(swings([0] * 8))[6:]] == [0.5] * 2


def test_a_steadier_month_ranks_lowest_and_a_wilder_one_highest():
    assert variability(swings([2, 3, 4, 5, 6, 7, 1]))[-1]["systolic_sd_rank_share"] == 0
    assert variability(swings([2, 3, 4, 5, 6, 7, 9]))[-1]["systolic_sd_rank_share"] == 1


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(100, 160)), min_size=40, max_size=120),
    st.integers(1, 39),
)
def test_no_figure_reads_a_later_day(means, cut):
    means[0] = 120
    whole = blood_pressure_variability(days_of_means(means)).to_pylist()
    known = days_of_means(means[:cut])
    part = blood_pressure_variability(known).to_pylist()
    ended = [row for row in whole if row["period_end"] <= max(known["local_date"].to_pylist())]
    assert [row for row in part if row in ended] == ended


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(100, 160), min_size=7, max_size=28))
def test_the_spread_is_that_of_the_standard_library(means):
    found = last(means)
    assert found["systolic_sd_mmhg"] == pytest.approx(stdev(means))
    assert found["systolic_mean_mmhg"] == pytest.approx(mean(means))
