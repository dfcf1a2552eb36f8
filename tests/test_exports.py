"""Real-shaped exports of one person, in any order and form, give one table."""

import csv
import io
import zipfile
from datetime import date
from itertools import pairwise

import pytest
import pyzipper

from adapters.sources.demo import demo_exports
from tests.conftest import Program
from tests.dataflows.exports.databases import HEALTH_CONNECT, database

PASSWORD = "correct horse"
SETTINGS = {"PDP_TIME_ZONE": "Europe/Berlin", "PDP_AS_OF": "2026-06-30T22:00:00Z"}


@pytest.fixture(scope="module")
def exports():
    return demo_exports(end=date(2026, 6, 30), days=200)


def encrypted(content: bytes) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as plain,
        pyzipper.AESZipFile(target, "w", encryption=pyzipper.WZ_AES) as secret,
    ):
        secret.setpassword(PASSWORD.encode())
        for info in plain.infolist():
            secret.writestr(info.filename, plain.read(info))
    return target.getvalue()


def fill(folder, exports, names=None):
    for name in names or exports:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(exports[name])


@pytest.fixture(scope="module")
def aes_program(exports, tmp_path_factory):
    """Mi Fitness as an AES zip, Zepp as a folder, the log: all in the owner's inbox."""
    root = tmp_path_factory.mktemp("aes")
    (root / "password").write_text(PASSWORD + "\n")
    (root / "password").chmod(0o600)
    settings = {**SETTINGS, "PDP_ZIP_PASSWORD_FILE": str(root / "password")}
    program = Program(root / "home", **settings)
    coded = {n: encrypted(c) if n.endswith(".zip") else c for n, c in exports.items()}
    fill(program.home / "me" / "inbox", coded)
    done = program("--json")
    assert done.exit_code == 0, done.stderr
    return program, done.json


def rows_of(program, name):
    text = program.outputs("me")[name].decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_owner_is_the_default_once_something_is_in_the_inbox(aes_program):
    assert aes_program[1]["profile"] == "me"


def test_the_encrypted_archive_is_read_as_mi_fitness(aes_program):
    (archive,) = [f for f in aes_program[1]["files"] if f["name"].endswith(".zip")]
    assert (archive["format"], archive["status"]) == ("mi_fitness", "parsed")
    assert archive["records"]["heart_rate"] > 1000
    assert archive["members"]


def test_each_night_is_there_once_on_its_local_wake_date(aes_program):
    sessions = rows_of(aes_program[0], "sleep_sessions.csv")
    nights = [row for row in sessions if row["is_nap"] == "false"]
    assert {row["source"] for row in nights} == {"mi_fitness", "zepp"}
    spans = sorted((row["start_utc"], row["end_utc"]) for row in sessions)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    days = rows_of(aes_program[0], "daily_metrics.csv")
    slept = [row for row in days if row["sleep_asleep_minutes"]]
    assert len(slept) > 150
    assert max(float(row["sleep_asleep_minutes"]) for row in slept) < 15 * 60


def test_the_books_balance(aes_program):
    for counts in aes_program[1]["books"].values():
        assert counts["parsed"] == counts["valid"] + counts["rejected"]
        assert counts["valid"] == counts["kept"] + counts["shadowed"]
    assert aes_program[1]["books"]["sleep"]["shadowed"] > 50


def test_plain_or_encrypted_and_in_any_order_the_outputs_are_the_same_bytes(
    aes_program, exports, tmp_path
):
    program = Program(tmp_path / "home", **SETTINGS)
    folder = tmp_path / "incoming"
    fill(folder, exports)
    for name in sorted(exports, reverse=True):
        done = program("import", str(folder / name), "--json")
        assert done.exit_code == 0, done.stderr
    assert program("--json").exit_code == 0
    assert program.outputs("me") == aes_program[0].outputs("me")


def test_importing_the_same_files_again_changes_nothing(aes_program, exports, tmp_path):
    program, _ = aes_program
    before = program.outputs("me")
    fill(tmp_path, exports)
    again = program("import", str(tmp_path), "--json")
    assert again.exit_code == 0, again.stderr
    done = program("--json").json
    assert program.outputs("me") == before
    assert all(n["version"] in {None, 1} for n in done["nodes"])


