"""What is known of each minute, and regularity over trailing windows."""

from datetime import date, timedelta

import numpy as np
import pytest

from dataflows import sleep, sleep_by_night, sleep_regularity
from dataflows.regularity import ASLEEP, AWAKE, UNKNOWN
from dataflows.sleep_calendar import sleep_calendar
from tests.dataflows.sleep_examples import at, checked, resolved, session

FIRST = date(2026, 1, 5)


def night(number, begins="23:00", hours=8, **values):
    """A sleep that begins in the evening of a day after `FIRST`."""
    start = at(f"{FIRST + timedelta(days=number)} {begins}")
    return session(start, start + timedelta(hours=hours), asleep_minutes=60.0 * hours) | values


def told(sessions, stages=()):
    numbered = [{"raw_row": row} | one for row, one in enumerate(sessions, 2)]
    found = resolved(checked(numbered, stages))
    return found["sleep_sessions"], found["sleep_stages"]


def states(sessions, stages=()):
    """(wall time, state) where the state changes, from the first epoch on."""
    calendar = sleep_calendar(*told(sessions, stages))
    flat = calendar.states.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=np.int8(9)))
    origin = np.datetime64(calendar.first_day, "D").astype("M8[m]")
    return [(str(origin + int(place)).replace("T", " "), int(flat[place])) for place in changes]


def regularity(sessions, stages=()):
    kept, shown = told(sessions, stages)
    nights = sleep_by_night.sleep_nights(kept, shown, sleep.sleep_daily(kept))
    return sleep_regularity.sleep_regularity(kept, shown, nights).to_pylist()


def test_the_time_between_two_nights_is_awake_and_what_is_outside_unknown():
    assert states([night(0), night(1)]) == [
        ("2026-01-05 00:00", UNKNOWN),
        ("2026-01-05 23:00", ASLEEP),
        ("2026-01-06 07:00", AWAKE),
        ("2026-01-06 23:00", ASLEEP),
        ("2026-01-07 07:00", UNKNOWN),
    ]


def test_a_night_that_is_missing_is_never_time_awake():
    assert states([night(0), night(2)])[2:4] == [
        ("2026-01-06 07:00", UNKNOWN),
        ("2026-01-07 23:00", ASLEEP),
    ]


def test_a_nap_beside_a_missing_night_does_not_make_it_awake():
    nap = night(1, "14:00", 1, is_nap=True)
    assert states([night(0), nap, night(2)])[2:6] == [
        ("2026-01-06 07:00", UNKNOWN),
        ("2026-01-06 14:00", ASLEEP),
        ("2026-01-06 15:00", UNKNOWN),
        ("2026-01-07 23:00", ASLEEP),
    ]


@pytest.mark.parametrize(("begins", "state"), [("07:00", AWAKE), ("07:01", UNKNOWN)])
def test_main_sleeps_up_to_a_day_apart_have_a_day_awake_between_them(begins, state):
    assert states([night(0), night(2, begins)])[2] == ("2026-01-06 07:00", state)


def test_a_sleep_with_stages_is_asleep_from_the_first_to_the_last_but_where_awake():
    lengths = [("awake", 60), ("light", 120), ("awake", 30), ("deep", 60), ("awake", 210)]
    moment, stages = night(0)["start_utc"], []
    for kind, minutes in lengths:
        end = moment + timedelta(minutes=minutes)
        stages.append({"start_utc": moment, "end_utc": end, "stage": kind, "raw_row": 2})
        moment = end
    assert states([night(0, asleep_minutes=180.0)], stages) == [
        ("2026-01-05 00:00", UNKNOWN),
        ("2026-01-05 23:00", AWAKE),
        ("2026-01-06 00:00", ASLEEP),
        ("2026-01-06 02:00", AWAKE),
        ("2026-01-06 02:30", ASLEEP),
        ("2026-01-06 03:30", AWAKE),
        ("2026-01-06 07:00", UNKNOWN),
    ]


def test_lying_awake_all_night_is_no_sleep():
    awake = night(0, asleep_minutes=0.0, awake_minutes=480.0)
    assert states([awake])[1:] == [("2026-01-05 23:00", AWAKE), ("2026-01-06 07:00", UNKNOWN)]


@pytest.mark.parametrize(("turn", "unknown"), [("2026-03-28", 2), ("2026-10-24", 2)])
def test_days_on_which_the_clocks_may_have_changed_are_not_known(turn, unknown):
    first = date.fromisoformat(turn) - FIRST - timedelta(days=3)
    calendar = sleep_calendar(*told([night(first.days + number) for number in range(7)]))
    whole = (calendar.states == UNKNOWN).all(axis=1)
    days = [calendar.first_day + int(day) for day in np.flatnonzero(whole)]
    changing = date.fromisoformat(turn) - date(1970, 1, 1)
    assert days == [changing.days, changing.days + 1]
    assert len(days) == unknown


