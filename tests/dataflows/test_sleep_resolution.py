"""Sleep of all files: once each, main sleeps and naps, whatever the order of files."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataflows.sleep_examples import (
    at,
    checked,
    daily,
    day,
    exclusions,
    flags_of,
    minutes_between,
    resolved,
    session,
    staged,
    wall,
)

NIGHT = ("2026-03-02 23:00", "2026-03-03 07:00")


def mi(*window, **values):
    return staged(*window, source="mi_fitness", device="default", utc_offset_minutes=60, **values)


def sources(result):
    return result["sleep_sessions"]["source"].to_pylist()


def rules(result):
    return result["sleep_shadowed"]["rule"].to_pylist()


def test_a_night_in_two_sources_is_given_once_on_its_wake_date():
    nights = [("2026-03-02 23:00", "2026-03-03 07:00"), ("2026-03-03 23:30", "2026-03-04 06:00")]
    band = checked([mi(*night) for night in nights], sha256="band")
    zepp = checked(
        [staged("2026-03-02 23:04", "2026-03-03 06:50"), staged(*nights[1])], sha256="zepp"
    )
    result = resolved(band, zepp)
    assert sources(result) == ["mi_fitness"] * 2
    assert result["sleep_sessions"]["local_date"].to_pylist() == [
        day("2026-03-03"),
        day("2026-03-04"),
    ]
    assert rules(result) == ["overlap_other_source"] * 2
    shadowed = result["sleep_shadowed"].to_pylist()[0]
    assert (shadowed["raw_sha256"], shadowed["kept_raw_sha256"]) == ("zepp", "band")


def test_a_night_exported_twice_is_given_once():
    result = resolved(checked([mi(*NIGHT)], sha256="1"), checked([mi(*NIGHT)], sha256="2"))
    assert result["sleep_sessions"].num_rows == 1
    assert rules(result) == ["same_session"]


def test_a_staged_night_counts_before_an_unstaged_one_of_a_preferred_source():
    band = checked([session(*NIGHT, source="mi_fitness", asleep_minutes=400.0)], sha256="band")
    zepp = checked([staged(*NIGHT)], sha256="zepp")
    assert sources(resolved(band, zepp)) == ["zepp"]


def test_a_night_of_withings_counts_before_the_copy_that_a_phone_keeps():
    phone = checked([staged(*NIGHT, source="apple_health")], sha256="a")
    mat = checked([staged("2026-03-02 23:05", NIGHT[1], source="withings")], sha256="b")
    result = resolved(phone, mat)
    assert (sources(result), rules(result)) == (["withings"], ["overlap_other_source"])


def test_a_merged_record_counts_before_that_of_a_single_device():
    single = mi(*NIGHT, deep=90.0) | {"device": "huami.123"}
    result = resolved(checked([single, mi(*NIGHT)]))
    assert result["sleep_sessions"]["device"].to_pylist() == ["default"]
    assert rules(result) == ["overlap_same_source"]


def test_of_two_issues_of_a_night_the_later_counts():
    late = mi(*NIGHT, deep=90.0, updated_utc=at("2026-03-03 12:00"))
    early = mi(NIGHT[0], "2026-03-03 07:30", updated_utc=at("2026-03-03 08:00"))
    for files in ([early, late], [late, early]):
        row = resolved(checked(files))["sleep_sessions"].to_pylist()[0]
        assert row["deep_minutes"] == 90


def test_a_fragment_inside_a_night_is_the_same_sleep():
    fragment = staged("2026-03-03 05:00", "2026-03-03 07:20", deep=20.0, light=60.0, rem=10.0)
    result = resolved(checked([fragment, staged(*NIGHT)]))
    assert result["sleep_sessions"]["start_utc"].to_pylist() == [at(NIGHT[0])]


def test_sessions_that_overlap_by_less_than_half_stay_apart_and_say_so():
    evening = session("2026-03-02 21:00", "2026-03-02 23:30", asleep_minutes=100.0)
    result = resolved(checked([evening, staged(*NIGHT)]))
    assert ["overlaps_other_session" in flags for flags in flags_of(result["sleep_sessions"])] == [
        True,
        True,
    ]


def test_the_longest_sleep_of_a_wake_date_is_the_main_one_at_any_hour():
    by_day = session("2026-03-03 09:00", "2026-03-03 16:00", asleep_minutes=400.0)
    short = session("2026-03-03 01:00", "2026-03-03 03:00", asleep_minutes=110.0)
    row = daily(checked([short, by_day]))[day("2026-03-03")]
    assert (row["sleep_asleep_minutes"], row["nap_asleep_minutes"]) == (400, 110)


def test_a_shift_workers_day_sleep_is_a_main_sleep_though_its_vendor_calls_it_a_nap():
    by_day = session("2026-03-03 09:00", "2026-03-03 16:00", asleep_minutes=400.0, is_nap=True)
    row = daily(checked([by_day]))[day("2026-03-03")]
    assert (row["sleep_asleep_minutes"], row["nap_asleep_minutes"]) == (400, None)


def test_a_nap_by_its_vendors_word_is_no_main_sleep_even_alone():
    nap = session("2026-03-03 13:00", "2026-03-03 13:50", asleep_minutes=40.0, is_nap=True)
    row = daily(checked([nap]))[day("2026-03-03")]
    assert (row["sleep_asleep_minutes"], row["nap_asleep_minutes"]) == (None, 40)


def test_a_session_in_which_nobody_slept_is_neither_main_sleep_nor_nap():
    awake = session("2026-03-03 22:00", "2026-03-03 23:00", awake_minutes=60.0)
    result = resolved(checked([awake]))
    (row,) = result["sleep_sessions"].to_pylist()
    assert (row["is_nap"], row["asleep_minutes"]) == (None, 0)
    assert "no_sleep" in row["flags"]
    assert daily(checked([awake])) == {}


def test_parts_of_a_night_with_a_short_pause_are_one_sleep_and_stay_rows():
    parts = [
        staged("2026-03-02 21:30", "2026-03-02 23:45", deep=30.0, light=80.0, rem=10.0),
        staged("2026-03-03 00:15", "2026-03-03 06:15", deep=80.0, light=200.0, rem=50.0),
    ]
    result = resolved(checked(parts))
    rows = result["sleep_sessions"].to_pylist()
    assert [row["local_date"] for row in rows] == [day("2026-03-03")] * 2
    assert [row["is_nap"] for row in rows] == [False, False]
    assert flags_of(result["sleep_sessions"]) == [{"sleep_in_parts"}] * 2
    row = daily(checked(parts))[day("2026-03-03")]
    assert row["sleep_asleep_minutes"] == 120 + 330
    assert row["sleep_in_bed_minutes"] == 135 + 360
    assert row["nap_asleep_minutes"] is None


def test_a_time_in_bed_of_which_nobody_knows_more_is_no_part_of_a_sleep():
    bed = session("2026-03-02 21:30", "2026-03-02 22:40", flags="in_bed_only")
    result = checked([bed, staged(*NIGHT)])
    assert [row["is_nap"] for row in resolved(result)["sleep_sessions"].to_pylist()] == [
        None,
        False,
    ]
    assert daily(result)[day("2026-03-03")]["sleep_asleep_minutes"] == 440


def test_a_sleep_of_which_one_part_is_unknown_has_no_time_asleep():
    parts = [
        session("2026-03-02 21:30", "2026-03-02 23:45"),
        staged("2026-03-03 00:15", "2026-03-03 06:15", deep=80.0, light=200.0, rem=50.0),
    ]
    row = daily(checked(parts))[day("2026-03-03")]
    assert (row["sleep_asleep_minutes"], row["sleep_efficiency_ratio"]) == (None, None)
    assert row["sleep_in_bed_minutes"] == 135 + 360


@pytest.mark.parametrize(
    ("start", "naps"), [("08:00", None), ("08:01", 100.0)], ids=["an hour", "more"]
)
def test_a_pause_of_more_than_an_hour_ends_a_sleep(start, naps):
    later = session(f"2026-03-03 {start}", "2026-03-03 10:00", asleep_minutes=100.0)
    assert daily(checked([staged(*NIGHT), later]))[day("2026-03-03")]["nap_asleep_minutes"] == naps


def test_no_chain_of_parts_makes_a_sleep_of_more_than_a_day():
    first = at("2026-03-03 00:00")
    starts = [first + timedelta(hours=2 * number) for number in range(36)]
    hours = [session(start, start + timedelta(minutes=90), asleep_minutes=80.0) for start in starts]
    rows = daily(checked(hours))
    assert max(row["sleep_in_bed_minutes"] for row in rows.values()) <= 24 * 60


def test_parts_told_by_two_sources_are_not_joined():
    evening = staged("2026-03-02 21:30", "2026-03-02 22:40", source="mi_fitness", deep=10.0,
                     light=40.0, rem=5.0)  # fmt: skip
    row = daily(checked([evening, staged(*NIGHT)]))[day("2026-03-03")]
    assert row["sleep_in_bed_minutes"] == 480


def test_a_night_on_a_trip_is_one_night_on_the_date_where_it_was_slept():
    start, end = at("2026-03-02 22:00", "Asia/Tokyo"), at("2026-03-03 05:30", "Asia/Tokyo")
    band = checked([mi(start, end) | {"utc_offset_minutes": 540}], sha256="band")
    zepp = checked([staged(start, end)], sha256="zepp")
    assert list(daily(band, zepp)) == [day("2026-03-03")]
    assert list(daily(zepp)) == [day("2026-03-02")]


def test_what_the_owner_excludes_is_withdrawn_with_its_stages_and_the_next_best_counts():
    stages = [session(*NIGHT, stage="light", source="mi_fitness", raw_row=2)]
    band = checked([mi(*NIGHT)], stages, sha256="band")
    zepp = checked([staged(*NIGHT)], sha256="zepp")
    result = resolved(band, zepp, exclude=exclusions(("band", 2)))
    assert sources(result) == ["zepp"]
    (row,) = result["sleep_withdrawn"].to_pylist()
    assert (row["signal"], row["check"], row["raw_sha256"]) == (
        "sleep",
        "excluded_by_owner",
        "band",
    )
    assert result["sleep_stages"].num_rows == 0


def test_an_excluded_night_does_not_come_back_from_its_file_of_stages():
    nights = checked([staged(*NIGHT)], sha256="nights")
    stages = checked([], minutes_between(*NIGHT), sha256="stages")
    result = resolved(nights, stages, exclude=exclusions(("nights", 2)))
    assert (result["sleep_sessions"].num_rows, result["sleep_stages"].num_rows) == (0, 0)


def test_an_excluded_stage_is_withdrawn_alone():
    nights = checked([staged(*NIGHT)], sha256="nights")
    stages = checked([], minutes_between(*NIGHT), sha256="stages")
    result = resolved(nights, stages, exclude=exclusions(("stages", 100)))
    assert (result["sleep_sessions"].num_rows, result["sleep_stages"].num_rows) == (1, 479)
    assert result["sleep_withdrawn"]["signal"].to_pylist() == ["sleep_stages"]


def test_a_session_after_the_limit_is_in_the_future():
    result = resolved(
        checked([staged(*NIGHT), staged("2027-03-02 23:00", "2027-03-03 07:00")]),
        future_limit="2026-06-01T00:00:00+00:00",
    )
    assert result["sleep_sessions"].num_rows == 1
    assert result["sleep_withdrawn"]["check"].to_pylist() == ["future_time"]


def test_a_kept_night_without_stages_borrows_those_of_the_record_it_stands_for():
    report = mi(*NIGHT)
    device = mi(*NIGHT, deep=95.0) | {"device": "huami.1", "raw_row": 9}
    stages = [session(*NIGHT, stage="light", source="mi_fitness", raw_row=9)]
    result = resolved(checked([report, device], stages))
    assert result["sleep_sessions"]["device"].to_pylist() == ["default"]
    assert result["sleep_stages"]["raw_row"].to_pylist() == [9]


def test_two_records_of_a_night_show_the_stages_of_one():
    files = [
        checked(
            [mi(*NIGHT, deep=deep)],
            [session(*NIGHT, stage="light", source="mi_fitness", raw_row=2)],
            sha256=sha256,
        )
        for sha256, deep in (("1", 100.0), ("2", 80.0))
    ]
    result = resolved(*files)
    kept = result["sleep_sessions"]["raw_sha256"].to_pylist()
    assert result["sleep_stages"]["raw_sha256"].to_pylist() == kept


@st.composite
def sleeps(draw):
    """A few sessions in the hours of three days, in files of one or two sources."""
    rows = []
    for _ in range(draw(st.integers(1, 9))):
        start = at("2026-03-28 00:00") + timedelta(minutes=15 * draw(st.integers(0, 72 * 4)))
        minutes = draw(st.integers(2, 40)) * 15
        source = draw(st.sampled_from(["mi_fitness", "zepp"]))
        asleep = draw(st.sampled_from([None, minutes * 0.5, minutes * 0.9]))
        rows.append(
            session(
                start,
                start + timedelta(minutes=minutes),
                source=source,
                device=draw(st.sampled_from(["default", "x"])),
                asleep_minutes=asleep,
                light_minutes=draw(st.sampled_from([None, asleep])),
                is_nap=draw(st.sampled_from([None, True, False])),
            )
        )
    return rows


@settings(max_examples=12, deadline=None)
@given(rows=sleeps(), data=st.data())
def test_neither_the_order_of_files_nor_of_rows_matters(rows, data):
    numbered = [{**row, "raw_row": number} for number, row in enumerate(rows, 2)]
    half = len(rows) // 2
    files = [(numbered[:half], "a"), (numbered[half:], "b")]
    first = resolved(*(checked(part, sha256=name) for part, name in files))
    mixed = [
        checked(data.draw(st.permutations(part)), sha256=name)
        for part, name in data.draw(st.permutations(files))
    ]
    second = resolved(*mixed)
    assert all(first[name].to_pylist() == second[name].to_pylist() for name in first)


@settings(max_examples=12, deadline=None)
@given(rows=sleeps())
def test_sessions_balance_and_nobody_sleeps_twice_at_a_time(rows):
    file = checked(rows)
    result = resolved(file)
    kept = result["sleep_sessions"].to_pylist()
    assert file["valid"].num_rows + file["rejected"].num_rows == len(rows)
    assert len(kept) + result["sleep_shadowed"].num_rows == file["valid"].num_rows
    for one, other in combinations(kept, 2):
        end = min(one["end_utc"], other["end_utc"])
        overlap = end - max(one["start_utc"], other["start_utc"])
        shorter = min(each["end_utc"] - each["start_utc"] for each in (one, other))
        assert overlap < shorter / 2
    for row in daily(file).values():
        assert row["sleep_efficiency_ratio"] is None or 0 < row["sleep_efficiency_ratio"] <= 1
        assert row["sleep_in_bed_minutes"] is None or row["sleep_in_bed_minutes"] <= 24 * 60


def test_excluding_the_row_of_a_session_made_from_stages_takes_all_of_it_out():
    stages = checked([], minutes_between(*NIGHT), sha256="stages")
    (made,) = resolved(stages)["sleep_sessions"].to_pylist()
    result = resolved(stages, exclude=exclusions(("stages", made["raw_row"])))
    assert (result["sleep_sessions"].num_rows, result["sleep_stages"].num_rows) == (0, 0)
    assert result["sleep_withdrawn"]["signal"].to_pylist() == ["sleep_stages"]


def test_excluding_another_stage_of_a_made_session_takes_a_minute_out():
    stages = checked([], minutes_between(*NIGHT), sha256="stages")
    result = resolved(stages, exclude=exclusions(("stages", 100)))
    assert result["sleep_sessions"]["asleep_minutes"].to_pylist() == [479]


def test_wall_time_stages_in_the_row_of_a_shadowed_session_are_not_shown_with_the_kept_one():
    long = ("2026-03-02 23:00", "2026-03-03 07:00")
    short = ("2026-03-02 23:30", "2026-03-03 06:30")
    tables = [
        checked(
            [staged(*window, source="fitbit")],
            [
                {"start_local": wall(window[0]), "end_local": wall(window[1]), "stage": stage,
                 "source": "fitbit", "raw_row": 2}
            ],
            sha256=stage,
        )
        for window, stage in ((long, "light"), (short, "deep"))
    ]  # fmt: skip
    result = resolved(*tables)
    assert result["sleep_stages"]["stage"].to_pylist() == ["light"]
    assert rules(result) == ["overlap_same_source"]
