"""Rows that are taken out, and remarks on rows that stay."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records

# The sentence for people that belongs to each fixed code, where nothing more exact is known.
REASONS: Final = {
    "future_time": "the time is more than a day after the export was stored",
    "missing_time": "the row tells neither an instant nor a local time nor a date",
    "nonexistent_local_time": "the clocks skipped this local time; no instant belongs to it",
}


def rejected_where(
    table: pa.Table,
    mask: NDArray[np.bool_],
    *,
    signal: str,
    check: str,
    column: str | None = None,
    reason: str | Sequence[str] | None = None,
) -> pa.Table:
    """The rejected rows of those rows of a table that a mask marks.

    Args:
        table: Records with their origin; `column`, if the table has it, gives the `value`.
        mask: One truth value for each row.
        signal: Name of the signal.
        check: Fixed code.
        column: Column that is to blame.
        reason: Sentence for people, or one for each marked row; unless given, the one that belongs
            to the code.

    Shape: `records.REJECTED`, in the order of the table.
    """
    rows = np.flatnonzero(mask)
    if not len(rows):
        return records.empty(records.REJECTED)
    names = ["source", "raw_sha256", "raw_row"]
    has_value = column is not None and column in table.column_names and column not in names
    taken = table.select([*names, column] if has_value else names).take(pa.array(rows))
    columns: dict[str, Any] = {
        **{name: taken[name] for name in names},
        "signal": signal,
        "column": column,
        "check": check,
        "reason": REASONS[check] if reason is None else reason,
        "value": taken[column].cast(pa.string()) if has_value else None,
    }
    return records.table_from_columns(records.REJECTED, columns, len(rows))


def with_flag(table: pa.Table, mask: NDArray[np.bool_], flag: str) -> pa.Table:
    """The table with a code added to the `flags` of the rows that a mask marks.

    Shape: the same rows; codes stand sorted, joined by semicolons, each once.
    """
    if not mask.any():
        return table
    flags = np.array(table["flags"].cast(pa.string()).to_pylist(), dtype=object)
    for row in np.flatnonzero(mask):
        codes = set((flags[row] or "").split(";")) - {""}
        flags[row] = ";".join(sorted(codes | {flag}))
    column = pa.array(flags, pa.string()).dictionary_encode().cast(records.TEXT)
    return table.set_column(table.column_names.index("flags"), table.schema.field("flags"), column)
