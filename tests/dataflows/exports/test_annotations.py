"""The annotations that somebody writes down, with what hands do to a table."""
# ruff: noqa: RUF001  the strange digits are on purpose

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import records
from dataflows.exports import ExportFile, annotations, parse, recognised_format

HEADER = "kind,label,start,end,note"
DAY = date(2025, 10, 4)


def parsed(*lines, order=None, encoding="utf-8"):
    content = pa.py_buffer("\n".join([*lines, ""]).encode(encoding))
    assert recognised_format(content) is annotations
    return parse(ExportFile("a" * 64, content), date_order=order)


def told(*lines, **options):
    found = parsed(*lines, **options)
    assert found["report"]["status"] == "parsed", found["report"]["reason"]
    assert found["rejected"].num_rows == 0, found["rejected"].to_pylist()
    names = ("kind", "label", "start_date", "end_date", "note")
    return [tuple(row.get(name) for name in names) for row in found["annotations"].to_pylist()]


def rejected(*lines, **options):
    found = parsed(HEADER, *lines, **options)
    return [(row["raw_row"], row["column"], row["check"]) for row in found["rejected"].to_pylist()]


def failure(*lines, **options):
    found = parsed(*lines, **options)
    assert found["report"]["status"] == "failed"
    assert found["annotations"].num_rows == found["rejected"].num_rows == 0
    return found["report"]["reason"]


def test_a_plain_row_is_an_annotation_with_its_place():
    found = parsed(HEADER, "", "medication,amlodipine 5 mg,2025-10-04,2025-12-01,at breakfast")
    assert found["annotations"].to_pylist() == [
        {
            "source": "annotations",
            "raw_sha256": "a" * 64,
            "raw_row": 3,
            "kind": "medication",
            "label": "amlodipine 5 mg",
            "start_date": DAY,
            "end_date": date(2025, 12, 1),
            "note": "at breakfast",
        }
    ]
    assert found["report"]["records"] == {"annotations": 1}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("KIND,Label,START,End,Note", "Medication,ramipril,2025-10-04,,"),
        ("note;end;start;label;kind", ";;2025-10-04;ramipril;drug"),
        ("mood,Start Date,Kind,Name", "fine,2025-10-04 08:00,Tablet,  ramipril "),
        ('"kind","label","start"', '"meds","ramipril","4 Oct 2025"'),
        ("kind,label,from,until", "medication,ramipril,２０２５-１０-０４,ongoing"),
    ],
)
def test_columns_stand_in_any_order_and_go_by_several_names(header, row):
    assert told(header, row) == [("medication", "ramipril", DAY, None, None)]


@pytest.mark.parametrize(
    ("word", "kind"),
    [("ILL", "illness"), ("trip", "travel"), ("Holiday", "travel"), ("other", "note")],
)
def test_a_kind_goes_by_several_words(word, kind):
    assert told(HEADER, f"{word},something,2025-10-04,,")[0][0] == kind


def test_other_encodings_are_read_as_they_are_in_any_export():
    assert told(HEADER, "travel,Zürich,2025-10-04,,", encoding="utf-16")[0][1] == "Zürich"


@pytest.mark.parametrize(
    ("row", "column", "check"),
    [
        ("surgery,knee,2025-10-04,,", "kind", "unknown_kind"),
        (",knee,2025-10-04,,", "kind", "missing_value"),
        ("note,,2025-10-04,,", "label", "missing_value"),
        ("note,knee,,2025-10-04,", "start", "missing_time"),
        ("note,knee,last week,,", "start", "not_a_time"),
        ("note,knee,2025-02-30,,", "start", "not_a_time"),
        ("note,knee,2025-10-04,soon,", "end", "not_a_time"),
        ("note,knee,2025-10-04,,left, and right", "note", "wrong_field_count"),
    ],
)
def test_a_bad_row_is_rejected_with_its_cell_and_the_others_stay(row, column, check):
    lines = ["note,before,2025-10-04,,", row, "note,after,2025-10-04,,"]
    assert rejected(*lines) == [(3, column, check)]
    assert parsed(HEADER, *lines)["annotations"]["label"].to_pylist() == ["before", "after"]


def test_dates_that_may_be_either_are_refused_and_not_guessed():
    rows = ["note,a,03/04/2025,,", "note,b,05/06/2025,,"]
    assert "PDP_DATE_ORDER" in failure(HEADER, *rows)
    assert [start for _, _, start, *_ in told(HEADER, *rows, order="DMY")] == [
        date(2025, 4, 3),
        date(2025, 6, 5),
    ]


def test_starts_and_ends_together_tell_the_order_of_day_and_month():
    rows = ["note,a,03/04/2025,13/04/2025,", "note,b,05/06/2025,14/06/2025,"]
    assert "PDP_DATE_ORDER" in failure(HEADER, *rows)
    assert told(HEADER, *rows, "note,c,01/02/2025,15/02/2025,")[0][2:4] == (
        date(2025, 4, 3),
        date(2025, 4, 13),
    )


def test_a_configured_order_that_the_dates_contradict_is_refused():
    rows = [f"note,a,{day}/04/2025,," for day in (13, 14, 15)]
    assert "DMY" in failure(HEADER, *rows, order="MDY")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("kind,label,beginning", "the column start is missing from the header (row 1); add it"),
        ("kind,labels,start", "the column label is missing from the header (row 1); is it the"),
    ],
)  # fmt: skip
def test_a_missing_column_is_named_and_the_likely_one_too(header, reason):
    assert failure(header, "note,a,2025-10-04").startswith(reason)


def test_a_file_that_ends_within_its_header_is_told_to_be_exported_again():
    content = pa.py_buffer(b"kind,label")
    found = parse(ExportFile("a" * 64, content), date_order=None)
    assert "ends within its header" in found["report"]["reason"]


@pytest.mark.parametrize(
    "header", ["date,time,systolic,diastolic,note", "title,start,end", "start,stop,kinds"]
)
def test_other_tables_are_none(header):
    assert recognised_format(pa.py_buffer(f"{header}\n1,2,3\n".encode())) is not annotations


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=30))
def test_whatever_stands_below_the_header_no_row_is_lost(cells):
    rows = [f"note,{number},2025-10-04,,{number}" for number in range(3)]
    lines = [*rows, ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)]
    found = parsed(HEADER, *lines)
    count = found["annotations"].num_rows + found["rejected"].num_rows
    is_blank = not any(cell.strip() for cell in cells)
    assert count == 3 + (not is_blank) or found["report"]["status"] == "failed"


def test_rejected_rows_have_all_columns_also_where_none_has_a_value():
    found = parsed(HEADER, "medication,,2025-10-04,,")
    assert found["rejected"].schema == records.REJECTED
