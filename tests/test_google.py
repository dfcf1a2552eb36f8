"""The whole story with Google: a sheet that is edited, a folder that fills, and what goes wrong."""

import csv
import io
from datetime import date, time

import pytest

from tests.conftest import Program
from tests.emulators.faults import Fault
from tests.emulators.sheets import Tab

HEADER = ["date", "time", "systolic", "diastolic", "pulse"]
ROWS = [
    [date(2025, 6, 28), time(7, 30), 128, 82, 61],
    [date(2025, 6, 28), time(21, 10), 131, 84, 64],
    [date(2025, 6, 29), time(7, 25), 126, 80, 60],
]
ZEPP = b"date,time,heartRate\n2025-06-28,07:30,61\n2025-06-29,07:31,63\n"
ASKING = ["token", "sheets.spreadsheets.get", "drive.files.list"]


@pytest.fixture
def world(google, tmp_path):
    """A program whose profile has a sheet and a Drive folder, and the two of them."""
    sheet = google.spreadsheet()
    sheet.tabs.append(Tab(0, "Log", [HEADER, *ROWS]))
    folder = google.drive.folder("exports", role="reader")
    google.drive.put("HEARTRATE_AUTO.csv", ZEPP, folder)
    program = Program(
        tmp_path / "home",
        PDP_GOOGLE_ENDPOINT=google.url,
        PDP_GOOGLE_CREDENTIALS_FILE=str(google.credentials(tmp_path / "key.json")),
        PDP_GOOGLE_SHEET=f"https://docs.google.com/spreadsheets/d/{sheet.id}/edit#gid=0",
        PDP_DRIVE_FOLDER=folder,
    )
    return program, sheet, folder


def readings(program):
    text = program.outputs("me")["blood_pressure_readings.csv"].decode()
    rows = csv.DictReader(io.StringIO(text))
    return [(row["start_utc"], row["systolic_mmhg"]) for row in rows]


def test_the_numbers_follow_the_sheet_and_the_folder(google, world):
    program, sheet, folder = world
    first = program("--json")
    assert (first.exit_code, first.json["profile"], first.json["generation"]) == (0, "me", 1)
    assert readings(program)[0] == ("2025-06-28T05:30:00Z", "128")

    google.requests.clear()
    again = program("--json")
    assert (again.exit_code, again.json["status"]) == (0, "up-to-date")
    assert google.requests == ASKING, "one request for each source, and one for the token"

    sheet.tabs[0].rows[2] = [*ROWS[1][:2], 121, 84, 64]
    del sheet.tabs[0].rows[3]
    google.drive.put("more.csv", ZEPP.replace(b"06-29", b"06-30"), folder)
    edited = program("--json")
    assert (edited.exit_code, edited.json["generation"]) == (0, 2)
    assert readings(program) == [("2025-06-28T05:30:00Z", "128"), ("2025-06-28T19:10:00Z", "121")]
    assert "1 row fewer" in edited.stderr
    assert edited.json["books"]["heart_rate"]["kept"] == 3

    google.requests.clear()
    skipped = [program("--skip-ingestion", "--json") for _ in range(2)]
    assert [done.json["status"] for done in skipped] == ["up-to-date", "up-to-date"]
    assert google.requests == []
    asked = program.inside("sources", "--json").json["remote"]
    assert asked == {"Google Sheet": sheet.id, "Drive folder": folder}


def test_an_outage_is_told_and_what_is_there_is_used(google, world):
    program, _, _ = world
    google.disabled.add("sheets")
    partly = program("--json")
    assert (partly.exit_code, partly.json["status"]) == (6, "published")
    assert "click Enable" in partly.stderr
    assert partly.json["books"]["heart_rate"]["kept"] == 2

    google.disabled.clear()
    google.faults.append(Fault("*.*", status=403, reason="dailyLimitExceeded", times=99))
    before = program.outputs("me")
    limited = program("--json")
    assert (limited.exit_code, limited.json["status"]) == (6, "up-to-date")
    assert "midnight Pacific" in limited.stderr
    assert program.outputs("me") == before


