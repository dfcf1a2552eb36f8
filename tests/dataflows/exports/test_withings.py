"""The members of a Withings export."""
# ruff: noqa: DTZ001  wall times have no zone

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import exports
from dataflows.exports import blood_pressure_sheet, withings
from tests.dataflows.exports import withings_examples as made
from tests.dataflows.exports.conftest import csv_of, export_file_of


def parse(*rows, end="\n", raw=None):
    file = export_file_of(csv_of(*rows, end=end) if raw is None else raw)
    assert exports.recognised_format(file.content) is withings
    return exports.parse(file, date_order=None)


def rows(found, table):
    return found[table].to_pylist()


# -- bp.csv ---------------------------------------------------------------------------------------


def test_a_row_with_pressures_is_a_reading_in_local_time():
    found = parse(made.PRESSURE, '"2025-01-12 07:34:49",61,121,79,"after tea"')
    (row,) = rows(found, "blood_pressure")
    assert row["start_local"] == datetime(2025, 1, 12, 7, 34, 49)
    assert [row[n] for n in ("systolic_mmhg", "diastolic_mmhg", "pulse_bpm")] == [121, 79, 61]
    assert (row["source"], row["note"]) == ("withings", "after tea")


def test_a_row_with_a_heart_rate_alone_is_one_measured_by_hand():
    found = parse(made.PRESSURE, '"2025-01-12 07:34:49",61,,,', '"2025-01-12 08:34:49",64,121,79,')
    (rate,) = rows(found, "heart_rate")
    assert (rate["heart_rate_bpm"], rate["kind"], rate["raw_row"]) == (61, "manual", 2)
    assert rate["start_local"] == datetime(2025, 1, 12, 7, 34, 49)
    assert (found["blood_pressure"].num_rows, found["rejected"].num_rows) == (1, 0)


def test_a_row_without_any_number_is_counted_and_is_no_record():
    found = parse(made.PRESSURE, '"2025-01-12 07:34:49",,,,', '"2025-01-12 07:35:49",0,,,')
    assert found["report"]["sentinels"] == {"empty_rows": 2}
    assert found["report"]["records"] == {}


@pytest.mark.parametrize(
    ("row", "signal", "check"),
    [
        ('"2025-01-12 07:34:49",61,121,,', "blood_pressure", "missing_value"),
        ('"2025-01-12 07:34:49",61,121,7', "blood_pressure", "wrong_field_count"),
        ('"2025-01-12 07:34:49",6', "blood_pressure", "wrong_field_count"),
        ('"2025-02-30 07:34:49",61,121,79,', "blood_pressure", "not_a_time"),
        ('"2025-01-12 07:34:49",6l,,,', "heart_rate", "not_a_number"),
        (",61,,,", "heart_rate", "missing_time"),
    ],
)
def test_a_bad_row_of_pressures_is_rejected_with_its_reason(row, signal, check):
    found = parse(made.PRESSURE, '"2025-01-11 07:34:49",61,121,79,', row)
    (rejected,) = rows(found, "rejected")
    assert (rejected["signal"], rejected["check"], rejected["raw_row"]) == (signal, check, 3)
    assert found["blood_pressure"].num_rows == 1


@pytest.mark.parametrize(
    "lines",
    [
        ("date,heart rate,systolic,diastolic,comments", "2025-01-12 07:34:49,61,121,79,"),
        ("Date,Heart rate,Systolic,Diastolic,Comments", "2025-01-12 07:34,61,121,79,"),
        ("Date,Heart rate,Systolic,Diastolic,Comments,Mood", "2025-01-12 07:34:49,61,121,79,,"),
    ],
)
def test_a_log_that_somebody_keeps_stays_theirs(lines):
    content = export_file_of(csv_of(*lines)).content
    assert exports.recognised_format(content) is blood_pressure_sheet


# -- sleep.csv ------------------------------------------------------------------------------------

NIGHT = ("2025-01-12T23:00:00+01:00", "2025-01-13T07:00:00+01:00")


