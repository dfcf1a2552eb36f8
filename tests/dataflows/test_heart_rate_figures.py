"""Figures of days and hours of heart rate: worn, in percentiles, at night, in zones."""

from datetime import UTC, date, datetime, timedelta
from statistics import median

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import heart_rate_by_day, records
from dataflows.heart_rate_days import DAYS
from dataflows.heart_rate_figures import PERCENTILES, ZONES
from dataflows.heart_rate_hours import HOURS
from dataflows.heart_rate_years import by_year

MIDNIGHT = datetime(2024, 3, 4, tzinfo=UTC)
NO_SUMMARIES = records.empty(records.HEART_RATE_SUMMARIES)


def sample(minutes, bpm=60.0, offset=0, **more):
    start = MIDNIGHT + timedelta(minutes=minutes)
    return {
        "source": "mi_fitness",
        "device": None,
        "start_utc": start,
        "utc_offset_minutes": offset,
        "time_zone_source": "recorded",
        "local_date": (start + timedelta(minutes=offset)).date(),
        "raw_sha256": "a" * 64,
        "raw_row": 2,
        "heart_rate_bpm": float(bpm),
        "kind": "sample",
    } | more


def years_of(rows, birth_year=None):
    ordered = sorted(rows, key=lambda row: row["start_utc"])
    table = records.table_from_rows(records.HEART_RATE_SAMPLES, ordered)
    return [
        heart_rate_by_day.heart_rate_year_days({"records": year}, birth_year)
        for year in by_year(table).values()
    ]


def days_of(rows, birth_year=None, summaries=NO_SUMMARIES):
    years = years_of(rows, birth_year)
    table = heart_rate_by_day.heart_rate_days(years, summaries, birth_year)
    assert table.schema == DAYS
    return table.to_pylist()


def hours_of(rows):
    tables = [part["records"] for part in heart_rate_by_day.heart_rate_hours(years_of(rows))]
    return pa.concat_tables([HOURS.empty_table(), *tables]).to_pylist()


def only(rows, **options):
    (day,) = days_of(rows, **options)
    return day


@pytest.mark.parametrize(
    ("minutes", "worn"),
    [
        ([0], 1),
        ([0, 35], 36),
        ([0, 36], 2),
        ([0, 0.5, 1], 2),
        ([0, 10, 20, 600, 601], 23),
        (range(1440), 1440),
    ],
)
def test_a_device_is_worn_between_samples_that_are_not_far_apart(minutes, worn):
    assert only([sample(each) for each in minutes])["coverage_minutes"] == worn


def test_wear_ends_at_local_midnight():
    first, second = days_of([sample(1430), sample(1450)])
    assert (first["coverage_minutes"], second["coverage_minutes"]) == (1, 1)


def test_a_percentile_lies_between_two_samples_in_proportion():
    day = only([sample(minute, bpm) for minute, bpm in enumerate([50, 60, 80, 100, 104])])
    assert [day[name] for name in PERCENTILES] == [52, 60, 80, 100, pytest.approx(103.2)]


def test_the_percentiles_of_one_sample_are_its_value():
    assert {only([sample(0, 61.5)])[name] for name in PERCENTILES} == {61.5}


RATES = st.integers(40, 400).map(lambda halves: halves / 2)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), RATES), min_size=1, max_size=30))
def test_percentiles_are_numpys(told):
    rows = [sample(day * 1440 + place, bpm) for place, (day, bpm) in enumerate(told)]
    for day in days_of(rows):
        of_day = [row["heart_rate_bpm"] for row in rows if row["local_date"] == day["local_date"]]
        expected = np.percentile(of_day, list(PERCENTILES.values()))
        assert [day[name] for name in PERCENTILES] == pytest.approx(expected.tolist())


def test_one_odd_sample_is_never_the_lowest_of_the_night():
    rates = [60, 58, 30, 57, 59]
    day = only([sample(10 * place, bpm) for place, bpm in enumerate(rates)])
    assert (day["night_minimum_bpm"], day["heart_rate_min_bpm"]) == (57, 30)


@pytest.mark.parametrize(
    ("minutes", "lowest"),
    [
        ((0, 10, 359), None),
        ((300, 330, 359), 50),
        ((300, 330, 360), None),
        ((0, 35, 70), 50),
        ((0, 36, 70), None),
        ((0, 34, 70), None),
        ((0, 10), None),
    ],
)
def test_the_night_is_from_midnight_to_six_and_needs_three_samples_close_together(minutes, lowest):
    assert only([sample(each, 50) for each in minutes])["night_minimum_bpm"] == lowest


def test_the_night_is_that_of_the_wall_clock():
    assert only([sample(23 * 60 + each, 50, 60) for each in (0, 1, 2)])["night_minimum_bpm"] == 50


def test_the_three_samples_are_of_one_night():
    rows = [sample(350, 50), sample(355, 50), sample(1440, 50), sample(1445, 50)]
    assert [day["night_minimum_bpm"] for day in days_of(rows)] == [None, None]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), RATES), max_size=20, unique_by=lambda one: one[0]))
