"""The spreadsheet as a source: the newest state of each tab counts, and nothing else of it."""

from datetime import date, time

import pytest

from adapters.sources.google_sheet import GoogleSheet
from registry.raw_files import RawFiles
from tests.emulators.faults import Fault
from tests.emulators.sheets import Tab
from tests.fakes.memory_index import MemoryIndex

NOW = "2025-06-30T12:00:00Z"
HEADER = ["date", "time", "systolic", "diastolic", "pulse"]
FIRST = [date(2025, 6, 28), time(7, 30), 128, 82, 61]
SECOND = [date(2025, 6, 29), time(7, 25), 126, 80, 60]


@pytest.fixture
def raw_files(tmp_path):
    return RawFiles(tmp_path / "raw", MemoryIndex())


@pytest.fixture
def sheet(google):
    sheet = google.spreadsheet()
    sheet.tabs.append(Tab(0, "Log", [HEADER, FIRST, SECOND]))
    return sheet


@pytest.fixture
def collect(google_client, sheet, raw_files):
    client = google_client("sheet")

    def run(*ranges):
        source = GoogleSheet(client, sheet.id, ranges)
        return source.collect(raw_files, stored_utc=NOW)

    return run


def counting(raw_files):
    """The contents that are part of the flow, by name."""
    return {
        entry.name: raw_files.path(entry.sha256).read_text().splitlines()[1:]
        for entry in raw_files.entries()
        if not entry.retired
    }


def test_a_tab_becomes_a_file_of_typed_cells(collect, raw_files):
    report = collect()
    assert [(file.name, file.status) for file in report.files] == [
        ("Blood pressure/Log.google-sheet", "stored")
    ]
    assert counting(raw_files) == {
        "Blood pressure/Log.google-sheet": [
            '[1, ["date", "time", "systolic", "diastolic", "pulse"]]',
            '[2, [{"date": 45836}, {"time": 0.3125}, 128, 82, 61]]',
            '[3, [{"date": 45837}, {"time": 0.3090277777777778}, 126, 80, 60]]',
        ]
    }


def test_an_unchanged_sheet_costs_one_request_and_adds_nothing(google, collect, raw_files):
    collect()
    google.requests.clear()
    assert [file.status for file in collect().files] == ["known"]
    assert google.requests == ["sheets.spreadsheets.get"]
    assert len(raw_files.entries()) == 1


def test_an_edited_row_counts_once_and_both_states_are_kept(collect, sheet, raw_files):
    collect()
    sheet.tabs[0].rows[2] = [*SECOND[:2], 116, 80, 60]
    report = collect()
    (rows,) = counting(raw_files).values()
    assert len(raw_files.entries()) == 2
    assert [row for row in rows if "126" in row] == []
    assert report.notices == []


def test_a_deleted_row_counts_no_more_and_that_is_said(collect, sheet, raw_files):
    collect()
    del sheet.tabs[0].rows[2]
    assert collect().notices == [
        "Blood pressure/Log.google-sheet: 1 row fewer than when it was last asked"
    ]
    (rows,) = counting(raw_files).values()
    assert len(rows) == 2


def test_a_state_that_comes_back_counts_again(collect, sheet, raw_files):
    collect()
    before = counting(raw_files)
    removed = sheet.tabs[0].rows.pop()
    collect()
    sheet.tabs[0].rows.append(removed)
    assert [file.status for file in collect().files] == ["known"]
    assert counting(raw_files) == before
    assert len(raw_files.entries()) == 2


def test_two_states_that_count_after_a_merge_become_one(collect, sheet, raw_files):
    collect()
    (first,) = raw_files.entries()
    sheet.tabs[0].rows.pop()
    collect()
    raw_files.retire(first.sha256, retired=False)
    collect()
    assert len(counting(raw_files)) == 1
    assert len([entry for entry in raw_files.entries() if not entry.retired]) == 1


def test_tabs_are_told_apart_and_a_renamed_one_is_the_same(collect, sheet, raw_files):
    sheet.tabs.append(Tab(7, "2024", [HEADER, FIRST]))
    collect()
    sheet.tabs[1].title = "Last year"
    collect()
    assert len(raw_files.entries()) == 2
    assert len(counting(raw_files)) == 2


def test_a_deleted_tab_counts_no_more(collect, sheet, raw_files):
    sheet.tabs.append(Tab(7, "2024", [HEADER, FIRST]))
    collect()
    del sheet.tabs[1]
    (notice,) = collect().notices
    assert "no longer there" in notice
    assert list(counting(raw_files)) == ["Blood pressure/Log.google-sheet"]


def test_an_emptied_tab_counts_no_more_and_an_empty_one_is_nothing(collect, sheet, raw_files):
    sheet.tabs.append(Tab(7, "Sheet2", [["", None]]))
    collect()
    assert len(counting(raw_files)) == 1
    sheet.tabs[0].rows.clear()
    assert "3 rows fewer" in collect().notices[0]
    assert counting(raw_files) == {"Blood pressure/Log.google-sheet": []}


def test_a_range_says_nothing_about_other_tabs_and_keeps_row_numbers(collect, sheet, raw_files):
    sheet.tabs.append(Tab(7, "It's old", [[], ["", *HEADER], ["", *FIRST], ["", *SECOND]]))
    collect("Log!A:E")
    assert len(counting(raw_files)) == 1
    collect("'It''s old'!B2:F3")
    found = counting(raw_files)
    assert len(found) == 2
    assert [row[:4] for row in found["Blood pressure/It's old.google-sheet"]] == ["[2, ", "[3, "]


def test_an_outage_or_a_limit_changes_nothing(google, collect, raw_files):
    collect()
    before = counting(raw_files)
    for status, reason in ((503, "backendError"), (403, "dailyLimitExceeded")):
        google.faults[:] = [Fault("sheets.*", status=status, reason=reason, times=99)]
        (line,) = collect().files
        assert (line.name, line.status) == ("Google Sheet", "failed")
        assert counting(raw_files) == before


def test_a_sheet_that_is_not_shared_says_the_click(collect, sheet):
    sheet.role = None
    (line,) = collect().files
    assert "click Share" in line.reason


def test_cells_are_texts_numbers_truths_errors_and_moments(collect, sheet, raw_files):
    sheet.tabs[0].rows = [["a/b\n'c", 0, 12.5, True, None, "x", None]]
    collect()
    assert counting(raw_files) == {
        "Blood pressure/Log.google-sheet": ['[1, ["a/b\\n\'c", 0, 12.5, true, null, "x"]]']
    }


def test_titles_are_labels_and_never_paths(collect, sheet, raw_files):
    sheet.title, sheet.tabs[0].title = "../../etc", "pass\x1bwd/.."
    collect()
    assert list(counting(raw_files)) == ["_.._etc/pass\\x1bwd_.google-sheet"]
