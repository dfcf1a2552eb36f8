"""A sheet of a workbook: its cells by row, as they become a raw file."""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from adapters.sources.workbooks.parts import Budget
from adapters.sources.zips import ArchiveError
from registry.raw_files import plain_name

# Cells further right are left out: a table of readings has a dozen columns, and the widest sheet of
# a program 16,384, each of which every row below would have to fill.
LAST_COLUMN: Final = 256
# LibreOffice's largest sheet.
LAST_ROW: Final = 1 << 24


class Merge(NamedTuple):
    """Cells of one column that are one cell for the reader: the column, the first and last row."""

    column: int
    first: int
    last: int


@dataclass
class Sheet:
    """One sheet.

    Attributes:
        title: Its name.
        budget: What the workbook may hold.
        rows: Row number -> cells from column A on.
        merges: Cells that are one, downwards.
    """

    title: str
    budget: Budget
    rows: dict[int, list[Any]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The title as a part of a raw file's name: it never looks like a path."""
        return plain_name(self.title).replace("/", "_").strip(" .") or "unnamed"

    def put(self, row: int, column: int, value: Any) -> None:
        """Put a value into a cell; row and column are counted from 1.

        Raises:
            ArchiveError: There are more cells than a log can have.
        """
        if value in (None, "") or column > LAST_COLUMN:
            return
        if not 0 < row <= LAST_ROW:
            raise ArchiveError("a sheet has more rows than a workbook can have; save it again")
        cells = self.rows.setdefault(row, [])
        self.budget.take(max(column - len(cells), 0))
        cells += [None] * (column - len(cells))
        cells[column - 1] = value

    def merge(self, column: int, first: int, last: int) -> None:
        """Note that cells of a column, from one row to another, are one.

        Raises:
            ArchiveError: There are more than a log can have.
        """
        self.budget.take()
        self.merges.append(Merge(column, first, min(last, LAST_ROW)))

    def content(self) -> bytes:
        """The bytes of its raw file: the same cells make the same bytes."""
        self._fill()
        lines = [json.dumps({"workbook_sheet": 1})]
        lines += [json.dumps([n, self.rows[n]], ensure_ascii=False) for n in sorted(self.rows)]
        return "".join(f"{line}\n" for line in lines).encode(errors="replace")

    def _fill(self) -> None:
        """Repeat the value of merged cells in each of their rows that has another cell."""
        numbers = sorted(self.rows)
        done: dict[int, int] = {}
        for column, first, last in sorted(self.merges):
            value = self._cell(first, column)
            if value is None or first <= done.get(column, 0):
                continue
            done[column] = last
            for row in numbers[bisect_right(numbers, first) : bisect_right(numbers, last)]:
                if self._cell(row, column) is None:
                    self.put(row, column, value)

    def _cell(self, row: int, column: int) -> Any:
        cells = self.rows.get(row, [])
        return cells[column - 1] if column <= len(cells) else None
