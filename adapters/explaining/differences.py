"""Two versions of a result compared: rows, columns, and statistics of each numeric column.

Rows that both versions have are set aside by a hash of all their values, a part of them at a time,
so that memory stays flat however long the tables are. What is left is matched by the table's
natural key; where no key tells the rows apart, rows are added or removed as a whole.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import duckdb

from adapters.engine.stored_tables import table_artifacts
from registry.store import Artifact, Store

ROWS_AT_ONCE: Final = 2_500_000
_ROW: Final = ("source", "raw_sha256", "raw_row")
# The first of these that a table has, and that tells its rows apart, is its natural key.
KEYS: Final = (
    _ROW,
    ("signal", *_ROW),
    ("signal", *_ROW, "column", "check"),
    (*_ROW, "start_utc"),
    (*_ROW, "start_utc", "stage"),
    ("source", "device", "start_utc"),
    ("local_date",),
    ("protocol", "period_start"),
)
_PLACES: Final = frozenset({"raw_row", "kept_raw_row"})
_NUMERIC: Final = ("INT", "FLOAT", "DOUBLE", "DECIMAL")
_SIDES: Final = ("before", "after")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Changed:
    """A row that both versions have with other values: column -> before and after."""

    key: Row
    values: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Columns:
    """Columns that only one version has, or that have another type."""

    added: Sequence[str]
    removed: Sequence[str]
    retyped: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class TableDifference:
    """How two versions of a table differ.

    Attributes:
        rows: How many rows each has.
        key: The columns by which rows were matched; none: whole rows.
        added: Rows that only the later one has; `removed` and `changed` likewise.
        changed_columns: Column -> in how many rows its value differs.
        columns: How the columns differ.
        statistics: Numeric column -> of each side: count, nulls, min, mean, max.
        examples: The first rows of each kind.
    """

    rows: Sequence[int]
    key: Sequence[str]
    added: int
    removed: int
    changed: int
    changed_columns: Mapping[str, int]
    columns: Columns
    statistics: Mapping[str, Mapping[str, Mapping[str, Any]]]
    examples: Mapping[str, Sequence[Any]]


class TablesCompared:
    """Two versions of a table, each a list of artifacts that follow one another; one may be empty.

    Args:
        store: Where they are.
        before: The earlier version.
        after: The later one.
        examples: How many rows of each kind are shown.
    """

    def __init__(
        self, store: Store, before: Sequence[Artifact], after: Sequence[Artifact], examples: int
    ) -> None:
        self._examples = examples
        parts = [[p for a in side for p in table_artifacts(store, a)] for side in (before, after)]
        self._paths = [[store.check(part) for part in side] for side in parts]
        self._rows = [sum(part.rows or 0 for part in side) for side in parts]
        self._own = [_own_parts(parts[0], parts[1]), _own_parts(parts[1], parts[0])]
        self._store = store

    def difference(self) -> TableDifference:
        """Compare them."""
        with _connection() as self._duck:
            schemas = self._views()
            self._shared = [c for c in schemas[0] if schemas[1].get(c) == schemas[0][c]]
            self._set_equal_rows_aside()
            key = self._key()
            counts = self._keyed(key) if key else self._whole()
            return TableDifference(
                rows=self._rows,
                key=key,
                columns=_columns(*schemas),
                statistics=self._statistics(schemas),
                **counts,
            )

    def _views(self) -> list[dict[str, str]]:
        """A view of each side, and its columns; a side without parts has those of the other."""
        for side, paths in zip(_SIDES, self._paths, strict=True):
            if paths:
                self._duck.read_parquet([str(path) for path in paths]).create_view(side)
        for side, paths, other in zip(_SIDES, self._paths, reversed(_SIDES), strict=True):
            if not paths:
                self._duck.sql(f"CREATE VIEW {side} AS SELECT * FROM {other} LIMIT 0")  # noqa: S608
        return [
            {column: kind for column, kind, *_ in self._duck.sql(f"DESCRIBE {side}").fetchall()}
            for side in _SIDES
        ]

    def _set_equal_rows_aside(self) -> None:
        """Make tables of the rows that the other side has not, or not as often."""
        digest = f"hash({_list(self._shared)})" if self._shared else "0"
        for side, own in zip(_SIDES, self._own, strict=True):
            paths = [str(self._store.path(part)) for part in own]
            if paths:
                self._duck.read_parquet(paths).create_view(f"own_{side}")
            else:
                self._duck.sql(f"CREATE VIEW own_{side} AS SELECT * FROM {side} LIMIT 0")  # noqa: S608
        self._duck.sql("CREATE TABLE differing (digest UBIGINT)")
        slices = 1 + sum(part.rows or 0 for own in self._own for part in own) // ROWS_AT_ONCE
        for place in range(slices):
            self._duck.sql(
                "INSERT INTO differing SELECT digest FROM ("  # noqa: S608 - names of columns
                f"SELECT {digest} AS digest, 1 AS side FROM own_before UNION ALL "
                f"SELECT {digest}, -1 FROM own_after) "
                f"WHERE digest % {slices} = {place} GROUP BY digest HAVING sum(side) != 0"
            )
        for side in _SIDES:
            self._duck.sql(
                f"CREATE TABLE rest_{side} AS SELECT * FROM own_{side} "  # noqa: S608
                f"WHERE {digest} IN (SELECT digest FROM differing)"
            )

    def _key(self) -> tuple[str, ...]:
        usable = [key for key in KEYS if all(column in self._shared for column in key)]
        return next(filter(self._tells_apart, usable), ())

    def _tells_apart(self, key: Sequence[str]) -> bool:
        query = " UNION ALL ".join(
            f"SELECT 1 FROM rest_{side} GROUP BY {_list(key)} HAVING count(*) > 1"  # noqa: S608
            for side in _SIDES
        )
        return not self._duck.sql(f"SELECT * FROM ({query}) LIMIT 1").fetchall()  # noqa: S608

    def _keyed(self, key: Sequence[str]) -> dict[str, Any]:
        same = " AND ".join(f"b.{_name(c)} IS NOT DISTINCT FROM a.{_name(c)}" for c in key)
        values = [column for column in self._shared if column not in key]
        differs = [f"b.{_name(c)} IS DISTINCT FROM a.{_name(c)}" for c in values]
        joined = f"FROM rest_before b JOIN rest_after a ON {same}"
        counts = ", ".join(["count(*)", *(f"count(*) FILTER ({words})" for words in differs)])
        changed, *of_columns = self._one(f"SELECT {counts} {joined}")
        pairs = ", ".join(
            [f"b.{_name(c)} AS {_name('key ' + c)}" for c in key]
            + [f"{s}.{_name(c)} AS {_name(f'{s} {c}')}" for c in values for s in "ba"]
        )
        order = _list(f"key {c}" for c in key)
        shown = self._rows_of(f"SELECT {pairs} {joined} ORDER BY {order}")
        added = f"SELECT a.* FROM rest_after a ANTI JOIN rest_before b ON {same}"  # noqa: S608
        removed = f"SELECT b.* FROM rest_before b ANTI JOIN rest_after a ON {same}"  # noqa: S608
        return {
            "added": self._one(f"SELECT count(*) FROM ({added})")[0],  # noqa: S608
            "removed": self._one(f"SELECT count(*) FROM ({removed})")[0],  # noqa: S608
            "changed": changed,
            "changed_columns": {c: n for c, n in zip(values, of_columns, strict=True) if n},
            "examples": {
                "added": self._rows_of(f"{added} ORDER BY {_list(key)}"),
                "removed": self._rows_of(f"{removed} ORDER BY {_list(key)}"),
                "changed": [_changed(row, key, values) for row in shown],
            },
        }

    def _whole(self) -> dict[str, Any]:
        """Rows as often as one side has them and the other has not."""
        columns = _list(self._shared) if self._shared else "1"
        sides = [f"SELECT {columns} FROM rest_{side}" for side in _SIDES]  # noqa: S608
        added, removed = f"{sides[1]} EXCEPT ALL {sides[0]}", f"{sides[0]} EXCEPT ALL {sides[1]}"
        return {
            "added": self._one(f"SELECT count(*) FROM ({added})")[0],  # noqa: S608
            "removed": self._one(f"SELECT count(*) FROM ({removed})")[0],  # noqa: S608
            "changed": 0,
            "changed_columns": {},
            "examples": {
                "added": self._rows_of(f"{added} ORDER BY ALL"),
                "removed": self._rows_of(f"{removed} ORDER BY ALL"),
                "changed": [],
            },
        }

    def _statistics(
        self, schemas: Sequence[Mapping[str, str]]
    ) -> dict[str, dict[str, dict[str, Any]]]:
        statistics: dict[str, dict[str, dict[str, Any]]] = {}
        for side, schema in zip(_SIDES, schemas, strict=True):
            numeric = [c for c, kind in schema.items() if _is_numeric(c, kind)]
            wanted = [
                part
                for name in map(_name, numeric)
                for part in (f"count({name})", f"min({name})", f"avg({name})", f"max({name})")
            ]
            total, *found = self._one(f"SELECT {', '.join(['count(*)', *wanted])} FROM {side}")  # noqa: S608
            for place, column in enumerate(numeric):
                count, least, mean, most = map(_plain, found[4 * place : 4 * place + 4])
                statistics.setdefault(column, {})[side] = {
                    "count": count, "nulls": total - count, "min": least, "mean": mean, "max": most,
                }  # fmt: skip
        return statistics

    def _one(self, query: str) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = self._duck.sql(query).fetchall()
        return tuple(found[0])

    def _rows_of(self, query: str) -> list[Row]:
        found = self._duck.sql(f"{query} LIMIT {self._examples}").to_arrow_table()
        return [{name: _plain(value) for name, value in row.items()} for row in found.to_pylist()]


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that lives in memory, and in a private folder when that is too little."""
    with tempfile.TemporaryDirectory() as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": "1GB",
            "temp_directory": spill,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with duckdb.connect(":memory:", config=config) as connection:
            yield connection


