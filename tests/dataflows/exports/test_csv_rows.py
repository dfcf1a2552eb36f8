import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.exports.csv_rows import Layout, rows
from dataflows.exports.csv_text import UnusableExportError, header_of

NAMES = ["a", "b", "c"]


def read(text, *, quoted=True, wide=None, block_bytes=4_096):
    """Every row by number, and the odd ones."""
    data = text.encode()
    header = header_of(data)
    places = {name: header.names.index(name) for name in NAMES}
    found, odd = [], []
    for part in rows(pa.py_buffer(data), Layout(header, places, quoted, wide, block_bytes)):
        columns = [part.columns[name].to_pylist() for name in NAMES]
        found += zip(part.numbers.tolist(), zip(*columns, strict=True), strict=True)
        odd += part.odd
    return sorted(found), sorted(odd)


def written(records, quoting, end):
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(records)
    return text.getvalue()


def spreadsheet_rows(text):
    """Row number and fields of each record, as the standard library reads them."""
    return list(enumerate(csv.reader(io.StringIO(text, newline="")), start=1))


cells = st.text(st.sampled_from('x7 ",;\n{}:'), max_size=6)
records = st.lists(
    st.one_of(
        st.lists(cells, min_size=3, max_size=3),
        st.just([]),
        st.lists(st.sampled_from(["x", "7"]), min_size=1, max_size=2),
        st.lists(st.sampled_from(["x", "7"]), min_size=4, max_size=5),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(
    records,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([64, 128, 4_096]),
)
def test_rows_have_the_numbers_and_texts_that_a_spreadsheet_shows(body, quoting, end, block_bytes):
    text = written([NAMES, *body], quoting, end)
    found, odd = read(text, block_bytes=block_bytes)
    told = [(number, tuple(fields)) for number, fields in spreadsheet_rows(text)[1:] if any(fields)]
    assert found == [(number, fields) for number, fields in told if len(fields) == 3]
    assert [number for number, _ in odd] == [number for number, fields in told if len(fields) != 3]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('x7 ",'), max_size=8), max_size=30))
def test_without_quoting_every_line_is_a_row_whatever_its_quotation_marks(lines):
    found, odd = read("a,b,c\n" + "\n".join(lines), quoted=False, block_bytes=64)
    numbers = {number for number, _ in found} | {number for number, _ in odd}
    told = {n for n, line in enumerate(lines, start=2) if line.strip(" ,") not in ("", '""')}
    assert told <= numbers <= set(range(2, len(lines) + 2))


def test_a_header_below_blank_lines_shifts_the_numbers():
    assert read("\n\na,b,c\n1,2,3\n") == ([(4, ("1", "2", "3"))], [])


def test_empty_fields_after_the_last_column_are_dropped():
    assert read("a,b,c\n1,2,3,,\n")[0] == [(2, ("1", "2", "3"))]


def test_a_wide_column_keeps_its_commas():
    found, odd = read('a,b,c\n1,{"x":1,"y":2},3\n1,2\n', wide=1)
    assert found == [(2, ("1", '{"x":1,"y":2}', "3"))]
    assert odd == [(3, "1,2")]


def test_lines_that_a_lost_quotation_mark_drew_together_are_taken_apart():
    found, odd = read('a,b,c\n1,2,3\n4,"5,6\n7,8,9\n')
    assert (2, ("1", "2", "3")) in found
    assert (3, ("7", "8", "9")) in found
    assert odd == []


def test_a_quotation_mark_that_never_closes_within_a_block_is_an_error():
    with pytest.raises(UnusableExportError, match="opens after row 1 and is never closed"):
        read('a,b,c\n1,"2' + "x" * 50_000 + '"\n')


def test_columns_that_nobody_wants_may_hold_anything():
    data = b'a,b,c\n1,"x,\ny",3\n'
    header = header_of(data)
    (part,) = rows(pa.py_buffer(data), Layout(header, {"c": 2}, quoted=True))
    assert part.columns["c"].to_pylist() == ["3"]
