"""The rows of raw files behind one row of a published table.

A table with `raw_sha256` and `raw_row` tells it itself. Any other says how its rows are made of
those of its inputs, with a tag at its node:

    @tag(rows_by="local_date")                               of the rows with the same local date
    @tag(rows_by="local_date: period_start..period_end")     of those from one date to the other

The inputs are followed until tables with raw rows are met; duplicates and rejected rows of the same
dates are told beside.

    RowError    there is no such row, or nothing says what its rows are made of
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters import AdapterError
from adapters.engine.execution import Engine, Request
from registry.store import Artifact

TAG: Final = "rows_by"
FIRST_ROW: Final = 2
"""Rows are counted as a spreadsheet shows the CSV view: the header is row 1."""
_RAW: Final[tuple[str, str]] = ("raw_sha256", "raw_row")
_KEPT: Final[tuple[str, str]] = ("kept_raw_sha256", "kept_raw_row")
Reference = tuple[str, int]


class RowError(AdapterError):
    """The row cannot be followed."""

    exit_code = 2


@dataclass(frozen=True)
class Rule:
    """A row is made of rows whose `column` lies between two values of its own."""

    column: str
    low: str
    high: str

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read a tag: `column` or `column: low..high`."""
        column, _, bounds = (part.strip() for part in text.partition(":"))
        low, _, high = (part.strip() for part in bounds.partition(".."))
        return cls(column, low or column, high or low or column)


@dataclass(frozen=True)
class Group:
    """Rows of one table that a row is made of: the table's node, the kind of record, raw rows."""

    table: str
    kind: str | None
    rows: tuple[Reference, ...]


@dataclass(frozen=True)
class RowLineage:
    """One row of an output and where it comes from.

    Attributes:
        node: The output.
        row: Its row, as a spreadsheet counts.
        values: What stands in it.
        groups: The rows it is made of.
        shadowed: Duplicates of these, with the rule.
        rejected: Rows of the same dates that were taken out, with the reason.
        files: Name of every raw file that is named.
    """

    node: str
    row: int
    values: Mapping[str, Any]
    groups: tuple[Group, ...]
    shadowed: tuple[Mapping[str, Any], ...]
    rejected: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        groups = [
            {**asdict(group), "rows": [self._named(*found) for found in group.rows]}
            for group in self.groups
        ]
        return {**asdict(self), "groups": groups}

    def _named(self, sha256: str, row: int) -> dict[str, Any]:
        return {"file": self.files.get(sha256, ""), "raw_sha256": sha256, "raw_row": row}