def _own_parts(parts: Sequence[Artifact], others: Sequence[Artifact]) -> list[Artifact]:
    """The parts that the other side has not: equal bytes are equal rows."""
    shared = Counter(part.sha256 for part in others)
    own = []
    for part in parts:
        if shared[part.sha256]:
            shared[part.sha256] -= 1
        else:
            own.append(part)
    return own


def _columns(before: Mapping[str, str], after: Mapping[str, str]) -> Columns:
    return Columns(
        added=[column for column in after if column not in before],
        removed=[column for column in before if column not in after],
        retyped={c: [before[c], after[c]] for c in before if c in after and before[c] != after[c]},
    )


def _changed(row: Row, key: Sequence[str], values: Sequence[str]) -> Changed:
    pairs = {c: [row[f"b {c}"], row[f"a {c}"]] for c in values}
    moved = {column: pair for column, pair in pairs.items() if pair[0] != pair[1]}
    return Changed({c: row[f"key {c}"] for c in key}, moved)


def _is_numeric(column: str, kind: str) -> bool:
    return column not in _PLACES and any(word in kind for word in _NUMERIC)


def _plain(value: Any) -> Any:
    """A value as JSON has it: instants in UTC, floats as short as they are equal."""
    match value:
        case datetime() if value.tzinfo is not None:
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case float():
            return float(f"{value:.12g}")
        case _:
            return value


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _list(columns: Sequence[str] | Iterator[str]) -> str:
    return ", ".join(map(_name, columns))
