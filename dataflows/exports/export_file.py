"""One file of an export, and what a parser makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dataflows import records

# "report" (a mapping that JSON can hold) and the tables of `records.PARSED`.
ParsedExport = dict[str, Any]


@dataclass(frozen=True)
class ExportFile:
    """One leaf file of an export; a zip was unpacked before, each member is a file of its own.

    Attributes:
        sha256: Of its bytes; the only identity. No name decides anything.
        content: Its bytes, usually mapped from disk.
    """

    sha256: str
    content: pa.Buffer


def parsed_export(
    tables: Mapping[str, pa.Table],
    *,
    source: str | None,
    status: str = "parsed",
    reason: str | None = None,
    sentinels: Mapping[str, int] | None = None,
    dropped: Mapping[str, int] | None = None,
) -> ParsedExport:
    """A parser's result, completed with the tables that it did not fill.

    Args:
        tables: Tables by their name in `records.PARSED`.
        source: The format, None where no format fits.
        status: `parsed`, `unrecognised` or `failed`.
        reason: A sentence for people; holds no measured value.
        sentinels: How many placeholders of a device were met, by kind.
        dropped: How many details were given up, by kind.
    """
    full = {
        name: tables.get(name, records.empty(schema)) for name, schema in records.PARSED.items()
    }
    report = {
        "format": source,
        "status": status,
        "reason": reason,
        "records": {
            name: table.num_rows
            for name, table in full.items()
            if table.num_rows and name != "rejected"
        },
        "sentinels": {kind: count for kind, count in (sentinels or {}).items() if count},
        "dropped": {kind: count for kind, count in (dropped or {}).items() if count},
    }
    return {"report": report, **full}
