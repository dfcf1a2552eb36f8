"""Rows of large tables."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows import rows


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr(rows, "LONG_RUN", 3)


def numbers(length):
    return pa.table({"number": np.arange(length)})


@given(marks=st.lists(st.booleans(), max_size=30))
def test_the_marked_rows_stay_in_their_order(marks):
    found = rows.rows_where(numbers(len(marks)), np.array(marks, np.bool_))
    assert found["number"].to_pylist() == np.flatnonzero(marks).tolist()


@given(order=st.permutations(range(12)), length=st.integers(0, 12))
def test_rows_are_taken_in_the_given_order(order, length):
    found = rows.taken(numbers(12), np.array(order[:length], np.int64))
    assert found["number"].to_pylist() == order[:length]


def test_long_runs_are_not_copied():
    table = numbers(20)
    mask = np.ones(20, np.bool_)
    mask[9] = False
    address = table["number"].chunk(0).buffers()[1].address
    for found in (rows.rows_where(table, mask), rows.taken(table, np.flatnonzero(mask))):
        chunks = [chunk for chunk in found["number"].chunks if len(chunk)]
        assert [chunk.buffers()[1].address for chunk in chunks] == [address, address]


def test_a_table_that_stays_whole_is_the_very_same():
    table = numbers(5)
    assert rows.rows_where(table, np.ones(5, np.bool_)) is table
