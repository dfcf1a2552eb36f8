"""Fitbit's lists, as the account's export and Google Takeout hold them."""
# ruff: noqa: DTZ001  wall times have no zone

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import fitbit, parse
from tests.dataflows.exports.conftest import export_file_of

SECONDS = st.datetimes(datetime(2009, 1, 1), datetime(2068, 12, 31)).map(
    lambda when: when.replace(microsecond=0)
)


def file_of(told, indent=None):
    return export_file_of(json.dumps(told, indent=indent, separators=(",", " : ")))


def parsed(told):
    return parse(file_of(told), date_order=None)


def sample(when, bpm=61, confidence=2):
    time = f"{when:%m/%d/%y %H:%M:%S}" if isinstance(when, datetime) else when
    return {"dateTime": time, "value": {"bpm": bpm, "confidence": confidence}}


def resting(day, value, when="01/01/24 00:00:00"):
    return {"dateTime": when, "value": {"date": day, "value": value, "error": 6.2}}


def level(clock, name, seconds):
    return {"dateTime": f"2024-03-{clock}:00.000", "level": name, "seconds": seconds}


def log(data=None, short=(), **rest):
    told = {"logId": 41941918001, "dateOfSleep": "2024-03-11", "mainSleep": True,
            "startTime": "2024-03-10T23:00:00.000", "endTime": "2024-03-11T07:00:00.000",
            "minutesToFallAsleep": 0, "type": "stages"}  # fmt: skip
    levels = {} if data is None else {"levels": {"data": data, "shortData": list(short)}}
    return told | levels | rest


NIGHT = [
    level("10T23:00", "wake", 600),
    level("10T23:10", "light", 6 * 3600),
    level("11T05:10", "deep", 3600),
    level("11T06:10", "rem", 3000),
]
AWAKENINGS = [
    level("11T00:00", "wake", 120),
    level("11T05:09", "wake", 180),
]


def wall(text):
    return datetime.fromisoformat(f"2024-03-{text}")


def test_samples_are_instants_in_utc_and_the_report_says_so():
    found = parsed(
        [sample(datetime(2021, 4, 15, 4, 0, 3)), sample(datetime(2021, 4, 16, 3, 59), 72)]
    )
    assert found["report"] == {
        "format": "fitbit", "status": "parsed", "records": {"heart_rate": 2}, "sentinels": {},
        "dropped": {}, "reason": "the times tell no zone and are read as UTC",
    }  # fmt: skip
    first, second = found["heart_rate"].to_pylist()
    assert first["start_utc"] == datetime(2021, 4, 15, 4, 0, 3, tzinfo=UTC)
    assert (first["raw_row"], first["heart_rate_bpm"], first["kind"]) == (1, 61, "sample")
    assert (second["raw_row"], second["heart_rate_bpm"]) == (2, 72)


def test_a_sample_without_confidence_is_counted_and_is_no_record():
    start = datetime(2024, 1, 1)
    found = parsed([sample(start, 70, 0), sample(start, 71, 1), sample(start, 72, None)])
    assert found["heart_rate"]["heart_rate_bpm"].to_pylist() == [71, 72]
    assert found["report"]["sentinels"] == {"heart_rate": 1}


@pytest.mark.parametrize(
    ("element", "check", "column"),
    [
        (7, "invalid_json", "value"),
        ({"dateTime": "01/01/24 00:00:00", "value": "66"}, "invalid_json", "value"),
        ({"dateTime": "01/01/24 00:00:00", "value": {"confidence": 2}}, "missing_value", "value"),
        (sample("01/01/24 00:00:00", "many"), "not_a_number", "value"),
        (sample("01/01/24 00:00:00", float("nan")), "not_a_number", "value"),
        (sample(None), "missing_time", "dateTime"),
        (sample("2024-01-01 00:00:00"), "not_a_time", "dateTime"),
        (sample("13/01/24 00:00:00"), "not_a_time", "dateTime"),
        (sample("02/30/24 00:00:00"), "not_a_time", "dateTime"),
        (sample("01/01/24 24:00:00"), "not_a_time", "dateTime"),
        (sample("01/01/24 00-00-00"), "not_a_time", "dateTime"),
        (sample("01/01/24 00:0a:00"), "not_a_time", "dateTime"),
    ],
)
def test_a_sample_that_cannot_be_read_is_rejected_and_the_others_stay(element, check, column):
    start = datetime(2024, 1, 1)
    found = parsed([sample(start), sample(start), element, sample(start)])
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"], rejected["column"]) == (3, check, column)
    assert (rejected["signal"], rejected["source"]) == ("heart_rate", "fitbit")
    assert rejected["reason"]
    assert found["heart_rate"]["raw_row"].to_pylist() == [1, 2, 4]


