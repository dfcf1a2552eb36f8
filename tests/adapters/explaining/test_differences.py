"""Two versions compared: the counts equal those of a plain comparison, row by row."""

import hashlib
import json
import math
from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.engine.codecs import parquet_bytes
from adapters.explaining.differences import TablesCompared
from adapters.explaining.value_differences import value_differences
from registry.database import Database
from registry.store import Artifact, EncodedArtifact, Store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    home = tmp_path_factory.mktemp("differences")
    return Store(home, Database(home / "registry.sqlite"))


def stored(store, table):
    content = parquet_bytes(table).to_pybytes()
    sha256 = hashlib.sha256(content).hexdigest()
    encoded = EncodedArtifact(Artifact(sha256, "parquet", len(content), table.num_rows), [content])
    store.add_input(encoded)
    return encoded


def composite(store, *tables):
    parts = [stored(store, table) for table in tables]
    document = [
        {"$table": p.artifact.sha256, "size": p.artifact.size, "rows": p.artifact.rows}
        for p in parts
    ]
    content = json.dumps(document).encode()
    rows = sum(table.num_rows for table in tables)
    artifact = Artifact(hashlib.sha256(content).hexdigest(), "json", len(content), rows)
    store.add_input(EncodedArtifact(artifact, [content], parts))
    return artifact


def compared(store, before, after, examples=5):
    sides = [
        [side] if isinstance(side, Artifact) else [stored(store, side).artifact]
        for side in (before, after)
    ]
    return TablesCompared(store, *sides, examples).difference()


def records(*rows):
    columns = ("source", "raw_sha256", "raw_row", "value")
    return pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in rows],
        pa.schema([("source", "string"), ("raw_sha256", "string"), ("raw_row", "int32"),
                   ("value", "float64")]),
    )  # fmt: skip


def test_records_are_matched_by_the_row_of_the_file_they_came_from(store):
    before = records(("a", "f", 1, 1.0), ("a", "f", 2, 2.0), ("a", "f", 3, None))
    after = records(("a", "f", 1, 1.0), ("a", "f", 2, 5.0), ("a", "g", 3, 7.0))
    found = compared(store, before, after)
    assert found.key == ("source", "raw_sha256", "raw_row")
    assert (found.added, found.removed, found.changed) == (1, 1, 1)
    assert found.changed_columns == {"value": 1}
    assert found.examples["changed"][0].key == {"source": "a", "raw_sha256": "f", "raw_row": 2}
    assert found.examples["changed"][0].values == {"value": [2.0, 5.0]}
    assert [row["raw_sha256"] for row in found.examples["added"]] == ["g"]
    assert found.statistics["value"] == {
        "before": {"count": 2, "nulls": 1, "min": 1.0, "mean": 1.5, "max": 2.0},
        "after": {"count": 3, "nulls": 0, "min": 1.0, "mean": pytest.approx(13 / 3), "max": 7.0},
    }
    assert "raw_row" not in found.statistics


def test_days_are_matched_by_their_date_and_instants_are_told_in_utc(store):
    def days(*rows):
        return pa.table({
            "local_date": pa.array([day for day, _, _ in rows], pa.date32()),
            "at_utc": pa.array([at for _, at, _ in rows], pa.timestamp("us", "UTC")),
            "mean": pa.array([mean for _, _, mean in rows]),
        })  # fmt: skip

    at = datetime(2026, 5, 1, 8, tzinfo=UTC)
    found = compared(store, days((1, at, 5)), days((1, at.replace(hour=9), 5), (2, at, 6)))
    assert (found.key, found.added, found.changed) == (("local_date",), 1, 1)
    assert found.examples["changed"][0].values == {
        "at_utc": ["2026-05-01T08:00:00Z", "2026-05-01T09:00:00Z"]
    }
    assert found.examples["added"][0]["local_date"] == "1970-01-03"


def test_rows_that_no_key_tells_apart_are_added_or_removed_as_often_as_they_differ(store):
    before = pa.table({"value": [1, 1, 1, 2]})
    after = pa.table({"value": [1, 2, 2, 3]})
    found = compared(store, before, after)
    assert (found.key, found.added, found.removed, found.changed) == ((), 2, 2, 0)
    assert [row["value"] for row in found.examples["added"]] == [2, 3]


def test_columns_that_only_one_version_has_are_told_and_do_not_make_rows_differ(store):
    before = pa.table({"local_date": [1, 2], "old": [1, 2], "kind": [1, 2]})
    after = pa.table({"local_date": [1, 2], 'new "one"': [1.5, 2.5], "kind": ["1", "2"]})
    found = compared(store, before, after)
    assert (found.added, found.removed, found.changed) == (0, 0, 0)
    assert found.columns.added == ['new "one"']
    assert found.columns.removed == ["old"]
    assert found.columns.retyped == {"kind": ["BIGINT", "VARCHAR"]}
    assert [*found.statistics['new "one"']] == ["after"]


def test_of_a_table_in_parts_only_those_that_differ_are_looked_into(store, monkeypatch):
    old = records(("a", "f", 1, 1.0))
    new = records(("a", "f", 2, 2.0))
    before = composite(store, old, new)
    after = composite(store, old, records(("a", "f", 2, 3.0)), records(("a", "f", 3, 4.0)))
    found = compared(store, before, after)
    assert found.rows == [2, 3]
    assert (found.added, found.removed, found.changed) == (1, 0, 1)
    assert found.statistics["value"]["before"]["count"] == 2


def test_an_empty_version_and_an_equal_one(store):
    rows = records(("a", "f", 1, math.nan))
    assert compared(store, composite(store), rows).rows == [0, 1]
    assert compared(store, rows.slice(0, 0), rows).added == 1
    same = compared(store, rows, rows)
    assert (same.added, same.removed, same.changed) == (0, 0, 0)


cells = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from("fg"),
    st.integers(1, 4),
    st.sampled_from([None, 1.0, 2.0]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(cells, max_size=8), st.lists(cells, max_size=8), st.sampled_from([2, 1000]))
def test_the_counts_equal_those_of_a_plain_comparison(store, before, after, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.explaining.differences.ROWS_AT_ONCE", at_once)
        found = compared(store, records(*before), records(*after), examples=100)
    one, other = Counter(before), Counter(after)
    added, removed = other - one, one - other
    assert found.added + found.changed == added.total()
    assert found.removed + found.changed == removed.total()
    if found.key:
        pairs = {row[:3] for row in added} & {row[:3] for row in removed}
        assert found.changed == len(pairs)
    assert len(found.examples["added"]) == found.added


def test_values_that_are_no_table_are_compared_place_by_place():
    before = {"a": {"b": [1, 2]}, "t": {"$table": "x", "rows": 1}, "gone": []}
    after = {"a": {"b": [1, 3]}, "t": {"$table": "y", "rows": 1}}
    assert [*value_differences(before, after)] == [
        ("a.b[1]", 2, 3),
        ("gone", [], None),
        ("t", {"$table": "x", "rows": 1}, {"$table": "y", "rows": 1}),
    ]
