import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.exports.csv_text import (
    UnusableExportError,
    columns,
    header_of,
    near_name,
    sample_text,
    utf8,
)

TEXT = "date,time,größe\n2024-01-01,00:05,12\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_text_is_the_same_in_every_encoding(encoding):
    content = TEXT.encode(encoding)
    assert utf8(pa.py_buffer(content)).to_pybytes().decode() == TEXT
    if encoding != "cp1252":
        assert header_of(sample_text(content)).names == ("date", "time", "größe")


def test_utf_7_is_recognised_by_what_it_makes_of_an_underscore():
    assert utf8(pa.py_buffer(b"a,daily+AF8-report\n")).to_pybytes() == b"a,daily_report\n"
    assert utf8(pa.py_buffer(b"1+1,AF8\n")).to_pybytes() == b"1+1,AF8\n"


def test_text_that_is_utf_8_already_is_not_copied():
    content = pa.py_buffer(TEXT.encode())
    assert utf8(content).address == content.address


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_become_text(content):
    utf8(pa.py_buffer(content)).to_pybytes().decode()
    sample_text(content).decode()
    header_of(sample_text(content))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_is_the_first_line_that_is_not_blank(delimiter):
    text = f'\r\n  \n"a b"{delimiter} c {delimiter}d\r\n1'.encode()
    header = header_of(text)
    assert header.names == ("a b", "c", "d")
    assert (header.delimiter, header.row, header.ended) == (delimiter, 3, True)
    assert text[header.end :] == b"1"


def test_a_blank_text_has_no_header():
    assert header_of(b"\n \r\n") is None


def test_columns_are_found_by_name_without_regard_to_case():
    header = header_of(b"B,x,a\n")
    assert columns(header, ["a", "b"], ["c"]) == {"a": 2, "b": 0}


def test_a_renamed_column_is_suggested():
    with pytest.raises(UnusableExportError, match="is it the column heart_rate"):
        columns(header_of(b"date,time,heart_rate\n"), ["date", "time", "heartRate"])
    with pytest.raises(UnusableExportError, match="export the file again"):
        columns(header_of(b"date,time,pulse\n"), ["date", "time", "heartRate"])


def test_a_near_name_resembles():
    assert near_name("UpdateTime", ["uid", "update_time"]) == "update_time"
    assert near_name("Value", ["Sid", "Key"]) is None


def test_half_a_letter_in_utf7_is_a_question_mark():
    text = b"a+AF8-b,+2K8-\n"
    assert bytes(utf8(pa.py_buffer(text))) == sample_text(text) == b"a_b,?\n"
