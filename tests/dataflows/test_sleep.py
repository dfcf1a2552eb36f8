"""Sleep sessions of one file, and what each day says."""

from datetime import UTC, datetime, timedelta

import pytest

from dataflows import sleep
from tests.dataflows.sleep_examples import (
    checked,
    daily,
    day,
    flags_of,
    minutes_between,
    normalized,
    resolved,
    session,
    staged,
    wall,
)


def only(table):
    (row,) = table.to_pylist()
    return row


def test_a_session_belongs_to_the_local_date_of_waking():
    night = session("2026-03-02 23:10", "2026-03-03 07:00")
    row = only(normalized([night])["sessions"])
    assert (row["local_date"], row["time_zone_source"]) == (day("2026-03-03"), "configured")


def test_the_wake_date_is_local_even_where_the_utc_date_is_another():
    night = session("2026-03-02 16:00", "2026-03-03 00:30", zone="Asia/Tokyo")
    row = only(normalized([night], zone="Asia/Tokyo")["sessions"])
    assert row["end_utc"].date() == day("2026-03-02")
    assert row["local_date"] == day("2026-03-03")


def test_a_recorded_offset_decides_the_wake_date_of_a_night_on_a_trip():
    start = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    night = session(start, start + timedelta(hours=8), utc_offset_minutes=540)
    row = only(normalized([night])["sessions"])
    assert (row["local_date"], row["time_zone_source"]) == (day("2026-03-03"), "recorded")
    at_home = only(normalized([session(start, start + timedelta(hours=7))])["sessions"])
    assert at_home["local_date"] == day("2026-03-02")


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-28 23:00", "2026-03-29 07:00", 7),
        ("2026-10-24 23:00", "2026-10-25 07:00", 9),
        ("2026-03-02 23:00", "2026-03-03 07:00", 8),
    ],
)
def test_time_in_bed_is_elapsed_time_when_the_clocks_change(start, end, hours):
    row = only(checked([session(start, end, asleep_minutes=300.0)])["valid"])
    assert row["in_bed_minutes"] == hours * 60
    assert row["efficiency_ratio"] == pytest.approx(300 / (hours * 60))


def test_sessions_told_in_wall_time_take_their_wake_date_from_their_end():
    row = only(
        normalized(
            [{"start_local": wall("2026-03-02 23:00"), "end_local": wall("2026-03-03 07:00")}]
        )["sessions"]
    )
    assert row["local_date"] == day("2026-03-03")
    assert row["end_utc"] - row["start_utc"] == timedelta(hours=8)


def test_a_night_that_starts_in_a_skipped_hour_is_rejected():
    gap = {"start_local": wall("2026-03-29 02:30"), "end_local": wall("2026-03-29 07:00")}
    result = normalized([gap])
    assert result["sessions"].num_rows == 0
    assert only(result["rejected"])["check"] == "nonexistent_local_time"


def test_time_awake_is_no_sleep_and_efficiency_is_asleep_over_time_in_bed():
    night = staged(
        "2026-03-02 23:00", "2026-03-03 07:25", deep=101.0, light=329.0, rem=66.0, awake=9.0
    )
    row = only(checked([night])["valid"])
    assert (row["asleep_minutes"], row["awake_minutes"]) == (496, 9)
    assert (row["in_bed_minutes"], row["unstaged_minutes"]) == (505, 0)
    assert row["efficiency_ratio"] == pytest.approx(496 / 505)


def test_a_duration_without_stages_is_unstaged_sleep_and_not_a_failure():
    nap = session(
        "2026-03-02 13:00", "2026-03-02 14:30", asleep_minutes=84.0, deep_minutes=0.0,
        light_minutes=0.0,
    )  # fmt: skip
    row = only(checked([nap])["valid"])
    assert (row["asleep_minutes"], row["unstaged_minutes"]) == (84, 84)
    assert [row[f"{stage}_minutes"] for stage in ("deep", "light", "rem")] == [None] * 3
    assert row["flags"] == "unstaged"


def test_rem_that_an_export_does_not_know_stays_null():
    row = only(checked([staged("2026-03-02 23:00", "2026-03-03 07:00", rem=None)])["valid"])
    assert (row["rem_minutes"], row["asleep_minutes"]) == (None, 350)


