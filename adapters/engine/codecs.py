"""Values of the flow <-> deterministic bytes.

A table becomes Parquet. Everything else becomes JSON in which a table stands as a reference to its
own bytes, so a value that only regroups tables costs a few lines of text. Reading may be lazy: a
table inside a composite value is opened when it is asked for. pandas and numpy values are a table
and a document (`frames`); what JSON does not have is marked (`marks`).

The same table gives the same bytes: dictionaries are sorted, chunks are joined, nothing of the
machine or of pandas is written along.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any, Final, overload

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters import AdapterError
from adapters.engine.marks import is_mark, marked, unmarked
from dataflows.exports import ExportFile
from registry import RegistryError
from registry.store import Artifact, EncodedArtifact

VERSION: Final = "2"
ROW_GROUP_ROWS: Final = 1 << 20
_TABLE_MARK: Final = "$table"
_FRAME_LIBRARIES: Final = frozenset({"numpy", "pandas"})
_JSON_KINDS: Final = frozenset({type(None), bool, int, str})


class StoredExportFile(ExportFile):
    """A raw file whose bytes are opened, and compared with their hash, when they are read."""

    artifact: Artifact
    _open_bytes: Callable[[Artifact], pa.Buffer]

    def __init__(self, artifact: Artifact, open_bytes: Callable[[Artifact], pa.Buffer]) -> None:
        object.__setattr__(self, "sha256", artifact.sha256)
        object.__setattr__(self, "artifact", artifact)
        object.__setattr__(self, "_open_bytes", open_bytes)

    @cached_property
    def content(self) -> pa.Buffer:
        """The file's bytes, memory-mapped."""
        return self._open_bytes(self.artifact)


class UnsupportedValueError(AdapterError):
    """A node returned something that has no deterministic bytes."""

    def __init__(self, place: str, value: object) -> None:
        self.place = place
        super().__init__(
            f"{place}: a value of type {type(value).__qualname__} cannot be stored; "
            "use a table or array of pyarrow, pandas or numpy, text, numbers, dates, or lists, "
            "tuples, dicts and sets of these"
        )


def canonical_table(table: pa.Table) -> pa.Table:
    """The same rows with one chunk a column and sorted dictionaries of used values only."""
    columns = [_canonical_column(column) for column in table.columns]
    return pa.table(columns, schema=table.schema.remove_metadata())


def _canonical_column(column: pa.ChunkedArray) -> pa.Array:
    array = _joined(column)
    return _with_sorted_dictionary(array) if pa.types.is_dictionary(array.type) else array


def _joined(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array; a single chunk is not copied."""
    if column.num_chunks == 1:
        return column.chunk(0)
    joined = column.unify_dictionaries().combine_chunks()
    if not isinstance(joined, pa.ChunkedArray):
        return joined
    if joined.num_chunks > 1:
        raise UnsupportedValueError("a text column of more than two gigabytes", joined)
    return joined.chunk(0) if joined.num_chunks else pa.array([], joined.type)


def _with_sorted_dictionary(array: pa.DictionaryArray) -> pa.DictionaryArray:
    if len(array.dictionary) == 1 and array.null_count < len(array):
        return array
    used = pc.unique(array.indices).drop_null()
    values = array.dictionary.take(used)
    order = pc.sort_indices(values)
    places = pc.take(used, order).to_pylist()
    new_code: list[int | None] = [None] * len(array.dictionary)
    for code, place in enumerate(places):
        new_code[place] = code
    recoded = pa.array(new_code, pa.int32()).take(array.indices)
    return pa.DictionaryArray.from_arrays(recoded, values.take(order))


def parquet_bytes(table: pa.Table) -> pa.Buffer:
    """A table's Parquet file, as bytes."""
    table = canonical_table(table)
    packed = {f.name: "DELTA_BINARY_PACKED" for f in table.schema if _packs_well(f.type)}
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in table.column_names if name not in packed],
        column_encoding=packed,
        write_statistics=list(packed),
    )
    return sink.getvalue()


def _packs_well(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or kind == pa.int32())


def read_parquet(content: pa.Buffer) -> pa.Table:
    """The table of a Parquet file's bytes, one chunk a row group."""
    return pq.ParquetFile(pa.BufferReader(content)).read()