def test_where_nothing_was_ever_had_the_reason_is_told(google, world):
    program, sheet, _ = world
    sheet.role = None
    google.faults.append(Fault("drive.*", status=403, reason="insufficientFilePermissions"))
    done = program()
    assert done.exit_code == 3
    assert "click Share" in done.stderr
    assert "make it Editor" in done.stderr


def test_a_remote_source_that_is_set_later_is_asked(google, world):
    program, _, _ = world
    remote = {name: program.environment.pop(name) for name in list(program.environment)
              if name.startswith(("PDP_GOOGLE", "PDP_DRIVE"))}  # fmt: skip
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "log.csv").write_text(
        "date,time,systolic,diastolic,pulse\n2025-06-27,08:00,120,80,60\n"
    )
    assert program().exit_code == 0
    assert "up to date" in program().stdout
    settings = "".join(f"{name}={value}\n" for name, value in remote.items())
    (program.home.parent / ".env").write_text(settings)
    assert program().exit_code == 0
    assert len(readings(program)) == 4


def test_a_correction_of_an_older_state_of_the_sheet_says_that_it_has_no_effect(world):
    program, sheet, _ = world
    first = program("--json").json["files"][0]
    assert program("exclude", first["sha256"], "2", "--reason", "cuff too small").exit_code == 0
    assert program("--json").json["books"]["blood_pressure"]["kept"] == 2
    sheet.tabs[0].rows.append([date(2025, 6, 30), time(8, 0), 127, 81, 60])
    edited = program("--json")
    assert edited.json["books"]["blood_pressure"]["kept"] == 4
    assert "this correction has no effect" in edited.stderr


def test_a_missing_key_is_a_mistake_in_the_settings(world, tmp_path):
    program, _, _ = world
    done = program(PDP_GOOGLE_CREDENTIALS_FILE=str(tmp_path / "none.json"))
    assert done.exit_code == 2
    assert "Keys > Add key > JSON" in done.stderr


def test_no_secret_is_printed_or_logged(google, world, tmp_path):
    program, _, _ = world
    google.faults += [Fault("drive.files.get", status=500), Fault("token", status=503)]
    done = program("--verbose")
    key = (tmp_path / "key.json").read_text()
    logs = "".join(path.read_text() for path in (program.home / "me" / "logs").iterdir())
    told = done.stdout + done.stderr + logs
    assert "BEGIN PRIVATE KEY" in key
    assert "PRIVATE KEY" not in told
    assert not any(token in told for token in google.tokens._scopes)


@pytest.mark.slow
def test_the_state_travels_from_machine_to_machine_through_google_drive(google, world, tmp_path):
    program, sheet, folder = world
    (tmp_path / "passphrase").write_text("correct horse battery staple\n")
    (tmp_path / "passphrase").chmod(0o600)
    program.environment["PDP_REMOTE"] = f"drive:{google.drive.shared_drive('state')}"
    program.environment["PDP_PASSPHRASE_FILE"] = str(tmp_path / "passphrase")
    (tmp_path / "elsewhere").mkdir()
    other = Program(tmp_path / "elsewhere" / "home", **program.environment)

    for words in (("--quiet",), ("vault", "init"), ("state", "push")):
        assert program(*words).exit_code == 0
    sheet.tabs[0].rows[1] = [*ROWS[0][:2], 118, 82, 61]
    google.drive.put("more.csv", ZEPP.replace(b"06-29", b"06-30"), folder)
    google.faults += [Fault("drive.files.get", "cut", bytes_sent=99), Fault("*.create", status=503)]
    assert other("state", "pull").exit_code == 0
    ran = other("--json").json
    assert (ran["status"], ran["generation"]) == ("published", 2)
    parsed = [file["status"] for file in ran["files"]]
    assert sorted(parsed) == ["parsed", "parsed", "reused"], "what had been parsed travelled too"
    assert other("state", "push").exit_code == 0

    assert program("state", "pull").exit_code == 0
    again = program("--json").json
    assert (again["status"], again["generation"]) == ("up-to-date", 2)
    assert not [node for node in again["nodes"] if node["action"] == "ran"]
    outputs = {name: data for name, data in other.outputs("me").items() if name[0] != "."}
    assert program.outputs("me") == outputs

    google.requests.clear()
    assert program("state", "push").exit_code == 0
    assert len(google.requests) <= 2 + google.count("token")
