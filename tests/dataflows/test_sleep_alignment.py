"""Stages whose dates are labels, laid on the nights they belong to."""

import random
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter

import pytest

from tests.dataflows.sleep_examples import (
    at,
    checked,
    daily,
    day,
    flags_of,
    labelled,
    minutes_between,
    resolved,
    session,
    staged,
    wall,
)

NIGHTS = [
    ("2026-03-02 23:10", "2026-03-03 07:05"),
    ("2026-03-03 22:40", "2026-03-04 06:30"),
    ("2026-03-04 23:55", "2026-03-05 07:40"),
    ("2026-03-05 23:20", "2026-03-06 06:50"),
]
SAME_HOURS = [(f"2026-03-0{n} 23:00", f"2026-03-0{n + 1} 07:00") for n in range(2, 6)]


def sessions_of(nights):
    return checked([staged(*night) for night in nights], sha256="nights")


def true_stages(nights):
    return [row for night in nights for row in minutes_between(*night)]


def as_labelled(nights, days):
    return labelled(true_stages(nights), days)


def as_wake_dates(nights):
    """Every minute of a night under the date of its end."""
    rows = []
    for night in nights:
        wake = wall(night[1])
        for row in minutes_between(*night):
            start = row["start_local"].replace(year=wake.year, month=wake.month, day=wake.day)
            rows.append({**row, "start_local": start})
    return sorted(rows, key=lambda row: row["start_local"])


def stage_file(rows, sha256="stages"):
    return checked([], rows, sha256=sha256)


def assert_every_minute_is_in_its_night(result, nights):
    sessions = result["sleep_sessions"].to_pylist()
    stages = result["sleep_stages"].to_pylist()
    assert len(sessions) == len(nights)
    for night, found in zip(nights, sessions, strict=True):
        own = [row for row in stages if row["local_date"] == found["local_date"]]
        assert len(own) == (at(night[1]) - at(night[0])).total_seconds() // 60
        assert own[0]["start_utc"] == at(night[0])
        assert own[-1]["end_utc"] == at(night[1])


@pytest.mark.parametrize("nights", [NIGHTS, SAME_HOURS], ids=["varied", "same hours"])
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_labels_off_by_whole_days_are_shifted_and_the_shift_is_recorded(nights, days):
    result = resolved(sessions_of(nights), stage_file(as_labelled(nights, days)))
    assert_every_minute_is_in_its_night(result, nights)
    expected = {f"stage_dates_shifted_by_{-days}"} if days else set()
    assert flags_of(result["sleep_sessions"]) == [expected] * len(nights)


@pytest.mark.parametrize("nights", [NIGHTS, SAME_HOURS], ids=["varied", "same hours"])
def test_of_labels_that_are_wake_dates_the_evenings_are_shifted(nights):
    result = resolved(sessions_of(nights), stage_file(as_wake_dates(nights)))
    assert_every_minute_is_in_its_night(result, nights)
    assert flags_of(result["sleep_sessions"]) == [{"stage_dates_shifted_by_-1"}] * len(nights)


def test_a_night_that_the_sessions_lack_is_made_from_its_stages_on_its_own_date():
    known = [NIGHTS[0], NIGHTS[2], NIGHTS[3]]
    result = resolved(sessions_of(known), stage_file(as_wake_dates(NIGHTS)))
    assert_every_minute_is_in_its_night(result, NIGHTS)
    made = result["sleep_sessions"].to_pylist()[1]
    assert made["flags"] == "made_from_stages;stage_dates_shifted_by_-1"
    assert made["raw_sha256"] == "stages"
    assert made["local_date"] == day("2026-03-04")
    assert made["asleep_minutes"] == made["in_bed_minutes"] == 470


def test_a_nap_keeps_its_date_among_nights_under_their_wake_dates():
    nap = ("2026-03-04 14:00", "2026-03-04 14:50")
    nights = sorted([*NIGHTS, nap])
    rows = sorted(as_wake_dates(NIGHTS) + minutes_between(*nap), key=lambda row: row["start_local"])
    result = resolved(
        checked([staged(*night) for night in NIGHTS] + [session(*nap)], sha256="nights"),
        stage_file(rows),
    )
    naps = [row for row in result["sleep_sessions"].to_pylist() if row["is_nap"]]
    assert [(row["start_utc"], row["asleep_minutes"]) for row in naps] == [(at(nap[0]), 50)]
    assert result["sleep_stages"].num_rows == sum(
        (at(end) - at(start)).total_seconds() // 60 for start, end in nights
    )


def test_stages_without_any_night_make_nights_and_their_labels_are_believed():
    result = resolved(stage_file(true_stages(NIGHTS)))
    assert_every_minute_is_in_its_night(result, NIGHTS)
    assert flags_of(result["sleep_sessions"]) == [{"made_from_stages"}] * 4


def test_stages_without_any_night_under_wake_dates_are_known_by_how_they_go_on():
    result = resolved(stage_file(as_wake_dates(NIGHTS)))
    assert_every_minute_is_in_its_night(result, NIGHTS)


