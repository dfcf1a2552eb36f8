"""Series: which readings belong together, and which of them are judged."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.day_windows import windows_of
from dataflows.home_series import (
    cuff_readings,
    days_of,
    longest_run,
    series_of,
    sittings_of,
)
from tests.dataflows.home_examples import FIRST_DAY, WINDOWS, reading, sitting, table


def read(*rows, windows=WINDOWS):
    return cuff_readings(table(*rows), windows_of(windows))


def on_days(*days):
    return read(*(reading(day, "07:00") for day in days))


def day_numbers(readings):
    return [(day - FIRST_DAY).days for day in days_of(readings)]


@pytest.mark.parametrize(
    ("days", "series"),
    [
        ([], []),
        ([0], [[0]]),
        ([0, 1, 2], [[0, 1, 2]]),
        ([0, 2, 4], [[0, 2, 4]]),
        ([0, 3], [[0], [3]]),
        ([0, 1, 3, 6, 7], [[0, 1, 3], [6, 7]]),
    ],
)
def test_a_series_goes_on_over_one_day_left_out_and_no_more(days, series):
    assert [day_numbers(found.readings) for found in series_of(on_days(*days))] == series


@given(st.permutations([0, 1, 3, 6, 7, 8]))
def test_series_do_not_depend_on_the_order_of_readings(days):
    found = series_of(on_days(*days))
    assert [day_numbers(each.readings) for each in found] == [[0, 1, 3], [6, 7, 8]]
    assert series_of(reversed(on_days(*days))) == found


def test_a_series_is_judged_on_its_last_seven_days_and_begins_with_its_first():
    (series,) = series_of(on_days(*range(10)))
    assert day_numbers(series.judged) == [3, 4, 5, 6, 7, 8, 9]
    assert series.first_day == FIRST_DAY
    assert series.first_day not in {found.day for found in series.judged}


def test_the_last_seven_days_are_days_of_the_calendar():
    (series,) = series_of(on_days(0, 1, 3, 5, 7, 9))
    assert day_numbers(series.judged) == [3, 5, 7, 9]


@pytest.mark.parametrize(
    ("clock", "part"),
    [
        ("03:59", ""),
        ("04:00", "morning"),
        ("11:59", "morning"),
        ("12:00", ""),
        ("16:59", ""),
        ("17:00", "evening"),
        ("23:59", "evening"),
        ("00:00", ""),
    ],
)
def test_the_part_of_the_day_is_told_by_the_local_clock(clock, part):
    for offset in (60, -300, 845):
        (found,) = read(reading(0, clock, offset=offset))
        assert found.part == part


def test_the_windows_can_be_set():
    windows = {"morning": "05:00-06:00", "evening": "13:00-14:00"}
    found = read(reading(0, "04:30"), reading(0, "06:00"), reading(0, "13:30"), windows=windows)
    assert [each.part for each in found] == ["", "morning", "evening"]


@pytest.mark.parametrize(
    "row",
    [
        reading(0, "07:00", source="mi_fitness"),
        reading(0, "07:00", source="zepp"),
        reading(0, "07:00", source="gadgetbridge"),
        reading(0, "07:00", source="health_connect", flags="cuffless;unusual_pulse"),
    ],
)
def test_cuffless_readings_are_left_out(row):
    assert read(row) == []
    assert len(read(row, reading(0, "08:00"), reading(0, "08:01", flags="unusual_pulse"))) == 2


def test_readings_are_kept_in_whole_thousandths():
    (found,) = read(reading(0, "07:00", 134.6, 84.25))
    assert (found.systolic, found.diastolic) == (134_600, 84_250)


def clocks(sittings):
    return [[int(found.instant // 60_000_000) % 60 for found in each] for each in sittings]


def test_a_sitting_lasts_ten_minutes_from_its_first_reading():
    rows = [reading(0, f"07:{minute:02}") for minute in (0, 5, 10, 11, 21, 22)]
    assert clocks(sittings_of(read(*rows))) == [[0, 5, 10], [11, 21], [22]]


def test_a_sitting_is_in_one_part_of_one_day():
    rows = [
        *sitting(0, "11:58", (120, 80), (121, 80)),
        reading(0, "12:01"),
        reading(0, "23:59"),
        reading(1, "00:01"),
    ]
    windows = {"morning": "00:00-11:59", "evening": "17:00-23:59"}
    assert clocks(sittings_of(reversed(read(*rows, windows=windows)))) == [[58, 59], [1], [59], [1]]


@pytest.mark.parametrize(
    ("days", "length"),
    [([], 0), ([0], 1), ([0, 1, 2], 3), ([0, 2, 4], 1), ([0, 1, 3, 4, 5], 3), ([0, 1, 2, 4], 3)],
)
def test_the_longest_run_has_no_day_between(days, length):
    assert longest_run(FIRST_DAY + timedelta(days=day) for day in days) == length
