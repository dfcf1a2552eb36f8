import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflows import records
from dataflows.exports import mi_fitness
from dataflows.exports.mi_fitness.heart_rate import reading, readings

MIDNIGHT = 1_700_006_400
BEDTIME = 1_700_000_000


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def parsed(file):
    return mi_fitness.parse(file, date_order=None)


def rows(found, table):
    return found[table].to_pylist()


@pytest.mark.parametrize(
    "header",
    [
        "Uid,Sid,Key,Time,Value,UpdateTime",
        "Uid,Sid,Tag,Key,Time,Value,UpdateTime",
        "Uid,Sid,Key,Time,Category,Value,UpdateTime",
        "Uid,Did,Key,Time,UpdateTime,GPX",
        "Uid,Sid,Identifier,Model,Name,Alias,Status,CreateTime,UpdateTime",
        "Uid,Name,Sex,Birth,Height,Weight,Relation,XiaomiId,Region,SpecialMark,Icon",
        "Uid,Vo2Max,MaximalMet,MaxHrm,MinHrm",
        "uid,tag,key,time,did,value,metric,last_modify",
    ],
)
def test_every_member_of_the_archive_is_recognised(header, export_file):
    assert mi_fitness.recognises(header.encode() + b"\r\n")
    assert parsed(export_file(header + "\n"))["report"]["status"] == "parsed"


def test_a_member_without_records_says_so(export_file, lines):
    header = "Uid,Sid,Key,Time,Category,Value,UpdateTime"
    report = parsed(export_file(lines(header, "1,2,run,3,4,{},5")))["report"]
    assert report["records"] == {}
    assert "holds no blood pressure, heart rate or sleep" in report["reason"]


@pytest.mark.parametrize(
    "header", ["date,time,heartRate", "date,time,systolic,diastolic", "Uid", ""]
)
def test_other_tables_are_not_recognised(header):
    assert not mi_fitness.recognises(header.encode() + b"\n")


def test_samples_have_their_instant_device_and_update(mi_file, mi_row):
    found = parsed(
        mi_file(
            mi_row("heart_rate", {"time": BEDTIME, "bpm": 61, "type": 0}, BEDTIME),
            mi_row("single_heart_rate", {"bpm": 72, "time": BEDTIME + 60}, sid="default"),
            mi_row("steps", {"time": BEDTIME, "steps": 5}),
        )
    )
    auto, manual = rows(found, "heart_rate")
    assert (auto["start_utc"], auto["heart_rate_bpm"], auto["kind"]) == (at(BEDTIME), 61, "sample")
    assert (auto["device"], auto["raw_row"]) == ("huami.1", 2)
    assert auto["updated_utc"] == at(1_700_000_900)
    assert manual["start_utc"] == at(BEDTIME + 60)
    assert (manual["kind"], manual["device"], manual["raw_row"]) == ("manual", "default", 3)
    assert found["report"]["records"] == {"heart_rate": 2}


def test_a_sample_without_a_device_has_none(mi_file, mi_row):
    value = {"time": BEDTIME, "bpm": 61}
    found = parsed(mi_file(mi_row("heart_rate", value, sid=""), mi_row("heart_rate", value)))
    assert found["heart_rate"]["device"].to_pylist() == [None, "huami.1"]


def test_a_sample_without_a_time_of_its_own_has_that_of_its_row(mi_file, mi_row):
    found = parsed(mi_file(mi_row("heart_rate", {"bpm": 61}, BEDTIME + 120)))
    assert found["heart_rate"]["start_utc"].to_pylist() == [at(BEDTIME + 120)]


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_unit_of_epoch_values_is_told_by_their_magnitude(factor, mi_file, mi_row):
    time = BEDTIME * factor
    night = {"bedtime": time, "wake_up_time": time + 3600 * factor, "duration": 50}
    found = parsed(
        mi_file(
            mi_row("heart_rate", {"time": time, "bpm": 61}, time, updated=time),
            mi_row("heart_rate", {"bpm": 62}, time, updated=time),
            mi_row("sleep", night, time, updated=time),
        )
    )
    assert found["heart_rate"]["start_utc"].to_pylist() == [at(BEDTIME)] * 2
    assert found["heart_rate"]["updated_utc"].to_pylist() == [at(BEDTIME)] * 2
    assert found["sleep_sessions"]["end_utc"].to_pylist() == [at(BEDTIME + 3600)]


