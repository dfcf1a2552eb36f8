"""What other makers' accounts export, from the zip to the daily table."""

import csv
import io
import json
import zipfile

from tests.conftest import Program

BERLIN = {"PDP_TIME_ZONE": "Europe/Berlin", "PDP_AS_OF": "2026-06-30T22:00:00Z"}


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def imported(tmp_path, name, files):
    """A finished run over one zip of these files."""
    program = Program(tmp_path / "home", **BERLIN)
    assert program("import", str(zipped(tmp_path / name, files))).exit_code == 0
    done = program("--json")
    assert done.exit_code == 0, done.stderr
    return program, done.json


def rows_of(program, name):
    text = program.outputs("me")[name].decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_takeout_of_fitbit_fills_heart_rate_and_sleep(tmp_path):
    samples = [
        {"dateTime": f"06/18/26 22:{n:02}:00", "value": {"bpm": 60 + n, "confidence": n and 3}}
        for n in range(60)
    ]
    resting = [
        {"dateTime": "06/19/26 00:00:00", "value": {"date": "06/19/26", "value": 54.6, "error": 5}},
        {"dateTime": "06/20/26 00:00:00", "value": {"date": None, "value": 0.0, "error": 0.0}},
    ]
    night = {
        "logId": 1, "dateOfSleep": "2026-06-19", "startTime": "2026-06-18T23:00:00.000",
        "endTime": "2026-06-19T07:00:00.000", "minutesToFallAsleep": 5, "mainSleep": True,
        "levels": {
            "data": [
                {"dateTime": "2026-06-18T23:00:00.000", "level": "light", "seconds": 7 * 3600},
                {"dateTime": "2026-06-19T06:00:00.000", "level": "rem", "seconds": 3600},
            ],
            "shortData": [{"dateTime": "2026-06-19T05:59:00.000", "level": "wake", "seconds": 120}],
        },
    }  # fmt: skip
    table = "timestamp,beats per minute,data source\n" + "".join(
        f"2026-06-18T22:{n:02}:00Z,{60 + n}.0,Band\n" for n in range(1, 11)
    )
    sleeps = (
        "sleep_id,sleep_type,minutes_to_fall_asleep,minutes_asleep,minutes_awake,"
        "start_utc_offset,sleep_start,end_utc_offset,sleep_end,sleep_last_updated\n"
        "1,STAGES,5,477,3,+02:00,2026-06-18T21:00:00Z,+02:00,2026-06-19T05:00:00Z,"
        "2026-06-19T05:01:00Z\n"
    )
    stages = (
        "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,"
        "end_utc_offset,sleep_stage_end\n"
        "1,1,LIGHT,+02:00,2026-06-18 21:00:00+0000,+02:00,2026-06-19 04:00:00+0000\n"
        "1,2,AWAKE,+02:00,2026-06-19 03:00:00+0000,+02:00,2026-06-19 03:03:00+0000\n"
        "1,3,REM,+02:00,2026-06-19 04:00:00+0000,+02:00,2026-06-19 05:00:00+0000\n"
    )
    folder = "Takeout/Fitbit/Global Export Data/"
    program, run = imported(
        tmp_path,
        "takeout.zip",
        {
            folder + "heart_rate-2026-06-19.json": json.dumps(samples, indent=1),
            folder + "resting_heart_rate-2026-06-19.json": json.dumps(resting),
            folder + "sleep-2026-06-19.json": json.dumps([night]),
            "Takeout/Fitbit/Physical Activity_GoogleData/heart_rate_2026-06-18.csv": table,
            "Takeout/Fitbit/Health Fitness Data_GoogleData/UserSleeps_1.csv": sleeps,
            "Takeout/Fitbit/Health Fitness Data_GoogleData/UserSleepStages_1.csv": stages,
            folder + "steps-2026-06-19.json": '[{"dateTime":"06/19/26 00:00:00","value":"0"}]',
        },
    )
    (archive,) = run["files"]
    assert (archive["format"], archive["status"]) == ("fitbit", "parsed")
    assert {name: book["kept"] for name, book in run["books"].items() if book["kept"]} == {
        "heart_rate": 60, "sleep": 1,
    }  # fmt: skip
    assert run["books"]["heart_rate"]["shadowed"] == 10
    (day,) = rows_of(program, "daily_metrics.csv")
    assert day["local_date"] == "2026-06-19"
    assert (day["heart_rate_sample_count"], day["heart_rate_min_bpm"]) == ("59", "61")
    assert (day["resting_heart_rate_bpm"], day["resting_heart_rate_method"]) == (
        "54.6", "vendor:fitbit",
    )  # fmt: skip
    assert (day["sleep_asleep_minutes"], day["sleep_awake_minutes"]) == ("477", "3")
    assert (day["sleep_light_minutes"], day["sleep_rem_minutes"]) == ("417", "60")
    (session,) = rows_of(program, "sleep_sessions.csv")
    assert (session["start_utc"][:16], session["time_zone_source"]) == (
        "2026-06-18T21:00", "recorded",
    )  # fmt: skip
    assert run["books"]["sleep"]["shadowed"] == 1