def test_the_lowest_of_the_night_is_the_lowest_median_of_three(told):
    rows = [sample(minute, bpm) for minute, bpm in sorted(told)]
    night = [(minute, bpm) for minute, bpm in sorted(told) if minute < 360]
    windows = [
        median(bpm for _, bpm in three)
        for three in zip(night, night[1:], night[2:], strict=False)
        if three[1][0] - three[0][0] <= 35 and three[2][0] - three[1][0] <= 35
    ]
    for day in days_of(rows):
        assert day["night_minimum_bpm"] == min(windows, default=None)


def zones(rows, birth_year):
    day = only(rows, birth_year=birth_year)
    return [day[name] for name in ZONES]


def test_without_a_year_of_birth_there_are_no_zones():
    assert zones([sample(0, 150)], None) == [None] * 5


@pytest.mark.parametrize(
    ("bpm", "zone"),
    [
        (89.999, None),
        (90, 0),
        (107.999, 0),
        (108, 1),
        (125.999, 1),
        (126, 2),
        (143.999, 2),
        (144, 3),
        (161.999, 3),
        (162, 4),
        (200, 4),
    ],
)
def test_zones_are_steps_of_ten_percent_of_208_less_seven_tenths_of_the_age(bpm, zone):
    """At 40 the highest heart rate is 180."""
    expected = [0] * 5
    if zone is not None:
        expected[zone] = 1
    assert zones([sample(0, bpm)], 1984) == expected


def test_the_age_is_that_of_the_year_of_the_day():
    older = [sample(0, 90), sample(366 * 1440, 89.7)]
    assert [day["zone_1_minutes"] for day in days_of(older, 1984)] == [1, 1]
    assert [day["zone_1_minutes"] for day in days_of([sample(0, 89.7)], 1984)] == [0]


def test_time_in_zones_and_below_is_the_time_worn():
    rates = [80, 100, 110, 130, 150, 170, 60, 95]
    rows = [sample(10 * place, bpm) for place, bpm in enumerate(rates)]
    assert zones(rows, 1984) == [11, 10, 10, 10, 10]
    assert only(rows, birth_year=1984)["coverage_minutes"] == 71


def test_an_hour_tells_lowest_mean_and_highest():
    (hour,) = hours_of([sample(5, 60), sample(15, 50), sample(59, 85)])
    assert (hour["heart_rate_min_bpm"], hour["heart_rate_max_bpm"]) == (50, 85)
    assert (hour["heart_rate_mean_bpm"], hour["sample_count"]) == (65, 3)
    assert (hour["hour_start_utc"], hour["local_date"]) == (MIDNIGHT, date(2024, 3, 4))


def test_what_is_worn_across_the_hour_counts_for_both():
    first, second = hours_of([sample(50), sample(75)])
    assert (first["coverage_minutes"], second["coverage_minutes"]) == (10, 16)


def test_an_hour_is_one_of_the_wall_clock_also_where_it_begins_at_half_past():
    rows = [sample(25, 60, 330), sample(35, 70, 330)]
    starts = [hour["hour_start_utc"] for hour in hours_of(rows)]
    assert starts == [MIDNIGHT - timedelta(minutes=30), MIDNIGHT + timedelta(minutes=30)]


def test_an_hour_that_comes_twice_is_told_under_both_offsets():
    back = datetime(2024, 10, 27, 1, tzinfo=UTC) - MIDNIGHT
    minutes = back.total_seconds() / 60
    first, second = hours_of([sample(minutes - 30, 60, 120), sample(minutes + 30, 70, 60)])
    assert [hour["utc_offset_minutes"] for hour in (first, second)] == [120, 60]
    assert second["hour_start_utc"] - first["hour_start_utc"] == timedelta(hours=1)


def test_samples_under_two_offsets_at_once_make_each_hour_once():
    rows = [sample(minute, 60 + minute, 60 * (minute % 2)) for minute in range(6)]
    hours = hours_of(rows)
    assert [(hour["utc_offset_minutes"], hour["sample_count"]) for hour in hours] == [
        (0, 3),
        (60, 3),
    ]
    assert sum(hour["coverage_minutes"] for hour in hours) == 6


def test_a_vendors_resting_heart_rate_is_no_sample_of_a_day_or_an_hour():
    rows = [sample(0, 60), sample(1, 45, kind="resting")]
    day = only(rows)
    assert (day["sample_count"], day["heart_rate_min_bpm"]) == (1, 60)
    assert (day["resting_heart_rate_bpm"], day["resting_heart_rate_method"]) == (
        45,
        "vendor:mi_fitness",
    )
    assert [hour["sample_count"] for hour in hours_of(rows)] == [1]


