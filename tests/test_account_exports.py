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
    folder = "Takeout/Fitbit/Global Export Data/"
    program, run = imported(
        tmp_path,
        "takeout.zip",
        {
            folder + "heart_rate-2026-06-19.json": json.dumps(samples, indent=1),
            folder + "resting_heart_rate-2026-06-19.json": json.dumps(resting),
            folder + "sleep-2026-06-19.json": json.dumps([night]),
            folder + "steps-2026-06-19.json": '[{"dateTime":"06/19/26 00:00:00","value":"0"}]',
        },
    )
    (archive,) = run["files"]
    assert (archive["format"], archive["status"]) == ("fitbit", "parsed")
    assert {name: book["kept"] for name, book in run["books"].items() if book["kept"]} == {
        "heart_rate": 60, "sleep": 1,
    }  # fmt: skip
    (day,) = rows_of(program, "daily_metrics.csv")
    assert day["local_date"] == "2026-06-19"
    assert (day["heart_rate_sample_count"], day["heart_rate_min_bpm"]) == ("59", "61")
    assert (day["resting_heart_rate_bpm"], day["resting_heart_rate_method"]) == (
        "54.6", "vendor:fitbit",
    )  # fmt: skip
    assert (day["sleep_asleep_minutes"], day["sleep_awake_minutes"]) == ("478", "2")
    (session,) = rows_of(program, "sleep_sessions.csv")
    assert (session["start_utc"][:16], session["time_zone_source"]) == (
        "2026-06-18T21:00", "configured",
    )  # fmt: skip


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
