"""Windows that look back."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.trailing_windows import (
    BASELINE_DAYS,
    dates,
    days_of,
    month_ends,
    windows,
    year_ends,
)

EPOCH = date(1970, 1, 1)


def numbers(*days):
    return np.array([(day - EPOCH).days for day in days], np.int64)


def shown(ends):
    return dates(ends).to_pylist()


def test_months_end_with_their_last_day_and_the_last_one_with_the_last_day_known():
    known = numbers(date(2024, 1, 15), date(2024, 3, 31), date(2024, 4, 2))
    ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 2)]
    assert shown(month_ends(known)) == ends


def test_the_last_day_of_a_month_is_told_once():
    assert shown(month_ends(numbers(date(2024, 2, 29)))) == [date(2024, 2, 29)]
    assert shown(year_ends(numbers(date(2023, 12, 31)))) == [date(2023, 12, 31)]


def test_years_end_in_december_and_with_the_last_day_known():
    known = numbers(date(2023, 12, 31), date(2025, 1, 1))
    assert shown(year_ends(known)) == [date(2023, 12, 31), date(2024, 12, 31), date(2025, 1, 1)]


def test_baselines_are_of_four_weeks_and_of_two_months():
    assert BASELINE_DAYS == (28, 60)


def test_the_days_of_a_column_are_told_once_each_and_ascending():
    column = pa.chunked_array([dates([20_000, 19_999]), dates([20_000])])
    assert days_of(column).tolist() == [19_999, 20_000]


def test_no_day_has_no_end():
    none = np.zeros(0, np.int64)
    assert len(month_ends(none)) == len(year_ends(none)) == 0


@pytest.mark.parametrize(("length", "held"), [(3, [3]), (4, [3, 3]), (1, [1])])
def test_a_window_holds_its_first_and_its_last_day(length, held):
    days = np.array([10, 11, 12])
    found = list(windows(days, length, np.array([12, 13]) if length == 4 else np.array([12])))
    assert [window.length for window in found] == [length] * len(found)
    assert [len(days[window.of(days)]) for window in found] == held


def test_a_window_without_a_day_is_left_out():
    assert list(windows(np.array([10]), 5, np.array([9, 15]))) == []
    assert [window.last for window in windows(np.array([10]), 5, np.array([14]))] == [14]


@given(st.sets(st.integers(0, 40_000), min_size=1, max_size=40))
def test_ends_are_ascending_and_none_is_later_than_the_last_day(days):
    known = np.array(sorted(days))
    ends = month_ends(known).tolist()
    assert ends == sorted(set(ends))
    assert ends[-1] == known[-1]
    assert all((EPOCH + timedelta(days=end + 1)).day == 1 for end in ends[:-1])