def test_a_night_has_its_stages_in_minutes_and_its_recorded_offset():
    found = parse(made.SLEEP, made.night_row(*NIGHT, rem=0), made.night_row(
        "2025-01-14T00:00:00+01:00", "2025-01-14T07:00:00+01:00", rem=1800))  # fmt: skip
    session = rows(found, "sleep_sessions")[0]
    assert session["start_utc"] == made.utc("2025-01-12T22:00")
    assert session["end_utc"] == made.utc("2025-01-13T06:00")
    assert session["utc_offset_minutes"] == 60
    names = ("light", "deep", "rem", "awake", "asleep")
    assert [session[f"{n}_minutes"] for n in names] == [300, 120, 0, 60, 420]


def test_a_device_without_rem_sleep_tells_none():
    found = parse(made.SLEEP, made.night_row(*NIGHT), made.night_row(*NIGHT))
    assert "rem_minutes" not in found["sleep_sessions"].column_names


def test_the_time_before_sleep_is_a_stage_in_bed():
    (stage,) = rows(parse(made.SLEEP, made.night_row(*NIGHT, latency=1800)), "sleep_stages")
    assert (stage["stage"], stage["raw_row"]) == ("in_bed", 2)
    assert stage["end_utc"] - stage["start_utc"] == timedelta(minutes=30)


@pytest.mark.parametrize(("latency", "dropped"), [(0, {}), (90_000, {"latencies": 1})])
def test_no_latency_or_an_impossible_one_makes_no_stage(latency, dropped):
    found = parse(made.SLEEP, made.night_row(*NIGHT, latency=latency))
    assert found["sleep_stages"].num_rows == 0
    assert found["report"]["dropped"] == dropped


def test_where_the_clocks_change_the_offset_at_waking_counts():
    night = made.night_row("2025-03-29T23:00:00+01:00", "2025-03-30T07:00:00+02:00")
    (session,) = rows(parse(made.SLEEP, night), "sleep_sessions")
    assert session["end_utc"] - session["start_utc"] == timedelta(hours=7)
    assert session["utc_offset_minutes"] == 120


def test_placeholder_nights_are_counted():
    found = parse(
        made.SLEEP,
        made.night_row(NIGHT[0], NIGHT[0]),
        made.night_row(*NIGHT, light=0, deep=0, awake=0),
    )
    assert found["report"]["sentinels"] == {"placeholder_nights": 2}
    assert found["rejected"].num_rows == 0


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        (made.night_row(NIGHT[1], NIGHT[0]), "to", "out_of_range"),
        (made.night_row("", NIGHT[1]), "from", "missing_time"),
        (made.night_row("2025-01-12T23:00:00", NIGHT[1]), "from", "not_a_time"),
        (made.night_row(*NIGHT, deep="deep"), "deep", "not_a_number"),
        (made.night_row(*NIGHT, light=-60), "light", "not_a_number"),
        (",".join(NIGHT) + ",18000,72", None, "wrong_field_count"),
    ],
)
def test_a_bad_night_is_rejected_with_its_reason(row, column, check):
    found = parse(made.SLEEP, made.night_row(*NIGHT), row)
    (rejected,) = rows(found, "rejected")
    assert (rejected.get("column"), rejected["check"]) == (column, check)
    assert (rejected["signal"], rejected["raw_row"]) == ("sleep", 3)
    assert found["sleep_sessions"].num_rows == 1


@pytest.mark.parametrize(
    "header",
    [
        'von,bis,"leicht (s)","tief (s)","rem (s)","wach (s)",Aufwachen',
        'de,a,"ligero (s)","profundo (s)","rem (s)","despierto (s)",despertar',
    ],
)
def test_other_languages_that_are_known_are_read(header):
    found = parse(header, ",".join([*NIGHT, "18000,7200,0,3600,2"]))
    (session,) = rows(found, "sleep_sessions")
    assert (session["deep_minutes"], session["awake_minutes"]) == (120, 60)


def test_the_german_header_names_the_time_before_sleep_wrongly():
    header = (
        'von,bis,"leicht (s)","tief (s)","rem (s)","wach (s)",Aufwachen,"Dauer des Schlafs (s)",'
        '"Dauer bis zum Wachwerden (s)"'
    )
    (stage,) = rows(parse(header, ",".join([*NIGHT, "20000,8680,0,120,0,120,0"])), "sleep_stages")
    assert stage["stage"] == "in_bed"
    assert stage["end_utc"] - stage["start_utc"] == timedelta(minutes=2)


