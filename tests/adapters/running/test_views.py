"""The files of `outputs/`: what a spreadsheet or a script reads."""

import csv
import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.engine.codecs import Codecs
from adapters.engine.materializer import Materializer
from adapters.running.views import csv_bytes, publish_views
from registry.database import Database
from registry.generations import Output
from registry.store import Computation, Store

INSTANT = pa.timestamp("us", "UTC")


def text_of(table):
    return csv_bytes(table).to_pybytes().decode()


def test_a_csv_has_iso_instants_short_numbers_and_nothing_for_what_is_missing():
    table = pa.table(
        {
            "local_date": pa.array([date(2025, 5, 1), None]),
            "start_utc": pa.array([datetime(2025, 5, 1, 5, 30, tzinfo=UTC), None], INSTANT),
            "mean": pa.array([120.0, 117.25]),
            "count": pa.array([2, None]),
            "is_nap": pa.array([True, None]),
            "source": pa.array(["zepp", None]).dictionary_encode(),
        }
    )  # fmt: skip
    assert text_of(table) == (
        "local_date,start_utc,mean,count,is_nap,source\n"
        "2025-05-01,2025-05-01T05:30:00Z,120,2,true,zepp\n"
        ",,117.25,,,\n"
    )


def test_an_instant_between_two_seconds_keeps_its_fraction():
    table = pa.table(
        {"t": pa.array([datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)], pa.timestamp("us", "UTC"))}
    )
    assert text_of(table) == "t\n2025-01-01T00:00:00.500000Z\n"


@pytest.mark.parametrize("note", ['say "ah"', "a, b", "two\nlines", "plain"])
def test_any_text_comes_back_from_a_csv(note):
    rows = list(csv.reader(io.StringIO(text_of(pa.table({"note": [note], "n": [1]})), newline="")))
    assert rows == [["note", "n"], [note, "1"]]


def test_an_empty_table_is_its_header():
    assert text_of(pa.table({"a": pa.array([], pa.float64())})) == "a\n"


def test_empty_chunks_leave_no_trace_in_a_csv():
    texts = pa.chunked_array(
        [pa.array([], pa.string()), ["x", "y"], pa.array([], pa.string()), ["z"]]
    )
    numbers = pa.chunked_array([pa.array([], pa.int64()), [1, 2], pa.array([], pa.int64()), [3]])
    assert text_of(pa.table({"a": texts, "b": numbers})) == "a,b\nx,1\ny,2\nz,3\n"


@pytest.fixture
def published(tmp_path):
    store = Store(tmp_path, Database(tmp_path / "registry.sqlite"))
    codecs: Codecs = Materializer(store).codecs

    def publish(name, value):
        encoded = codecs.encode(value, name)
        store.commit(Computation(name, name, "", "merge", "code", (), 0.0, "run"), encoded)
        outputs = {name: Output(name, 1, encoded.artifact)}
        folder = tmp_path / "outputs"
        return publish_views(folder, outputs, store)

    return publish


def test_a_view_that_is_as_it_was_written_is_not_written_again(published, tmp_path):
    table = pa.table({"a": [1]})
    assert published("daily_metrics", table) == ["daily_metrics.csv", "daily_metrics.parquet"]
    assert published("daily_metrics", table) == []
    (tmp_path / "outputs" / "daily_metrics.csv").unlink()
    assert published("daily_metrics", table) == ["daily_metrics.csv"]
    assert published("daily_metrics", pa.table({"a": [2]})) == [
        "daily_metrics.csv",
        "daily_metrics.parquet",
    ]


def test_an_output_in_parts_is_one_parquet_file(published, tmp_path):
    parts = [{"records": pa.table({"a": [1, 2]})}, {"records": pa.table({"a": [3]})}]
    assert published("heart_rate_samples", parts) == ["heart_rate_samples.parquet"]
    file = pq.ParquetFile(tmp_path / "outputs" / "heart_rate_samples.parquet")
    assert file.read()["a"].to_pylist() == [1, 2, 3]