def test_one_damaged_epoch_value_changes_no_other(mi_file, mi_row):
    times = [BEDTIME, BEDTIME + 60, BEDTIME * 10**9, BEDTIME + 120]
    found = parsed(mi_file(*(mi_row("heart_rate", {"time": t, "bpm": 61}) for t in times)))
    assert found["heart_rate"]["raw_row"].to_pylist() == [2, 3, 5]
    (bad,) = rows(found, "rejected")
    assert (bad["raw_row"], bad["check"]) == (4, "out_of_range")


def test_an_update_time_that_is_no_number_is_missing_in_every_unit(mi_file, mi_row):
    time = BEDTIME * 10**9
    values = ({"time": time, "bpm": rate} for rate in (61, 62))
    updates = (time, "never")
    found = parsed(
        mi_file(
            *(
                mi_row("heart_rate", value, time, updated=updated)
                for value, updated in zip(values, updates, strict=True)
            )
        )
    )
    assert found["heart_rate"]["updated_utc"].to_pylist() == [at(BEDTIME), None]


def test_sentinels_are_counted_and_are_no_records(mi_file, mi_row):
    rates = [0, -1, 254, 255, 61]
    found = parsed(mi_file(*(mi_row("heart_rate", {"time": BEDTIME, "bpm": b}) for b in rates)))
    assert found["heart_rate"]["heart_rate_bpm"].to_pylist() == [61]
    assert found["report"]["sentinels"] == {"heart_rate": 4}
    assert found["rejected"].num_rows == 0


@pytest.mark.parametrize(
    ("value", "check"),
    [
        ('{"time":1700000000,"bpm":', "invalid_json"),
        ("[1]", "invalid_json"),
        ("", "invalid_json"),
        ('{"time":1700000000}', "missing_value"),
        ('{"time":1700000000,"bpm":null}', "missing_value"),
        ('{"time":1700000000,"bpm":"fast"}', "not_a_number"),
        ('{"time":1700000000,"bpm":NaN}', "not_a_number"),
        ('{"time":"noon","bpm":61}', "not_a_time"),
    ],
)
def test_a_damaged_value_rejects_its_row_alone(value, check, mi_file, mi_row):
    good = mi_row("heart_rate", {"time": BEDTIME, "bpm": 61})
    found = parsed(mi_file(good, mi_row("heart_rate", value), good))
    (bad,) = rows(found, "rejected")
    assert (bad["signal"], bad["raw_row"], bad["check"]) == ("heart_rate", 3, check)
    assert (bad["column"], bad["value"]) == ("Value", value)
    assert found["heart_rate"]["raw_row"].to_pylist() == [2, 4]


def test_a_resting_heart_rate_keeps_its_local_date(mi_file, mi_row):
    found = parsed(
        mi_file(
            mi_row("heart_rate", {"time": BEDTIME, "bpm": 61}),
            mi_row("resting_heart_rate", {"bpm": 55, "date_time": MIDNIGHT}, MIDNIGHT),
            mi_row("resting_heart_rate", {"bpm": 0, "date_time": MIDNIGHT}, MIDNIGHT),
            mi_row("resting_heart_rate", {"bpm": None, "date_time": MIDNIGHT}, MIDNIGHT),
        )
    )
    _, resting = rows(found, "heart_rate")
    assert resting["local_date"] == date(2023, 11, 15)
    assert resting["start_utc"] is None
    assert (resting["kind"], resting["heart_rate_bpm"]) == ("resting", 55)
    assert found["report"]["sentinels"] == {"resting_heart_rate": 1}
    assert [row["check"] for row in rows(found, "rejected")] == ["missing_value"]