def test_sleep_that_the_stages_do_not_cover_is_unstaged():
    night = staged("2026-03-02 23:00", "2026-03-03 07:00", rem=None, asleep_minutes=400.0)
    row = only(checked([night])["valid"])
    assert (row["asleep_minutes"], row["unstaged_minutes"]) == (400, 50)


def test_rem_counted_inside_light_sleep_is_taken_out_of_it():
    night = staged("2026-03-02 23:00", "2026-03-03 07:00", deep=120.0, light=340.0, rem=100.0)
    row = only(checked([night])["valid"])
    assert (row["light_minutes"], row["asleep_minutes"]) == (240, 460)
    assert row["flags"] == "rem_inside_light"


def test_stages_may_exceed_the_session_by_five_percent_and_efficiency_stays_at_one():
    night = staged("2026-03-02 23:00", "2026-03-03 07:00", deep=252.0, light=252.0, rem=0, awake=0)
    row = only(checked([night])["valid"])
    assert (row["asleep_minutes"], row["efficiency_ratio"]) == (504, 1.0)
    assert row["flags"] == "efficiency_capped"


@pytest.mark.parametrize(
    ("night", "check"),
    [
        (
            staged("2026-03-02 23:00", "2026-03-03 07:00", deep=253.0, light=252.0, rem=0),
            "inconsistent_stages",
        ),
        (session("2026-03-02 23:00", "2026-03-03 23:01"), "out_of_range"),
        (session("2026-03-03 07:00", "2026-03-02 23:00"), "ends_before_start"),
        (session("1999-03-02 23:00", "1999-03-03 07:00"), "out_of_range"),
        (staged("2026-03-02 23:00", "2026-03-03 07:00", awake=-1.0), "out_of_range"),
        (session("2026-03-02 23:00", "2026-03-03 07:00", asleep_minutes=-5.0), "out_of_range"),
    ],
)
def test_a_session_that_cannot_be_true_is_rejected_with_its_reason(night, check):
    result = checked([night])
    assert result["valid"].num_rows == 0
    row = only(result["rejected"])
    assert (row["signal"], row["raw_row"], row["check"]) == ("sleep", 2, check)


def test_parsed_sessions_are_valid_or_rejected():
    nights = [
        staged("2026-03-02 23:00", "2026-03-03 07:00"),
        session("2026-03-03 07:00", "2026-03-02 23:00"),
        session("2026-03-03 23:00", "2026-03-06 07:00"),
    ]
    result = checked(nights)
    assert (result["valid"].num_rows, result["rejected"].num_rows) == (1, 2)


def stage(start, end, name, row=2):
    return session(start, end, stage=name, raw_row=row)


def test_a_session_without_stage_minutes_takes_them_from_the_stages_in_its_row():
    night = session("2026-03-02 23:00", "2026-03-03 03:00", asleep_minutes=200.0)
    stages = [
        stage("2026-03-02 23:00", "2026-03-03 00:00", "light"),
        stage("2026-03-03 00:00", "2026-03-03 01:00", "deep"),
        stage("2026-03-03 01:00", "2026-03-03 01:40", "awake"),
        stage("2026-03-03 01:40", "2026-03-03 03:00", "rem"),
    ]
    row = only(checked([night], stages)["valid"])
    names = ("light_minutes", "deep_minutes", "rem_minutes", "awake_minutes", "asleep_minutes")
    assert [row[name] for name in names] == [60, 60, 80, 40, 200]
    assert row["flags"] is None


def test_of_two_sessions_in_one_row_each_takes_the_stages_that_lie_in_it():
    sessions = [
        session("2026-03-02 13:00", "2026-03-02 14:00", raw_row=2),
        session("2026-03-02 23:00", "2026-03-03 01:00", raw_row=2),
    ]
    stages = [
        stage("2026-03-02 13:00", "2026-03-02 14:00", "light"),
        stage("2026-03-02 23:00", "2026-03-03 01:00", "deep"),
    ]
    valid = checked(sessions, stages)["valid"].to_pylist()
    assert [(row["light_minutes"], row["deep_minutes"]) for row in valid] == [(60, 0), (0, 120)]


