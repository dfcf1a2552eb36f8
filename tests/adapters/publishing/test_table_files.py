"""CSV that a spreadsheet may open, and Parquet that keeps every value."""

import csv
import io
import re
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.publishing.table_files import csv_bytes, parquet_bytes
from adapters.publishing.tables import Publication

SOURCE = Publication("demo", 7, "2026-01-02T03:04:05Z", {})
STARTS_A_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def cells_of(table: pa.Table) -> list[dict[str, str]]:
    text = csv_bytes(table, SOURCE).to_pybytes().decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def written(text: str | None) -> str:
    return cells_of(pa.table({"note": pa.array([text], pa.string()), "n": [1]}))[0]["note"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "\n=1", " =1",
        "\uff1d1", "\uff20a", "\u00a0=1",
        '=HYPERLINK("http://a.example","b")', "--1", "+", "-", "1.2.3-", "+49 151 1",
    ],
)  # fmt: skip
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(text):
    expected = "'" + text if STARTS_A_FORMULA.match(text) else text
    assert written(text) == expected


@pytest.mark.parametrize("text", ["-1", "+1.5", "-0,5", "1e-3", "-1E+3"])
def test_a_number_in_a_column_of_text_stays_a_number(text):
    assert written(text) == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_no_text_cell_begins_a_formula_and_every_text_can_be_had_back(text):
    shown = written(text)
    is_number = re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?", shown)
    assert is_number or not STARTS_A_FORMULA.match(shown)
    assert text == (shown.removeprefix("'") if shown != text else shown)


def test_numbers_dates_and_missing_values_are_written_plainly():
    table = pa.table(
        {
            "change_mmhg": pa.array([-1.5, None]),
            "local_date": pa.array([date(2026, 1, 31), None]),
            "start_utc": pa.array([datetime(2026, 1, 31, 6, tzinfo=UTC)] * 2),
            "source": pa.array(["-zepp", None]).dictionary_encode(),
        }
    )
    first, second = cells_of(table)
    assert list(first.values()) == [
        "-1.5", "2026-01-31", "2026-01-31T06:00:00Z", "'-zepp", "7", "2026-01-02T03:04:05Z",
    ]  # fmt: skip
    assert [second[name] for name in ("change_mmhg", "local_date", "source")] == ["", "", ""]


def test_a_table_without_rows_still_has_its_header():
    empty = pa.table({"note": pa.array([], pa.string())})
    assert csv_bytes(empty, SOURCE).to_pybytes() == b"note,generation,generation_published_utc\n"


def test_parquet_keeps_every_value_and_names_its_generation():
    table = pa.table({"note": ["=1", None], "systolic_mmhg": [134.6, 120.0]})
    content = parquet_bytes(table, SOURCE)
    assert content == parquet_bytes(table, SOURCE)
    read = pq.read_table(pa.BufferReader(content))
    assert read.to_pylist() == table.to_pylist()
    assert read.schema.metadata[b"generation"] == b"7"
    assert read.schema.metadata[b"generation_published_utc"] == b"2026-01-02T03:04:05Z"