def night(**more):
    value = {
        "bedtime": BEDTIME,
        "wake_up_time": BEDTIME + 505 * 60,
        "device_bedtime": BEDTIME,
        "device_wake_up_time": BEDTIME + 505 * 60,
        "duration": 496,
        "sleep_deep_duration": 101,
        "sleep_light_duration": 329,
        "sleep_rem_duration": 66,
        "sleep_awake_duration": 9,
        "awake_count": 1,
        "timezone": 32,
        "items": [
            {"start_time": BEDTIME, "end_time": BEDTIME + 3600, "state": 3},
            {"start_time": BEDTIME + 3600, "end_time": BEDTIME + 7200, "state": 2},
        ],
    }
    return value | more


def test_a_night_has_its_offset_stages_and_minutes(mi_file, mi_row):
    found = parsed(mi_file(mi_row("watch_night_sleep", night())))
    (session,) = rows(found, "sleep_sessions")
    assert (session["start_utc"], session["end_utc"]) == (at(BEDTIME), at(BEDTIME + 505 * 60))
    assert session["utc_offset_minutes"] == 480
    assert session["is_nap"] is False
    minutes = [session[f"{s}_minutes"] for s in ("asleep", "deep", "light", "rem", "awake")]
    assert minutes == [496, 101, 329, 66, 9]
    assert "unstaged_minutes" not in session
    stages = [(s["start_utc"], s["stage"], s["raw_row"]) for s in rows(found, "sleep_stages")]
    assert stages == [(at(BEDTIME), "light", 2), (at(BEDTIME + 3600), "deep", 2)]


@pytest.mark.parametrize(
    ("quarters", "offset"), [(8, 120), (-12, -180), (0, 0), (57, None), (None, None)]
)
def test_the_time_zone_counts_quarter_hours(quarters, offset, mi_file, mi_row):
    found = parsed(mi_file(mi_row("sleep", night(timezone=quarters))))
    (session,) = rows(found, "sleep_sessions")
    assert session.get("utc_offset_minutes") == offset
    assert found["report"]["dropped"] == ({"time_zones": 1} if quarters == 57 else {})


def test_a_night_without_stages_is_kept_and_flagged(mi_file, mi_row):
    bare = night(duration=84, sleep_deep_duration=0, sleep_light_duration=0, items=[])
    del bare["sleep_rem_duration"]
    (session,) = rows(parsed(mi_file(mi_row("sleep", bare))), "sleep_sessions")
    assert (session["asleep_minutes"], session["unstaged_minutes"]) == (84, 84)
    assert session["flags"] == "unstaged"
    assert not session.keys() & {"deep_minutes", "light_minutes", "rem_minutes"}


def test_stages_are_added_up_where_only_the_items_tell_them(mi_file, mi_row):
    bare = {key: value for key, value in night().items() if not key.startswith("sleep_")}
    bare["duration"] = 0
    (session,) = rows(parsed(mi_file(mi_row("sleep", bare))), "sleep_sessions")
    assert (session["light_minutes"], session["deep_minutes"]) == (60, 60)
    assert session["asleep_minutes"] == 120


def test_daytime_sleep_without_a_bedtime_is_a_nap_for_each_run_of_items(mi_file, mi_row):
    items = [
        {"start_time": BEDTIME, "end_time": BEDTIME + 1200, "state": 3},
        {"start_time": BEDTIME + 1200, "end_time": BEDTIME + 1800, "state": 2},
        {"start_time": BEDTIME + 30_000, "end_time": BEDTIME + 31_200, "state": 3},
    ]
    value = {"bedtime": 0, "wake_up_time": 0, "duration": 0, "items": items, "timezone": 4}
    found = parsed(mi_file(mi_row("watch_daytime_sleep", value)))
    naps = [
        (s["start_utc"], s["asleep_minutes"], s["is_nap"]) for s in rows(found, "sleep_sessions")
    ]
    assert naps == [(at(BEDTIME), 30, True), (at(BEDTIME + 30_000), 20, True)]
    assert found["sleep_sessions"]["utc_offset_minutes"].to_pylist() == [60, 60]


