"""A whole run over exports of blood pressure monitors and Withings, and a log kept by hand."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest

from tests.conftest import Program
from tests.dataflows.exports import withings_examples as withings
from tests.dataflows.exports.conftest import csv_of

SETTINGS = {"PDP_TIME_ZONE": "Europe/Berlin", "PDP_AS_OF": "2026-06-30T22:00:00Z"}

# Readings that stand in no other file have pressures that show nowhere by chance.
LOG = csv_of(
    "date,time,systolic,diastolic,pulse,note",
    "2025-02-12,08:13,121,79,63,typed in",
    "2025-02-13,08:13,118,77,60,",
)
OMRON_REPORT = csv_of(
    "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes",
    "Feb 12 2025,08:13,121,79,63,-,-,-,-",
    "Feb 12 2025,08:12,121,79,64,-,-,-,-",
    "Mar 30 2025,02:30,187,112,61,-,-,-,-",
    "Oct 26 2025,02:30,124,80,61,-,-,-,-",
    "Nov 01 2025,08:12,999,80,61,-,-,-,-",
)
OMRON_SAVED = csv_of(
    "\ufeffMeasurement Date,Timezone,SYS(mmHg),DIA(mmHg),Pulse(bpm),Irregular heartbeat,Device",
    "2025/01/12 08:12,Asia/Manila,125,81,63,Detected,HEM-7600T",
    "2025/01/12 08:12,Asia/Manila,125,81,63,Detected,HEM-7600T",
    "2025/10/26 02:30,Asia/Manila,126,82,61,,HEM-7600T",
)
IHEALTH = csv_of(
    "Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note", '"Dec 28, 2025",09:02,124,79,67,'
)
BEURER = csv_of(
    "Benutzerangaben", "", "Vorname;A", "", "BLUTDRUCK",
    "Datum;Uhrzeit;Sys;Dia;Puls;MAD;Manuell hinzugefügt",
    "13.02.2025;08:12;118;77;60;91;0", "14.02.2025;08:12;119;78;60;91;0",
    "", "MAD = Mittlerer arterieller Druck",
)  # fmt: skip


def withings_export():
    nights = [withings.FIRST + timedelta(days=day, hours=23) for day in range(3)]
    members = {
        "bp.csv": [
            withings.PRESSURE,
            '"2025-01-12 07:34:49",61,,,',
            '"2025-01-13 07:34:49",60,127,83,',
        ],
        "sleep.csv": [withings.SLEEP, *(
            withings.night_row(
                night.isoformat(), (night + timedelta(hours=8)).isoformat(), 12_000, 15_000, 0, 1800
            )
            for night in nights
        )],
        "raw_hr_hr.csv": [withings.SERIES, *withings.heart_rates()],
        "raw_tracker_steps.csv": [withings.SERIES, *withings.steps()],
        "raw_tracker_sleep-state.csv": [withings.SERIES, *withings.states()],
    }  # fmt: skip
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, lines in members.items():
            archive.writestr(name, csv_of(*lines))
    return target.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The program after a run, and what the run said."""
    program = Program(tmp_path_factory.mktemp("monitors") / "home", **SETTINGS)
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    texts = {"a.csv": LOG, "b.csv": OMRON_REPORT, "c.csv": OMRON_SAVED, "d.csv": IHEALTH,
             "e.csv": BEURER, "f.csv": OMRON_REPORT.replace("Date,Time", "Fecha,Hora")}  # fmt: skip
    for name, text in texts.items():
        (inbox / name).write_text(text, encoding="utf-8")
    (inbox / "g.zip").write_bytes(withings_export())
    return program, program("--json")


def rows_of(run, name):
    return list(csv.DictReader(io.StringIO(run[0].outputs("me")[name].decode())))


def readings(run, **wanted):
    rows = rows_of(run, "blood_pressure_readings.csv")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_each_file_is_told_by_its_content_and_the_refused_one_says_what_to_do(run):
    done = run[1]
    assert done.exit_code == 6, done.stderr
    formats = {file["name"]: (file["format"], file["status"]) for file in done.json["files"]}
    assert formats == {
        "a.csv": ("blood_pressure_sheet", "parsed"),
        "b.csv": ("omron", "parsed"),
        "c.csv": ("omron", "parsed"),
        "d.csv": ("ihealth", "parsed"),
        "e.csv": ("beurer", "parsed"),
        "f.csv": ("omron", "failed"),
        "g.zip": ("withings", "parsed"),
    }
    (refused,) = [file for file in done.json["files"] if file["name"] == "f.csv"]
    assert "set the app to English" in refused["reason"]


def test_the_books_balance(run):
    for counts in run[1].json["books"].values():
        assert counts["parsed"] == counts["valid"] + counts["rejected"]
        assert counts["valid"] == counts["kept"] + counts["shadowed"]


def test_a_monitor_s_reading_that_was_typed_in_too_counts_once(run):
    kept = readings(run, local_date="2025-02-12")
    assert [(row["source"], row["note"]) for row in kept] == [
        ("omron", ""),
        ("blood_pressure_sheet", "typed in"),
    ]
    assert [row["source"] for row in readings(run, local_date="2025-02-13")] == [
        "blood_pressure_sheet"
    ]
    rules = [(row["source"], row["rule"]) for row in rows_of(run, "shadowed_rows.csv")]
    assert sorted(rules) == [
        ("beurer", "equal_reading_other_source"),
        ("omron", "equal_reading_other_source"),
        ("omron", "same_reading"),
    ]


def test_a_zone_that_is_told_is_recorded_and_one_that_is_not_is_the_home_zone(run):
    (told,) = readings(run, local_date="2025-01-12")
    assert (told["start_utc"], told["time_zone"]) == ("2025-01-12T00:12:00Z", "Asia/Manila")
    assert (told["time_zone_source"], told["flags"]) == ("recorded", "irregular_heartbeat")
    (untold,) = readings(run, local_date="2025-12-28")
    assert (untold["start_utc"], untold["time_zone"]) == ("2025-12-28T08:02:00Z", "Europe/Berlin")
    assert untold["time_zone_source"] == "configured"


def test_hours_that_the_clocks_skip_or_show_twice_are_those_of_the_zone_of_the_row(run):
    flags = {row["time_zone"]: row["flags"] for row in readings(run, local_date="2025-10-26")}
    assert flags == {"Europe/Berlin": "ambiguous_local_time", "Asia/Manila": ""}
    checks = {row["check"] for row in rows_of(run, "rejected_rows.csv")}
    assert checks == {"nonexistent_local_time", "out_of_range"}


def test_withings_fills_heart_rate_sleep_and_latency(run):
    (archive,) = [file for file in run[1].json["files"] if file["name"] == "g.zip"]
    assert archive["records"] == {
        "blood_pressure": 1, "heart_rate": 433, "sleep_sessions": 3, "sleep_stages": 18,
    }  # fmt: skip
    nights = rows_of(run, "sleep_nights.csv")
    told = [(n["local_date"], n["asleep_minutes"], n["latency_minutes"]) for n in nights]
    assert told == [(f"2025-01-{day}", "450", "30") for day in (13, 14, 15)]
    steps = next(m for m in archive["members"] if m["name"].endswith("steps.csv"))
    assert (steps["status"], steps["records"]) == ("parsed", {})


def test_no_value_stands_in_a_message(run):
    told = re.sub(r"\(\d+ done\)", "", run[1].stderr)  # how far it was is no value
    said = told + json.dumps([file["reason"] for file in run[1].json["files"]])
    assert not re.search(r"\b(187|112|999)\b", said)
