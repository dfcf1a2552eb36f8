"""The tables of an SQLite database that is an export, opened from its bytes alone.

Nothing but tables is read: no view or trigger of the file ever runs. The number of a row counts
the rows of all tables that its format reads, table after table in the order of their names, each
in the order of its key: within the file it is that row's alone.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dataflows.exports.csv_text import UnusableExportError

SIGNATURE: Final = b"SQLite format 3\x00"
_BATCH: Final = 1 << 16
# Source: "Database File Format" of SQLite, 1.3: the header's fields.
_VERSIONS: Final = slice(18, 20)
_WITHOUT_LOG: Final = b"\x01\x01"
_DAMAGED: Final = "the database is damaged or cut short; export it again"

# What of a cell counts as a value of a column's type; anything else is nothing.
_CELLS: Final[Mapping[pa.DataType, str]] = {
    pa.int64(): "CASE WHEN typeof({0}) = 'integer' OR "
    "(typeof({0}) = 'real' AND {0} = CAST({0} AS INTEGER)) THEN CAST({0} AS INTEGER) END",
    pa.float64(): "CASE WHEN typeof({0}) IN ('integer', 'real') THEN CAST({0} AS REAL) END",
    pa.string(): "CASE WHEN typeof({0}) = 'text' THEN {0} END",
}


@dataclass(frozen=True)
class _Table:
    """A table: its columns, the order of its rows, how many come before, and how many it has."""

    columns: frozenset[str]
    order: str
    before: int
    length: int


class Database:
    """A database of an export.

    Args:
        content: All bytes of the file.
        is_record: Whether a format reads the rows of a table of this name as records.

    Raises:
        UnusableExportError: It cannot be read.
    """

    def __init__(
        self, content: pa.Buffer, is_record: Callable[[str], bool] = lambda _name: False
    ) -> None:
        with _damage_told():
            self._connection = _opened(content)
            self.names = frozenset(
                self._column("SELECT name FROM sqlite_master WHERE type = 'table'")
            )
            self._tables: dict[str, _Table] = {}
            before = 0
            for name in sorted(filter(is_record, self.names)):
                self._tables[name] = self._table(name, before)
                before += self._tables[name].length

    def columns(self, name: str) -> frozenset[str]:
        """The columns of a record's table."""
        return self._tables[name].columns

    def rows(self, name: str, columns: Mapping[str, pa.DataType]) -> pa.Table:
        """The rows of a table.

        Args:
            name: The table; one that is not there has no rows.
            columns: Name -> `int64`, `float64` or `string`. A column that is not there is null, as
                is a cell of another type.

        Shape: the columns, and `row` (int32) with the row's number.
        """
        schema = pa.schema([("row", pa.int32()), *columns.items()])
        if name not in self.names:
            return schema.empty_table()
        with _damage_told():
            table = self._tables.get(name) or self._table(name, 0)
            chosen = [
                _CELLS[kind].format(f'"{column}"') if column in table.columns else "NULL"
                for column, kind in columns.items()
            ]
            query = " ".join(["SELECT", ", ".join(chosen), f'FROM "{name}" ORDER BY {table.order}'])
            return pa.Table.from_batches(self._batches(query, schema, table.before), schema)

    def _batches(self, query: str, schema: pa.Schema, number: int) -> Iterator[pa.RecordBatch]:
        cursor = self._connection.execute(query)
        while found := cursor.fetchmany(_BATCH):
            numbers = np.arange(number + 1, number + 1 + len(found), dtype=np.int32)
            cells = zip(*found, strict=True)
            values = [
                pa.array(column, kind) for column, kind in zip(cells, schema.types[1:], strict=True)
            ]
            yield pa.record_batch([pa.array(numbers), *values], schema=schema)
            number += len(found)

    def _table(self, name: str, before: int) -> _Table:
        told = self._connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        key = [
            column
            for *_, column in sorted((place, column) for _, column, *_, place in told if place)
        ]
        order = ", ".join(f'"{column}"' for column in key) or "rowid"
        (length,) = self._column(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - a name of ours
        return _Table(frozenset(column for _, column, *_ in told), order, before, length)

    def _column(self, query: str) -> list[Any]:
        return [row[0] for row in self._connection.execute(query)]


def _opened(content: pa.Buffer) -> sqlite3.Connection:
    raw = bytearray(content)
    raw[_VERSIONS] = _WITHOUT_LOG  # a phone's write-ahead log is not part of the file
    size = int.from_bytes(raw[16:18], "big")
    if int.from_bytes(raw[28:32], "big") * (size if size != 1 else 1 << 16) > len(raw):
        raise UnusableExportError(_DAMAGED)
    connection = sqlite3.connect(":memory:")
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.deserialize(raw)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        connection.execute(f"PRAGMA {setting}")
    return connection


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise UnusableExportError(_DAMAGED) from error