def test_items_that_make_no_sense_are_dropped_and_counted(mi_file, mi_row):
    items = [
        {"start_time": BEDTIME, "end_time": BEDTIME, "state": 3},
        {"start_time": BEDTIME, "end_time": BEDTIME + 60, "state": 9},
        {"start_time": "x", "end_time": BEDTIME + 60, "state": 3},
        {"start_time": BEDTIME, "end_time": BEDTIME + 60, "state": 4},
    ]
    found = parsed(mi_file(mi_row("sleep", night(items=items))))
    assert found["sleep_stages"]["stage"].to_pylist() == ["rem"]
    assert found["report"]["dropped"] == {"sleep_stages": 3}


def test_placeholder_nights_are_counted_and_reversed_ones_rejected(mi_file, mi_row):
    found = parsed(
        mi_file(
            mi_row("sleep", night(wake_up_time=BEDTIME)),
            mi_row("sleep", {"bedtime": 0, "wake_up_time": 0, "duration": 0, "items": []}),
            mi_row("sleep", night(wake_up_time=BEDTIME - 60)),
            mi_row("sleep", {"duration": 400, "items": []}),
        )
    )
    assert found["sleep_sessions"].num_rows == 0
    assert found["report"]["sentinels"] == {"placeholder_nights": 2}
    told = [(row["raw_row"], row["check"]) for row in rows(found, "rejected")]
    assert told == [(4, "out_of_range"), (5, "missing_time")]


def segment(begin, minutes, **more):
    times = {"bedtime": begin, "wake_up_time": begin + minutes * 60, "timezone": 8}
    return times | {"duration": minutes} | more


def test_the_segments_of_a_daily_report_are_sessions_of_their_own(mi_report_file, mi_row):
    main = segment(BEDTIME, 496, sleep_deep_duration=101, sleep_light_duration=395)
    nap = segment(BEDTIME + 40_000, 74)
    value = {"total_duration": 570, "segment_details": [nap, main], "avg_hr": 0}
    found = parsed(
        mi_report_file(mi_row("sleep", value, MIDNIGHT, tag="daily_report", sid="default"))
    )
    told = [
        (s["start_utc"], s["asleep_minutes"], s["flags"], s.get("is_nap"))
        for s in rows(found, "sleep_sessions")
    ]
    assert told == [
        (at(BEDTIME + 40_000), 74, "unstaged", None),
        (at(BEDTIME), 496, None, None),
    ]
    assert found["sleep_sessions"]["utc_offset_minutes"].to_pylist() == [120, 120]


def test_a_daily_total_without_segments_makes_no_session(mi_report_file, mi_row):
    found = parsed(
        mi_report_file(
            mi_row("sleep", {"total_duration": 400}, MIDNIGHT, tag="daily_report"),
            mi_row(
                "sleep", {"total_duration": 0, "segment_details": []}, MIDNIGHT, tag="daily_report"
            ),
        )
    )
    assert [(r["raw_row"], r["check"]) for r in rows(found, "rejected")] == [(2, "missing_time")]
    assert found["report"]["sentinels"] == {"placeholder_nights": 1}


def test_a_daily_summary_has_its_local_date_and_no_sample(mi_report_file, mi_row):
    latest = {"bpm": 91, "time": MIDNIGHT + 7200, "dbTime": MIDNIGHT, "sid": "huami.1"}
    full = {"avg_hr": 72, "min_hr": 54, "max_hr": 112, "avg_rhr": 66, "latest_hr": latest}
    found = parsed(
        mi_report_file(
            mi_row("heart_rate", full, MIDNIGHT, tag="daily_report", sid="default"),
            mi_row(
                "heart_rate",
                full | {"avg_rhr": None, "min_hr": 0},
                MIDNIGHT + 86_400,
                tag="daily_report",
            ),
            mi_row(
                "heart_rate", {"avg_hr": 0, "min_hr": 0, "max_hr": 0}, MIDNIGHT, tag="daily_report"
            ),
            mi_row("heart_rate", {"has_data": True}, MIDNIGHT, tag="daily_mark"),
        )
    )
    first, second = rows(found, "heart_rate_summaries")
    assert first["local_date"] == date(2023, 11, 15)
    assert second["local_date"] == date(2023, 11, 15) + timedelta(days=1)
    names = [f"heart_rate_{name}_bpm" for name in ("mean", "min", "max")]
    assert [first[name] for name in names] == [72, 54, 112]
    assert first["resting_heart_rate_bpm"] == 66
    assert [second[name] for name in names] == [72, None, 112]
    assert second["resting_heart_rate_bpm"] is None
    assert found["report"]["sentinels"] == {"heart_rate_summaries": 1}
    assert found["heart_rate"].num_rows == 0


