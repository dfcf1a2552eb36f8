"""The published generation in forms that other programs read: the bytes of `outputs/`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from adapters.engine.joined_parquet import joined
from adapters.engine.stored_tables import table_paths, tables
from adapters.running.view_files import PendingViews, pending_views, spoilt_views
from registry.generations import Output
from registry.store import Store


def csv_bytes(table: pa.Table) -> pa.Buffer:
    """A table as CSV: ISO instants, shortest numbers, nothing for what is missing."""
    columns = [_as_text(column) for column in table.columns]
    shown = pa.table(columns, names=table.column_names)
    try:
        return _written(shown, "none")
    except pa.ArrowInvalid:  # a text holds a comma, a quotation mark or a line's end
        return _written(shown, "needed")


def _written(table: pa.Table, quoting_style: str) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(quoting_header="none", quoting_style=quoting_style)
    # An empty chunk makes Arrow's writer repeat whatever is in its buffer (apache/arrow#36889).
    pyarrow.csv.write_csv(table.combine_chunks(), sink, options)
    return sink.getvalue()


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False)
        is_whole = pc.all(pc.equal(seconds.cast(column.type), column)).as_py() is not False
        mark = "Z" if column.type.tz else ""
        return pc.strftime(seconds if is_whole else column, f"%Y-%m-%dT%H:%M:%S{mark}")
    return column


def views_of(
    folder: Path,
    outputs: Mapping[str, Output],
    store: Store,
    *,
    trusts_stamps: bool = True,
) -> AbstractContextManager[PendingViews]:
    """Write the views of a generation that is about to be, or is, published.

    Args:
        folder: `outputs/` of the profile.
        outputs: The outputs to show.
        store: Where their bytes are.
        trusts_stamps: Whether an unmoved file need not be read.

    Raises:
        WriteError: There is no room for them; nothing that is visible was changed.
    """
    return pending_views(
        folder,
        outputs,
        lambda name, output: _content(name, output, store),
        trusts_stamps=trusts_stamps,
    )


def publish_views(folder: Path, outputs: Mapping[str, Output], store: Store) -> list[str]:
    """Make every view of the published generation that is not there as it was last written.

    Returns:
        The names of the files that were written.
    """
    with views_of(folder, outputs, store) as views:
        return views.publish()


def _content(name: str, output: Output, store: Store) -> Iterable[bytes | memoryview]:
    if name.endswith(".csv"):
        return [memoryview(csv_bytes(pa.concat_tables(tables(store, output.artifact))))]
    paths = table_paths(store, output.artifact)
    return joined([pa.memory_map(str(path)).read_buffer() for path in paths])


def view_problems(
    folder: Path,
    outputs: Mapping[str, Output],
    store: Store,
    *,
    reads_bytes: bool,
) -> Iterator[tuple[Path, str | None]]:
    """Every view of the published generation, and what is wrong with it."""

    def content(name: str, output: Output) -> Iterable[bytes | memoryview]:
        return _content(name, output, store)

    return spoilt_views(folder, outputs, content, reads_bytes=reads_bytes)