@given(st.lists(st.tuples(SECONDS, st.integers(20, 240), st.integers(1, 3)), max_size=30))
def test_samples_that_are_written_are_read(told):
    file = file_of([sample(*one) for one in [(datetime(2024, 1, 1), 60, 0), *told]], indent=2)
    table = parse(file, date_order=None)["heart_rate"]
    names = ("start_utc", "heart_rate_bpm", "raw_row")
    found = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    expected = [(when.replace(tzinfo=UTC), bpm) for when, bpm, _ in told]
    assert found == [(*one, row) for row, one in enumerate(expected, start=2)]


def test_a_resting_heart_rate_belongs_to_its_local_date():
    found = parsed([resting("03/02/24", 61.25), resting(None, 0.0), resting("03/03/24", 0.0)])
    (row,) = found["heart_rate"].to_pylist()
    assert (row["local_date"], row["heart_rate_bpm"]) == (date(2024, 3, 2), 61.25)
    assert (row["kind"], row["raw_row"]) == ("resting", 1)
    assert found["report"]["sentinels"] == {"resting_heart_rate": 2}
    assert found["report"]["reason"] is None


@pytest.mark.parametrize(
    ("element", "check"),
    [
        ({"dateTime": "01/01/24 00:00:00", "value": []}, "invalid_json"),
        (resting("03/02/24", "high"), "not_a_number"),
        (resting("2024-03-02", 61.0), "not_a_time"),
        (resting(5, 61.0), "not_a_time"),
    ],
)
def test_a_day_that_cannot_be_read_is_rejected(element, check):
    found = parsed([resting("03/02/24", 61.25), element])
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"]) == (2, check)
    assert found["heart_rate"].num_rows == 1


def test_a_night_has_its_stages_without_the_short_awakenings_in_them():
    found = parsed([log(NIGHT, AWAKENINGS)])
    (night,) = found["sleep_sessions"].to_pylist()
    assert (night["start_local"], night["end_local"]) == (wall("10T23:00"), wall("11T07:00"))
    assert night["is_nap"] is False
    told = {name: night[f"{name}_minutes"] for name in ("asleep", "deep", "light", "rem", "awake")}
    assert told == {"asleep": 465, "deep": 58, "light": 357, "rem": 50, "awake": 15}
    stages = found["sleep_stages"].to_pylist()
    assert [(row["stage"], row["start_local"]) for row in stages] == [
        ("awake", wall("10T23:00")), ("light", wall("10T23:10")), ("awake", wall("11T00:00")),
        ("light", wall("11T00:02")), ("awake", wall("11T05:09")), ("awake", wall("11T05:10")),
        ("deep", wall("11T05:12")), ("rem", wall("11T06:10")),
    ]  # fmt: skip
    assert {row["raw_row"] for row in stages} == {night["raw_row"]} == {1}


def test_latency_is_told_where_it_is_not_nothing():
    staged = parsed([log(NIGHT), log(NIGHT, minutesToFallAsleep=10)])["sleep_stages"].to_pylist()
    (in_bed,) = [row for row in staged if row["stage"] == "in_bed"]
    assert (in_bed["raw_row"], in_bed["start_local"], in_bed["end_local"]) == (
        2, wall("10T23:00"), wall("10T23:10"),
    )  # fmt: skip


def test_a_classic_log_is_unstaged_sleep_and_restless_is_awake():
    data = [level("10T23:00", "restless", 360), level("10T23:06", "awake", 60),
            level("10T23:07", "asleep", 7 * 3600)]  # fmt: skip
    (night,) = parsed([log(data, type="classic")])["sleep_sessions"].to_pylist()
    assert (night["asleep_minutes"], night["awake_minutes"]) == (420, 7)
    assert night.get("deep_minutes") is None


