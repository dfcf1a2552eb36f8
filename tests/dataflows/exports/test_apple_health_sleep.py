"""Apple Health's sleep: segments of a watch and a phone become nights, each minute once."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows import records, resolution, sleep
from dataflows.exports.apple_health.sleep import STAGES
from dataflows.main_sleeps import IN_BED_ONLY
from dataflows.sleep_by_night import sleep_nights
from dataflows.sleep_regularity import sleep_regularity
from tests.dataflows.exports.apple_health_examples import (
    HEAD_ROWS,
    PHONE,
    WATCH,
    parsed,
    utc,
)
from tests.dataflows.exports.apple_health_examples import sleep as segment

MINUTE = timedelta(minutes=1)
EVENING = utc(2024, 1, 1, 22)
NO_EXCLUSIONS = records.empty(resolution.EXCLUSIONS)


def at(minutes):
    return EVENING + timedelta(minutes=minutes)


def told(stage, start, end, **more):
    return segment(stage, at(start), at(end), **more)


def watch_night(start=30):
    """Six hours of sleep in seven: light, deep, awake, REM, unspecified."""
    stages = [("Core", 120), ("Deep", 60), (None, 20), ("REM", 90), ("Unspecified", 90)]
    found = []
    for stage, minutes in stages:
        name = "Awake" if stage is None else "Asleep" + stage
        found.append(told(name, start, start + minutes))
        start += minutes
    return found


def resolved(*exports_of_elements, exclusions=NO_EXCLUSIONS):
    """What the flow makes of the sleep of some exports."""
    checked = []
    for elements in exports_of_elements:
        found = parsed(*elements)
        normalised = sleep.sleep_normalized(
            found["sleep_sessions"], found["sleep_stages"], "America/New_York", "assumed"
        )
        checked.append(sleep.sleep_checked(normalised))
    return sleep.sleep_resolved(
        [each["valid"] for each in checked],
        [each["stages"] for each in checked],
        exclusions,
        None,
    )


def sessions(result):
    return result["sleep_sessions"].to_pylist()


def night_of(result):
    tables = (result["sleep_sessions"], result["sleep_stages"])
    (row,) = sleep_nights(*tables, sleep.sleep_daily(tables[0])).to_pylist()
    return row


def test_every_value_of_sleep_analysis_is_a_stage_with_its_row():
    found = parsed(*(told(name, i * 10, i * 10 + 10) for i, name in enumerate(STAGES)))
    rows = found["sleep_stages"].to_pylist()
    assert [row["stage"] for row in rows] == list(STAGES.values())
    assert [row["raw_row"] for row in rows] == [HEAD_ROWS + 1 + 3 * i for i in range(len(STAGES))]
    assert {row["utc_offset_minutes"] for row in rows} == {60}


def test_a_watchs_segments_are_a_night_on_its_wake_date_in_the_zone_they_name():
    (night,) = sessions(resolved(watch_night()))
    minutes = ("asleep", "deep", "light", "rem", "unstaged", "awake", "in_bed")
    assert [night[f"{name}_minutes"] for name in minutes] == [360, 60, 120, 90, 90, 20, 380]
    assert (night["device"], night["is_nap"]) == ("Alex\u2019s Apple Watch", False)
    assert (night["time_zone"], night["time_zone_source"]) == ("Europe/Berlin", "recorded")
    assert night["local_date"].isoformat() == "2024-01-02"


def test_the_phones_time_in_bed_makes_the_watchs_night_longer_and_adds_no_sleep():
    result = resolved([told("InBed", 0, 430, source=PHONE), *watch_night(30)])
    (night,) = sessions(result)
    assert (night["asleep_minutes"], night["in_bed_minutes"]) == (360, 430)
    assert night["efficiency_ratio"] == pytest.approx(360 / 430)
    assert night["device"] == "Alex\u2019s Apple Watch"
    row = night_of(result)
    assert (row["latency_minutes"], row["awakening_count"], row["waso_minutes"]) == (30, 1, 20)
    assert result["sleep_shadowed"].num_rows == 0


def test_without_a_time_in_bed_nobody_knows_how_long_falling_asleep_took():
    assert night_of(resolved(watch_night()))["latency_minutes"] is None


def test_a_time_in_bed_in_pieces_before_and_after_sleep_belongs_to_it():
    pieces = [(0, 10), (60, 200), (230, 400), (420, 450)]
    result = resolved([told("InBed", *p, source=PHONE) for p in pieces] + watch_night(30))
    (night,) = sessions(result)
    assert (night["asleep_minutes"], night["in_bed_minutes"]) == (360, 450)
    assert night_of(result)["latency_minutes"] == 30


@pytest.mark.parametrize(("begin", "in_bed"), [(360, [390]), (361, [300, 29])])
def test_a_time_in_bed_within_an_hour_after_waking_belongs_to_the_night(begin, in_bed):
    bed = told("InBed", begin, 390, source=PHONE)
    rows = sessions(resolved([told("AsleepCore", 0, 300), bed]))
    assert [row["in_bed_minutes"] for row in rows] == in_bed
    assert rows[0]["asleep_minutes"] == 300


def test_two_sleeps_in_one_time_in_bed_are_one_night():
    night = [told("AsleepCore", 20, 120), told("AsleepCore", 240, 400)]
    (row,) = sessions(resolved([told("InBed", 0, 420, source=PHONE), *night]))
    assert (row["asleep_minutes"], row["in_bed_minutes"]) == (260, 420)
    assert [row["in_bed_minutes"] for row in sessions(resolved(night))] == [100, 160]


def test_two_devices_that_tell_of_one_night_are_never_added():
    app = [told("InBed", 0, 430, source="Sleep app"), told("Asleep", 10, 425, source="Sleep app")]
    result = resolved([*app, told("InBed", 5, 435, source=PHONE), *watch_night(30)])
    (night,) = sessions(result)
    assert (night["asleep_minutes"], night["device"]) == (360, "Alex\u2019s Apple Watch")
    assert night["in_bed_minutes"] == 435
    (loser,) = result["sleep_shadowed"].to_pylist()
    assert loser["rule"] == "overlap_same_source"
    kept = {row["device"] for row in result["sleep_stages"].to_pylist() if row["stage"] != "in_bed"}
    assert kept == {"Alex\u2019s Apple Watch"}


def test_a_night_of_which_only_the_time_in_bed_is_told_is_no_sleep():
    result = resolved([told("InBed", 0, 480, source=PHONE)])
    (night,) = sessions(result)
    assert (night["asleep_minutes"], night["in_bed_minutes"]) == (None, 480)
    assert (night["is_nap"], IN_BED_ONLY in night["flags"]) == (False, True)
    row = night_of(result)
    assert (row["in_bed_minutes"], row["asleep_minutes"], row["latency_minutes"]) == (
        480,
        None,
        None,
    )


def test_a_short_time_in_bed_alone_is_neither_a_nap_nor_a_part_of_a_night():
    result = resolved([told("InBed", -200, -120, source=PHONE), *watch_night(30)])
    rows = {row["is_nap"]: row["asleep_minutes"] for row in sessions(result)}
    assert rows == {None: None, False: 360}
    assert (night_of(result)["nap_count"], night_of(result)["asleep_minutes"]) == (0, 360)


def test_time_in_bed_alone_tells_regularity_nothing():
    nights = [told("AsleepCore", 1440 * day, 1440 * day + 420) for day in range(8)]
    beds = [told("InBed", 1440 * day + 600, 1440 * day + 900, source=PHONE) for day in range(8)]
    with_beds, without = (
        sleep_regularity(r["sleep_sessions"], r["sleep_stages"], night_table(r)).to_pylist()
        for r in (resolved([*nights, *beds]), resolved(nights))
    )
    assert with_beds == without


def night_table(result):
    tables = (result["sleep_sessions"], result["sleep_stages"])
    return sleep_nights(*tables, sleep.sleep_daily(tables[0]))


def test_a_pause_longer_than_an_hour_makes_two_sleeps():
    pairs = [(0, 300), (361, 400)]
    assert len(sessions(resolved([told("AsleepCore", *pair) for pair in pairs]))) == 2
    pairs = [(0, 300), (360, 400)]
    assert len(sessions(resolved([told("AsleepCore", *pair) for pair in pairs]))) == 1


def test_of_two_segments_of_one_source_that_overlap_the_more_exact_counts():
    night = [
        told("AsleepUnspecified", 0, 400),
        told("AsleepDeep", 60, 120),
        told("AsleepDeep", 60, 120),
        told("Awake", 110, 150),
    ]
    found = parsed(*night)
    assert found["report"]["dropped"] == {"overlapping_segments": 3}
    (row,) = sessions(resolved(night))
    assert (row["asleep_minutes"], row["deep_minutes"], row["awake_minutes"]) == (370, 60, 30)


def test_a_later_export_tells_the_same_nights_again_and_they_count_once():
    night = [told("InBed", 0, 430, source=PHONE), *watch_night(30)]
    later = [*night, *(e.replace("2024-01-0", "2024-02-0") for e in night)]
    result = resolved(night, later)
    assert [row["asleep_minutes"] for row in sessions(result)] == [360, 360]
    assert {row["rule"] for row in result["sleep_shadowed"].to_pylist()} == {"same_stage"}


def test_a_watch_renamed_between_two_exports_sleeps_once():
    renamed = [e.replace("Alex\u2019s Apple", "New") for e in watch_night()]
    result = resolved(watch_night(), [told("InBed", 0, 430, source=PHONE), *renamed])
    assert [row["asleep_minutes"] for row in sessions(result)] == [360]


def test_excluding_the_row_of_a_segment_takes_it_out_alone():
    found = parsed(*watch_night())
    wish = {
        "raw_sha256": found["sleep_stages"]["raw_sha256"][0].as_py(),
        "raw_row": HEAD_ROWS + 4,
        "reason": "not asleep",
    }
    exclusions = records.table_from_rows(resolution.EXCLUSIONS, [wish])
    (row,) = sessions(resolved(watch_night(), exclusions=exclusions))
    assert (row["asleep_minutes"], row["deep_minutes"]) == (300, 0)


def test_segments_that_cannot_be_are_rejected_and_empty_ones_are_placeholders():
    found = parsed(
        told("AsleepCore", 0, 0),
        told("AsleepCore", 10, 5),
        told("AsleepCore", 0, 1441),
        told("Dreaming", 0, 60),
        segment("AsleepCore", "soon", at(5)),
    )
    assert found["report"]["records"] == {}
    assert found["report"]["sentinels"] == {"sleep_segments": 1}
    assert {row["check"] for row in found["rejected"].to_pylist()} == {
        "ends_before_start",
        "out_of_range",
        "unknown_stage",
        "not_a_time",
    }


def test_a_time_in_bed_that_never_ends_breaks_no_run():
    beds = [told("InBed", 700 * i, 700 * i + 690, source=PHONE) for i in range(8)]
    result = resolved([*beds, *watch_night(30)])
    assert max(row["in_bed_minutes"] for row in sessions(result)) <= 1440


# Of two nights, neither as long as a day: a longer one is cut, and its pieces share no minute.
segments = st.tuples(
    st.sampled_from(sorted(STAGES)),
    st.integers(0, 1_000) | st.integers(4_320, 5_320),
    st.integers(1, 400),
    st.sampled_from([WATCH, PHONE, "Sleep app"]),
)


@settings(deadline=None, max_examples=15)
@given(st.lists(segments, min_size=1, max_size=12))
def test_whatever_devices_tell_no_device_sleeps_a_minute_twice_and_no_two_sessions_are_one_sleep(
    told_segments,
):
    body = [told(s, start, start + n, source=d) for s, start, n, d in told_segments]
    rows = sessions(resolved(body))
    own = {}
    for name in (WATCH, PHONE, "Sleep app"):
        minutes = {stage: set() for stage in STAGES.values()}
        for stage, start, length, device in told_segments:
            if device == name:
                minutes[STAGES[stage]] |= set(range(start, start + length))
        exact = minutes["deep"] | minutes["light"] | minutes["rem"]
        own[name.replace("\u00a0", " ")] = exact | (minutes["asleep"] - minutes["awake"])
    windows = [
        ((r["start_utc"] - EVENING) / MINUTE, (r["end_utc"] - EVENING) / MINUTE) for r in rows
    ]
    for row, (start, end) in zip(rows, windows, strict=True):
        within = [minute for minute in own[row["device"]] if start <= minute < end]
        assert (row["asleep_minutes"] or 0) == len(within)
        assert row["in_bed_minutes"] == end - start <= 1440
    for (start, end), (first, last) in combinations(windows, 2):
        assert min(end, last) - max(start, first) < min(end - start, last - first) / 2


@settings(deadline=None, max_examples=5)
@given(st.lists(segments, min_size=1, max_size=10), st.randoms())
def test_the_order_of_records_plays_no_part(told_segments, random):
    body = [told(s, start, start + n, source=d) for s, start, n, d in told_segments]
    mixed = random.sample(body, len(body))
    names = ("start_utc", "end_utc", "asleep_minutes", "in_bed_minutes", "device", "is_nap")
    first, second = (
        sorted(str([row[name] for name in names]) for row in sessions(resolved(elements)))
        for elements in (body, mixed)
    )
    assert first == second
