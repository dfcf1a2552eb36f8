"""What every signal does with the checked tables of all files: join, withdraw, de-duplicate.

The canonical order of records is (start_utc, source, device, values, raw_sha256, raw_row). It
names every record, so neither the order of files nor that of rows can matter.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import records
from dataflows.clocks import integers
from dataflows.rejection import rejected_where
from dataflows.rows import rows_where, taken
from dataflows.text_codes import codes_of, equals

EXCLUSIONS: Final = pa.schema(
    [
        pa.field("raw_sha256", pa.string()),
        pa.field("raw_row", pa.int32()),
        pa.field("reason", pa.string()),
    ]
)
EXCLUDED: Final = "excluded_by_owner"
FUTURE: Final = "future_time"
SAME_READING: Final = "same_reading"
LATER_ISSUE: Final = "later_issue"
CONFLICT: Final = "conflicting_values"
# An update that an export does not tell counts as older than any that one tells.
NEVER_UPDATED: Final = -(2**62)

Indices = NDArray[np.int64]


def concatenated(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """One table of several, with one dictionary for each text column.

    Shape: the columns of `schema`; then `updated_utc`, if any of the tables has it.
    """
    filled = sorted((table for table in tables if table.num_rows), key=_first_file)
    if not filled:
        return schema.empty_table()
    if len(filled) == 1:
        return filled[0]
    return pa.concat_tables(filled, promote_options="default").unify_dictionaries()


def _first_file(table: pa.Table) -> str:
    """Files in the order of their hashes are mostly in canonical order, which saves sorting."""
    return str(table["raw_sha256"][0].as_py())


def published(table: pa.Table, schema: pa.Schema, order: Indices | None = None) -> pa.Table:
    """The columns of `schema`, of the given rows in the given order; None means as they are.

    Shape: `schema`; the very same table if it is so already.
    """
    if order is None and table.schema.equals(schema):
        return table
    chosen = table.select(schema.names)
    if order is not None:
        chosen = taken(chosen, order)
    return chosen.cast(schema)


def without_withdrawn(
    table: pa.Table, *, signal: str, exclusions: pa.Table, future_limit: str | None
) -> tuple[pa.Table, pa.Table]:
    """Take out what the owner excluded, and what lies in the future.

    Args:
        table: Valid records of all files.
        signal: Name of the signal.
        exclusions: `EXCLUSIONS`.
        future_limit: The last instant that is not in the future, as ISO 8601; None where no
            record is later.

    Shape: the rows that stay (the very same table if all do); `records.REJECTED`.
    """
    excluded, rejected = _excluded(table, signal, exclusions)
    gone = excluded
    if future_limit is not None:
        limit = pa.scalar(datetime.fromisoformat(future_limit), records.INSTANT).value
        late = (integers(table["start_utc"]) > limit) & ~excluded
        rejected.append(
            rejected_where(table, late, signal=signal, check=FUTURE, column="start_utc")
        )
        gone = excluded | late
    return rows_where(table, ~gone), pa.concat_tables(rejected)


def _excluded(
    table: pa.Table, signal: str, exclusions: pa.Table
) -> tuple[NDArray[np.bool_], list[pa.Table]]:
    excluded = np.zeros(table.num_rows, np.bool_)
    rejected = [records.empty(records.REJECTED)]
    wishes: dict[str, dict[int, str]] = {}
    for wish in exclusions.to_pylist():
        wishes.setdefault(wish["raw_sha256"], {})[wish["raw_row"]] = wish["reason"]
    for sha256, reasons in wishes.items():
        of_file = np.flatnonzero(equals(table["raw_sha256"], sha256))
        rows = integers(table["raw_row"].take(pa.array(of_file)))
        found = of_file[np.isin(rows, list(reasons))]
        if not len(found):
            continue
        mask = np.zeros(table.num_rows, np.bool_)
        mask[found] = True
        said = [reasons[row] for row in table["raw_row"].take(pa.array(found)).to_pylist()]
        rejected.append(rejected_where(table, mask, signal=signal, check=EXCLUDED, reason=said))
        excluded |= mask
    return excluded, rejected


def updates_of(table: pa.Table) -> Indices:
    """When each record was last updated; `NEVER_UPDATED` where no export tells."""
    if "updated_utc" not in table.column_names:
        return np.full(table.num_rows, NEVER_UPDATED, np.int64)
    updated = table["updated_utc"].combine_chunks()
    return np.where(np.asarray(updated.is_valid()), integers(updated), NEVER_UPDATED)


def in_order(keys: Sequence[NDArray[Any]]) -> bool:
    """Whether the rows already stand in the order of their keys, the first key first."""
    undecided = np.ones(max(len(keys[0]) - 1, 0), np.bool_)
    for key in keys:
        if (undecided & (key[1:] < key[:-1])).any():
            return False
        undecided &= key[1:] == key[:-1]
    return True


def sorted_order(keys: Sequence[NDArray[Any]]) -> Indices | None:
    """The order of the rows by their keys, the first key first; None if they stand so."""
    return None if in_order(keys) else np.lexsort(keys[::-1])


def winners_of(same: Sequence[NDArray[Any]], preference: Sequence[NDArray[Any]]) -> Indices:
    """For each row the row that stands for it: the preferred one of those that are the same.

    Args:
        same: Keys; rows with equal keys are the same thing.
        preference: Keys; of such rows, the one that sorts first stands for all.
    """
    order = np.lexsort([*reversed(preference), *reversed(same)])
    if not len(order):
        return order
    starts = np.zeros(len(order), np.bool_)
    starts[0] = True
    for key in same:
        ordered = key[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    first = order[np.flatnonzero(starts)]
    winners = np.empty_like(order)
    winners[order] = first[np.cumsum(starts) - 1]
    return winners


def shadowed(
    table: pa.Table, losers: Indices, kept: Indices, rules: NDArray[Any] | pa.Array, *, signal: str
) -> pa.Table:
    """The shadowed rows of a table, each beside the row that stands for it.

    Shape: `records.SHADOWED`.
    """
    origin = table.select(["source", "raw_sha256", "raw_row"])
    lost, stays = origin.take(pa.array(losers)), origin.take(pa.array(kept))
    columns = {
        "signal": signal,
        "source": lost["source"],
        "raw_sha256": lost["raw_sha256"],
        "raw_row": lost["raw_row"],
        "kept_raw_sha256": stays["raw_sha256"],
        "kept_raw_row": stays["raw_row"],
        "rule": rules if isinstance(rules, pa.Array) else _encoded(rules),
    }
    return records.table_from_columns(records.SHADOWED, columns, len(losers))


def _encoded(texts: NDArray[Any]) -> pa.DictionaryArray:
    return pa.array(texts, pa.string()).dictionary_encode().cast(records.TEXT)


def priority_of(column: pa.ChunkedArray, order: Sequence[str]) -> Indices:
    """The place of each row's text in `order`; a text that is not there comes last, by name."""
    codes, texts = codes_of(column)
    others = sorted(set(texts) - set(order))
    places = {text: place for place, text in enumerate([*order, *others])}
    return np.array([places[text] for text in texts] + [len(places)], np.int64)[codes]