def test_a_log_without_stages_has_the_sums_that_it_tells():
    summary = {"deep": {"minutes": 60}, "light": {"minutes": 300}, "rem": {"minutes": 90},
               "wake": {"minutes": 30}}  # fmt: skip
    nights = parsed(
        [log(levels={"summary": summary}), log(minutesAsleep=400, minutesAwake=50, mainSleep=False)]
    )["sleep_sessions"].to_pylist()
    names = ("asleep_minutes", "deep_minutes", "awake_minutes", "is_nap")
    assert [tuple(night[name] for name in names) for night in nights] == [
        (450, 60, 30, False), (400, None, 50, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("element", "check", "column"),
    [
        ("log", "invalid_json", None),
        (log(NIGHT, startTime=None), "missing_time", "startTime"),
        (log(NIGHT, endTime="not-a-time"), "not_a_time", "endTime"),
        (log(NIGHT, endTime="2024-03-10T22:00:00.000"), "out_of_range", "endTime"),
    ],
)
def test_a_log_that_cannot_be_read_is_rejected(element, check, column):
    found = parsed([log(NIGHT), element])
    (rejected,) = found["rejected"].to_pylist()
    assert (rejected["raw_row"], rejected["check"], rejected["column"]) == (2, check, column)
    assert found["sleep_sessions"].num_rows == 1


def test_placeholders_and_stages_that_say_nothing_are_counted():
    odd = [level("11T06:10", "dream", 60), level("11T06:10", "rem", 0), {"level": "rem"}, 7]
    found = parsed([log(NIGHT + odd), log(), log(NIGHT, endTime="2024-03-10T23:00:00.000")])
    assert found["sleep_sessions"].num_rows == 1
    assert found["report"]["sentinels"] == {"placeholder_nights": 2}
    assert found["report"]["dropped"] == {"sleep_stages": 4}


@given(
    st.lists(st.tuples(st.sampled_from(["light", "deep", "rem", "wake"]), st.integers(1, 90))),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 180))),
)
def test_stages_follow_one_another_and_their_minutes_are_those_told(told, awakenings):
    start, data = datetime(2024, 3, 10, 22), []
    end = start
    for name, halves in told:
        data.append({"dateTime": end.isoformat(), "level": name, "seconds": halves * 30})
        end += timedelta(seconds=halves * 30)
    short = [
        {
            "dateTime": (start + timedelta(minutes=at)).isoformat(),
            "level": "wake",
            "seconds": n * 30,
        }
        for at, n in awakenings
    ]
    night = log(data, short, startTime=start.isoformat(), endTime=end.isoformat())
    found = parsed([night])
    stages = found["sleep_stages"].to_pylist()
    assert all(a["end_local"] == b["start_local"] for a, b in pairwise(stages))
    for session in found["sleep_sessions"].to_pylist():
        length = (end - start).total_seconds() / 60
        assert session["asleep_minutes"] + session["awake_minutes"] == pytest.approx(length)


@pytest.mark.parametrize("told", [[{"dateTime": "01/01/24 00:00:00", "value": "12"}]])
def test_other_lists_are_recognised_and_hold_nothing(told):
    report = parsed(told)["report"]
    assert (report["format"], report["status"], report["records"]) == ("fitbit", "parsed", {})
    assert "holds no" in report["reason"]


@pytest.mark.parametrize(
    "told",
    [[], [{"dateTime": "2024-01-01T00:00:00", "value": {"bpm": 61}}], [{"heart_rate": 61.0}]],
)
def test_lists_of_others_are_not_recognised(told):
    assert exports.recognised_format(file_of(told).content) is not fitbit
    assert not fitbit.recognises(b'dateTime,value\n"01/01/24 00:00:00",1\n')


START = datetime(2024, 1, 1)
FILES = [
    json.dumps([sample(START + timedelta(seconds=5 * n)) for n in range(400)], indent=2),
    json.dumps([resting("03/02/24", 61.25)] * 30),
    json.dumps([log(NIGHT, AWAKENINGS)] * 3),
]


@given(st.sampled_from(FILES), st.integers(200, 20_000))
def test_a_list_cut_short_fails_with_a_reason_and_gives_nothing(content, length):
    found = parse(export_file_of(content[: min(length, len(content) - 1)]), date_order=None)
    assert (found["report"]["format"], found["report"]["status"]) == ("fitbit", "failed")
    assert "cut short" in found["report"]["reason"]
    assert not found["report"]["records"]
    assert all(found[name].num_rows == 0 for name in found if name != "report")