def test_a_language_that_is_not_known_is_refused_with_what_to_do():
    header = 'da,a,"leggero (s)","profondo (s)","rem (s)","sveglio (s)",risveglio'
    report = parse(header, ",".join([*NIGHT, "18000,7200,0,3600,2"]))["report"]
    assert report["status"] == "failed"
    assert "set the Withings app to English" in report["reason"]
    assert "18000" not in report["reason"]


OFFSETS = st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
SLEPT = st.tuples(
    st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=OFFSETS),
    st.integers(1, 86_400),
    st.tuples(*[st.integers(0, 20_000)] * 4),
)


@given(st.lists(SLEPT, min_size=1, max_size=9))
def test_what_sleeps_are_written_with_is_what_is_read(told):
    told = [(start.replace(microsecond=0), length, parts) for start, length, parts in told]
    ends = [start + timedelta(seconds=length) for start, length, _ in told]
    lines = [
        made.night_row(start.isoformat(), end.isoformat(), *parts, latency=0)
        for (start, _, parts), end in zip(told, ends, strict=True)
        if sum(parts)
    ]
    found = rows(parse(made.SLEEP, *lines), "sleep_sessions")
    expected = [(*night, end) for night, end in zip(told, ends, strict=True) if sum(night[2])]
    assert len(found) == len(expected)
    for session, (start, _, (light, deep, rem, awake), end) in zip(found, expected, strict=True):
        assert (session["start_utc"], session["end_utc"]) == (start, end)
        assert timedelta(minutes=session["utc_offset_minutes"]) == start.utcoffset()
        minutes = [session[f"{name}_minutes"] for name in ("light", "deep", "awake", "asleep")]
        assert minutes == pytest.approx([n / 60 for n in (light, deep, awake, light + deep + rem)])


# -- raw series -----------------------------------------------------------------------------------


def test_heart_rates_of_a_list_follow_each_other_by_their_durations():
    row = made.series_row(made.FIRST, [60, 120, 60], [70, 101, 72])
    found = parse(made.SERIES, *made.heart_rates(), row)
    samples = rows(found, "heart_rate")[-3:]
    assert [(s["start_utc"] - made.FIRST).seconds for s in samples] == [0, 60, 180]
    assert [s["heart_rate_bpm"] for s in samples] == [70, 101, 72]
    assert {(s["kind"], s["utc_offset_minutes"]) for s in samples} == {("sample", 60)}
    assert len({s["raw_row"] for s in samples}) == 1


def test_a_sentinel_among_heart_rates_is_counted():
    row = made.series_row(made.FIRST, [60, 60], [0, 72])
    found = parse(made.SERIES, *made.heart_rates(), row)
    assert found["report"]["sentinels"] == {"heart_rate": 1}


@pytest.mark.parametrize("deepest", [2, 3])
def test_sleep_states_become_stages_of_equal_states(deepest):
    found = parse(made.SERIES, *made.states(1, deepest=deepest))
    stages = sorted(rows(found, "sleep_stages"), key=lambda stage: stage["start_utc"])
    last = "rem" if deepest == 3 else "deep"
    assert [stage["stage"] for stage in stages] == ["awake", "light", "deep", "light", last]
    minutes = [(s["end_utc"] - s["start_utc"]) / timedelta(minutes=1) for s in stages]
    assert minutes == [30, 31, 179, 60, 180]
    assert found["heart_rate"].num_rows == 0


def test_states_that_are_not_known_are_left_out_and_counted():
    found = parse(made.SERIES, *made.states(), made.series_row(made.FIRST, [60] * 3, [1, 5, 1]))
    assert found["report"]["dropped"] == {"unknown_states": 1}
    assert found["sleep_stages"]["raw_row"].to_pylist()[-2:] == [8, 8]
    assert found["sleep_stages"].num_rows == 17


def test_each_stage_stands_in_its_own_row_where_two_rows_follow_each_other():
    later = made.series_row(made.FIRST + timedelta(minutes=1), [60], [1])
    found = parse(made.SERIES, *made.states(), made.series_row(made.FIRST, [60], [1]), later)
    assert found["sleep_stages"]["raw_row"].to_pylist()[-2:] == [8, 9]