def test_one_list_that_is_cut_short_fails_alone(tmp_path):
    whole = '[{"dateTime":"06/19/26 08:00:00","value":{"bpm":61,"confidence":2}}'
    program = Program(tmp_path / "home", **BERLIN)
    files = {"heart_rate-1.json": whole + "]", "heart_rate-2.json": whole + ",{"}
    assert program("import", str(zipped(tmp_path / "a.zip", files))).exit_code == 0
    done = program("--json")
    assert done.exit_code == 6
    assert done.json["books"]["heart_rate"]["kept"] == 1
    (cut,) = [one for one in done.json["files"][0]["members"] if one["status"] == "failed"]
    assert "cut short" in cut["reason"]


def samsung(kind, columns, *rows):
    """A table as Samsung Health saves it; what all rows have stands behind their own cells."""
    common = {"time_offset": "UTC+0900", "pkg_name": "com.sec.android.app.shealth"}
    names = [*columns, *common, "deviceuuid", "update_time", "datauuid"]
    lines = [f"com.samsung.shealth.{kind},6310001,6", ",".join(names)]
    lines += ["".join(f"{(common | row).get(name, '')}," for name in names) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def test_a_samsung_health_export_joins_nights_and_stages_and_keeps_watch_and_cuff_apart(tmp_path):
    watch, copier = {"deviceuuid": "QFAL7bqk2x"}, {"pkg_name": "com.example.copier"}
    night = {"start_time": "2026-06-18 14:00:00.000", "end_time": "2026-06-18 22:00:00.000"} | watch
    span = ("start_time", "end_time")
    stages = [
        {"start_time": f"2026-06-18 {first}:00:00.000", "end_time": f"2026-06-18 {last}:00:00.000",
         "stage": stage} | watch
        for first, last, stage in (
            (14, 18, 40002), (18, 20, 40003), (20, 21, 40001), (21, 22, 40004),
        )
    ]  # fmt: skip
    reading = {"systolic": 131.0, "diastolic": 84.0, "pulse": 61.0}
    measured = [
        reading | {"start_time": "2026-06-18 22:30:00.000", "pkg_name": "com.omronhealthcare.x"},
        reading | {"start_time": "2026-06-18 22:30:00.000"} | copier,
        reading
        | {"start_time": "2026-06-18 23:30:00.000",
           "pkg_name": "com.samsung.android.shealthmonitor"},
        reading | {"start_time": "2026-06-18 23:30:00.000", "pkg_name": "a.copier"},
        {"start_time": "2026-06-18 23:40:00.000", "systolic": 0.0, "diastolic": 0.0},
    ]  # fmt: skip
    bins = [
        {"heart_rate": 60.0 + n, "heart_rate_min": 50.0, "heart_rate_max": 90.0,
         "start_time": 1_781_827_200_000 + n * 60_000, "end_time": 1_781_827_259_999 + n * 60_000}
        for n in range(30)
    ]  # fmt: skip
    rates = [
        {"start_time": "2026-06-19 00:00:00.000", "heart_rate": 74.0, "binning_data": "x.json"},
        {"start_time": "2026-06-19 01:00:00.000", "heart_rate": 91.0} | watch,
        {"start_time": "2026-06-19 01:00:00.000", "heart_rate": 91.0} | copier,
    ]
    program, run = imported(
        tmp_path,
        "samsunghealth.zip",
        {
            "com.samsung.shealth.sleep.2026.csv": samsung(
                "sleep",
                span,
                night,
                night | copier | {"deviceuuid": "z", "start_time": "2026-06-18 14:30:00.000"},
            ),
            "com.samsung.health.sleep_stage.2026.csv": samsung(
                "sleep_stage", (*span, "stage"), *stages
            ),
            "com.samsung.shealth.blood_pressure.2026.csv": samsung(
                "blood_pressure", ("start_time", *reading), *measured
            ),
            "com.samsung.shealth.tracker.heart_rate.2026.csv": samsung(
                "tracker.heart_rate", ("start_time", "heart_rate", "binning_data"), *rates
            ),
            "jsons/com.samsung.shealth.tracker.heart_rate/x.binning_data.json": json.dumps(bins),
        },
    )
    (archive,) = run["files"]
    assert (archive["format"], archive["status"]) == ("samsung_health", "parsed")
    (session,) = rows_of(program, "sleep_sessions.csv")
    assert (session["asleep_minutes"], session["awake_minutes"]) == ("420", "60")
    assert (session["local_date"], session["time_zone_source"]) == ("2026-06-19", "recorded")
    readings = rows_of(program, "blood_pressure_readings.csv")
    assert [row["flags"] for row in readings] == ["", "cuffless"]
    days = rows_of(program, "blood_pressure_days.csv")
    assert [(day["measurement"], day["reading_count"]) for day in days] == [
        ("cuff", "1"), ("cuffless", "1"),
    ]  # fmt: skip
    (day,) = rows_of(program, "daily_metrics.csv")
    assert (day["heart_rate_sample_count"], day["heart_rate_max_bpm"]) == ("31", "91")
    assert day["blood_pressure_reading_count"] == "1"
    traced = program("lineage", "daily_metrics", "--row", "2", "--json").json["groups"]
    tables = {group["table"]: len(group["rows"]) for group in traced}
    assert tables["blood_pressure_readings_by_cuff"] == 1
    assert "blood_pressure_readings" not in tables
    assert {name: book["shadowed"] for name, book in run["books"].items() if book["kept"]} == {
        "blood_pressure": 2, "heart_rate": 1, "sleep": 1,
    }  # fmt: skip


def test_exports_of_oura_and_google_fit_stand_beside_each_other(tmp_path):
    sleep = {
        "type": "long_sleep", "day": "2026-06-19", "bedtime_start": "2026-06-18T23:00:00+02:00",
        "bedtime_end": "2026-06-19T07:00:00+02:00", "deep_sleep_duration": 7200,
        "light_sleep_duration": 14_400, "rem_sleep_duration": 3600, "awake_time": 3600,
        "latency": 900, "lowest_heart_rate": 48, "sleep_phase_5_min": "4" + "2" * 95,
    }  # fmt: skip
    rates = [{"bpm": 50, "source": "sleep", "timestamp": "2026-06-19T01:00:00+00:00"}]
    start = 1_781_841_600_000_000_000  # 2026-06-19 04:00 UTC
    points = [
        {"dataTypeName": "com.google.heart_rate.bpm", "fitValue": [{"value": {"fpVal": 70.0}}],
         "startTimeNanos": start, "endTimeNanos": start},
        {"dataTypeName": "com.google.blood_pressure", "startTimeNanos": start,
         "endTimeNanos": start,
         "fitValue": [{"value": {"fpVal": 124.0}}, {"value": {"fpVal": 81.0}}]},
    ]  # fmt: skip
    night = {"dataTypeName": "com.google.sleep.segment", "fitValue": [{"value": {"intVal": 4}}],
             "startTimeNanos": start - 86_400 * 10**9,
             "endTimeNanos": start - 61_200 * 10**9}  # fmt: skip
    program, run = imported(
        tmp_path,
        "both.zip",
        {
            "oura.json": json.dumps({"sleep": [sleep], "heartrate": rates}),
            "Takeout/Fit/All Data/a.json": json.dumps({"Data Source": "a", "Data Points": points}),
            "Takeout/Fit/All Data/b.json": json.dumps({"Data Source": "b", "Data Points": points}),
            "Takeout/Fit/All Data/c.json": json.dumps({"Data Source": "c", "Data Points": [night]}),
        },
    )
    shadowed = {name: book["shadowed"] for name, book in run["books"].items() if book["shadowed"]}
    assert shadowed == {"blood_pressure": 1, "heart_rate": 1}
    first, second = rows_of(program, "daily_metrics.csv")
    assert (first["local_date"], first["sleep_asleep_minutes"]) == ("2026-06-18", "420")
    assert (second["local_date"], second["sleep_asleep_minutes"]) == ("2026-06-19", "420")
    assert (second["systolic_mean_mmhg"], second["heart_rate_sample_count"]) == ("124", "2")
    assert (second["resting_heart_rate_bpm"], second["resting_heart_rate_method"]) == (
        "48", "vendor:oura",
    )  # fmt: skip
    nights = rows_of(program, "sleep_nights.csv")
    assert nights[1]["latency_minutes"] == "5"
