"""The files of `outputs/`: the published generation in forms that other programs read.

A view is derived, so it may be removed or spoilt at will: the next run makes it again.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from adapters.codecs import parquet_bytes
from registry.generations import Output
from registry.objects import CHUNK, replace_file
from registry.store import Store

PARQUET_ONLY: Final = frozenset({"heart_rate_samples", "sleep_stages"})
CSV_ONLY: Final = frozenset({"rejected_rows", "shadowed_rows"})
_STAMPS: Final = ".views.json"


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


def publish_views(
    folder: Path,
    outputs: Mapping[str, Output],
    store: Store,
    tables_of: Callable[[Output], Iterable[pa.Table]],
) -> list[str]:
    """Make every view of a generation that is not there as it was last written.

    Args:
        folder: `outputs/` of the profile.
        outputs: The published outputs.
        store: Where their bytes are.
        tables_of: Opens an output, part by part.

    Returns:
        The names of the files that were written.
    """
    wanted = {name: found for name, found in outputs.items() if found.artifact.rows is not None}
    stamps = _read_stamps(folder)
    written = []
    for file_name, output in _file_names(wanted):
        path = folder / file_name
        if stamps.get(file_name) == [output.artifact.sha256, *_stamp(path)]:
            continue
        replace_file(path, _content(path, output, store, tables_of))
        stamps[file_name] = [output.artifact.sha256, *_stamp(path)]
        written.append(file_name)
    if written:
        replace_file(folder / _STAMPS, [json.dumps(stamps, sort_keys=True).encode()])
    return written


def _content(
    path: Path, output: Output, store: Store, tables_of: Callable[[Output], Iterable[pa.Table]]
) -> Iterable[bytes | memoryview]:
    if path.suffix == ".csv":
        return [memoryview(csv_bytes(pa.concat_tables(tables_of(output))))]
    if output.artifact.codec == "parquet":
        return _chunks(store.check(output.artifact))
    return [memoryview(parquet_bytes(*tables_of(output)))]


def _file_names(outputs: Mapping[str, Output]) -> Iterator[tuple[str, Output]]:
    for name, output in sorted(outputs.items()):
        if name not in PARQUET_ONLY:
            yield f"{name}.csv", output
        if name not in CSV_ONLY:
            yield f"{name}.parquet", output


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _read_stamps(folder: Path) -> dict[str, list[object]]:
    try:
        stamps: dict[str, list[object]] = json.loads((folder / _STAMPS).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamps


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