@pytest.mark.parametrize(
    "lines",
    [
        made.steps(),
        made.oxygen(),
        made.altitudes(),
        made.laps(),
        made.heart_rates()[:99],
        made.states(deepest=1)[::2],
        [made.series_row(made.FIRST, [60], ["44.123"])],
        [*made.heart_rates(), *["2025-01-12T10:00:00+01:00,[60],[70.5]"] * 500],
        ["not,a,series"],
        [],
    ],
    ids=[
        "steps",
        "oxygen",
        "altitudes",
        "laps",
        "too few",
        "one depth",
        "places",
        "mixed",
        "words",
        "none",
    ],
)
def test_a_series_that_may_be_something_else_is_not_used_and_says_so(lines):
    found = parse(made.SERIES, *lines)
    assert found["report"]["status"] == "parsed"
    assert "not used" in found["report"]["reason"]
    assert (found["report"]["records"], found["rejected"].num_rows) == ({}, 0)


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        ("2025-01-12T10:00:00,[60],[70]", "start", "not_a_time"),
        ("2025-02-30T10:00:00+01:00,[60],[70]", "start", "not_a_time"),
        ("2025-01-12T10:00:00+01:00,[60],[seventy]", "value", "not_a_number"),
        ("2025-01-12T10:00:00+01:00,60,[70]", "duration", "not_a_number"),
        ('2025-01-12T10:00:00+01:00,"[60,60]",[70]', "duration", "not_a_number"),
        ("2025-01-12T10:00:00+01:00,[60]", None, "wrong_field_count"),
    ],
)
def test_a_bad_row_of_a_series_is_rejected_alone(row, column, check):
    good = made.heart_rates()
    found = parse(made.SERIES, *good[:50], row, *good[50:])
    (rejected,) = rows(found, "rejected")
    assert (rejected["raw_row"], rejected["column"], rejected["check"]) == (52, column, check)
    assert rejected["signal"] == "heart_rate"
    assert found["heart_rate"].num_rows == len(good)


@given(st.integers(0, 400))
def test_a_series_that_is_cut_off_tells_no_value_that_it_did_not_hold(kept):
    good = made.heart_rates()
    late = [made.series_row(made.FIRST + timedelta(days=9 + n), [60] * 9, [70] * 9) for n in (0, 1)]
    whole = csv_of(made.SERIES, *good, *late)
    start = len(csv_of(made.SERIES, *good))
    found = parse(raw=whole[: start + kept])
    values = found["heart_rate"]["heart_rate_bpm"].to_pylist()[len(good) :]
    assert set(values) <= {70}
    assert len(values) % 9 == 0


PAIRS = st.lists(st.tuples(st.integers(1, 900), st.integers(30, 200)), min_size=1, max_size=20)


@given(st.lists(PAIRS, min_size=1, max_size=8))
def test_what_a_series_is_written_with_is_what_is_read(lists):
    start = made.FIRST + timedelta(days=9)
    written = [made.series_row(start, *zip(*pairs, strict=True)) for pairs in lists]
    found = parse(made.SERIES, *made.heart_rates(), *written)
    total = sum(map(len, lists))
    table = found["heart_rate"].slice(found["heart_rate"].num_rows - total)
    expected = [
        (start + timedelta(seconds=sum(seconds for seconds, _ in pairs[:place])), value)
        for pairs in lists
        for place, (_, value) in enumerate(pairs)
    ]
    told = (table["start_utc"].to_pylist(), table["heart_rate_bpm"].to_pylist())
    assert list(zip(*told, strict=True)) == expected


# -- other members --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        'Date,"Weight (kg)","Fat mass (kg)","Bone mass (kg)","Muscle mass (kg)",Comments',
        'Date,"Weight (lb)","Fat mass (lb)",Comments',
        'Date,"Height (m)",Comments',
        'from,to,"from (manual)","to (manual)",Timezone,"Activity type",Data,GPS,Modified',
    ],
)
def test_body_measures_and_activities_are_known_and_hold_nothing(header):
    report = parse(header, '"2025-01-12 07:34:49",1,1,')["report"]
    assert (report["status"], report["records"]) == ("parsed", {})
    assert "no blood pressure" in report["reason"]
