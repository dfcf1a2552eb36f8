"""Oura's sleeps and heart rates."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import oura, parse
from tests.dataflows.exports.conftest import export_file_of


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def parsed(told):
    return parse(export_file_of(json.dumps(told)), date_order=None)


def sleep(**rest):
    return {
        "id": "x", "day": "2026-05-25", "type": "long_sleep",
        "bedtime_start": "2026-05-24T23:00:00-07:00",
        "bedtime_end": "2026-05-25T07:00:00.000-07:00",
        "deep_sleep_duration": 5400, "light_sleep_duration": 14_400, "rem_sleep_duration": 6000,
        "total_sleep_duration": 25_800, "awake_time": 3000, "latency": None,
        "lowest_heart_rate": 51, "average_heart_rate": 57.25, "sleep_phase_5_min": "4422211334",
    } | rest  # fmt: skip


def rate(bpm=61, timestamp="2026-05-25T06:00:00+00:00"):
    return {"bpm": bpm, "source": "sleep", "timestamp": timestamp}


@pytest.mark.parametrize(
    "wrap", [lambda a: a, lambda a: {"data": a}, lambda a: {"n": 1, "sleep": a}]
)
def test_a_sleep_has_its_minutes_stages_and_offset(wrap):
    found = parsed(wrap([sleep()]))
    assert (found["report"]["format"], found["report"]["status"]) == ("oura", "parsed")
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_utc"], night["end_utc"]) == (
        at("2026-05-25T06:00+00:00"), at("2026-05-25T14:00+00:00"),
    )  # fmt: skip
    assert (night["utc_offset_minutes"], night["is_nap"], night["raw_row"]) == (-420, False, 1)
    told = {name: night[f"{name}_minutes"] for name in ("asleep", "deep", "light", "rem", "awake")}
    assert told == {"asleep": 430, "deep": 90, "light": 240, "rem": 100, "awake": 50}
    stages = found["sleep_stages"].to_pylist()
    lengths = [(row["end_utc"] - row["start_utc"]).total_seconds() / 60 for row in stages]
    assert list(zip([row["stage"] for row in stages], lengths, strict=True)) == [
        ("awake", 10), ("light", 15), ("deep", 10), ("rem", 10), ("awake", 5),
    ]  # fmt: skip


def test_where_the_clocks_change_in_a_night_the_offset_is_that_of_waking():
    told = sleep(bedtime_start="2026-03-28T23:00:00+01:00", bedtime_end="2026-03-29T07:00:00+02:00")
    (night,) = parsed([told])["sleep_sessions"].to_pylist()
    assert night["utc_offset_minutes"] == 120


def test_the_lowest_rate_of_a_long_sleep_is_the_resting_heart_rate_of_its_day():
    found = parsed([sleep(), sleep(type="sleep"), sleep(lowest_heart_rate=None)])
    (resting,) = found["heart_rate"].to_pylist()
    assert (resting["kind"], resting["heart_rate_bpm"], resting["local_date"]) == (
        "resting", 51, date(2026, 5, 25),
    )  # fmt: skip
    assert found["sleep_sessions"]["is_nap"].to_pylist() == [False, True, False]


def test_latency_is_time_in_bed_before_sleep():
    found = parsed([sleep(latency=600)])["sleep_stages"].to_pylist()
    assert (found[0]["stage"], found[0]["end_utc"]) == ("in_bed", at("2026-05-25T06:10+00:00"))


def test_rest_and_placeholders_are_counted_and_are_no_sleep():
    found = parsed(
        [
            sleep(),
            sleep(type="rest"),
            sleep(type="deleted"),
            sleep(bedtime_end=sleep()["bedtime_start"]),
        ]
    )
    assert found["sleep_sessions"].num_rows == 1
    assert found["report"]["sentinels"] == {"rest_periods": 2, "placeholder_nights": 1}


def test_a_sleep_without_stages_is_not_staged():
    (night,) = parsed([sleep(**dict.fromkeys(
        ["deep_sleep_duration", "light_sleep_duration", "rem_sleep_duration", "sleep_phase_5_min"]
    ))])["sleep_sessions"].to_pylist()  # fmt: skip
    assert (night["asleep_minutes"], night.get("deep_minutes")) == (430, None)


def test_heart_rates_are_instants_without_an_offset_and_rows_count_through_all_lists():
    found = parsed({"sleep": [sleep(lowest_heart_rate=None)], "heartrate": [rate(), rate(0)]})
    (row,) = found["heart_rate"].to_pylist()
    assert (row["start_utc"], row["raw_row"]) == (at("2026-05-25T06:00+00:00"), 2)
    assert row.get("utc_offset_minutes") is None
    assert found["report"]["sentinels"] == {"heart_rate": 1}


@pytest.mark.parametrize(
    ("element", "check", "column"),
    [
        (sleep(bedtime_start=None), "missing_time", "bedtime_start"),
        (sleep(bedtime_end="2026-05-25T07:00:00"), "not_a_time", "bedtime_end"),
        (sleep(bedtime_end="2026-05-24T07:00:00Z"), "out_of_range", "bedtime_end"),
        (rate("fast"), "not_a_number", "bpm"),
        (rate(None), "missing_value", "bpm"),
        (rate(timestamp="noon"), "not_a_time", "timestamp"),
        (rate(timestamp=None), "missing_time", "timestamp"),
    ],
)
def test_what_cannot_be_read_is_rejected(element, check, column):
    found = parsed([sleep(), rate(), element])
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"], rejected["column"]) == (3, check, column)


def test_phases_that_mean_nothing_are_counted_and_take_their_time():
    found = parsed([sleep(sleep_phase_5_min="1X2")])
    assert found["report"]["dropped"] == {"sleep_stages": 1}
    assert found["sleep_stages"]["start_utc"].to_pylist() == [
        at("2026-05-25T06:00+00:00"), at("2026-05-25T06:10+00:00"),
    ]  # fmt: skip


@example("12" * 60)
@given(st.text("1234", max_size=120))
def test_stages_lie_inside_their_sleep_one_after_the_other(phases):
    found = parsed([sleep(sleep_phase_5_min=phases)])
    (night,) = found["sleep_sessions"].to_pylist()
    stages = found["sleep_stages"].to_pylist()
    edges = [night["start_utc"], *(row["end_utc"] for row in stages)]
    assert [row["start_utc"] for row in stages] == edges[:-1]
    minutes = sum((row["end_utc"] - row["start_utc"]).total_seconds() / 60 for row in stages)
    assert minutes == min(len(phases) * 5, 480)


@pytest.mark.parametrize(
    "told", [[], {}, [{"bpm": 61, "source": "phone", "timestamp": 1}], [{"bedtime_start": 1}]]
)
def test_lists_of_others_are_not_recognised(told):
    assert exports.recognised_format(export_file_of(json.dumps(told)).content) is not oura


WHOLE = json.dumps({"data": [sleep(), sleep()]})


@given(st.integers(200, len(WHOLE) - 1))
def test_a_file_cut_short_fails_with_a_reason_and_gives_nothing(length):
    report = parse(export_file_of(WHOLE[:length]), date_order=None)["report"]
    assert (report["format"], report["status"], report["records"]) == ("oura", "failed", {})
    assert "cut short" in report["reason"]
