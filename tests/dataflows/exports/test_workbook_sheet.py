"""A sheet out of a workbook reads as the CSV file that its program would have saved."""

import csv
import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.workbooks import sheets_of
from dataflows.exports import ExportFile, parse

HEADER = ["Date", "Time", "Systolic (mmHg)", "Diastolic", "Pulse", "Note"]


def parsed(content, order=None):
    return parse(ExportFile("a" * 64, pa.py_buffer(content)), date_order=order)


def as_csv(rows, delimiter=","):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    for row in rows:
        if any(cell is not None for cell in row):
            writer.writerow([shown(cell) for cell in row])
        else:
            out.write("\n")
    return out.getvalue().encode()


def shown(cell):
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date | time) else "" if cell is None else cell


def as_sheet(rows, merged=()):
    """The raw file of a workbook that openpyxl wrote."""
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            book.active.cell(number, column, cell)
    for cells in merged:
        book.active.merge_cells(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        (sheet,) = sheets_of(archive)
    return sheet.content()


def same(rows, order=None):
    """The export that rows are, which is the same of a workbook and of a CSV file."""
    of_sheet, of_csv = parsed(as_sheet(rows), order), parsed(as_csv(rows), order)
    assert of_sheet == of_csv
    return of_sheet


DAYS = st.dates(date(1971, 1, 1), date(2099, 12, 31))
CLOCKS = st.times().map(lambda clock: clock.replace(microsecond=0))
PRESSURES = st.one_of(
    st.integers(40, 250),
    st.floats(40, 250).map(lambda value: round(value, 1)),
    st.integers(40, 250).map(str),
    st.sampled_from(["128,5", "12o", "#N/A", "-", None]),
)
NOTES = st.one_of(
    st.none(), st.text(st.sampled_from('abc ;,\t"\'/|äé脈=+'), min_size=1).filter(
        lambda text: not text.startswith("=") and text.strip()
    )
)  # fmt: skip
ROWS = st.lists(
    st.one_of(
        st.just([None] * 6),
        st.tuples(
            st.one_of(DAYS, DAYS.map(date.isoformat)),
            st.one_of(CLOCKS, CLOCKS.map(time.isoformat), st.just("7:30 pm"), st.none()),
            PRESSURES, PRESSURES, PRESSURES, NOTES,
        ).map(list),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60)
@given(ROWS)
def test_a_random_log_gives_the_same_tables_as_a_workbook_and_as_a_csv_file(rows):
    # One row tells a time, so that the log is not refused for a column that nobody filled.
    same([HEADER, [date(2025, 1, 1), time(7, 30), 120, 80, 60, None], *rows])


def test_rows_keep_the_numbers_that_the_program_shows():
    export = same([[], HEADER, [], [date(2025, 1, 1), time(7, 30), 120, 80, 60, None]])
    assert export["blood_pressure"]["raw_row"].to_pylist() == [4]


def local(export):
    return [moment.isoformat(" ") for moment in export["blood_pressure"]["start_local"].to_pylist()]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (["Date", "Time"], [date(2025, 3, 4), time(0, 0)]),
        (["Timestamp"], [datetime(2025, 3, 4)]),  # noqa: DTZ001
        (["Date", "Time"], [datetime(2025, 3, 4), time(0, 0)]),  # noqa: DTZ001
    ],
)
def test_a_reading_at_midnight_is_one(header, cells):
    assert local(same([[*header, "sys", "dia"], [*cells, 120, 80]])) == ["2025-03-04 00:00:00"]


def test_a_date_that_is_shown_with_a_time_of_nothing_is_the_date():
    header, row = ["Date", "Time", "sys", "dia"], [datetime(2025, 3, 4), "7:30 pm", 120, 80]  # noqa: DTZ001
    assert local(same([header, row])) == ["2025-03-04 19:30:00"]


def test_lines_of_csv_that_were_pasted_into_one_column_are_the_file_they_were():
    lines = ["date,time,systolic,diastolic", "2025-03-04,07:30,120,80"]
    assert local(parsed(as_sheet([[line] for line in lines]))) == ["2025-03-04 07:30:00"]


def test_a_form_with_merged_headings_and_days_to_come_is_a_log():
    rows = [
        ["Blutdrucktagebuch"], [],
        ["Datum", "morgens", None, None, "abends", None, None],
        [None, "SYS", "DIA", "Puls", "SYS", "DIA", "Puls"],
        [date(2025, 1, 1), 130, 82, 66, 124, 78, 63],
        [date(2025, 1, 2)], [date(2025, 1, 3)],
        ["Mittelwert", "=AVERAGE(B5:B7)"],
    ]  # fmt: skip
    export = parsed(as_sheet(rows, merged=["A1:G1", "A3:A4", "B3:D3", "E3:G3"]))
    assert local(export) == ["2025-01-01 08:00:00", "2025-01-01 20:00:00"]
    assert export["report"]["dropped"] == {"rows_without_values": 2, "totals": 1}
    assert export["rejected"].num_rows == 0