def test_an_emptied_inbox_loses_nothing(aes_program):
    program, _ = aes_program
    before = program.outputs("me")
    inbox = program.home / "me" / "inbox"
    for path in sorted(inbox.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert program("--json").exit_code == 0
    assert program.outputs("me") == before


def test_a_row_of_which_nothing_was_read_is_excluded_with_a_warning(history):
    sure = history.inside("exclude", "first.csv", "2", "--reason", "x")
    assert (sure.exit_code, sure.stderr) == (0, "")
    doubtful = history.inside("exclude", "first.csv", "200", "--reason", "x")
    assert doubtful.exit_code == 0
    assert "warning: nothing was read from row 200 of first.csv" in doubtful.stderr


def test_an_excluded_reading_leaves_the_numbers_and_is_listed_with_the_reason(exports, tmp_path):
    program = Program(tmp_path / "home", **SETTINGS)
    fill(program.home / "me" / "inbox", exports, ["blood-pressure-log.csv"])
    before = program("--json").json["books"]["blood_pressure"]
    reading = rows_of(program, "blood_pressure_readings.csv")[10]
    done = program("exclude", "blood-pressure-log.csv", reading["raw_row"], "--reason", "wrong arm")
    assert done.exit_code == 0, done.stderr
    after = program("--json").json
    assert after["books"]["blood_pressure"]["kept"] == before["kept"] - 1
    assert after["books"]["blood_pressure"]["rejected"] == before["rejected"] + 1
    (row,) = [r for r in rows_of(program, "rejected_rows.csv") if r["check"] == "excluded_by_owner"]
    assert (row["raw_row"], row["reason"]) == (reading["raw_row"], "wrong arm")
    actions = {node["node"]: node["action"] for node in after["nodes"]}
    assert actions["parsed_export"] == actions["heart_rate_daily"] == "reused"


def test_one_more_file_costs_one_parse(exports, tmp_path):
    program = Program(tmp_path / "home", **SETTINGS)
    names = [name for name in exports if name.startswith("zepp/")]
    fill(program.home / "me" / "inbox", exports, names)
    program("--quiet")
    fill(program.home / "me" / "inbox", exports, ["blood-pressure-log.csv"])
    done = program("--json").json
    files = {file["name"]: file["status"] for file in done["files"]}
    assert files.pop("blood-pressure-log.csv") == "parsed"
    assert set(files.values()) == {"reused"}
    by_name = {node["node"]: node for node in done["nodes"]}
    assert by_name["parsed_export"]["files"] == 1
    assert by_name["heart_rate_year_resolved"]["action"] == "reused"
    assert by_name["sleep_daily"]["action"] == "reused"


def test_a_phones_database_in_a_zip_fills_every_signal(tmp_path):
    start = 1_781_841_600_000  # 2026-06-19 04:00 UTC, of which the phone showed 06:00
    minute, hour = 60_000, 3_600_000
    span = {"row_id": 1, "start_time": start - 7 * hour, "end_time": start}
    rows = [
        ("blood_pressure_record_table",
         {"time": start, "zone_offset": 7200, "systolic": 128, "diastolic": 79}),
        ("sleep_session_record_table", span | {"start_zone_offset": 7200}),
        ("heart_rate_record_table", {"row_id": 5, "start_zone_offset": 7200}),
        *(("heart_rate_record_series_table",
           {"parent_key": 5, "epoch_millis": start + n * minute, "beats_per_minute": 60 + n})
          for n in range(30)),
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "Health Connect.zip", "w") as archive:
        archive.writestr("health_connect_export.db", database(HEALTH_CONNECT, rows, with_log=True))
    program = Program(
        tmp_path / "home", PDP_TIME_ZONE="Asia/Tokyo", PDP_AS_OF="2026-06-30T22:00:00Z"
    )
    assert program("import", str(tmp_path / "Health Connect.zip")).exit_code == 0
    done = program("--json")
    assert done.exit_code == 0, done.stderr
    (archive,) = done.json["files"]
    assert (archive["format"], archive["status"]) == ("health_connect", "parsed")
    (day,) = rows_of(program, "daily_metrics.csv")
    assert day["local_date"] == "2026-06-19"
    assert (day["systolic_mean_mmhg"], day["sleep_asleep_minutes"]) == ("128", "420")
    assert (day["heart_rate_sample_count"], day["heart_rate_max_bpm"]) == ("30", "89")
    (reading,) = rows_of(program, "blood_pressure_readings.csv")
    assert (reading["utc_offset_minutes"], reading["time_zone_source"]) == ("120", "recorded")