def test_stages_of_one_label_that_run_over_midnight_belong_to_the_wake_date():
    rows = [
        {**row, "local_date": wall(night[0]).date()}
        for night in NIGHTS
        for row in minutes_between(*night)
    ]
    late = [{**row, "local_date": day(f"2026-03-0{row['local_date'].day + 1}")} for row in rows]
    late = labelled(late, 1)
    result = resolved(stage_file(late))
    assert_every_minute_is_in_its_night(result, NIGHTS)


def test_runs_of_minutes_are_laid_like_minutes():
    minute = wall("2026-01-01 00:01") - wall("2026-01-01 00:00")
    rows = []
    for night in NIGHTS:
        minutes = minutes_between(*night, stages="LDRLDWL")
        for _, run in groupby(minutes, key=itemgetter("stage")):
            first, *_, last = run
            rows.append({**first, "end_local": last["start_local"] + minute})
    late = [{**row, "end_local": row["end_local"] + 1440 * minute} for row in labelled(rows, 1)]
    result = resolved(sessions_of(NIGHTS), stage_file(late))
    stages = result["sleep_stages"].to_pylist()
    assert len(stages) == 4 * 7
    assert (stages[0]["start_utc"], stages[-1]["end_utc"]) == (at(NIGHTS[0][0]), at(NIGHTS[3][1]))
    assert flags_of(result["sleep_sessions"]) == [{"stage_dates_shifted_by_-1"}] * 4


def test_a_label_on_the_day_the_clocks_change_skips_nothing_of_the_night_before():
    nights = [("2026-03-27 23:30", "2026-03-28 06:30"), ("2026-03-29 23:30", "2026-03-30 06:30")]
    result = resolved(sessions_of(nights), stage_file(as_labelled(nights, 1)))
    assert_every_minute_is_in_its_night(result, nights)
    assert result["sleep_withdrawn"].num_rows == 0


def test_a_minute_that_the_clocks_skipped_on_its_true_date_is_rejected():
    night = ("2026-03-28 23:00", "2026-03-29 07:00")
    result = resolved(sessions_of([night]), stage_file(true_stages([night])))
    checks = result["sleep_withdrawn"].to_pydict()
    assert checks["check"] == ["nonexistent_local_time"] * 60
    assert set(checks["signal"]) == {"sleep_stages"}
    assert result["sleep_stages"].num_rows == 7 * 60


def test_stages_exported_twice_are_shown_once_and_the_others_shadowed():
    stages = true_stages(NIGHTS)
    result = resolved(
        sessions_of(NIGHTS), stage_file(stages, "first"), stage_file(stages, "second")
    )
    assert_every_minute_is_in_its_night(result, NIGHTS)
    shadowed = result["sleep_shadowed"].to_pydict()
    assert len(shadowed["rule"]) == len(stages)
    assert set(shadowed["rule"]) == {"same_stage"}
    assert set(shadowed["signal"]) == {"sleep_stages"}


def test_of_two_files_the_one_that_tells_more_of_a_night_is_shown():
    half = minutes_between("2026-03-02 23:10", "2026-03-03 03:00")
    result = resolved(
        sessions_of(NIGHTS[:1]), stage_file(half, "1"), stage_file(true_stages(NIGHTS[:1]), "2")
    )
    assert set(result["sleep_stages"]["raw_sha256"].to_pylist()) == {"2"}
    assert result["sleep_shadowed"].num_rows == len(half)


def test_a_made_session_counts_two_exports_of_its_stages_once():
    stages = true_stages(NIGHTS[:1])
    row = daily(stage_file(stages, "first"), stage_file(stages, "second"))[day("2026-03-03")]
    assert row["sleep_asleep_minutes"] == 475


def test_an_unstaged_night_takes_its_minutes_from_a_file_of_stages():
    night = NIGHTS[0]
    file = checked([session(*night, asleep_minutes=400.0)], sha256="nights")
    row = resolved(file, stage_file(true_stages([night])))["sleep_sessions"].to_pylist()[0]
    assert (row["asleep_minutes"], row["deep_minutes"]) == (475, 119)
    assert row["flags"] is None


def test_stages_of_another_source_do_not_join_a_night():
    nights = checked([staged(*NIGHTS[0], source="mi_fitness")], sha256="nights")
    result = resolved(nights, stage_file(true_stages(NIGHTS[:1])))
    assert result["sleep_sessions"].num_rows == 1
    shadowed = result["sleep_shadowed"].to_pylist()
    assert [row["rule"] for row in shadowed] == ["overlap_other_source"]


def test_the_order_of_rows_in_a_file_of_stages_does_not_matter():
    rows = [{**row, "raw_row": number} for number, row in enumerate(as_wake_dates(NIGHTS), 2)]
    mixed = rows.copy()
    random.Random(5).shuffle(mixed)
    first = resolved(sessions_of(NIGHTS), stage_file(rows))
    second = resolved(sessions_of(NIGHTS), stage_file(mixed))
    assert {name: table.to_pylist() for name, table in first.items()} == {
        name: table.to_pylist() for name, table in second.items()
    }