OMRON = ["Measurement Date", "Timezone", "SYS(mmHg)", "DIA(mmHg)", "Pulse(bpm)", "Device"]
BEURER = ["Datum", "Uhrzeit", "Sys", "Dia", "Puls", "MAD", "Manuell hinzugefügt"]


@pytest.mark.parametrize(
    ("name", "rows", "delimiter"),
    [
        ("omron", [OMRON, ["2025/01/12 08:12", "Asia/Manila", 125, 81, 63, None]], ","),
        ("ihealth", [["Date", "Time", "SYS(mmHg)", "DIA(mmHg)", "Pulse(Beats/Min)", "Note"],
                     ["Dec 28, 2025", "09:02", 124, 79, 67, None]], ","),
        ("beurer", [["BLUTDRUCK"], BEURER, ["13.02.2025", "08:12", 118, 77, 60, 91, 0]], ";"),
        ("withings", [["Date", "Heart rate", "Systolic", "Diastolic", "Comments"],
                      ["2025-01-13 07:34:49", 60, 127, 83, None]], ","),
        ("annotations", [["kind", "label", "start"], ["travel", "Alps", date(2025, 1, 13)]], ","),
    ],
)  # fmt: skip
def test_the_exports_of_apps_are_known_in_a_workbook_too(name, rows, delimiter):
    export = parsed(as_sheet(rows))
    assert export == parsed(as_csv(rows, delimiter))
    assert (export["report"]["format"], export["report"]["status"]) == (name, "parsed")
    assert sum(export["report"]["records"].values()) == 1


def test_another_sheet_is_told_by_its_columns():
    report = parsed(as_sheet([["Plan", "Doctor"], ["a", "b"]]))["report"]
    assert report["status"] == "unrecognised"
    assert "the columns Plan, Doctor belong to no export" in report["reason"]


def dated(*cells):
    """A log of these dates, each at noon."""
    rows = [[cell, time(12, 0), 120, 80] for cell in cells]
    return parsed(as_sheet([["Date", "Time", "sys", "dia"], *rows]), "DMY")


FIRST_DAYS = [date(2025, month, 3) for month in range(1, 6)]


def test_dates_that_a_program_could_not_read_betray_those_that_it_misread():
    report = dated(*FIRST_DAYS, "13/04/2025", "14/04/2025", "15.4.25")["report"]
    assert (report["status"], report["format"]) == ("failed", "blood_pressure_sheet")
    assert "Type the dates again" in report["reason"]


@pytest.mark.parametrize(
    "cells",
    [
        [*FIRST_DAYS, "13/04/2025", "14/04/2025"],
        [*FIRST_DAYS, "13/04/2025", "14/04/2025", "15/04/2025", "03/04/2025"],
        [*FIRST_DAYS, date(2025, 1, 13), "13/04/2025", "14/04/2025", "15/04/2025"],
        ["13/04/2025", "14/04/2025", "15/04/2025"],
    ],
    ids=["too few texts", "a text that may be either", "a day that is no month", "texts alone"],
)
def test_texts_beside_dates_are_no_proof_as_long_as_they_may_have_been_meant(cells):
    assert dated(*cells)["report"]["records"] == {"blood_pressure": len(cells)}


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("stream", "advice"),
    [("EncryptedPackage", "without one"), ("Workbook", "save it as .xlsx"), ("WordDocument", "")],
)
def test_old_and_encrypted_workbooks_say_what_to_do(stream, advice):
    report = parsed(OLE + stream.encode("utf-16-le"))["report"]
    assert report["status"] == "unrecognised"
    assert advice in report["reason"]


@pytest.mark.parametrize(
    "rest",
    [
        b"[1", b"\xfa", b'[1, ["a"]]\n7', b"[1, 5]", b'[1, [{"date": "x"}]]', b"[1, [{}]]",
        b'["a", []]', b"[1000000000000, []]", b"[1]", b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_sheet_fails_alone_and_says_what_to_do(rest):
    report = parsed(b'{"workbook_sheet": 1}\n' + rest)["report"]
    assert report["status"] == "failed"
    assert "import its workbook again" in report["reason"]