def test_the_resting_heart_rate_is_never_the_days_minimum_alone():
    day = only([sample(720 + 10 * place, bpm) for place, bpm in enumerate([60, 58, 41])])
    assert day["resting_heart_rate_method"] == "lowest_30_minute_mean"
    assert day["resting_heart_rate_bpm"] == 53
    assert only([sample(720, 41)])["resting_heart_rate_bpm"] is None


@pytest.mark.parametrize(
    ("minutes", "resting"),
    [
        (range(0, 360, 30), 51.1),
        (range(0, 181, 36), 50.5),
        (range(1, 180, 35), None),
        (range(0, 180, 36), None),
        (range(360, 720, 30), None),
    ],
)
def test_of_sparse_samples_it_is_the_5th_percentile_of_the_night(minutes, resting):
    day = only([sample(minute, 50 + 2 * place) for place, minute in enumerate(minutes)])
    method = None if resting is None else "night_5th_percentile"
    assert day["resting_heart_rate_bpm"] == pytest.approx(resting)
    assert day["resting_heart_rate_method"] == method


@pytest.mark.parametrize(("bpm", "resting"), [(24, None), (25, 25), (130, 130), (131, None)])
def test_the_nights_percentile_must_be_possible_at_rest(bpm, resting):
    day = only([sample(minute, bpm) for minute in range(0, 360, 30)])
    assert day["resting_heart_rate_bpm"] == resting


def test_a_vendors_resting_heart_rate_stands_before_every_other():
    sparse = [sample(minute, 50) for minute in range(0, 360, 30)]
    day = only([*sparse, sample(5, 61, kind="resting")])
    assert (day["resting_heart_rate_bpm"], day["resting_heart_rate_method"]) == (
        61,
        "vendor:mi_fitness",
    )


def test_a_day_that_a_vendor_sums_up_has_its_figures_and_no_others():
    told = {
        "source": "mi_fitness",
        "start_utc": MIDNIGHT,
        "utc_offset_minutes": 0,
        "time_zone_source": "recorded",
        "local_date": date(2024, 3, 4),
        "raw_sha256": "a" * 64,
        "raw_row": 2,
        "heart_rate_mean_bpm": 70.0,
        "heart_rate_min_bpm": 50.0,
        "heart_rate_max_bpm": 90.0,
    }
    table = records.table_from_rows(records.HEART_RATE_SUMMARIES, [told])
    day = only([], summaries=table)
    assert (day["heart_rate_basis"], day["heart_rate_mean_bpm"]) == ("vendor_summary", 70)
    absent = ["sample_count", "coverage_minutes", "night_minimum_bpm", *PERCENTILES, *ZONES]
    assert {day[name] for name in absent} == {None}


def test_nothing_has_neither_days_nor_hours():
    assert (days_of([]), hours_of([])) == ([], [])


NEW_YEAR = int((datetime(2025, 1, 1, tzinfo=UTC) - MIDNIGHT).total_seconds()) // 60
SAMPLES = st.lists(
    st.builds(
        sample,
        st.integers(-400, 400).map(lambda number: NEW_YEAR + number * 11),
        RATES,
        st.sampled_from([-720, -210, 0, 60, 330, 840]),
    ),
    max_size=40,
)


@settings(max_examples=15, deadline=None)
@given(SAMPLES)
def test_the_hours_of_a_day_add_up_to_the_day_also_across_a_new_year(rows):
    hours = hours_of(rows)
    keys = [
        (hour["local_date"], hour["hour_start_utc"], hour["utc_offset_minutes"]) for hour in hours
    ]
    assert keys == sorted(set(keys))
    for day in days_of(rows):
        own = [hour for hour in hours if hour["local_date"] == day["local_date"]]
        for name in ("sample_count", "coverage_minutes"):
            assert sum(hour[name] for hour in own) == day[name]
        assert min(hour["heart_rate_min_bpm"] for hour in own) == day["heart_rate_min_bpm"]
        assert max(hour["heart_rate_max_bpm"] for hour in own) == day["heart_rate_max_bpm"]


def shifted(row, days):
    shift = timedelta(days=days)
    return row | {"start_utc": row["start_utc"] + shift, "local_date": row["local_date"] + shift}


@settings(max_examples=10, deadline=None)
@given(SAMPLES)
def test_a_week_later_every_day_and_hour_is_a_week_later(rows):
    week = timedelta(days=7)
    later = [shifted(row, 7) for row in rows]
    assert days_of(later) == [
        day | {"local_date": day["local_date"] + week} for day in days_of(rows)
    ]
    assert hours_of(later) == [
        hour | {name: hour[name] + week for name in ("local_date", "hour_start_utc")}
        for hour in hours_of(rows)
    ]


@settings(max_examples=10, deadline=None)
@given(SAMPLES, st.integers(-400, 400), RATES)
def test_another_sample_changes_no_other_day(rows, minute, bpm):
    more = sample(NEW_YEAR + minute * 11, bpm)
    before, after = (
        {
            day["local_date"]: day
            for day in days_of(each, 1984)
            if day["local_date"] != more["local_date"]
        }
        for each in (rows, [*rows, more])
    )
    assert before == after
