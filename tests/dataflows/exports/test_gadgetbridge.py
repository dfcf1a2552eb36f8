"""Gadgetbridge's database, of several makers' devices."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.engine.codecs import parquet_bytes
from dataflows.exports import gadgetbridge, parse, recognised_format
from tests.dataflows.exports.conftest import export_file_of
from tests.dataflows.exports.databases import database

NIGHT = 1_767_225_600  # 2026-01-01 00:00 UTC
COLUMNS = {
    "MI_BAND_ACTIVITY_SAMPLE": ("RAW_INTENSITY", "STEPS", "RAW_KIND", "HEART_RATE"),
    "HUAMI_EXTENDED_ACTIVITY_SAMPLE": ("RAW_KIND", "HEART_RATE", "DEEP_SLEEP", "REM_SLEEP"),
    "HUAMI_HEART_RATE_MANUAL_SAMPLE": ("UTC_OFFSET", "HEART_RATE"),
    "HUAMI_HEART_RATE_RESTING_SAMPLE": ("UTC_OFFSET", "HEART_RATE"),
    "HUAMI_STRESS_SAMPLE": ("STRESS",),
    "XIAOMI_ACTIVITY_SAMPLE": ("STEPS", "HEART_RATE", "STRESS", "SPO2"),
    "XIAOMI_SLEEP_TIME_SAMPLE": (
        "WAKEUP_TIME", "IS_AWAKE", "TOTAL_DURATION", "DEEP_SLEEP_DURATION",
        "LIGHT_SLEEP_DURATION", "REM_SLEEP_DURATION", "AWAKE_DURATION",
    ),
    "XIAOMI_SLEEP_STAGE_SAMPLE": ("STAGE",),
}  # fmt: skip
SCRIPT = (
    "CREATE TABLE DEVICE (_id INTEGER PRIMARY KEY, NAME TEXT, IDENTIFIER TEXT UNIQUE);"
    + "".join(
        f"CREATE TABLE {name} (TIMESTAMP INTEGER, DEVICE_ID INTEGER, "
        f"{', '.join(f'{column} INTEGER' for column in columns)}, "
        "PRIMARY KEY (TIMESTAMP, DEVICE_ID) ON CONFLICT REPLACE) WITHOUT ROWID;"
        for name, columns in COLUMNS.items()
    )
)
DEVICES = [
    ("DEVICE", {"_id": 1, "NAME": "Mi Band 6", "IDENTIFIER": "C0:FF:EE:00:A1:B2"}),
    ("DEVICE", {"_id": 2, "NAME": "Mi Band 6", "IDENTIFIER": "C0:FF:EE:00:C3:D4"}),
]
FIRST, SECOND = "Mi Band 6 (A1:B2)", "Mi Band 6 (C3:D4)"


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def parsed(rows):
    rows = [(table, {"DEVICE_ID": 1} | row) for table, row in rows]
    return parse(export_file_of(database(SCRIPT, [*DEVICES, *rows])), date_order=None)


def minutes(table, kinds, *, start=NIGHT, **rest):
    return [(table, {"TIMESTAMP": start + 60 * n, "RAW_KIND": kind} | rest)
            for n, kind in enumerate(kinds)]  # fmt: skip


def told(session):
    names = ("asleep", "deep", "light", "rem", "awake")
    return {name: session[f"{name}_minutes"] for name in names}


def test_it_is_recognised_by_its_tables():
    assert recognised_format(pa.py_buffer(database(SCRIPT))) is gadgetbridge
    assert recognised_format(pa.py_buffer(database("CREATE TABLE DEVICE (_id INTEGER)"))) is None


def test_samples_are_those_of_all_devices_whatever_the_unit_of_time():
    rows = [
        ("XIAOMI_ACTIVITY_SAMPLE", {"TIMESTAMP": NIGHT, "HEART_RATE": 61}),
        ("XIAOMI_ACTIVITY_SAMPLE", {"TIMESTAMP": NIGHT, "HEART_RATE": 62, "DEVICE_ID": 2}),
        ("MI_BAND_ACTIVITY_SAMPLE", {"TIMESTAMP": NIGHT + 60, "HEART_RATE": 63}),
        ("HUAMI_HEART_RATE_MANUAL_SAMPLE",
         {"TIMESTAMP": (NIGHT + 120) * 1000, "UTC_OFFSET": 7_200_000, "HEART_RATE": 64}),
        ("HUAMI_HEART_RATE_RESTING_SAMPLE", {"TIMESTAMP": (NIGHT + 180) * 1000, "HEART_RATE": 52}),
    ]  # fmt: skip
    found = {row["heart_rate_bpm"]: row for row in parsed(rows)["heart_rate"].to_pylist()}
    assert {rate: row["start_utc"] for rate, row in found.items()} == {
        61: at(NIGHT), 62: at(NIGHT), 63: at(NIGHT + 60), 64: at(NIGHT + 120), 52: at(NIGHT + 180),
    }  # fmt: skip
    assert [found[rate]["device"] for rate in (61, 62)] == [FIRST, SECOND]
    assert [found[rate]["kind"] for rate in (63, 64, 52)] == ["sample", "manual", "resting"]
    assert (found[64]["utc_offset_minutes"], found[61]["utc_offset_minutes"]) == (120, None)
    assert len({row["raw_row"] for row in found.values()}) == 5


def test_a_device_that_measured_nothing_is_counted():
    rows = [("XIAOMI_ACTIVITY_SAMPLE", {"TIMESTAMP": NIGHT + n, "HEART_RATE": rate})
            for n, rate in enumerate((255, 254, 0, -1, None, 70))]  # fmt: skip
    found = parsed(rows)
    assert found["heart_rate"]["heart_rate_bpm"].to_pylist() == [70]
    assert found["report"]["sentinels"] == {"heart_rate": 5}


def xiaomi_night(**rest):
    row = {"TIMESTAMP": NIGHT * 1000, "WAKEUP_TIME": (NIGHT + 4 * 3600) * 1000, "IS_AWAKE": 1}
    return ("XIAOMI_SLEEP_TIME_SAMPLE", row | rest)


def test_xiaomis_night_has_its_minutes_and_the_stages_between_its_ends():
    durations = {"DEEP_SLEEP_DURATION": 60, "LIGHT_SLEEP_DURATION": 120, "REM_SLEEP_DURATION": 50,
                 "AWAKE_DURATION": 10, "TOTAL_DURATION": 240}  # fmt: skip
    begun = ((-600, 3), (0, 3), (7200, 2), (10_800, 4), (13_800, 5), (20_000, 3))
    stages = [("XIAOMI_SLEEP_STAGE_SAMPLE", {"TIMESTAMP": (NIGHT + after) * 1000, "STAGE": stage})
              for after, stage in begun]  # fmt: skip
    found = parsed([xiaomi_night(**durations), *stages])
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_utc"], night["end_utc"]) == (at(NIGHT), at(NIGHT + 14_400))
    assert told(night) == {"asleep": 230, "deep": 60, "light": 120, "rem": 50, "awake": 10}
    rows = found["sleep_stages"].to_pylist()
    assert [(row["stage"], row["end_utc"]) for row in rows] == [
        ("light", at(NIGHT + 7200)), ("deep", at(NIGHT + 10_800)), ("rem", at(NIGHT + 13_800)),
        ("awake", at(NIGHT + 14_400)),
    ]  # fmt: skip


def test_a_night_without_stages_is_unstaged_and_one_without_minutes_is_none():
    found = parsed([xiaomi_night(TOTAL_DURATION=230), xiaomi_night(DEVICE_ID=2)])
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["asleep_minutes"], night["unstaged_minutes"]) == (230, 230)
    assert night["flags"] == "unstaged"
    assert found["report"]["sentinels"] == {"placeholder_nights": 1}


def test_huamis_minutes_become_a_night_with_its_pauses():
    table = "HUAMI_EXTENDED_ACTIVITY_SAMPLE"
    rows = [
        *minutes(table, [120] * 30, DEEP_SLEEP=10, REM_SLEEP=0),
        *minutes(table, [1] * 10, start=NIGHT + 1800),
        *minutes(table, [120] * 40, start=NIGHT + 2400, DEEP_SLEEP=128 + 43, REM_SLEEP=0),
        *minutes(table, [120] * 20, start=NIGHT + 4800, DEEP_SLEEP=43, REM_SLEEP=56),
        *minutes(table, [120] * 4, start=NIGHT + 20_000, DEEP_SLEEP=0, REM_SLEEP=0),
        *minutes(table, [115, 118] * 9, start=NIGHT + 30_000),
    ]
    found = parsed(rows)
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_utc"], night["end_utc"]) == (at(NIGHT), at(NIGHT + 6000))
    assert told(night) == {"asleep": 90, "deep": 40, "light": 30, "rem": 20, "awake": 10}
    assert found["sleep_stages"]["stage"].to_pylist() == ["light", "awake", "deep", "rem"]


def test_an_early_bands_kinds_last_until_another():
    kinds = [9, 0, 80, 112, 11, 16, 10, -1, 12, 0, 9, 96]
    (night,) = parsed(minutes("MI_BAND_ACTIVITY_SAMPLE", kinds))["sleep_sessions"].to_pylist()
    assert told(night) == {"asleep": 10, "deep": 4, "light": 6, "rem": 0, "awake": 2}


def test_the_first_band_told_other_kinds():
    kinds = [5] * 10 + [4] * 20
    first, second = (
        minutes("MI_BAND_ACTIVITY_SAMPLE", kinds, DEVICE_ID=device) for device in (1, 2)
    )
    later = minutes("MI_BAND_ACTIVITY_SAMPLE", [9] * 10, start=NIGHT + 9000, DEVICE_ID=2)
    nights = parsed([*first, *second, *later])["sleep_sessions"].to_pylist()
    assert [(night["device"], night["asleep_minutes"]) for night in nights] == [
        (FIRST, 30), (SECOND, 10),
    ]  # fmt: skip


def test_a_sleep_after_an_hours_pause_is_another():
    table = "HUAMI_EXTENDED_ACTIVITY_SAMPLE"
    rows = [*minutes(table, [120] * 10, DEEP_SLEEP=0, REM_SLEEP=0),
            *minutes(table, [120] * 10, start=NIGHT + 4200, DEEP_SLEEP=0, REM_SLEEP=0)]  # fmt: skip
    assert parsed(rows)["sleep_sessions"].num_rows == 2


@pytest.mark.parametrize("name", ["heart_rate", "sleep_sessions", "sleep_stages", "blood_pressure"])
def test_an_empty_database_has_tables_that_can_be_stored(name):
    found = parsed([])
    assert found["report"]["status"] == "parsed"
    assert found[name].num_rows == 0
    assert parquet_bytes(found[name]).size


@given(st.lists(st.sampled_from([0, 9, 11, 12, 3, 80, 112, -1]), max_size=80))
def test_minutes_asleep_and_awake_fill_their_sessions(kinds):
    found = parsed(minutes("MI_BAND_ACTIVITY_SAMPLE", kinds))
    for night in found["sleep_sessions"].to_pylist():
        length = (night["end_utc"] - night["start_utc"]).total_seconds() / 60
        assert night["asleep_minutes"] + night["awake_minutes"] == length


def test_an_offset_that_no_clock_shows_is_no_offset():
    offsets = (54_000_000, 10**18, -(2**63), -43_200_000)
    rows = [
        ("HUAMI_HEART_RATE_MANUAL_SAMPLE",
         {"TIMESTAMP": (NIGHT + place) * 1000, "UTC_OFFSET": offset, "HEART_RATE": 64})
        for place, offset in enumerate(offsets)
    ]  # fmt: skip
    assert parsed(rows)["heart_rate"]["utc_offset_minutes"].to_pylist() == [None, None, None, -720]


def test_a_rate_that_no_float_holds_exactly_is_a_record_which_is_judged_later():
    absurd = {"TIMESTAMP": NIGHT, "HEART_RATE": -(2**63)}
    assert parsed([("XIAOMI_ACTIVITY_SAMPLE", absurd)])["heart_rate"].num_rows == 1
