"""Samsung Health's tables and binning data."""
# ruff: noqa: DTZ001  times as the tables write them

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import parse, samsung_health
from tests.dataflows.exports.conftest import export_file_of

OWN, WATCH, CUFF = (
    "com.sec.android.app.shealth",
    "com.samsung.android.shealthmonitor",
    "com.omronhealthcare.omronconnect",
)
PREFIX = "com.samsung.health."
PRESSURE = ("systolic", "diastolic", "pulse", "mean", "start_time", "time_offset", "pkg_name",
            "deviceuuid", "update_time", "comment", "datauuid")  # fmt: skip
RATE = ("start_time", "end_time", "time_offset", "heart_rate", "binning_data", "pkg_name",
        "deviceuuid", "update_time")  # fmt: skip
NIGHT = ("start_time", "end_time", "time_offset", "pkg_name", "deviceuuid", "update_time")
STAGE = ("start_time", "sleep_id", "update_time", "stage", "time_offset", "deviceuuid", "pkg_name",
         "end_time")  # fmt: skip
BARE = {"sleep_stage"}
COMMON = {"time_offset": "UTC+0200", "pkg_name": OWN, "deviceuuid": "QFAL7bqk2x",
          "start_time": "2026-06-19 04:00:00.000"}  # fmt: skip


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def text_of(kind, columns, rows, *, header_comma=False, end="\n"):
    """A table as the app writes it: every row ends with a comma, the header maybe."""
    space = "tracker." if kind == "heart_rate" else ""
    prefix = "" if kind in BARE else f"{PREFIX}{kind}."
    names = ",".join(prefix + name for name in columns) + ("," if header_comma else "")
    lines = [f"com.samsung.shealth.{space}{kind},6310001,6", names]
    lines += ["".join(f"{row.get(name, '')}," for name in columns) for row in rows]
    return "".join(line + end for line in lines)


def parsed(kind, columns, *rows, **more):
    rows = [COMMON | row for row in rows]
    return parse(export_file_of(text_of(kind, columns, rows, **more)), date_order=None)


def pressures(*rows, **more):
    return parsed("blood_pressure", PRESSURE, *rows, **more)


def reading(systolic=128.0, diastolic=79.0, pulse="64.0", **rest):
    return {"systolic": systolic, "diastolic": diastolic, "pulse": pulse} | rest


@pytest.mark.parametrize("header_comma", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_reading_has_its_instant_offset_device_and_line(header_comma, end):
    found = pressures(reading(), reading(pulse=""), header_comma=header_comma, end=end)
    assert (found["report"]["format"], found["report"]["status"]) == ("samsung_health", "parsed")
    first, second = found["blood_pressure"].to_pylist()
    assert (first["start_utc"], first["utc_offset_minutes"]) == (at("2026-06-19 04:00"), 120)
    assert (first["systolic_mmhg"], first["diastolic_mmhg"], first["pulse_bpm"]) == (128, 79, 64)
    assert (first["device"], first["raw_row"]) == (f"{OWN} (bqk2x)", 3)
    assert (second["pulse_bpm"], second["raw_row"]) == (None, 4)
    assert found["rejected"].num_rows == 0


def test_what_a_watch_estimated_is_cuffless():
    found = pressures(reading(pkg_name=WATCH), reading(129.0, pkg_name=CUFF), reading(131.0))
    assert found["blood_pressure"]["flags"].to_pylist() == ["cuffless", None, None]


def test_placeholders_are_counted_and_a_pulse_of_nothing_is_none():
    found = pressures(
        reading(0.0, 0.0, "0.0"), reading(pulse="0.0"), reading(0.0, 0.0, start_time="")
    )
    (row,) = found["blood_pressure"].to_pylist()
    assert (row["pulse_bpm"], row["raw_row"]) == (None, 4)
    assert found["report"]["sentinels"] == {"blood_pressure": 2}


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        (reading(systolic=""), "systolic", "missing_value"),
        (reading(diastolic="high"), "diastolic", "not_a_number"),
        (reading(pulse="fast"), "pulse", "not_a_number"),
        (reading(start_time=""), "start_time", "missing_time"),
        (reading(start_time="19.06.2026"), "start_time", "not_a_time"),
    ],
)
def test_a_reading_without_what_it_needs_is_rejected_whole(row, column, check):
    found = pressures(reading(), row, reading())
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["column"], rejected["check"]) == (4, column, check)
    assert rejected["signal"] == "blood_pressure"
    assert found["blood_pressure"]["raw_row"].to_pylist() == [3, 5]


