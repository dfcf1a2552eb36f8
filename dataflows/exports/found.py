"""What the rows of a file come to, gathered one by one."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dataflows import records
from dataflows.exports.cells import rejected_row, table_of
from dataflows.exports.export_file import ParsedExport, parsed_export


@dataclass
class Found:
    """Records by table, rejected rows, and what was counted.

    Attributes:
        source: The format.
        sha256: Of the file.
        tables: Table of `records.PARSED` -> its rows.
        rejected: Rows that were taken out.
        sentinels: Placeholders, by kind.
        dropped: Details that were given up, by kind.
    """

    source: str
    sha256: str
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    sentinels: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, table: str, row: int, **values: Any) -> None:
        """Add a record."""
        origin = {"source": self.source, "raw_sha256": self.sha256, "raw_row": row}
        self.tables.setdefault(table, []).append(origin | values)

    def reject(self, signal: str, row: int, check: str, **details: str | None) -> None:
        """Add a rejected row; details are those of `cells.rejected_row`."""
        found = rejected_row(signal, self.source, self.sha256, row, check, **details)
        self.rejected.append(found)

    def parsed(self) -> ParsedExport:
        """The export that the file is."""
        tables = {name: table_of(name, rows) for name, rows in self.tables.items()}
        rejected = records.table_from_rows(records.REJECTED, self.rejected)
        return parsed_export(
            {**tables, "rejected": rejected},
            source=self.source,
            sentinels=self.sentinels,
            dropped=self.dropped,
        )
