"""Health Connect's database, as Android exports it."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.exports import health_connect, parse, recognised_format
from tests.dataflows.exports.conftest import export_file_of
from tests.dataflows.exports.databases import HEALTH_CONNECT, TABLES, database, script_of

START = 1_767_250_800_000  # 2026-01-01 07:00 UTC
HOUR = 3_600_000
MINUTE = 60_000
APPS = [
    ("application_info_table", {"row_id": 1, "package_name": "com.example.cuff"}),
    ("device_info_table", {"row_id": 7, "manufacturer": "Omron", "model": "HEM-7600T"}),
]


def at(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def parsed(rows, script=HEALTH_CONNECT, **options):
    content = database(script, [*APPS, *rows], **options)
    return parse(export_file_of(content), date_order=None)


def pressure(time=START, systolic=131.5, diastolic=82.0, **rest):
    row = {"time": time, "zone_offset": 3600, "systolic": systolic, "diastolic": diastolic,
           "app_info_id": 1, "last_modified_time": START + 5}  # fmt: skip
    return ("blood_pressure_record_table", row | rest)


def session(row_id=1, start=START, end=START + 8 * HOUR):
    return (
        "sleep_session_record_table",
        {"row_id": row_id, "start_time": start, "end_time": end, "start_zone_offset": 3600,
         "app_info_id": 1},
    )  # fmt: skip


def stage(kind, start, end, parent=1):
    return (
        "sleep_stages_table",
        {
            "parent_key": parent,
            "stage_start_time": start,
            "stage_end_time": end,
            "stage_type": kind,
        },
    )


def test_it_is_recognised_by_its_tables():
    assert recognised_format(pa.py_buffer(database(HEALTH_CONNECT))) is health_connect
    other = database("CREATE TABLE blood_pressure_record_table (time INTEGER)")
    assert recognised_format(pa.py_buffer(other)) is None


def test_a_reading_has_its_instant_offset_and_device():
    report, readings = (parsed([pressure(), pressure(START + HOUR, device_info_id=7)])[name]
                        for name in ("report", "blood_pressure"))  # fmt: skip
    assert (report["format"], report["status"]) == ("health_connect", "parsed")
    first, second = readings.to_pylist()
    assert first["start_utc"] == at(START)
    assert first["utc_offset_minutes"] == 60
    assert (first["systolic_mmhg"], first["diastolic_mmhg"]) == (131.5, 82.0)
    assert first["updated_utc"] == at(START + 5)
    assert [first["device"], second["device"]] == ["com.example.cuff", "Omron HEM-7600T"]


def test_what_a_watch_or_its_app_measured_is_cuffless():
    apps = [
        ("application_info_table", {"row_id": 2, "package_name": "com.xiaomi.hm.health"}),
        ("device_info_table", {"row_id": 8, "manufacturer": "samsung", "model": "SM-R890"}),
    ]
    told = [{}, {"device_info_id": 7}, {"app_info_id": 2}, {"device_info_id": 8}]
    found = parsed([*apps, *(pressure(START + n, **one) for n, one in enumerate(told))])
    assert found["blood_pressure"]["flags"].to_pylist() == [None, None, "cuffless", "cuffless"]


def test_an_offset_that_no_clock_shows_is_no_offset():
    told = (90_000, None, 10**18, -(2**63), 2**63 - 1, -50_400)
    readings = parsed([pressure(zone_offset=offset) for offset in told])["blood_pressure"]
    assert readings["utc_offset_minutes"].to_pylist() == [*[None] * 5, -840]


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        (pressure(time=None), "time", "missing_time"),
        (pressure(systolic=None), "systolic", "missing_value"),
        (pressure(diastolic="eighty"), "diastolic", "missing_value"),
    ],
)
def test_a_row_without_what_it_needs_is_rejected_whole(row, column, check):
    found = parsed([pressure(), row])
    assert found["blood_pressure"].num_rows == 1
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["column"], rejected["check"]) == (2, column, check)
    assert rejected["signal"] == "blood_pressure"


def test_samples_belong_to_the_offset_and_device_of_their_series():
    rows = [
        ("heart_rate_record_table", {"row_id": 4, "start_time": START, "start_zone_offset": -12_600,
                                     "device_info_id": 7, "recording_method": 2}),
        ("heart_rate_record_table", {"row_id": 9, "start_time": START, "recording_method": 3}),
        *(("heart_rate_record_series_table",
           {"parent_key": parent, "epoch_millis": START + n * 1000, "beats_per_minute": 60 + n})
          for n, parent in enumerate((4, 9, 4, 77))),
    ]  # fmt: skip
    samples = parsed(rows)["heart_rate"].to_pylist()
    assert [row["heart_rate_bpm"] for row in samples] == [60, 61, 62, 63]
    assert [row["utc_offset_minutes"] for row in samples] == [-210, None, -210, None]
    assert [row["device"] for row in samples] == ["Omron HEM-7600T", None, "Omron HEM-7600T", None]
    assert [row["kind"] for row in samples] == ["sample", "manual", "sample", "sample"]
    assert samples[1]["start_utc"] == at(START + 1000)


def test_a_resting_heart_rate_is_no_sample():
    row = {"time": START, "zone_offset": 0, "beats_per_minute": 54}
    (found,) = parsed([("resting_heart_rate_record_table", row)])["heart_rate"].to_pylist()
    assert (found["kind"], found["heart_rate_bpm"]) == ("resting", 54)


def test_a_night_has_the_minutes_of_its_stages():
    kinds = [(1, 10), (4, 200), (5, 90), (6, 100), (7, 20), (2, 30), (3, 5)]
    stages, begin = [], START
    for kind, minutes in kinds:
        stages.append(stage(kind, begin, begin + minutes * MINUTE))
        begin += minutes * MINUTE
    found = parsed([session(), *stages])
    (night,) = found["sleep_sessions"].to_pylist()
    assert night["start_utc"] == at(START)
    assert night["end_utc"] == at(START + 8 * HOUR)
    told = {name: night[f"{name}_minutes"]
            for name in ("asleep", "deep", "light", "rem", "awake", "unstaged")}  # fmt: skip
    assert told == {
        "asleep": 420,
        "deep": 90,
        "light": 200,
        "rem": 100,
        "awake": 35,
        "unstaged": 30,
    }
    assert [row["stage"] for row in found["sleep_stages"].to_pylist()] == [
        "awake", "light", "deep", "rem", "awake", "asleep", "awake",
    ]  # fmt: skip


def test_a_night_without_stages_is_unstaged_sleep():
    (night,) = parsed([session()])["sleep_sessions"].to_pylist()
    assert (night["asleep_minutes"], night["unstaged_minutes"]) == (480, 480)
    assert night["flags"] == "unstaged"


def test_a_night_that_ends_as_it_begins_is_counted_and_none():
    found = parsed([session(), session(2, end=START)])
    assert found["sleep_sessions"].num_rows == 1
    assert found["report"]["sentinels"] == {"placeholder_nights": 1}


def test_stages_that_say_nothing_are_counted():
    rows = [session(), stage(0, START, START + HOUR), stage(99, START, START + HOUR),
            stage(4, START + HOUR, START)]  # fmt: skip
    found = parsed(rows)
    assert found["sleep_stages"].num_rows == 0
    assert found["report"]["dropped"] == {"sleep_stages": 2}


def test_a_row_number_is_of_one_row_of_the_file_alone():
    series = {"parent_key": 1, "epoch_millis": START, "beats_per_minute": 60}
    rows = [pressure(), pressure(START + 1), ("heart_rate_record_series_table", series), session(),
            stage(4, START, START + HOUR)]  # fmt: skip
    found = parsed(rows)
    tables = ("blood_pressure", "heart_rate", "sleep_sessions", "sleep_stages")
    numbers = [number for name in tables for number in found[name]["raw_row"].to_pylist()]
    assert numbers == [1, 2, 3, 4, 5]


def test_an_older_version_lacks_columns_and_tables():
    script = script_of(
        {
            "application_info_table": "row_id INTEGER PRIMARY KEY, package_name TEXT",
            "blood_pressure_record_table": "time INTEGER, systolic REAL, diastolic REAL",
        }
    )
    row = {"time": START, "systolic": 120, "diastolic": 80}
    found = parse(
        export_file_of(database(script, [("blood_pressure_record_table", row)])), date_order=None
    )
    (reading,) = found["blood_pressure"].to_pylist()
    assert reading["systolic_mmhg"] == 120
    assert reading["utc_offset_minutes"] is None


def test_a_database_that_was_written_with_a_log_is_read():
    assert parsed([pressure()], with_log=True)["blood_pressure"].num_rows == 1


def test_a_view_of_the_file_is_never_read():
    night = "1 AS parent_key, 0 AS stage_start_time, 1 AS stage_end_time, 4 AS stage_type"
    tables = {name: columns for name, columns in TABLES.items() if name != "sleep_stages_table"}
    script = script_of(tables) + f"CREATE VIEW sleep_stages_table AS SELECT {night};"
    assert parsed([session()], script)["sleep_stages"].num_rows == 0


WHOLE = database(HEALTH_CONNECT, [*APPS, *(pressure(START + n * MINUTE) for n in range(300))])


@given(st.integers(16, len(WHOLE) - 1))
def test_a_file_cut_short_says_so_and_gives_nothing(length):
    report = parse(export_file_of(WHOLE[:length]), date_order=None)["report"]
    assert report["status"] == "unrecognised"
    assert "damaged or cut short" in report["reason"]
    assert not report["records"]


@given(st.integers(100, len(WHOLE) - 1), st.binary(min_size=1, max_size=40))
def test_a_damaged_file_is_read_or_refused_and_never_breaks(place, noise):
    content = WHOLE[:place] + noise + WHOLE[place + len(noise) :]
    report = parse(export_file_of(content[: len(WHOLE)]), date_order=None)["report"]
    assert report["status"] in {"parsed", "failed", "unrecognised"}


@pytest.mark.parametrize("absurd", [2**62, -(2**62), 253_402_300_800_000])
def test_a_night_outside_the_calendar_is_rejected_and_a_stage_there_is_dropped(absurd):
    bad_stage = stage(4, START, absurd if absurd > 0 else -absurd)
    found = parsed([session(), session(2, end=absurd), session(3, start=absurd), bad_stage])
    assert found["sleep_sessions"]["raw_row"].to_pylist() == [1]
    assert found["rejected"]["raw_row"].to_pylist() == [3, 2]
    assert found["report"]["dropped"] == {"sleep_stages": 1}
