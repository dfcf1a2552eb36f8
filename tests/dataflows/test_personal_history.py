"""Baselines and trends of one person's days."""

from datetime import date, timedelta
from statistics import median

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.daily_metrics import DAILY_METRICS
from dataflows.personal_history import baselines, trends
from tests.dataflows.reading_examples import DAY, days, days_of_means, reading

NO_PRESSURES = days()


def daily(*rows):
    """Rows of the daily table: (days after `DAY`, values)."""
    told = [{"local_date": DAY + timedelta(days=day), **values} for day, values in rows]
    return pa.Table.from_pylist(told, DAILY_METRICS)


def asleep(minutes):
    return daily(*((day, {"sleep_asleep_minutes": value}) for day, value in enumerate(minutes)
                   if value is not None))  # fmt: skip


def of(table, metric, **wanted):
    return [
        row
        for row in table.to_pylist()
        if row["metric"] == metric and all(row[name] == value for name, value in wanted.items())
    ]


def test_median_and_quartiles_of_eight_days_by_hand():
    (found,) = of(baselines(NO_PRESSURES, asleep([408, 401, 403, 402, 405, 404, 406, 407])),
                  "sleep_asleep_minutes", window_days=28)  # fmt: skip
    assert found == {
        "metric": "sleep_asleep_minutes",
        "basis": None,
        "period_start": DAY + timedelta(days=7 - 27),
        "period_end": DAY + timedelta(days=7),
        "window_days": 28,
        "day_count": 8,
        "median": 404.5,
        "lower_quartile": 402.75,
        "upper_quartile": 406.25,
    }


def test_six_days_are_counted_and_have_no_median():
    found = of(baselines(NO_PRESSURES, asleep([400] * 6)), "sleep_asleep_minutes")
    assert [(row["day_count"], row["median"], row["lower_quartile"]) for row in found] == [
        (6, None, None)
    ] * 2


def test_days_before_a_window_are_not_counted_in_it():
    found = of(baselines(NO_PRESSURES, asleep([300] * 12 + [400] * 28)), "sleep_asleep_minutes",
               window_days=28)[-1]  # fmt: skip
    assert (found["day_count"], found["lower_quartile"], found["median"]) == (28, 400, 400)


def test_windows_end_on_the_last_day_of_any_figure():
    found = baselines(days_of_means([120] * 7), asleep([None] * 20 + [400]))
    assert {row["period_end"] for row in found.to_pylist()} == {DAY + timedelta(days=20)}
    assert of(found, "systolic_mean_mmhg", window_days=28)[0]["day_count"] == 7


def test_a_figure_that_is_measured_in_two_ways_is_two_series():
    methods = ["vendor:mi_fitness"] * 8 + ["lowest_30_minute_mean"] * 9
    told = daily(*(
        (day, {"resting_heart_rate_bpm": 50.0 + 10 * (day > 7), "resting_heart_rate_method": name})
        for day, name in enumerate(methods)
    ))  # fmt: skip
    found = of(baselines(NO_PRESSURES, told), "resting_heart_rate_bpm", window_days=28)
    assert [(row["basis"], row["day_count"], row["median"]) for row in found] == [
        ("lowest_30_minute_mean", 9, 60),
        ("vendor:mi_fitness", 8, 50),
    ]


def test_a_cuff_and_a_band_are_two_series():
    rows = [reading(day, systolic=120) for day in range(7)]
    rows += [reading(day, systolic=150, source="zepp") for day in range(7)]
    found = of(baselines(days(*rows), daily()), "systolic_mean_mmhg", window_days=60)
    assert [(row["basis"], row["median"]) for row in found] == [("cuff", 120), ("cuffless", 150)]


def test_no_day_at_all_has_no_row():
    assert baselines(NO_PRESSURES, daily()).num_rows == 0
    assert trends(NO_PRESSURES, daily()).num_rows == 0


def test_a_slope_is_told_for_thirty_days():
    told = asleep([400 + day / 10 for day in range(90)])
    found = of(trends(NO_PRESSURES, told), "sleep_asleep_minutes", window_days=90)[-1]
    assert found["period_start"] == DAY
    assert (found["day_count"], found["method"]) == (90, "theil_sen")
    assert found["slope_per_30_days"] == pytest.approx(3)
    assert found["lower"] == pytest.approx(3) == found["upper"]


@pytest.mark.parametrize(
    ("places", "has_slope"),
    [
        (range(0, 46, 3), True),  # 16 days over 45
        (range(0, 45, 2), False),  # 23 days over 44, less than half of 90
        ([*range(13), 50], True),  # 14 days
        ([*range(12), 50], False),  # 13 days
    ],
)
def test_few_or_crowded_days_have_no_slope(places, has_slope):
    minutes = [400 if day in places else None for day in range(max(places) + 1)]
    found = of(trends(NO_PRESSURES, asleep(minutes)), "sleep_asleep_minutes", window_days=90)[-1]
    assert (found["slope_per_30_days"] is not None) is has_slope
    assert found["day_count"] == len(places)


def test_windows_of_a_year_end_with_the_year_and_the_last_day():
    found = of(trends(NO_PRESSURES, asleep([400.0] * 400)), "sleep_asleep_minutes", window_days=365)
    assert [row["period_end"] for row in found] == [
        date(2026, 12, 31),
        DAY + timedelta(days=399),
    ]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(300, 500)), min_size=70, max_size=140),
    st.integers(30, 69),
)
def test_no_figure_reads_a_later_day(minutes, cut):
    minutes[cut - 1] = 400
    for node in (baselines, trends):
        whole = node(NO_PRESSURES, asleep(minutes)).to_pylist()
        part = node(NO_PRESSURES, asleep(minutes[:cut])).to_pylist()
        ended = [row for row in whole if row["period_end"] < DAY + timedelta(days=cut)]
        assert [row for row in part if row in ended] == ended


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(90, 170), min_size=28, max_size=60), st.sampled_from([7, 14, 28]))
def test_whole_weeks_later_everything_is_whole_weeks_later(means, shift):
    """The last window alone: months do not shift by weeks."""
    early = baselines(days_of_means(means), daily()).to_pylist()
    late = baselines(days_of_means(means, first=shift), daily()).to_pylist()
    for metric in ("systolic_mean_mmhg", "pulse_pressure_mmhg"):
        before, after = (
            [row for row in rows if row["metric"] == metric and row["window_days"] == 28][-1]
            for rows in (early, late)
        )
        assert after["period_end"] - before["period_end"] == timedelta(days=shift)
        assert after["median"] == before["median"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(90, 170), min_size=7, max_size=28))
def test_the_median_is_that_of_the_standard_library(means):
    found = of(baselines(days_of_means(means), daily()), "systolic_mean_mmhg", window_days=28)[-1]
    assert found["median"] == median(means)
    assert min(means) <= found["lower_quartile"] <= found["median"] <= found["upper_quartile"]
    assert found["upper_quartile"] <= max(means)
