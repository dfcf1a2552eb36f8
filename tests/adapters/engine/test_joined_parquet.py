"""Parquet files that are joined are read as one that was written at once."""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.engine.codecs import parquet_bytes
from adapters.engine.joined_parquet import SchemasDifferError, joined


def table(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "start": pa.array(np.sort(rng.integers(0, 10**15, rows)), pa.timestamp("us", "UTC")),
            "value": pa.array(rng.integers(20, 250, rows), pa.int32(), mask=rng.random(rows) < 0.1),
            "mean": rng.normal(size=rows),
            "device": pa.array(rng.choice(["", "a", "b"], rows), pa.string()).dictionary_encode(),
            "flags": pa.array([["late"] * (n % 3) for n in range(rows)], pa.list_(pa.string())),
            "nothing": pa.array([None] * rows, pa.string()),
            "is_kept": rng.random(rows) < 0.5,
        }
    )


def file_of(tables):
    return b"".join(joined([parquet_bytes(one) for one in tables]))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_the_rows_of_all_come_one_after_another(sizes):
    tables = [table(size, seed) for seed, size in enumerate(sizes)]
    whole = pq.read_table(pa.BufferReader(file_of(tables)))
    assert whole.schema.equals(tables[0].schema)
    assert whole.to_pylist() == [row for one in tables for row in one.to_pylist()]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_every_row_group_tells_of_itself_what_it_told_before(sizes):
    files = [parquet_bytes(table(size, seed)) for seed, size in enumerate(sizes)]
    whole = pq.ParquetFile(pa.BufferReader(b"".join(joined(files)))).metadata
    assert whole.num_rows == sum(sizes)
    assert whole.num_row_groups == len(files)
    for number, file in enumerate(files):
        ours = whole.row_group(number)
        alone = pq.ParquetFile(pa.BufferReader(file)).metadata.row_group(0)
        for column in range(alone.num_columns):
            a, b = ours.column(column), alone.column(column)
            assert a.statistics == b.statistics
            assert a.encodings == b.encodings
            assert a.total_compressed_size == b.total_compressed_size


def test_row_groups_of_a_long_table_stay(monkeypatch):
    monkeypatch.setattr("adapters.engine.codecs.ROW_GROUP_ROWS", 100)
    whole = pq.ParquetFile(pa.BufferReader(file_of([table(250), table(1), table(301)])))
    assert [whole.metadata.row_group(n).num_rows for n in range(8)] == [
        100, 100, 50, 1, 100, 100, 100, 1,
    ]  # fmt: skip
    assert whole.read_row_group(7).to_pylist() == table(301).slice(300).to_pylist()


def test_a_file_alone_stays_as_it_is():
    content = parquet_bytes(table(9))
    assert b"".join(joined([content])) == content.to_pybytes()


def test_another_reader_finds_the_same(tmp_path):
    tables = [table(size, size) for size in (5, 0, 700)]
    (tmp_path / "joined.parquet").write_bytes(file_of(tables))
    told = duckdb.sql(
        f"SELECT count(*), sum(value), min(start), count(DISTINCT device) "
        f"FROM read_parquet('{tmp_path}/joined.parquet')"
    ).fetchall()[0]
    whole = pa.concat_tables(tables).to_pandas()
    assert told[:2] == (705, whole["value"].sum())
    assert told[2] == whole["start"].min()
    assert told[3] == whole["device"].nunique()


@pytest.mark.parametrize("other", ["renamed", "typed", "fewer"])
def test_files_of_other_columns_are_refused(other):
    one = table(3)
    changed = {
        "renamed": one.rename_columns(["x", *one.column_names[1:]]),
        "typed": one.set_column(1, "value", one["value"].cast(pa.int64())),
        "fewer": one.drop_columns(["mean"]),
    }[other]
    with pytest.raises(SchemasDifferError):
        joined([parquet_bytes(one), parquet_bytes(changed)])
