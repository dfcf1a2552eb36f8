"""What a notebook shows of rows: what one is made of, and how two versions differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.explaining.differences import Changed, TableDifference
from adapters.explaining.row_lineage import Group, RowLineage
from adapters.notebooks import html

MOST_NUMBERS: Final = 8
EXAMPLES: Final = 5


@dataclass(frozen=True, repr=False)
class RawRow:
    """A row of a raw file, as a spreadsheet counts: the header is row 1."""

    what: str
    file: str
    sha256: str
    row: int

    def __repr__(self) -> str:
        return f"<{self.what}: row {self.row} of {self.file}>"


class RowLineageView:
    """One row of an output, and the rows of raw files that it is made of.

    Attributes:
        found: All that was found.
    """

    def __init__(self, found: RowLineage) -> None:
        self.found = found

    @property
    def rows(self) -> list[RawRow]:
        """Every row of a raw file that the row is made of."""
        return [
            RawRow(group.kind or group.table, self.found.files.get(sha256, ""), sha256, row)
            for group in self.found.groups
            for sha256, row in group.rows
        ]

    def __repr__(self) -> str:
        return f"<row {self.found.row} of {self.found.node}, of {len(self.rows)} raw rows>"

    def _repr_html_(self) -> str:
        values = {name: value for name, value in self.found.values.items() if value is not None}
        page = html.headline(self.found.node, [f"row {self.found.row}"])
        page += html.table(list(values), [list(values.values())])
        page += html.headline("made of", [f"{len(self.rows):,} rows of raw files"])
        lines = [line for group in self.found.groups for line in self._lines(group)]
        page += html.table(("table", "kind", "how many", "rows", "file"), lines)
        beside = {
            "duplicates of these": self.found.shadowed,
            "taken out on the same dates": self.found.rejected,
        }
        return page + "".join(_records_page(title, rows) for title, rows in beside.items() if rows)

    def _lines(self, group: Group) -> Iterator[tuple[object, ...]]:
        by_file: dict[str, list[str]] = {}
        for sha256, row in group.rows:
            by_file.setdefault(sha256, []).append(str(row))
        for sha256, rows in by_file.items():
            file = self.found.files.get(sha256, "").rpartition("/")[2]
            yield group.table, group.kind, len(rows), _some(rows), file


def _some(numbers: Sequence[str]) -> str:
    """The first of them, and how many more."""
    rest = len(numbers) - MOST_NUMBERS
    return ", ".join(numbers[:MOST_NUMBERS]) + (f" and {rest:,} more" if rest > 0 else "")


def _records_page(title: str, records: Sequence[Mapping[str, object]]) -> str:
    columns = list(records[0])
    rows = [[html.short(record.get(name)) for name in columns] for record in records]
    return html.headline(title, [f"how many: {len(records):,}"]) + html.table(columns, rows)


class DifferenceView:
    """How two versions of a published table differ.

    Attributes:
        found: All that was found.
    """

    def __init__(self, name: str, versions: tuple[int, int], found: TableDifference) -> None:
        self._name, self._versions, self.found = name, versions, found

    def __repr__(self) -> str:
        return f"<{' · '.join([self._name, *self._facts()])}>"

    def _facts(self) -> list[str]:
        found, (before, after) = self.found, self._versions
        return [
            f"version {before} → {after}",
            f"{found.rows[0]:,} → {found.rows[1]:,} rows",
            f"{found.added:,} added, {found.removed:,} removed, {found.changed:,} changed",
        ]

    def _repr_html_(self) -> str:
        page = html.headline(self._name, self._facts())
        if self.found.changed_columns:
            counts = list(self.found.changed_columns.items())
            page += html.table(("column", "rows in which it differs"), counts)
        changed = self.found.examples.get("changed", ())
        lines = [line for each in changed for line in self._lines(each)]
        if lines:
            columns = (*self.found.key, "column", "before", "after")
            page += html.headline("the first of them", []) + html.table(columns, lines)
        return page

    def _lines(self, changed: Changed) -> Iterator[tuple[object, ...]]:
        for column, (before, after) in changed.values.items():
            yield (*map(html.short, changed.key.values()), column, before, after)
