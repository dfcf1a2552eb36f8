import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.day_windows import EVENING, MORNING, Window, window_of, windows_of

MINUTES = st.integers(0, 1439)


def test_the_default_windows_are_those_of_the_contract():
    assert (str(MORNING), str(EVENING)) == ("04:00-11:59", "17:00-23:59")


@given(MINUTES, MINUTES)
def test_a_written_window_reads_as_itself(one, other):
    window = Window(min(one, other), max(one, other))
    assert window_of(str(window)) == window


def test_both_ends_are_inside():
    window = window_of("7:05 - 09:30")
    inside = [minute for minute in range(1440) if minute in window]
    assert inside == list(range(425, 571))


@pytest.mark.parametrize(
    "text", ["", "7-9", "07:00", "07:00-24:00", "07:60-09:00", "07:00-09:00-11:00", "x07:00-09:00"]
)
def test_what_is_no_window_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"' is no part of the day; .* such as 04:00-11:59"):
        window_of(text)


def test_a_window_over_midnight_is_refused_since_days_are_local_dates():
    with pytest.raises(
        ValueError, match=r"^'22:00-21:59' ends before it begins; a reading after midnight"
    ):
        window_of("22:00-21:59")


def test_a_window_of_one_minute_is_one():
    assert window_of("22:00-22:00") == Window(1320, 1320)


def test_the_flows_input_names_both():
    windows = windows_of({"morning": "05:00-10:00", "evening": "18:00-22:00"})
    assert windows == {"morning": Window(300, 600), "evening": Window(1080, 1320)}