@dataclass(frozen=True)
class Codecs:
    """Encodes results and opens artifacts.

    Args:
        open_bytes: Gives an artifact's verified bytes.
        artifact_of: The artifact of a table that was opened or stored before, by identity.
        table_of: Opens the table of an artifact.
        lazy: Whether dicts and lists come back unopened and read-only, or as they were.
    """

    open_bytes: Callable[[Artifact], pa.Buffer]
    artifact_of: Callable[[pa.Table], Artifact | None]
    table_of: Callable[[Artifact], pa.Table]
    lazy: bool = True

    def encode(self, value: object, place: str) -> EncodedArtifact:
        """The artifact of a node's result.

        Raises:
            UnsupportedValueError: The value, or a part of it, has no deterministic bytes.
        """
        if isinstance(value, pa.Table):
            return self._encode_table(value)
        if isinstance(value, StoredExportFile):
            return EncodedArtifact(value.artifact, None)
        parts: dict[str, EncodedArtifact] = {}
        document = self._document(value, place, parts)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        content = text.encode("utf-8", "surrogatepass")
        sha256 = hashlib.sha256(content).hexdigest()
        return EncodedArtifact(
            Artifact(sha256, "json", len(content), _rows_of(document)),
            [content],
            tuple(parts.values()),
        )

    def _encode_table(self, table: pa.Table) -> EncodedArtifact:
        known = self.artifact_of(table)
        if known is not None:
            return EncodedArtifact(known, None)
        content = parquet_bytes(table)
        sha256 = hashlib.sha256(content).hexdigest()
        artifact = Artifact(sha256, "parquet", content.size, table.num_rows)
        return EncodedArtifact(artifact, [memoryview(content)])

    def _document(self, value: object, place: str, parts: dict[str, EncodedArtifact]) -> object:
        kind = type(value)
        if kind in _JSON_KINDS or (type(value) is float and isfinite(value)):
            return value
        if isinstance(value, LazyMapping | LazySequence):
            parts.update(_references(value.document))
            return value.document
        if isinstance(value, pa.Table):
            encoded = self._encode_table(value)
            parts[encoded.artifact.sha256] = encoded
            found = encoded.artifact
            return {_TABLE_MARK: found.sha256, "size": found.size, "rows": found.rows}
        if type(value) is list:
            return [self._document(v, f"{place}[{i}]", parts) for i, v in enumerate(value)]
        if type(value) is dict and all(type(k) is str and not k.startswith("$") for k in value):
            return {k: self._document(v, f"{place}.{k}", parts) for k, v in value.items()}
        return self._marked(value, place, parts)

    def _marked(self, value: object, place: str, parts: dict[str, EncodedArtifact]) -> object:
        def document(part: object, where: str) -> object:
            return self._document(part, where or place, parts)

        if type(value).__module__.partition(".")[0] in _FRAME_LIBRARIES:
            return _taken_apart(value, document, self._whole_value, place)
        found = marked(value, document, place)
        if found is NotImplemented:
            raise UnsupportedValueError(place, value)
        return found

    def decode(self, artifact: Artifact) -> Any:
        """The value of an artifact.

        Raises:
            DamagedArtifactError: Its bytes are missing or differ from what was registered.
        """
        if artifact.codec == "raw":
            return StoredExportFile(artifact, self.open_bytes)
        if artifact.codec == "parquet":
            return self.table_of(artifact)
        return self.value(json.loads(self.open_bytes(artifact).to_pybytes()))

    def tables(self, artifact: Artifact) -> Iterator[pa.Table]:
        """The tables of an artifact one after another: one, or those that a list refers to."""
        if artifact.codec == "parquet":
            yield self.table_of(artifact)
        else:
            for found in tables_in(json.loads(self.open_bytes(artifact).to_pybytes())):
                yield self.table_of(found)

    @cached_property
    def _whole_value(self) -> Callable[[object], Any]:
        """Opens all of a value at once."""
        return replace(self, lazy=False).value

    def value(self, document: object) -> Any:
        """The value of a stored document."""
        if isinstance(document, dict):
            if is_mark(document):
                return self._unmarked(document)
            if self.lazy:
                return LazyMapping(document, self.value)
            return {key: self.value(item) for key, item in document.items()}
        if isinstance(document, list):
            if self.lazy:
                return LazySequence(document, self.value)
            return [self.value(item) for item in document]
        return document

    def _unmarked(self, document: dict[str, Any]) -> Any:
        if _TABLE_MARK in document:
            return self.table_of(_reference(document))
        value = unmarked(document, self._whole_value)
        if value is NotImplemented:
            from adapters.engine.frames import put_together  # noqa: PLC0415 - readers need no pandas

            ((mark, parts),) = document.items()
            return put_together(mark, parts, self._whole_value)
        return value


def _taken_apart(
    value: object,
    document: Callable[[object, str], Any],
    opened: Callable[[Any], Any],
    place: str,
) -> object:
    from adapters.engine import frames  # noqa: PLC0415 - readers need no pandas

    try:
        return frames.taken_apart(value, document, opened)
    except (frames.InexactError, pa.ArrowException, RegistryError):
        raise UnsupportedValueError(place, value) from None


def _reference(document: Mapping[str, Any]) -> Artifact:
    return Artifact(document[_TABLE_MARK], "parquet", document["size"], document["rows"])


def tables_in(document: object) -> Iterator[Artifact]:
    """Every table that a document refers to, in order."""
    if isinstance(document, dict) and _TABLE_MARK in document:
        yield _reference(document)
    elif isinstance(document, dict | list):
        for item in document.values() if isinstance(document, dict) else document:
            yield from tables_in(item)


def _references(document: object) -> dict[str, EncodedArtifact]:
    return {found.sha256: EncodedArtifact(found, None) for found in tables_in(document)}


def _rows_of(document: object) -> int | None:
    """The rows of a table that is stored as a list of its parts; None for any other value."""
    if not isinstance(document, list) or not document:
        return None
    found = [list(tables_in(item)) for item in document]
    if any(len(tables) != 1 for tables in found):
        return None
    return sum(tables[0].rows or 0 for tables in found)


class LazyMapping(Mapping[str, Any]):
    """A stored dict whose values are opened when asked for; handed on, it stays unopened."""

    def __init__(self, document: dict[str, Any], opened: Callable[[object], Any]) -> None:
        self.document = document
        self._opened = opened

    def __getitem__(self, key: str) -> Any:
        return self._opened(self.document[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self.document)

    def __len__(self) -> int:
        return len(self.document)

    def __repr__(self) -> str:
        return f"<stored dict of {', '.join(self.document)}>"


class LazySequence(Sequence[Any]):
    """A stored list whose items are opened when asked for; handed on, it stays unopened."""

    def __init__(self, document: list[Any], opened: Callable[[object], Any]) -> None:
        self.document = document
        self._opened = opened

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._opened(item) for item in self.document[index]]
        return self._opened(self.document[index])

    def __len__(self) -> int:
        return len(self.document)

    def __repr__(self) -> str:
        return f"<stored list of {len(self.document)}>"