def under_labels(nights, labels):
    """The stages of each night on one label date, running on over midnight."""
    rows = []
    for night, label in zip(nights, labels, strict=True):
        shift = (day(label) - wall(night[0]).date()).days
        rows += [
            {**row, "local_date": day(label)} for row in labelled(minutes_between(*night), shift)
        ]
    return rows


def test_among_labels_of_wake_dates_a_night_after_midnight_is_not_shifted():
    nights = [NIGHTS[0], ("2026-03-04 00:40", "2026-03-04 08:10"), *NIGHTS[2:]]
    rows = under_labels(nights, ["2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"])
    result = resolved(sessions_of(nights), stage_file(rows))
    assert_every_minute_is_in_its_night(result, nights)
    shifted = {"stage_dates_shifted_by_-1"}
    assert flags_of(result["sleep_sessions"]) == [shifted, set(), shifted, shifted]


def test_a_file_whose_dates_change_their_meaning_is_read_by_its_neighbourhood():
    first = date(2026, 3, 1)
    nights = [
        (
            f"{first + timedelta(days=n)} {22 + n % 2}:{n * 17 % 60:02}",
            f"{first + timedelta(days=n + 1)} 0{6 + n % 3 % 2}:{n * 23 % 60:02}",
        )
        for n in range(24)
    ]
    rows = as_wake_dates(nights[:12]) + as_labelled(nights[12:], 1)
    result = resolved(sessions_of(nights), stage_file(rows))
    assert_every_minute_is_in_its_night(result, nights)


@pytest.mark.parametrize("own_file", ["a", "z"], ids=["first file", "last file"])
def test_stages_of_a_row_keep_their_night_beside_a_file_of_labelled_stages(own_file):
    own_nights = [
        ("2026-04-02 23:00", "2026-04-03 07:00"),
        ("2026-04-03 23:30", "2026-04-04 06:30"),
    ]
    own_stages = [
        {
            "raw_row": row,
            "start_utc": at(start),
            "end_utc": at(start) + timedelta(hours=1),
            "stage": "deep",
            "source": "mi_fitness",
        }
        for row, (start, _) in enumerate(own_nights, 2)
    ]
    own_sessions = [session(*night, source="mi_fitness") for night in own_nights]
    result = resolved(
        checked(own_sessions, own_stages, sha256=own_file),
        sessions_of(NIGHTS),
        stage_file(as_labelled(NIGHTS, 0), sha256="m"),
    )
    wakes = {row["local_date"]: row for row in result["sleep_sessions"].to_pylist()}
    assert len(wakes) == len(NIGHTS) + len(own_nights)
    for stage in result["sleep_stages"].to_pylist():
        night = wakes[stage["local_date"]]
        assert night["start_utc"] <= stage["start_utc"] < night["end_utc"]


def test_stages_of_a_device_join_its_own_night_and_not_that_of_another_that_overlaps():
    """Another app's copy of a night begins later and ends earlier."""
    window, copy = (
        ("2026-03-02 23:00", "2026-03-03 07:00"),
        ("2026-03-02 23:30", "2026-03-03 06:30"),
    )
    nights = checked([session(*window, device="watch"), session(*copy, device="copy")], sha256="a")
    told = [
        {"start_utc": at("2026-03-02 23:00"), "end_utc": at("2026-03-03 03:00"), "stage": "light"},
        {"start_utc": at("2026-03-03 03:00"), "end_utc": at("2026-03-03 07:00"), "stage": "deep"},
    ]
    stages = checked((), [row | {"device": "watch"} for row in told], sha256="b")
    result = resolved(nights, stages)
    (night,) = result["sleep_sessions"].to_pylist()
    assert (night["device"], night["light_minutes"], night["deep_minutes"]) == ("watch", 240, 240)
    unnamed = resolved(nights, checked((), told, sha256="b"))["sleep_sessions"].to_pylist()
    assert (unnamed[0]["light_minutes"], unnamed[0]["deep_minutes"]) != (240, 240)


def test_a_night_whose_stages_stand_in_its_row_takes_none_of_another_file():
    """One export tells a night twice: with its stages, and in two tables."""
    window = ("2026-03-02 23:00", "2026-03-03 07:00")
    span = {"start_utc": at(window[0]), "end_utc": at(window[1])}
    lists = checked([session(*window)], [span | {"stage": "light", "raw_row": 2}], sha256="a")
    table = checked([session(*window, updated_utc=at(window[1]))], sha256="b")
    result = resolved(lists, table, checked((), [span | {"stage": "deep"}], sha256="c"))
    (night,) = result["sleep_sessions"].to_pylist()
    assert (night["raw_sha256"], night["deep_minutes"]) == ("b", 480)
    assert result["sleep_stages"]["stage"].to_pylist() == ["deep"]