def test_a_comment_may_hold_commas_and_lines():
    found = pressures(reading(comment='"before,\nbreakfast"'), reading(120.0))
    first, second = found["blood_pressure"].to_pylist()
    assert (first["note"], second["note"]) == ("before,\nbreakfast", None)
    assert second["systolic_mmhg"] == 120


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("UTC+0530", 330), ("UTC-03:30", -210), ("UTC+0000", 0), ("", None), ("UTC+9900", None)],
)
def test_an_offset_is_that_of_the_place(written, minutes):
    (row,) = pressures(reading(time_offset=written))["blood_pressure"].to_pylist()
    assert row["utc_offset_minutes"] == minutes


def test_a_time_may_be_told_in_milliseconds():
    (row,) = pressures(reading(start_time="1781841600123"))["blood_pressure"].to_pylist()
    assert row["start_utc"] == at("2026-06-19 04:00:00.123")


def test_a_heart_rate_that_names_binning_data_is_no_sample():
    found = parsed(
        "heart_rate",
        RATE,
        {"heart_rate": "61.0"},
        {"heart_rate": "62.0", "binning_data": "a.binning_data.json"},
        {"heart_rate": "0.0"},
        {"heart_rate": "many"},
    )
    (row,) = found["heart_rate"].to_pylist()
    assert (row["heart_rate_bpm"], row["kind"], row["raw_row"]) == (61, "sample", 3)
    assert (row["start_utc"], row["utc_offset_minutes"]) == (at("2026-06-19 04:00"), 120)
    report = found["report"]
    assert report["sentinels"] == {"heart_rate": 1}
    assert report["dropped"] == {"binned_heart_rates": 1}
    assert "jsons" in report["reason"]
    assert found["rejected"]["check"].to_pylist() == ["not_a_number"]


def test_a_night_tells_when_it_was_and_not_how_long_was_slept():
    start, end = "2026-06-18 21:00:00.000", "2026-06-19 05:00:00.000"
    found = parsed(
        "sleep",
        NIGHT,
        {"start_time": start, "end_time": end, "update_time": "2026-06-19 05:01:00.000"},
        {"start_time": end, "end_time": end},
        {"start_time": end, "end_time": ""},
    )
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_utc"], night["end_utc"]) == (at(start), at(end))
    assert (night["utc_offset_minutes"], night["updated_utc"]) == (120, at("2026-06-19 05:01"))
    assert night.get("asleep_minutes") is None
    assert found["report"]["sentinels"] == {"placeholder_nights": 1}
    assert found["rejected"]["check"].to_pylist() == ["missing_time"]


def test_stages_have_their_codes():
    hours = [f"2026-06-18 {hour}:00:00.000" for hour in range(19, 24)]
    rows = [
        {"start_time": start, "end_time": end, "stage": code}
        for start, end, code in zip(hours, hours[1:], (40001, 40002, 40003, 40004), strict=False)
    ]
    found = parsed("sleep_stage", STAGE, *rows, rows[0] | {"stage": 40009}, rows[0] | {"stage": ""})
    assert found["sleep_stages"]["stage"].to_pylist() == ["awake", "light", "deep", "rem"]
    assert found["sleep_stages"]["start_utc"].to_pylist() == [at(hour) for hour in hours[:4]]
    rejected = found["rejected"].to_pylist()
    assert [row["check"] for row in rejected] == ["unknown_stage", "missing_value"]
    assert {row["signal"] for row in rejected} == {"sleep_stages"}


def test_columns_are_found_without_their_type_and_in_any_order():
    text = (
        "com.samsung.health.blood_pressure,1,1\n"
        "diastolic,com.samsung.health.blood_pressure.systolic,start_time,systolic\n"
        "80,120,2026-06-19 04:00:00.000,1\n"
    )
    (row,) = parse(export_file_of(text), date_order=None)["blood_pressure"].to_pylist()
    assert (row["systolic_mmhg"], row["diastolic_mmhg"]) == (120, 80)
    assert row["device"] is None