def test_days_of_a_journey_are_not_known():
    away = [night(number, utc_offset_minutes=60 if number < 3 else 540) for number in range(6)]
    calendar = sleep_calendar(*told(away))
    assert np.flatnonzero((calendar.states == UNKNOWN).all(axis=1)).tolist() == [2, 3, 4]


def test_equal_nights_are_wholly_regular():
    (*_, last) = regularity([night(number) for number in range(10)])
    assert (last["regularity_index"], last["midpoint_sd_minutes"]) == (
        100,
        pytest.approx(0, abs=1e-4),
    )
    assert last["midpoint_mean_local_minutes"] == pytest.approx(180)


def test_one_night_that_is_two_hours_late_costs_its_epochs_twice():
    sessions = [night(number) for number in range(4)]
    sessions += [night(5, "01:00")] + [night(number) for number in range(5, 10)]
    (*_, last) = regularity(sessions)
    pairs = round(last["valid_pair_share"] * 59 * 1440)
    assert last["regularity_index"] == pytest.approx(100 - 200 * 2 * 240 / pairs)


def test_windows_end_with_each_month_and_with_the_last_night():
    rows = regularity([night(number) for number in range(45)])
    assert [(row["window_days"], str(row["period_end"])) for row in rows] == [
        (28, "2026-01-31"), (28, "2026-02-19"), (60, "2026-01-31"), (60, "2026-02-19"),
    ]  # fmt: skip
    assert [(row["period_end"] - row["period_start"]).days + 1 for row in rows] == [28, 28, 60, 60]
    assert [row["night_count"] for row in rows] == [26, 28, 26, 45]


def test_a_last_night_at_the_end_of_a_month_is_told_once():
    rows = regularity([night(number) for number in range(26)])
    assert [str(row["period_end"]) for row in rows] == ["2026-01-31", "2026-01-31"]


@pytest.mark.parametrize(("nights", "told_of"), [(6, False), (7, True)])
def test_fewer_than_five_days_that_can_be_compared_have_no_index(nights, told_of):
    row = regularity([night(number) for number in range(nights)])[0]
    assert (row["regularity_index"] is not None) == told_of


@pytest.mark.parametrize(("begins", "missing"), [("00:00", 0), ("00:01", 1)])
def test_five_days_to_the_minute_are_enough(begins, missing):
    row = regularity([night(0, begins), *(night(number, "16:00") for number in range(6))])[0]
    assert round(row["valid_pair_share"] * 27 * 1440) == 5 * 1440 - missing
    assert (row["regularity_index"] is None) == bool(missing)


@pytest.mark.parametrize(("nights", "told_of"), [(4, False), (5, True)])
def test_fewer_than_five_nights_have_no_mean_midpoint(nights, told_of):
    row = regularity([night(number) for number in range(nights)])[0]
    assert (row["midpoint_mean_local_minutes"] is not None) == told_of
    assert (row["midpoint_sd_minutes"] is not None) == told_of


@pytest.mark.parametrize(("hours", "nights"), [(1.99, 9), (2, 10)])
def test_a_main_sleep_under_two_hours_is_no_night(hours, nights):
    sessions = [night(number) for number in range(10) if number != 4]
    rows = regularity([*sessions, night(5, "14:00", hours)])
    assert rows[0]["night_count"] == nights
    assert (rows[0]["midpoint_sd_minutes"] > 1) == (nights == 10)


@pytest.mark.parametrize(("hours", "state"), [(1.99, UNKNOWN), (2, AWAKE)])
def test_a_main_sleep_of_two_hours_makes_the_day_before_it_known(hours, state):
    assert states([night(0), night(2, "06:00", hours)])[2] == ("2026-01-06 07:00", state)


def test_a_short_main_sleep_does_not_make_the_day_before_it_known():
    assert states([night(0), night(2, "06:00", 1), night(2)])[2:6] == [
        ("2026-01-06 07:00", UNKNOWN),
        ("2026-01-07 06:00", ASLEEP),
        ("2026-01-07 07:00", UNKNOWN),
        ("2026-01-07 23:00", ASLEEP),
    ]


def test_pairs_outside_of_the_window_do_not_count():
    steady = [night(number) for number in range(14, 45)]
    wild = [night(number, "20:00" if number % 2 else "23:00") for number in range(12)]
    rows = {
        row["window_days"]: row
        for row in regularity([*wild, *steady])
        if str(row["period_end"]) == "2026-02-19"
    }
    assert rows[28]["regularity_index"] == 100
    assert rows[60]["regularity_index"] < 100


def test_no_sleep_has_no_regularity():
    assert regularity([]) == []


def test_a_week_later_every_day_is_as_regular():
    sessions = [night(number, f"{20 + number % 4}:15", 7) for number in range(20)]
    later = [night(number + 7, f"{20 + number % 4}:15", 7) for number in range(20)]
    earlier, moved = (sleep_calendar(*told(each)) for each in (sessions, later))
    assert moved.first_day - earlier.first_day == 7
    assert (moved.states == earlier.states).all()
