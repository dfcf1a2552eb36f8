"""Dates, times and pressures as people read them."""

from datetime import UTC, date, datetime

import pytest

from adapters.publishing import words
from adapters.publishing.rows import is_cuffless, local_minutes


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 6, 28), date(2026, 6, 28), "28 Jun 2026"),
        (date(2026, 6, 2), date(2026, 6, 28), "2 to 28 Jun 2026"),
        (date(2026, 5, 2), date(2026, 6, 28), "2 May to 28 Jun 2026"),
        (date(2025, 6, 28), date(2026, 6, 28), "28 Jun 2025 to 28 Jun 2026"),
    ],
)
def test_no_month_or_year_is_said_twice(first, last, text):
    assert words.days(first, last) == text


@pytest.mark.parametrize(
    ("systolic", "diastolic", "text"),
    [
        (134.6, 84.2, "134.6/84"),
        (135.0, 85.0, "135/85"),
        (133.6, 84.96, "134/84.96"),
        (None, 84.0, ""),
        (120.0, None, ""),
    ],
)
def test_a_pressure_is_whole_unless_rounding_would_cross_a_line(systolic, diastolic, text):
    assert words.pressure(systolic, diastolic, ([120, 135], [70, 85])) == text


def test_the_median_of_bedtimes_knows_that_midnight_is_no_gap():
    assert words.clock(words.clock_median([23 * 60 + 50, 10, 20])) == "00:10"
    assert words.clock(words.clock_median([23 * 60, 60])) == "00:00"


def test_minutes_are_carried_into_hours():
    assert words.duration(59.6) == "1 h 00 min"
    assert words.duration(425) == "7 h 05 min"
    assert words.clock(24 * 60 - 0.2) == "00:00"


def test_one_value_is_its_own_quartiles():
    assert words.quartiles([5.0]) == (5.0, 5.0, 5.0)
    assert words.quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)
    assert words.mean([]) is None


def test_a_long_text_is_cut_to_one_line_with_an_ellipsis():
    assert words.shortened("  a\n b ", 10) == "a b"
    assert words.shortened("x" * 100, 10) == "x" * 9 + "…"


def test_counts_agree_with_their_noun_and_sources_have_names():
    assert words.counted(1, "day") == "1 day"
    assert words.counted(1200, "day") == "1,200 days"
    assert words.source("mi_fitness") == "Mi Fitness"
    assert words.source("a_new_one") == "a new one"


def test_local_time_and_measurement_are_read_from_a_row():
    row = {"start_utc": datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "utc_offset_minutes": 60}
    assert local_minutes(row, "start_utc") == 30
    assert is_cuffless({"source": "zepp", "flags": None})
    assert is_cuffless({"source": "omron", "flags": "kpa;cuffless"})
    assert not is_cuffless({"source": "blood_pressure_sheet", "flags": "kpa"})
