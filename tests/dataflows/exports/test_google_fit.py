"""Google Fit's data points."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import google_fit, parse
from tests.dataflows.exports.conftest import export_file_of

START = 1_781_841_600_000_000_000  # 2026-06-19 04:00 UTC
MINUTE = 60_000_000_000


def at(nanos):
    return datetime.fromtimestamp(nanos / 1e9, UTC)


def file_of(*points, source="derived:com.google.heart_rate.bpm:merge", indent=None):
    told = {"Data Source": source, "Data Points": points}
    return export_file_of(json.dumps(told, indent=indent))


def parsed(*points, **more):
    return parse(file_of(*points, **more), date_order=None)


def point(kind, *values, start=START, end=None, **rest):
    return {
        "fitValue": [{"value": {"fpVal" if isinstance(v, float) else "intVal": v}} for v in values],
        "startTimeNanos": start, "endTimeNanos": start if end is None else end,
        "dataTypeName": f"com.google.{kind}",
    } | rest  # fmt: skip


def rate(bpm=62.0, start=START, **rest):
    return point("heart_rate.bpm", bpm, start=start, **rest)


def test_heart_rates_are_samples_at_their_instants_whether_numbers_or_texts():
    found = parsed(rate(), rate(64.5, str(START + MINUTE)), rate(0.0), indent=2)
    assert (found["report"]["format"], found["report"]["status"]) == ("google_fit", "parsed")
    rows = found["heart_rate"].to_pylist()
    assert [(row["start_utc"], row["heart_rate_bpm"], row["raw_row"]) for row in rows] == [
        (at(START), 62, 1), (at(START + MINUTE), 64.5, 2),
    ]  # fmt: skip
    assert {row["kind"] for row in rows} == {"sample"}
    assert found["report"]["sentinels"] == {"placeholders": 1}


def test_a_source_of_resting_heart_rates_has_no_samples():
    source = "derived:com.google.heart_rate.bpm:com.google.android.gms:resting_heart_rate<-merge"
    assert parsed(rate(), source=source)["heart_rate"]["kind"].to_pylist() == ["resting"]


def test_a_pressure_of_a_bands_app_is_cuffless():
    origin = "raw:com.google.blood_pressure:com.huami.watch.hmwatchmanager:"
    found = parsed(
        point("blood_pressure", 128.0, 79.0, 1, 3),
        point("blood_pressure", 131.0, 82.0, originDataSourceId=origin),
        point("blood_pressure", 0.0, 0.0),
    )
    rows = found["blood_pressure"].to_pylist()
    assert [(row["systolic_mmhg"], row["diastolic_mmhg"]) for row in rows] == [(128, 79), (131, 82)]
    assert [row["flags"] for row in rows] == [None, "cuffless"]


def test_segments_of_sleep_are_stages():
    points = [
        point("sleep.segment", code, start=START + n * MINUTE, end=START + (n + 1) * MINUTE)
        for n, code in enumerate((1, 2, 3, 4, 5, 6))
    ]
    stages = parsed(*points)["sleep_stages"].to_pylist()
    assert [row["stage"] for row in stages] == ["awake", "asleep", "awake", "light", "deep", "rem"]
    assert stages[1]["start_utc"] == at(START + MINUTE)
    assert stages[1]["end_utc"] == at(START + 2 * MINUTE)


@pytest.mark.parametrize(
    ("told", "signal", "check", "column"),
    [
        (rate(start=None), "heart_rate", "missing_time", "startTimeNanos"),
        (rate(start="noon"), "heart_rate", "missing_time", "startTimeNanos"),
        (rate(fitValue=[]), "heart_rate", "missing_value", "fitValue"),
        (rate(fitValue=None), "heart_rate", "missing_value", "fitValue"),
        (rate(fitValue=[{"value": 61}]), "heart_rate", "missing_value", "fitValue"),
        (point("blood_pressure", 128.0), "blood_pressure", "missing_value", "fitValue"),
        (point("sleep.segment", 9), "sleep_stages", "unknown_stage", "fitValue"),
        (point("sleep.segment"), "sleep_stages", "missing_value", "fitValue"),
        (point("sleep.segment", 4, endTimeNanos=None), "sleep_stages", "missing_time",
         "endTimeNanos"),
    ],
)  # fmt: skip
def test_a_point_that_cannot_be_read_is_rejected(told, signal, check, column):
    found = parsed(rate(), told)
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["signal"]) == (2, signal)
    assert (rejected["check"], rejected["column"]) == (check, column)


@given(
    st.lists(st.tuples(st.integers(0, 4 * 10**18), st.floats(20, 240)), max_size=30),
    st.sampled_from([None, 1]),
)
def test_what_is_written_is_what_is_read(told, indent):
    other = point("step_count.delta", 7)
    points = [rate(bpm, nanos // 1000 * 1000) for nanos, bpm in told]
    table = parse(file_of(other, *points, indent=indent), date_order=None)["heart_rate"]
    assert table["start_utc"].cast("int64").to_pylist() == [nanos // 1000 for nanos, _ in told]
    assert table["heart_rate_bpm"].to_pylist() == [bpm for _, bpm in told]
    assert table["raw_row"].to_pylist() == list(range(2, len(told) + 2))


def test_the_order_of_keys_does_not_matter():
    told = {"Data Points": [rate()], "Data Source": "derived:resting_heart_rate"}
    found = parse(export_file_of(json.dumps(told)), date_order=None)["heart_rate"].to_pylist()
    assert [(row["raw_row"], row["kind"]) for row in found] == [(1, "resting")]


def test_files_of_other_points_are_recognised_and_hold_nothing():
    report = parsed(point("step_count.delta", 7))["report"]
    assert (report["format"], report["status"], report["records"]) == ("google_fit", "parsed", {})
    other = export_file_of('{"Data": [], "Source": 1}')
    assert exports.recognised_format(other.content) is not google_fit


WHOLE = json.dumps({"Data Source": "x", "Data Points": [rate(start=START + n) for n in range(50)]})


@given(st.integers(40, len(WHOLE) - 1))
def test_a_file_cut_short_fails_with_a_reason_and_gives_nothing(length):
    report = parse(export_file_of(WHOLE[:length]), date_order=None)["report"]
    assert (report["format"], report["status"], report["records"]) == ("google_fit", "failed", {})
    assert "cut short" in report["reason"]