class RowTracer:
    """Follows rows of published tables.

    Args:
        engine: The flow and its registry.
        request: Says what is published.
        outputs: The names of the published outputs.
        file_names: SHA-256 -> name of the raw files.
    """

    def __init__(
        self,
        engine: Engine,
        request: Request,
        outputs: Iterable[str],
        file_names: Mapping[str, str],
    ) -> None:
        self._flow, self._store = engine.flow, engine.store
        self._codecs = engine.materializer.codecs
        self._published, self._outputs = request.published, tuple(outputs)
        self._names = file_names

    def trace(self, node: str, row: int) -> RowLineage:
        """Follow one row.

        Args:
            node: A published output.
            row: Its row as a spreadsheet shows the CSV view: the header is row 1.

        Raises:
            UnsupportedFlowError: The flow has no such node.
            RowError: There is no such row, or nothing says what it is made of.
            DamagedArtifactError: A table is missing or damaged; the next run makes it again.
        """
        found = self._row(node, row)
        if _has(found, _RAW):
            groups = [Group(node, None, tuple(_references(found, _RAW)))]
            if _has(found, _KEPT):
                groups.append(Group(node, "stands for it", tuple(_references(found, _KEPT))))
            rejected: list[Mapping[str, Any]] = []
        else:
            rule = self._rule(node)
            key = self._published[node, ""]
            groups = _joined(self._groups(key, rule, found, set()))
            rejected = list(self._rejected(rule, found))
        shadowed = tuple(self._shadowed({each for group in groups for each in group.rows}))
        named = {sha256 for group in groups for sha256, _ in group.rows}
        named |= {each["raw_sha256"] for each in (*shadowed, *rejected)}
        return RowLineage(
            node,
            row,
            {name: _plain(value) for name, value in found.to_pylist()[0].items()},
            tuple(groups),
            shadowed,
            tuple(rejected),
            {sha256: self._names.get(sha256, "") for sha256 in sorted(named)},
        )

    # -- the row ---------------------------------------------------------------------------------

    def _row(self, node: str, row: int) -> pa.Table:
        self._flow.check_names([node])
        tables = self._tables_of(self._published.get((node, "")))
        if node not in self._outputs or not tables:
            shown = ", ".join(name for name in self._outputs if name in self._flow.nodes)
            raise RowError(f"{node} is no published table; rows are told of {shown}")
        place = row - FIRST_ROW
        for table in tables:
            if 0 <= place < table.num_rows:
                return table.slice(place, 1)
            place -= table.num_rows
        last = sum(table.num_rows for table in tables) + FIRST_ROW - 1
        raise RowError(
            f"{node} has no row {row}; its rows are {FIRST_ROW} to {last}, as a spreadsheet counts"
        )

    def _rule(self, node: str) -> Rule:
        text = self._flow.nodes[node].tags.get(TAG)
        if not text:
            raise RowError(
                f"single rows of {node} cannot be followed, since its node has no tag {TAG}; "
                f"`python cli.py lineage {node}` follows the whole"
            )
        return Rule.parse(str(text))

    # -- what it is made of ----------------------------------------------------------------------

    def _groups(self, key: str, rule: Rule, row: pa.Table, seen: set[str]) -> Iterator[Group]:
        """The matching raw rows of a computation's inputs, or else of their inputs."""
        seen.add(key)
        for name, producer, tables in self._inputs(key):
            told = [table for table in tables if _has(table, (rule.column, *_RAW))]
            for table in told:
                yield from _by_kind(name, _matching(table, rule, row))
            if not told and producer and producer not in seen and _any_has(tables, rule.column):
                yield from self._groups(producer, rule, row, seen)

    def _inputs(self, key: str) -> Iterator[tuple[str, str | None, list[pa.Table]]]:
        """What a computation received: whose result it is, that result's key, its tables."""
        rows = self._store.database.rows(
            "SELECT i.parameter, i.producer, c.node, a.sha256, a.codec, a.size, a.rows "
            "FROM computation_input i JOIN artifact a ON a.sha256 = i.sha256 "
            "LEFT JOIN computation c ON c.key = i.producer "
            "WHERE i.key = ? AND i.kind = 'artifact' ORDER BY i.parameter, i.position",
            key,
        )
        for row in rows:
            artifact = Artifact(row["sha256"], row["codec"], row["size"], row["rows"])
            yield row["node"] or row["parameter"], row["producer"], self._opened(artifact)

    def _tables_of(self, key: str | None) -> list[pa.Table]:
        artifact = self._store.recorded(key) if key else None
        return [] if artifact is None else self._opened(artifact)

    def _opened(self, artifact: Artifact) -> list[pa.Table]:
        return list(self._codecs.tables(artifact))

    # -- what stands beside it -------------------------------------------------------------------

    def _shadowed(self, kept: set[Reference]) -> Iterator[dict[str, Any]]:
        """Rows of the outputs that tell duplicates, for these kept rows."""
        for table in self._outputs_with((*_RAW, *_KEPT)):
            mine = pc.is_in(
                table[_KEPT[0]].cast(pa.string()),
                pa.array(sorted({sha for sha, _ in kept}), pa.string()),
            )
            for found in table.filter(mine).to_pylist():
                if (found[_KEPT[0]], found[_KEPT[1]]) in kept:
                    yield {"file": self._names.get(found["raw_sha256"], ""), **found}

    def _rejected(self, rule: Rule, row: pa.Table) -> Iterator[dict[str, Any]]:
        """Rows of the outputs that tell rejections, which were of these dates before."""
        for table in self._outputs_with((*_RAW, "check", "reason")):
            files = set(table["raw_sha256"].to_pylist())
            dated = self._dated(rule, row, files)
            for found in table.to_pylist():
                if (found["raw_sha256"], found["raw_row"]) in dated:
                    told = {name: found[name] for name in ("signal", *_RAW, "check", "reason")}
                    yield {"file": self._names.get(found["raw_sha256"], ""), **told}

    def _outputs_with(self, columns: Iterable[str]) -> Iterator[pa.Table]:
        for output in self._outputs:
            for table in self._tables_of(self._published.get((output, ""))):
                if _has(table, columns):
                    yield table

    def _dated(self, rule: Rule, row: pa.Table, files: set[str]) -> set[Reference]:
        """All rows of some files that any table made of them puts at the row's dates."""
        return {
            reference
            for (_, item), key in self._published.items()
            if item in files
            for table in self._tables_of(key)
            if _has(table, (rule.column, *_RAW))
            for reference in _references(_matching(table, rule, row))
        }


def _has(table: pa.Table, columns: Iterable[str]) -> bool:
    return set(columns) <= set(table.column_names)


def _any_has(tables: Iterable[pa.Table], column: str) -> bool:
    return any(_has(table, (column,)) for table in tables)


def _matching(table: pa.Table, rule: Rule, row: pa.Table) -> pa.Table:
    low, high = row[rule.low][0], row[rule.high][0]
    column = table[rule.column]
    inside = pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high))
    return table.filter(inside)


def _by_kind(name: str, table: pa.Table) -> Iterator[Group]:
    kinds = table["kind"].to_pylist() if "kind" in table.column_names else [None] * table.num_rows
    pairs = sorted(zip(kinds, _references(table), strict=True), key=lambda pair: pair[0] or "")
    for kind, found in groupby(pairs, key=lambda pair: pair[0]):
        yield Group(name, kind, tuple(reference for _, reference in found))


def _joined(groups: Iterable[Group]) -> list[Group]:
    """Groups of one table and kind as one, each row once."""
    rows: dict[tuple[str, str | None], dict[Reference, None]] = {}
    for group in groups:
        rows.setdefault((group.table, group.kind), {}).update(dict.fromkeys(group.rows))
    return [Group(table, kind, tuple(sorted(found))) for (table, kind), found in rows.items()]


def _references(table: pa.Table, columns: tuple[str, str] = _RAW) -> list[Reference]:
    hashes, rows = (table[name].to_pylist() for name in columns)
    return list(zip(hashes, rows, strict=True))


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
