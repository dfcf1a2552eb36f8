"""The demo person's exports through the parsers that read anybody's."""

import hashlib
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from adapters.sources import demo
from dataflows import annotations, blood_pressure, heart_rate, sleep
from dataflows.exports import ExportFile, parse

# What a parser itself cannot read; other codes are for the contracts that come after it.
UNREADABLE = {"invalid_json", "not_a_number", "missing_value"}
RAW, DAILY = "MiFitness_hlth_center_fitness_data", "MiFitness_hlth_center_aggregated_fitness_data"


def leaves():
    for name, content in demo.demo_exports().items():
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield f"{name}/{member}", archive.read(member)
        else:
            yield name, content


@pytest.fixture(scope="module")
def contents():
    return dict(leaves())


@pytest.fixture(scope="module")
def parsed(contents):
    return {
        name: parse(
            ExportFile(hashlib.sha256(content).hexdigest(), pa.py_buffer(content)), date_order=None
        )
        for name, content in contents.items()
    }


@pytest.fixture(scope="module")
def planted():
    return demo.planted_rows()


def the(parsed, part):
    return next(result for name, result in parsed.items() if part in name)


def lines_with(contents, part, *words):
    content = next(content for name, content in contents.items() if part in name)
    lines = content.decode("utf-8-sig").splitlines()[1:]
    return [line for line in lines if any(word in line for word in words)]


def count(planted, part, signal, *kinds):
    return sum(
        part in row.name and row.signal == signal and (row.kind in kinds or row.check in kinds)
        for row in planted
    )


def test_every_file_is_recognised(parsed):
    expected = {
        name: "zepp" if name.startswith("zepp/") else
        "mi_fitness" if "MiFitness" in name else
        "annotations" if name == "annotations.csv" else "blood_pressure_sheet"
        for name in parsed
    }  # fmt: skip
    assert {name: result["report"]["format"] for name, result in parsed.items()} == expected
    assert {result["report"]["status"] for result in parsed.values()} == {"parsed"}


def test_the_planted_damage_is_rejected_and_nothing_else(parsed, planted):
    rejected = {
        (name, row["raw_row"], row["signal"], row["check"])
        for name, result in parsed.items()
        for row in result["rejected"].to_pylist()
    }
    damage = {(p.name, p.raw_row, p.signal, p.check) for p in planted if p.kind == demo.DAMAGE}
    assert rejected <= damage
    assert {row for row in damage if row[3] in UNREADABLE} <= rejected


def test_every_sentinel_is_counted_and_no_record(parsed, planted):
    for name, result in parsed.items():
        expected = Counter(
            row.signal for row in planted if row.name == name and row.kind == demo.SENTINEL
        )
        assert sum(result["report"]["sentinels"].values()) == expected.total(), name


def test_every_heart_rate_is_a_record(parsed, contents, planted):
    lost = ("invalid_json", "not_a_number", demo.SENTINEL)
    keys = (",heart_rate,", ",single_heart_rate,", ",resting_heart_rate,")
    expected = len(lines_with(contents, RAW, *keys)) - count(planted, RAW, "heart_rate", *lost)
    assert the(parsed, RAW)["heart_rate"].num_rows == expected
    automatic = "zepp/HEARTRATE_AUTO"
    expected = len(lines_with(contents, automatic, "")) - count(
        planted, automatic, "heart_rate", *lost
    )
    assert the(parsed, automatic)["heart_rate"].num_rows == expected


def test_every_reading_of_the_log_is_a_record(parsed, contents, planted):
    log = the(parsed, "blood-pressure-log")
    written = [line for line in lines_with(contents, "blood-pressure-log", "") if line.strip(",")]
    written = [line for line in written if not line.startswith("Average")]
    unreadable = log["rejected"].num_rows
    assert log["blood_pressure"].num_rows == len(written) - unreadable
    assert log["report"]["dropped"] == {"totals": 1}
    flags = Counter(log["blood_pressure"]["flags"].to_pylist())
    assert flags["converted_from_kpa"] >= 3


def test_every_night_of_both_bands_is_a_session(parsed, contents, planted):
    keys = (",sleep,", ",watch_night_sleep,", ",watch_daytime_sleep,")
    lost = count(planted, RAW, "sleep", "invalid_json", demo.SENTINEL)
    expected = len(lines_with(contents, RAW, *keys)) - lost
    sessions = the(parsed, RAW)["sleep_sessions"]
    rejected = the(parsed, RAW)["rejected"]
    bad = pc.sum(pc.equal(rejected["check"].cast(pa.string()), "inconsistent_stages")).as_py() or 0
    assert sessions.num_rows == expected - bad
    assert the(parsed, DAILY)["sleep_sessions"].num_rows > 400
    assert the(parsed, "zepp/SLEEP/")["sleep_sessions"].num_rows > 80


def test_the_minutes_of_zepp_become_stages(parsed):
    stages = the(parsed, "zepp/SLEEP_MINUTE")["sleep_stages"]
    assert set(stages["stage"].to_pylist()) == {"awake", "light", "deep", "rem"}


def test_every_line_of_the_annotations_is_one(parsed, contents):
    told = parsed["annotations.csv"]["annotations"].to_pylist()
    assert len(told) == len(lines_with(contents, "annotations.csv", "")) == 5
    assert [row["label"] for row in told if row["kind"] == "medication"] == ["amlodipine 5 mg"]


def test_most_days_have_a_record_of_some_signal(parsed):
    days = set()
    for moment in the(parsed, RAW)["heart_rate"]["start_utc"].to_pylist():
        if moment is not None:
            days.add((moment.astimezone(UTC) + timedelta(hours=2)).date())
    for result in parsed.values():
        for table in ("blood_pressure", "heart_rate", "heart_rate_summaries", "sleep_sessions"):
            if "local_date" in result[table].column_names:
                days |= set(result[table]["local_date"].to_pylist()) - {None}
    end = datetime.combine(demo.DEMO_END_DATE, datetime.min.time()).date()
    assert max(days) == end
    assert len(days) >= 400


def test_after_the_checks_all_of_the_damage_is_rejected_and_nothing_else(parsed, planted):
    rejected = {
        (name, row["raw_row"], row["signal"], row["check"])
        for name, result in parsed.items()
        for table in (result["rejected"], *checked(result))
        for row in table.to_pylist()
    }
    damage = {(p.name, p.raw_row, p.signal, p.check) for p in planted if p.kind == demo.DAMAGE}
    assert rejected == damage


def checked(result):
    """The rejected rows of each signal, by the nodes that every export passes."""
    home = {"home_time_zone": demo.DEMO_TIME_ZONE, "home_time_zone_source": "configured"}
    sessions, stages = result["sleep_sessions"], result["sleep_stages"]
    told = {"time_evidence": heart_rate.time_evidence(sessions, stages), **home}
    pressures = blood_pressure.blood_pressure_normalized(result["blood_pressure"], **told)
    rates = heart_rate.heart_rate_normalized(
        heart_rate_parsed=result["heart_rate"],
        heart_rate_summaries_parsed=result["heart_rate_summaries"],
        **told,
    )
    nights = sleep.sleep_normalized(sessions, stages, **home)
    yield blood_pressure.blood_pressure_checked(pressures)["rejected"]
    yield heart_rate.heart_rate_checked(rates)["rejected"]
    yield sleep.sleep_checked(nights)["rejected"]
    yield annotations.annotations_checked(result["annotations"])["rejected"]
