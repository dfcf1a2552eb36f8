"""Values to bytes and back: the same bytes for the same value, and nothing opened in vain."""

from enum import IntEnum
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.engine.codecs import (
    LazyMapping,
    LazySequence,
    UnsupportedValueError,
    canonical_table,
    parquet_bytes,
    read_parquet,
)
from adapters.engine.materializer import Materializer
from registry.database import Database
from registry.store import Computation, Store

TEXT = pa.dictionary(pa.int32(), pa.string())


def dictionary(codes, values):
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, pa.int32()), pa.array(values, pa.string())
    )


@pytest.fixture
def codecs(tmp_path):
    return Materializer(Store(tmp_path, Database(tmp_path / "registry.sqlite"))).codecs


@pytest.fixture
def stored(tmp_path):
    """Store a value as a node's result and give it back as the next node would get it."""
    store = Store(tmp_path, Database(tmp_path / "registry.sqlite"))

    def through(value):
        encoded = Materializer(store).codecs.encode(value, "node")
        store.commit(Computation("key", "node", "", "merge", "code", (), 0.0, "run"), encoded)
        reader = Materializer(store)
        return encoded.artifact, reader.codecs.decode(encoded.artifact), reader

    return through


def test_unused_and_unsorted_dictionary_values_and_chunks_leave_no_trace_in_the_bytes():
    one = pa.table(
        {"a": pa.chunked_array([dictionary([1, 0], ["y", "x"]), dictionary([0], ["x"])])}
    )
    other = pa.table({"a": dictionary([2, 3, 2], ["never", "y", "x", "y"])})
    assert one["a"].to_pylist() == other["a"].to_pylist() == ["x", "y", "x"]
    assert parquet_bytes(one).equals(parquet_bytes(other))


@given(st.lists(st.none() | st.sampled_from(["a", "b", "c"])), st.permutations(["a", "b", "c"]))
def test_a_text_column_survives_whatever_its_dictionary(values, order):
    codes = [None if value is None else order.index(value) for value in values]
    table = pa.table({"a": dictionary(codes, order)})
    back = read_parquet(parquet_bytes(table))
    assert back["a"].to_pylist() == values
    assert back.schema.field("a").type == TEXT
    assert canonical_table(back).equals(canonical_table(table))


def test_metadata_and_the_order_of_making_are_not_part_of_the_bytes():
    table = pa.table({"a": [1, 2]})
    assert parquet_bytes(table).equals(parquet_bytes(table.replace_schema_metadata({"by": "me"})))


def test_every_type_of_the_records_survives(stored):
    table = pa.table(
        {
            "instant": pa.array([0, None], pa.timestamp("us", "UTC")),
            "wall": pa.array([1, 2], pa.timestamp("us")),
            "date": pa.array([3, None], pa.date32()),
            "minutes": pa.array([-60, None], pa.int16()),
            "row": pa.array([1, 2], pa.int32()),
            "bpm": pa.array([61.5, None]),
            "flag": pa.array([True, None]),
            "note": pa.array(["=1+1", None]),
            "source": dictionary([0, None], ["zepp"]),
        }
    )
    artifact, back, _ = stored(table)
    assert back.equals(table)
    assert artifact.rows == 2


def test_an_empty_table_keeps_its_schema(stored):
    schema = pa.schema([pa.field("a", TEXT), pa.field("b", pa.timestamp("us", "UTC"))])
    _, back, _ = stored(schema.empty_table())
    assert back.schema.equals(schema)
    assert back.num_rows == 0


def test_plain_values_come_back_as_they_were(stored):
    value = {"a": [1, 2.5, None, True, "ü"], "b": {}}
    artifact, back, _ = stored(value)
    assert isinstance(back, LazyMapping)
    assert isinstance(back["a"], LazySequence)
    assert list(back["a"]) == value["a"]
    assert back["a"][1:3] == [2.5, None]
    assert dict(back["b"]) == {}
    assert artifact.rows is None


def test_a_list_of_parts_has_the_rows_of_all_parts_and_is_one_table(stored):
    parts = [{"records": pa.table({"a": [1, 2]})}, {"records": pa.table({"a": [3]})}]
    artifact, _, reader = stored(parts)
    assert artifact.rows == 3
    whole = pa.concat_tables(reader.codecs.tables(artifact))
    assert whole["a"].to_pylist() == [1, 2, 3]


def test_what_is_handed_on_unopened_costs_no_table(stored):
    _, back, reader = stored({"large": pa.table({"a": [1]}), "count": 7})
    again = reader.codecs.encode({"kept": back}, "next")
    assert [part.content for part in again.parts] == [None]
    assert reader._cache.table(again.parts[0].artifact.sha256) is None


def test_a_table_inside_is_stored_once(codecs):
    table = pa.table({"a": [1]})
    encoded = codecs.encode({"one": table, "two": table, "three": pa.table({"a": [1]})}, "node")
    assert len(encoded.parts) == 1


class _Unit(IntEnum):
    BPM = 1


class _Pair(NamedTuple):
    a: int


@pytest.mark.parametrize("value", [[object()], {"a": _Unit.BPM}, _Pair(1)])
def test_what_has_no_deterministic_bytes_is_refused(codecs, value):
    with pytest.raises(UnsupportedValueError, match=r"node.*cannot be stored"):
        codecs.encode(value, "node")


def test_the_parquet_file_is_readable_by_anybody(tmp_path):
    (tmp_path / "t.parquet").write_bytes(parquet_bytes(pa.table({"a": dictionary([0], ["x"])})))
    assert pq.ParquetFile(tmp_path / "t.parquet").read().to_pydict() == {"a": ["x"]}