def test_other_tables_are_recognised_and_hold_nothing():
    report = parsed("floors_climbed", ("floor", "start_time"), {"floor": 3})["report"]
    assert (report["format"], report["status"], report["records"]) == (
        "samsung_health",
        "parsed",
        {},
    )
    assert report["reason"].startswith("floors_climbed: holds no")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("com.samsung.shealth.blood_pressure,6310001,6\n", "names the columns"),
        ("com.samsung.shealth.blood_pressure,6310001,6\nsystolic,start_time\n1,2\n", "diastolic"),
    ],
)
def test_a_table_that_cannot_be_used_fails_with_a_reason(text, reason):
    report = parse(export_file_of(text), date_order=None)["report"]
    assert (report["format"], report["status"]) == ("samsung_health", "failed")
    assert reason in report["reason"]


def test_it_is_recognised_by_its_first_line_alone():
    for text in ("com.samsung.shealth.sleep,1,6\n", "\ufeffcom.samsung.health.weight,1,2\r\n"):
        assert exports.recognised_format(export_file_of(text).content) is samsung_health
    for text in ("date,com.samsung.shealth.sleep\n", '[{"heart_rate": 61.0}]'):
        assert exports.recognised_format(export_file_of(text).content) is not samsung_health


MOMENTS = st.datetimes(datetime(2012, 1, 1), datetime(2035, 1, 1)).map(
    lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
)
READINGS = st.tuples(
    MOMENTS,
    st.integers(-840, 840),
    st.integers(60, 250),
    st.integers(30, 140),
    st.integers(30, 200),
)


def written(when, minutes, systolic, diastolic, pulse):
    sign = "-" if minutes < 0 else "+"
    return reading(
        float(systolic), float(diastolic), float(pulse),
        start_time=when.isoformat(" ", "milliseconds"),
        time_offset=f"UTC{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}",
    )  # fmt: skip


@given(st.lists(READINGS, max_size=20), st.booleans())
def test_what_is_written_is_what_is_read(told, header_comma):
    found = pressures(*(written(*one) for one in told), header_comma=header_comma)
    table = found["blood_pressure"]
    names = ("start_utc", "utc_offset_minutes", "systolic_mmhg", "diastolic_mmhg", "pulse_bpm")
    rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert rows == [(one[0].replace(tzinfo=UTC), *one[1:]) for one in told]
    assert table["raw_row"].to_pylist() == list(range(3, len(told) + 3))


START = datetime(2026, 6, 1)
WHOLE = text_of(
    "blood_pressure",
    (*PRESSURE[3:], "systolic", "diastolic", "pulse"),
    [COMMON | written(START + timedelta(days=n), 60, 121 + n, 79, 63) for n in range(8)],
)


@pytest.mark.parametrize("header_comma", [True, False])
@example(WHOLE.index("\n", WHOLE.index("pulse\n") + 7) - 4)
@given(st.integers(1, len(WHOLE) - 1))
def test_a_table_cut_off_anywhere_tells_no_number_that_it_did_not_hold(header_comma, end):
    whole = WHOLE.replace("pulse\n", "pulse,\n") if header_comma else WHOLE
    found = parse(export_file_of(whole[:end]), date_order=None)
    rows = found["blood_pressure"].to_pylist()
    assert all(row["systolic_mmhg"] == 118 + row["raw_row"] for row in rows)
    assert all(row["pulse_bpm"] == 63 for row in rows)


NOISE = st.binary(max_size=30) | st.text(st.sampled_from('",;\n\r 0179.+-UTC'), max_size=60).map(
    str.encode
)


@given(st.sampled_from(sorted(samsung_health.KINDS)), st.lists(NOISE, max_size=6))
def test_no_content_makes_it_fail(kind, body):
    columns = {"blood_pressure": PRESSURE, "heart_rate": RATE, "sleep": NIGHT}.get(kind, STAGE)
    content = text_of(kind, columns, []).encode() + b"".join(body)
    found = parse(export_file_of(content), date_order=None)
    assert found["report"]["status"] in {"parsed", "failed"}


def test_a_package_with_a_control_character_in_its_name_is_a_device_like_others():
    found = pressures(reading(pkg_name="com.sec.\x1fandroid.app.shealth"))
    (device,) = found["blood_pressure"]["device"].to_pylist()
    assert device.startswith("com.sec.")