def test_the_stages_of_a_rejected_session_go_with_it():
    night = session("2026-03-02 23:00", "2026-03-04 03:00")
    result = checked([night], [stage("2026-03-02 23:00", "2026-03-03 00:00", "light")])
    assert (result["stages"].num_rows, result["rejected"].num_rows) == (0, 1)


def test_a_stage_of_more_than_a_day_is_rejected_and_makes_no_session():
    found = checked([], [stage("2026-03-03 00:00", "2026-03-04 00:01", "light")])
    assert found["stages"].num_rows == 0
    told = only(found["rejected"])
    assert (told["signal"], told["check"]) == ("sleep_stages", "out_of_range")


def test_a_stage_that_ends_before_it_starts_is_rejected_and_its_session_stays():
    night = staged("2026-03-02 23:00", "2026-03-03 07:00")
    result = checked([night], [stage("2026-03-03 00:00", "2026-03-02 23:30", "light")])
    assert result["valid"].num_rows == 1
    assert only(result["rejected"])["signal"] == "sleep_stages"


def test_the_daily_row_is_the_main_sleep_alone_and_sums_the_naps():
    file = checked(
        [
            staged("2026-03-02 23:00", "2026-03-03 07:00"),
            session("2026-03-03 12:00", "2026-03-03 12:40", asleep_minutes=30.0),
            session("2026-03-03 16:00", "2026-03-03 16:30", asleep_minutes=20.0),
        ]
    )
    row = daily(file)[day("2026-03-03")]
    assert row == {
        "local_date": day("2026-03-03"),
        "sleep_asleep_minutes": 440.0,
        "sleep_deep_minutes": 100.0,
        "sleep_light_minutes": 250.0,
        "sleep_rem_minutes": 90.0,
        "sleep_awake_minutes": 10.0,
        "sleep_in_bed_minutes": 480.0,
        "sleep_efficiency_ratio": pytest.approx(440 / 480),
        "nap_asleep_minutes": 50.0,
    }


def test_what_nobody_told_is_null_and_not_zero():
    file = checked([session("2026-03-02 23:00", "2026-03-03 07:00", asleep_minutes=400.0)])
    row = daily(file)[day("2026-03-03")]
    assert row["sleep_asleep_minutes"] == 400
    untold = {name for name, value in row.items() if value is None}
    assert untold == {
        "sleep_deep_minutes", "sleep_light_minutes", "sleep_rem_minutes", "sleep_awake_minutes",
        "nap_asleep_minutes",
    }  # fmt: skip


def test_a_night_of_which_only_the_window_is_known_tells_time_in_bed_alone():
    row = daily(checked([session("2026-03-02 23:00", "2026-03-03 07:00")]))[day("2026-03-03")]
    assert (row["sleep_in_bed_minutes"], row["sleep_asleep_minutes"]) == (480, None)
    assert row["sleep_efficiency_ratio"] is None


def test_no_sleep_gives_no_row_and_the_same_columns():
    table = sleep.sleep_daily(resolved()["sleep_sessions"])
    assert table.num_rows == 0
    assert (
        table.schema
        == sleep.sleep_daily(
            resolved(checked([staged("2026-03-02 23:00", "2026-03-03 07:00")]))["sleep_sessions"]
        ).schema
    )


def test_very_short_and_very_long_main_sleeps_are_flagged_and_naps_are_not():
    file = checked(
        [
            session("2026-03-03 03:00", "2026-03-03 05:00", asleep_minutes=110.0),
            session("2026-03-03 12:00", "2026-03-03 13:00", asleep_minutes=50.0),
            session("2026-03-03 20:00", "2026-03-04 11:00", asleep_minutes=850.0),
        ]
    )
    flags = flags_of(resolved(file)["sleep_sessions"])
    assert [found - {"unstaged"} for found in flags] == [{"short_sleep"}, set(), {"long_sleep"}]


def test_minutes_told_in_wall_time_keep_it_even_where_the_clocks_skipped_it():
    stages = minutes_between("2026-03-29 01:00", "2026-03-29 04:00")
    result = normalized([], stages)
    assert (result["stages"].num_rows, result["rejected"].num_rows) == (180, 0)
