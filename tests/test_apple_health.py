"""A whole run on an export of Apple Health: a watch, a phone and a cuff, and the cuff's own log."""

import csv
import zipfile
from datetime import timedelta

import pytest

from tests.conftest import Program
from tests.dataflows.exports.apple_health_examples import (
    PHONE,
    correlation,
    export,
    heart_rate,
    pressures,
    resting,
    sleep,
    steps,
    utc,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EVENING = utc(2026, 1, 5, 21)
STAGES = ("AsleepCore", "AsleepDeep", "AsleepCore", "AsleepREM", "Awake", "AsleepCore")
GERMAN = ("apple_health_export/Exportieren.xml", "apple_health_export/export_cda.xml")
CHINESE = ("apple_health_export/\u5bfc\u51fa.xml", "apple_health_export/\u5bfc\u51fa_cda.xml")
LOG = "date,time,systolic,diastolic,pulse\n2026-01-06,07:00,121,79,63\n"


def day(evening):
    """A night told by watch and phone, and a reading in the morning that is told twice."""
    told = zip(STAGES, range(30, 430, 70), strict=True)
    morning = evening + 9 * HOUR
    return [
        sleep("InBed", evening, evening + 460 * MINUTE, source=PHONE),
        *(sleep(s, evening + m * MINUTE, evening + (m + 70) * MINUTE) for s, m in told),
        *(heart_rate(50 + i % 20, evening + 5 * i * MINUTE) for i in range(100)),
        resting(54, evening - 20 * HOUR, evening),
        pressures(121, 79, morning),
        correlation(pressures(121, 79, morning), morning),
        heart_rate(63, morning, source="OMRON connect"),
        steps(morning),
    ]


def zipped(path, *names):
    body = export(*(element for i in range(3) for element in day(EVENING + i * 24 * HOUR)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(names[0], body)
        for name in names[1:]:
            archive.writestr(name, "<ClinicalDocument>\n <title>Health Data Export</title>\n")
    return path


def rows(program, name):
    with (program.home / "me" / "outputs" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def owner(tmp_path):
    return Program(tmp_path / "home", PDP_TIME_ZONE="Europe/Berlin")


def test_watch_phone_and_cuff_count_each_night_reading_and_heart_rate_once(owner, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(LOG, encoding="utf-8")
    owner("import", str(zipped(tmp_path / "export.zip", *GERMAN)), str(log))
    done = owner("--json")
    assert done.exit_code == 0, done.stderr
    books = done.json["books"]
    assert books["blood_pressure"] == {
        "parsed": 4, "valid": 4, "rejected": 0, "shadowed": 1, "kept": 3
    }  # fmt: skip
    assert (books["heart_rate"]["kept"], books["sleep"]["kept"]) == (306, 3)
    (shadowed,) = rows(owner, "shadowed_rows")
    assert (shadowed["source"], shadowed["rule"]) == ("apple_health", "equal_reading_other_source")
    for night in rows(owner, "sleep_nights"):
        told = (night["asleep_minutes"], night["in_bed_minutes"], night["latency_minutes"])
        assert told == ("350", "460", "30")
    days = {row["local_date"]: row for row in rows(owner, "daily_metrics")}
    assert days["2026-01-07"]["pulse_mean_bpm"] == "63"
    assert days["2026-01-06"]["resting_heart_rate_method"] == "vendor:apple_health"
    assert days["2026-01-06"]["sleep_efficiency_ratio"].startswith("0.760")


def test_a_newer_export_adds_its_days_and_counts_nothing_twice(owner, tmp_path):
    owner("import", str(zipped(tmp_path / "old.zip", *CHINESE)))
    assert owner().exit_code == 0
    before = rows(owner, "daily_metrics")
    newer = tmp_path / "newer.xml"
    evenings = [EVENING + i * 24 * HOUR for i in range(4)]
    newer.write_text(export(*(element for e in evenings for element in day(e))), encoding="utf-8")
    owner("import", str(newer))
    assert owner().exit_code == 0
    after = rows(owner, "daily_metrics")
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) == len(before) + 1


def test_an_export_that_is_cut_off_is_used_and_the_run_says_so(owner, tmp_path):
    cut = tmp_path / "cut.xml"
    cut.write_text(export(*day(EVENING))[:-900], encoding="utf-8")
    owner("import", str(cut))
    done = owner("--json")
    assert done.exit_code == 0, done.stderr
    (file,) = done.json["files"]
    assert (file["status"], file["rejected"] > 0) == ("parsed", True)
    assert "export it again" in file["reason"]
    assert "cut_off" in {row["check"] for row in rows(owner, "rejected_rows")}
