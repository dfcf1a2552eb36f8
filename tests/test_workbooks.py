"""A whole run over a workbook with a log, beside the same log as a CSV file."""

import csv
import io
import zipfile
from datetime import date, time

import openpyxl
import pytest

from tests.conftest import Program

SETTINGS = {"PDP_TIME_ZONE": "Europe/Berlin", "PDP_AS_OF": "2026-06-30T22:00:00Z"}
HEADER = ["Date", "Time", "Systolic", "Diastolic", "Pulse"]
JANUARY = [[date(2025, 1, day), time(7, day), 120 + day, 80, 60] for day in range(1, 11)]
FEBRUARY = [[date(2025, 2, 1), time(7, 30), 118, "77,5", 61], [date(2025, 2, 2), None, 187, 79, 61]]


def workbook(*tabs):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in tabs:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def log(*extra):
    return workbook(
        ("January", [HEADER, *JANUARY]),
        ("February", [[], HEADER, *FEBRUARY, *extra]),
        ("Doctor", [["Name", "Phone"], ["x", "y"]]),
        ("Empty", []),
    )


def as_csv(rows):
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The program after a run over the workbook, and what the run said."""
    program = Program(tmp_path_factory.mktemp("workbooks") / "home", **SETTINGS)
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "log").write_bytes(log())
    return program, program("--json")


def test_each_tab_is_told_and_the_log_is_read(run):
    assert run[1].exit_code == 0, run[1].stderr
    (file,) = run[1].json["files"]
    assert (file["name"], file["format"], file["status"]) == (
        "log",
        "blood_pressure_sheet",
        "parsed",
    )
    told = {member["name"]: (member["status"], member["records"]) for member in file["members"]}
    assert told == {
        "log/January": ("parsed", {"blood_pressure": 10}),
        "log/February": ("parsed", {"blood_pressure": 1}),
        "log/Doctor": ("unrecognised", {}),
    }


def test_a_row_is_followed_to_its_tab_and_the_number_that_the_program_shows(run):
    readings = run[0].outputs("me")["blood_pressure_readings.csv"].decode().splitlines()
    last = run[0].inside(
        "--json", "lineage", "blood_pressure_readings", "--row", str(len(readings))
    )
    ((row,),) = [group["rows"] for group in last.json["groups"]]
    assert (row["file"], row["raw_row"]) == ("log/February", 3)
    day = run[0].inside("--json", "lineage", "daily_metrics", "--row", "2")
    assert [row["file"] for group in day.json["groups"] for row in group["rows"]] == ["log/January"]


def test_a_row_that_cannot_be_read_is_told_with_its_number_and_its_value_in_no_message(run):
    rejected = csv.DictReader(io.StringIO(run[0].outputs("me")["rejected_rows.csv"].decode()))
    assert [(row["raw_row"], row["column"], row["check"]) for row in rejected] == [
        ("4", "time", "missing_time")
    ]
    assert "187" not in run[1].stderr


def test_the_same_log_as_a_csv_file_and_in_a_newer_workbook_counts_once(run, tmp_path):
    program = Program(tmp_path / "home", **SETTINGS)
    (tmp_path / "home").mkdir()
    (tmp_path / "log.xlsx").write_bytes(log([date(2025, 2, 3), time(8, 0), 121, 80, 62]))
    (tmp_path / "log.csv").write_text(as_csv(JANUARY))
    (tmp_path / "old.zip").write_bytes(zipped({"backup/log.xlsx": log()}))
    done = program("import", *(str(tmp_path / n) for n in ("log.xlsx", "log.csv", "old.zip")))
    assert done.exit_code == 0, done.stderr
    second = program("--json")
    assert second.json["books"]["blood_pressure"] == {
        "parsed": 25, "valid": 23, "rejected": 2, "shadowed": 11, "kept": 12,
    }  # fmt: skip
    days = program.outputs("me")["daily_metrics.csv"].decode().splitlines()
    assert days[:12] == run[0].outputs("me")["daily_metrics.csv"].decode().splitlines()


def zipped(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()