@pytest.mark.parametrize(
    "value",
    [
        {"systolic": 121, "diastolic": 79, "pulse": 60, "time": BEDTIME},
        {"sbp": 121, "dbp": 79, "bpm": 60, "date_time": BEDTIME},
        {"systolic_pressure": "121", "diastolic_pressure": "79", "heart_rate": 60},
    ],
)
def test_blood_pressure_is_read_in_likely_spellings(value, mi_file, mi_row):
    (reading,) = rows(parsed(mi_file(mi_row("blood_pressure", value, BEDTIME))), "blood_pressure")
    assert reading["start_utc"] == at(BEDTIME)
    names = ("systolic_mmhg", "diastolic_mmhg", "pulse_bpm")
    assert [reading[name] for name in names] == [121, 79, 60]


def test_blood_pressure_under_unknown_keys_is_rejected(mi_file, mi_row):
    found = parsed(mi_file(mi_row("blood_pressure", {"a": 121, "b": 79}, BEDTIME)))
    assert [(r["signal"], r["check"]) for r in rows(found, "rejected")] == [
        ("blood_pressure", "missing_value")
    ]


def test_a_file_saved_as_utf_7_reads_as_any_other(export_file, lines, mi_row):
    header = "Uid,Sid,Tag,Key,Time,Value,UpdateTime"
    row = mi_row("heart_rate", {"avg_hr": 72}, MIDNIGHT, tag="daily_report")
    plain = lines(header, row)
    mangled = plain.replace("_", "+AF8-").replace('"', "+ACI-").encode()
    assert mi_fitness.recognises(mangled)
    tables = [
        parsed(export_file(content))["heart_rate_summaries"].drop_columns(["raw_sha256"])
        for content in (plain, mangled)
    ]
    assert tables[0].num_rows == 1
    assert tables[0].equals(tables[1])


def test_unquoted_json_is_read_in_spite_of_its_commas(mi_file):
    found = parsed(
        mi_file('7,huami.1,heart_rate,5,{"time":1700000000,"bpm":61,"type":0},1700000900')
    )
    assert found["heart_rate"]["heart_rate_bpm"].to_pylist() == [61]
    assert found["heart_rate"]["updated_utc"].to_pylist() == [at(1_700_000_900)]


def test_a_file_cut_off_within_a_row_loses_this_row_alone(mi_file, mi_row, export_file):
    row = mi_row("heart_rate", {"time": BEDTIME, "bpm": 61})
    whole = mi_file(row, row, row).content.to_pybytes()
    for cut in range(1, len(row)):
        found = parsed(export_file(whole[:-cut]))
        kept = found["heart_rate"]["raw_row"].to_pylist()
        assert kept[:2] == [2, 3]
        assert len(kept) + found["rejected"].num_rows == 3
    assert {row["signal"] for row in rows(found, "rejected")} == {"unknown"}


def test_rows_of_another_width_are_rejected_only_if_they_would_count(mi_file):
    found = parsed(mi_file("7,huami.1,heart_rate,5", "7,huami.1,steps,5", "7,huami.1"))
    told = [(row["raw_row"], row["signal"]) for row in rows(found, "rejected")]
    assert told == [(2, "heart_rate"), (4, "unknown")]


def test_a_value_over_several_lines_is_one_row(mi_file, mi_row):
    good = mi_row("heart_rate", {"time": BEDTIME, "bpm": 61})
    found = parsed(mi_file(mi_row("heart_rate", '{"time":1700000000,\n"bpm":\n60}'), "", good))
    assert found["heart_rate"]["raw_row"].to_pylist() == [2, 4]


def test_a_quotation_mark_that_never_closes_costs_no_other_row(mi_file, mi_row):
    good = mi_row("heart_rate", {"time": BEDTIME, "bpm": 61})
    broken = good.replace('"', "", 1)
    found = parsed(mi_file(*[good] * 3, broken, *[good] * 3))
    assert found["heart_rate"].num_rows + found["rejected"].num_rows == 7
    assert found["heart_rate"].num_rows >= 6


@pytest.mark.parametrize("name", ["Sid", "Key", "Time", "Value"])
def test_a_missing_column_fails_the_file_with_one_line(name, export_file):
    header = "Uid,Sid,Key,Time,Value,UpdateTime".replace(name, f"My{name}")
    assert mi_fitness.recognises(header.encode() + b"\n")
    report = parsed(export_file(header + "\n"))["report"]
    assert report["status"] == "failed"
    assert f"the column {name} is missing from the header (row 1)" in report["reason"]


def test_a_file_cut_off_within_its_header_fails(export_file):
    report = parsed(export_file("Uid,Sid,Key,Ti"))["report"]
    assert (report["status"], "ends within its header" in report["reason"]) == ("failed", True)


def test_columns_are_found_by_name_in_any_order(export_file, lines):
    header = "UpdateTime;Value;Time;Key;Sid"
    row = '1700000900;"{""time"":1700000000,""bpm"":61}";1700000000;heart_rate;huami.1'
    (sample,) = rows(parsed(export_file(lines(header, row))), "heart_rate")
    assert (sample["device"], sample["heart_rate_bpm"]) == ("huami.1", 61)


def test_tables_have_the_shared_schemas(mi_file, mi_row):
    found = parsed(
        mi_file(
            mi_row("heart_rate", {"time": BEDTIME, "bpm": 61}),
            mi_row("resting_heart_rate", {"bpm": 55, "date_time": MIDNIGHT}),
            mi_row("sleep", night()),
            mi_row("blood_pressure", {"systolic": 121, "diastolic": 79}),
        )
    )
    for name, schema in records.PARSED.items():
        for field in found[name].schema:
            assert field.equals(schema.field(field.name)), (name, field)


numbers = st.one_of(
    st.integers(-2, 300),
    st.integers(10**9, 2 * 10**9),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.none(),
    st.booleans(),
    st.text(max_size=3),
)
objects = st.dictionaries(st.sampled_from(["time", "bpm", "type", "x"]), numbers, max_size=4)
written = st.one_of(
    objects.map(json.dumps),
    objects.map(lambda value: json.dumps(value, separators=(",", ":"))),
    st.builds(
        lambda *parts: "".join(parts),
        st.sampled_from(["{", " {", "{{", ""]),
        st.sampled_from(['"time":1700000000', '"time": 01700000000', '"time":0', '"bpm":61']),
        st.sampled_from([",", ", ", ",,", ""]),
        st.sampled_from(['"bpm":61', '"bpm":061', '"bpm":-1', '"bpm":6.1e1', '"time":1700000000']),
        st.sampled_from(["", ',"type":0', ',"type":00', ',"bpm":9', ',"time":5', "\n"]),
        st.sampled_from(["}", "}}", "} ", "}\n", ""]),
    ),
    st.text(max_size=30),
)


@settings(deadline=None)
@given(st.lists(written, max_size=8))
@example(['{"time":01700000000,"bpm":61}', '{"time":0,"bpm":61}', '{"time":1,"bpm":061}'])
@example([f'{{"time":{"9" * 18},"bpm":61}}', f'{{"time":{"9" * 30},"bpm":61}}'])
@example([f'{{"bpm":{"9" * 20},"time":5}}', '{"time":5,"bpm":61,"type":0,"bpm":62}'])
@example(['{"time":5,"bpm":61,"bpm":62}', '{"bpm":61,"time":5,"time":6}'])
@example(['{"time":5,"bpm":61}\n', '{"time":5,\n"bpm":61}', '{"time": 5, "bpm": 61, "type": 1}'])
def test_the_short_way_and_the_json_reader_agree(texts):
    import pyarrow as pa

    found = readings(pa.array(texts, pa.string()))
    for place, text in enumerate(texts):
        epoch, rate, failure = reading(text)
        assert found.failures.get(place) == failure
        assert found.epochs[place] == epoch
        assert found.rates[place] == rate or (failure is not None and found.rates[place] != rate)
